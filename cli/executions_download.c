/* SPDX-License-Identifier: Apache-2.0 */
/* Copies an execution's files into a folder. A copy is written under a name of its own and gets its real one when it is
 * whole, so that nothing half is ever found, and nothing that stands there is touched without --force. No symbolic link is
 * followed, neither where the files come from nor below the folder they go to. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/output_files.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/beneath.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"

struct download {
        const struct executions_options *options;
        int top_fd;
        struct value *list; /* JSON: what became of each */
        unsigned failed_count;
};

/* --- one file -------------------------------------------------------------------------------------------------------- */

/* "task/" of "task/name"; "" for one that lies in the folder itself. Owned. */
static char *parent_of(const char *path) {
        const char *slash = strrchr(path, '/');

        return text_dup_n(path, slash ? (size_t)(slash - path) + 1 : 0);
}

static int open_parent(int top_fd, const char *parent) {
        _cleanup_free_ char *name = text_dup_n(parent, *parent ? strlen(parent) - 1 : 0);

        if (!name)
                return -ENOMEM;
        if (!*name) {
                int fd = fcntl(top_fd, F_DUPFD_CLOEXEC, 3);

                return fd < 0 ? -errno : fd;
        }
        return beneath_open(top_fd, name, O_PATH | O_DIRECTORY);
}

/* Some file systems cannot rename without replacing; a link does not replace either. */
static int publish(int fd, const char *temporary, const char *name, bool force) {
        if (force)
                return renameat(fd, temporary, fd, name) < 0 ? -errno : 0;
        if (renameat2(fd, temporary, fd, name, RENAME_NOREPLACE) == 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        if (linkat(fd, temporary, fd, name, 0) < 0)
                return -errno;
        return unlinkat(fd, temporary, 0) < 0 ? -errno : 0;
}

static bool is_there(int top_fd, const char *path) {
        _cleanup_close_ int fd = beneath_open(top_fd, path, O_PATH);

        return fd >= 0;
}

static int copy_to(const struct download *d, int from, const char *path, uint64_t *ret_bytes) {
        char id[IDENT_TEXT_SIZE], part[IDENT_TEXT_SIZE + 8];
        _cleanup_free_ char *parent = parent_of(path), *temporary = NULL;
        _cleanup_close_ int folder = -1, to = -1;
        int r;

        if (!d->options->force && is_there(d->top_fd, path))
                return -EEXIST;
        (void)snprintf(part, sizeof(part), ".%s.part", ident_format(ident_new(), id));
        temporary = parent ? text_printf("%s%s", parent, part) : NULL;
        if (!temporary)
                return -ENOMEM;
        to = beneath_create(d->top_fd, temporary, 0666);
        if (to < 0)
                return to;
        folder = open_parent(d->top_fd, parent);
        if (folder < 0)
                return folder;
        r = fd_copy(from, to, UINT64_MAX, ret_bytes);
        if (r == 0)
                r = publish(folder, part, path + strlen(parent), d->options->force);
        if (r < 0)
                (void)unlinkat(folder, part, 0);
        return r;
}

static int copy(const struct download *d, const struct output_file *f, uint64_t *ret_bytes, const char **ret_why) {
        _cleanup_close_ int from = execution_file_open(d->options->executions_folder, f->uri);
        int r = from < 0 ? from : copy_to(d, from, f->path, ret_bytes);

        *ret_why = r == 0        ? NULL
                   : from == -ENOENT ? "gone: retention has removed it, or it was kept elsewhere (sqsflow run --folder)"
                   : from < 0    ? strerror(-from)
                   : r == -EEXIST ? "something of that name is there already (--force)"
                   : r == -ELOOP || r == -ENOTDIR ? "a symbolic link or a file is in the way"
                                                  : strerror(-r);
        return r;
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

static void tell(struct download *d, const struct output_file *f, uint64_t bytes, const char *why) {
        struct value *v = value_new_map();
        struct buf line = BUF_INIT(0);

        d->failed_count += why != NULL;
        if (v) {
                value_map_put(v, "uri", text_json(f->uri));
                value_map_put(v, "path", text_json(f->path));
                value_map_put(v, "bytes", why ? value_new_null() : value_new_int((int64_t)bytes));
                value_map_put(v, "problem", text_json(why));
        }
        (void)value_list_add(d->list, v);
        if (d->options->json)
                return;
        clean_put(&line, f->path, strlen(f->path));
        buf_append_char(&line, '\0');
        if (buf_error(&line) == 0 && why)
                (void)complain("executions", EXIT_FAILED, "%s (%s): %s", line.data, f->uri, why);
        else if (buf_error(&line) == 0)
                (void)printf("%s  %" PRIu64 " bytes\n", line.data, bytes);
        buf_done(&line);
}

static int download_all(struct download *d, const struct output_files *files) {
        for (size_t i = 0; i < files->count; i++) {
                uint64_t bytes = 0;
                const char *why = NULL;

                (void)copy(d, &files->items[i], &bytes, &why);
                tell(d, &files->items[i], bytes, why);
        }
        if (d->options->json && print_json(value_ref(d->list)) != EXIT_OK)
                return EXIT_FAILED;
        if (!d->options->json && files->count == 0)
                (void)puts("no files");
        return d->failed_count > 0 ? EXIT_FAILED : EXIT_OK;
}

int executions_download(const struct executions_options *o, const struct progress *p, const char *outputs) {
        struct download d = { .options = o, .top_fd = -1, .list = value_new_list() };
        struct output_files files = { 0 };
        int code, r = d.list ? output_files_find(p, outputs, &files) : -ENOMEM;

        if (r == 0)
                r = dir_make_all(o->download, 0777);
        if (r == 0)
                d.top_fd = open(o->download, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r == 0 && d.top_fd < 0)
                r = -errno;
        code = r < 0 ? complain("executions", EXIT_FAILED, "%s: %s", o->download, strerror(-r)) : download_all(&d, &files);
        close_fd(d.top_fd);
        output_files_done(&files);
        value_unref(d.list);
        return code;
}
