/* SPDX-License-Identifier: Apache-2.0 */
/* The expression functions that touch files: read() and fileURI(). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/base/beneath.h"
#include "common/base/buf.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/execution.h"
#include "runner/files.h"

#define READ_BYTES_MAX (16ul * 1024 * 1024) /* what an expression may hold */
#define READ_CHUNK (64ul * 1024)

static int fail(char **ret_message, int r, const char *name) {
        if (r != -ENOMEM)
                *ret_message = text_printf("'%s': %s", name, files_problem(r));
        return r == -ENOENT ? -EINVAL : r; /* -ENOENT would mean that there is no such function */
}

/* The one argument. */
static int name_argument(const struct value *args, const char **ret, char **ret_message) {
        const struct value *name = value_count(args) == 1 ? value_list_at(args, 0) : NULL;

        if (!name || value_type(name) != VALUE_STRING) {
                *ret_message = text_dup("takes one text: a path or the URI of a file");
                return -EINVAL;
        }
        *ret = value_string(name);
        return 0;
}

static int open_work_file(struct folder *folder, const char *path) {
        int r = folder_make(folder);

        return r < 0 ? r : beneath_open_file(folder->work_fd, path);
}

int files_read(int fd, struct buf *b) {
        for (;;) {
                char *p = buf_reserve(b, READ_CHUNK);
                ssize_t n;

                if (!p)
                        return buf_error(b) == -E2BIG ? -EFBIG : -ENOMEM;
                n = read(fd, p, READ_CHUNK);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buf_commit(b, (size_t)n);
        }
}

int files_read_function(struct execution *e, struct folder *folder, const struct value *args, struct value **ret,
                        char **ret_message) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(READ_BYTES_MAX + READ_CHUNK);
        _cleanup_close_ int fd = -1;
        const char *name;
        int r;

        r = name_argument(args, &name, ret_message);
        if (r < 0)
                return r;
        fd = execution_file_is_uri(name) ? files_open(e, name) : open_work_file(folder, name);
        r = fd < 0 ? fd : files_read(fd, &b);
        if (r < 0)
                return fail(ret_message, r, name);
        if (b.len > 0 && memchr(b.data, '\0', b.len)) {
                *ret_message = text_printf("'%s' holds a NUL byte, which no expression can carry", name);
                return -EINVAL;
        }
        *ret = value_new_string_n(b.len > 0 ? b.data : "", b.len);
        return *ret ? 0 : -ENOMEM;
}

int files_uri_function(struct execution *e, struct folder *folder, const struct value *args, struct value **ret,
                       char **ret_message) {
        _cleanup_free_ char *uri = NULL;
        _cleanup_close_ int fd = -1;
        const char *name;
        int r;

        r = name_argument(args, &name, ret_message);
        if (r < 0)
                return r;
        fd = open_work_file(folder, name);
        r = fd < 0 ? fd : files_keep(e, fd, name, &uri);
        if (r < 0)
                return fail(ret_message, r, name);
        *ret = value_new_string(uri);
        return *ret ? 0 : -ENOMEM;
}
