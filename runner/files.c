/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/beneath.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/execution.h"
#include "runner/trigger_value.h"

#define NAME_KEPT_BYTES 80 /* of a file's own name; a number stands before it */

/* --- making --------------------------------------------------------------------------------------------------------- */

static char *parent_of(const struct execution *e) {
        return text_dup_n(e->request->folder.data, e->request->folder.len);
}

static int make_folder(struct execution *e) {
        _cleanup_free_ char *parent = parent_of(e), *top = NULL, *path = NULL;
        int r;

        if (e->files.fd >= 0)
                return 0;
        if (e->request->folder.len == 0)
                return -ENOENT;
        top = parent ? path_join(parent, e->id) : NULL;
        path = top ? path_join(top, EXECUTION_FILES_FOLDER) : NULL;
        if (!path)
                return -ENOMEM;
        r = dir_make_all(path, 0700);
        if (r < 0)
                return r;
        e->files.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return e->files.fd < 0 ? -errno : 0;
}

/* "3-report.csv" */
static char *make_name(unsigned number, const char *name) {
        const char *slash = strrchr(name, '/');
        char *made = text_printf("%u-%.*s", number, NAME_KEPT_BYTES, slash ? slash + 1 : name);

        for (char *p = made; p && *p; p++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
                        *p = '_';
        return made;
}

int files_create(struct execution *e, const char *name, char **ret_uri, int *ret_fd) {
        _cleanup_free_ char *file = NULL, *uri = NULL;
        int fd, r;

        e = e->top;
        if (e->files.count >= FILES_COUNT_MAX)
                return -EDQUOT;
        r = make_folder(e);
        if (r < 0)
                return r;
        file = make_name(++e->files.count, name);
        uri = file ? execution_file_uri(e->request->execution_id, file) : NULL;
        if (!uri)
                return -ENOMEM;
        fd = beneath_create(e->files.fd, file, 0400); /* the kept one is not for a task to change */
        if (fd < 0)
                return fd;
        *ret_uri = TAKE_PTR(uri);
        *ret_fd = fd;
        return 0;
}

int files_rename(struct execution *e, char **uri, const char *name) {
        _cleanup_free_ char *file = NULL, *made = NULL;
        const char *old;

        e = e->top;
        if (execution_file_scan(*uri, strlen(*uri), NULL, &old) == 0)
                return -EINVAL;
        file = make_name((unsigned)strtoul(old, NULL, 10), name);
        made = file ? execution_file_uri(e->request->execution_id, file) : NULL;
        if (!made)
                return -ENOMEM;
        if (renameat(e->files.fd, old, e->files.fd, file) < 0)
                return -errno;
        free(*uri);
        *uri = TAKE_PTR(made);
        return 0;
}

static uint64_t bytes_left(const struct execution *e) {
        uint64_t max = e->request->files_max_bytes > 0 ? e->request->files_max_bytes : FILES_BYTES_MAX_DEFAULT;

        return max - MIN(max, e->files.bytes);
}

int files_charge(struct execution *e, uint64_t bytes) {
        e = e->top;
        if (bytes > bytes_left(e))
                return -EDQUOT;
        e->files.bytes += bytes;
        return 0;
}

void files_discard(struct execution *e, const char *uri) {
        const char *name;

        if (execution_file_scan(uri, strlen(uri), NULL, &name) > 0 && e->top->files.fd >= 0)
                (void)unlinkat(e->top->files.fd, name, 0);
}

int files_keep(struct execution *e, int fd, const char *name, char **ret_uri) {
        _cleanup_free_ char *uri = NULL;
        _cleanup_close_ int to = -1;
        uint64_t len;
        int r;

        r = files_create(e, name, &uri, &to);
        if (r < 0)
                return r;
        r = fd_copy(fd, to, bytes_left(e->top), &len);
        if (r == 0)
                r = files_charge(e, len);
        if (r < 0) {
                files_discard(e, uri);
                return r == -EFBIG ? -EDQUOT : r;
        }
        *ret_uri = TAKE_PTR(uri);
        return 0;
}

void files_done(struct execution *e, bool discard) {
        struct files *f = &e->files;
        _cleanup_free_ char *parent = NULL, *top = NULL, *path = NULL;

        if (f->fd < 0)
                return;
        f->fd = close_fd(f->fd);
        parent = parent_of(e);
        if (parent && discard)
                (void)execution_folder_remove(parent, e->request->execution_id);
        top = parent && !discard ? path_join(parent, e->id) : NULL;
        path = top ? path_join(top, EXECUTION_FILES_FOLDER) : NULL;
        if (path && rmdir(path) == 0) /* only when nothing was kept */
                (void)rmdir(top);
}

/* --- finding -------------------------------------------------------------------------------------------------------- */

/* The name in a URI of this execution: 0; -EINVAL, -EXDEV. */
static int own_name(const struct execution *e, const char *uri, size_t len, const char **ret) {
        uint64_t id;

        if (len == 0 || execution_file_scan(uri, len, &id, ret) != len)
                return -EINVAL;
        return id == e->request->execution_id ? 0 : -EXDEV;
}

/* What triggered the execution has a name like a kept file, and a path of its own. 1 with a borrowed path, 0, -errno. */
static int trigger_path(struct execution *e, const char *name, size_t len, const char **ret) {
        bool batch = e->request->trigger_kind == TRIGGER_BATCH;
        const char *own = batch ? TRIGGER_RECORDS_FILE : TRIGGER_MESSAGE_FILE;
        int r;

        if (strlen(own) != len || memcmp(name, own, len) != 0)
                return 0;
        r = batch ? trigger_records(e, ret) : trigger_file(e, ret);
        return r < 0 ? r : *ret != NULL;
}

int files_open(struct execution *e, const char *uri) {
        size_t len = strlen(uri);
        const char *name, *path = NULL;
        int r;

        e = e->top;
        r = own_name(e, uri, len, &name);
        if (r < 0)
                return r;
        r = trigger_path(e, name, len - (size_t)(name - uri), &path);
        if (r < 0)
                return r;
        if (r > 0) {
                int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                return fd < 0 ? -errno : fd;
        }
        return e->files.fd < 0 ? -ENOENT : beneath_open_file(e->files.fd, name);
}

char *files_path(struct execution *e, const char *uri, size_t len) {
        _cleanup_free_ char *copy = text_dup_n(uri, len), *parent = parent_of(e->top);
        const char *name, *path = NULL;

        e = e->top;
        if (!copy || !parent || execution_file_scan(copy, len, NULL, &name) != len)
                return NULL;
        if (trigger_path(e, name, len - (size_t)(name - copy), &path) > 0)
                return text_dup(path);
        return execution_file_path(parent, copy);
}

const char *files_problem(int error) {
        switch (error) {
        case -EDQUOT:
                return "the execution would keep more files than it may (limits.fileBytes)";
        case -EXDEV:
                return "the file belongs to another execution";
        case -EINVAL:
                return "it is no file of this execution";
        case -ENOENT:
                return "there is no such file";
        case -ELOOP:
        case -ENOTDIR:
                return "symbolic links are not followed";
        case -EFBIG:
                return "the file is too big";
        default:
                return strerror(-error);
        }
}

/* --- in the text of commands ---------------------------------------------------------------------------------------- */

static int localise_text(struct execution *e, struct value **v) {
        const char *text = value_string(*v), *end = text + value_string_len(*v), *from = text, *at = text;
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);
        uint64_t id;
        char *made;
        size_t len;

        while ((at = strstr(at, EXECUTION_FILE_SCHEME))) {
                _cleanup_free_ char *path = NULL;

                len = execution_file_scan(at, (size_t)(end - at), &id, NULL);
                if (len == 0 || id != e->top->request->execution_id) {
                        at++;
                        continue;
                }
                path = files_path(e, at, len);
                if (!path)
                        return -ENOMEM;
                buf_append(&b, from, (size_t)(at - from));
                buf_append_str(&b, path);
                from = at += len;
        }
        if (from == text)
                return 0;
        buf_append(&b, from, (size_t)(end - from));
        made = buf_take(&b, &len);
        if (!made)
                return -ENOMEM;
        value_unref(*v);
        *v = value_new_string_take(made, len);
        return *v ? 0 : -ENOMEM;
}

/* A copy of a container with its texts changed. */
static int localise_items(struct execution *e, struct value **v) {
        bool is_map = value_type(*v) == VALUE_MAP;
        _cleanup_value_ struct value *copy = is_map ? value_new_map() : value_new_list();
        int r = copy ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < value_count(*v); i++) {
                struct value *item = value_ref(is_map ? value_map_at(*v, i) : value_list_at(*v, i));

                r = files_localise(e, &item);
                if (r < 0)
                        value_unref(item);
                else
                        r = is_map ? value_map_put(copy, value_map_key_at(*v, i), item) : value_list_add(copy, item);
        }
        if (r == 0) {
                value_unref(*v);
                *v = TAKE_PTR(copy);
        }
        return r;
}

int files_localise(struct execution *e, struct value **v) {
        if (!*v)
                return 0;
        switch (value_type(*v)) {
        case VALUE_STRING:
                return localise_text(e, v);
        case VALUE_LIST:
        case VALUE_MAP:
                return localise_items(e, v);
        default:
                return 0;
        }
}
