/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files are read to end of file rather than to their size, so that /proc and pipes work too. Trees are removed
 * through descriptors of their folders: a path that somebody swaps for a symbolic link meanwhile leads nowhere. */
#include "common/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/base/text.h"

#define READ_CHUNK 16384

/* Room for one byte more than allowed, so that "exactly max" and "more" can be told apart. */
static int read_all(int fd, size_t max, struct buf *b) {
        for (;;) {
                size_t want = MIN((size_t)READ_CHUNK, max + 1 - b->len);
                char *to = buf_reserve(b, want);
                ssize_t n;

                if (!to)
                        return buf_error(b);
                n = read(fd, to, want);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buf_commit(b, (size_t)n);
                if (b->len > max)
                        return -EFBIG;
        }
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len) {
        _cleanup_close_ int fd = -1;
        _cleanup_(buf_done) struct buf b = BUF_INIT(max + 1);
        char *text;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        r = read_all(fd, max, &b);
        if (r < 0)
                return r;
        text = buf_take(&b, ret_len);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int file_write_at(int dir_fd, const char *path, const void *data, size_t len, mode_t mode) {
        int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode);
        int r;

        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, data, len);
        /* close() may be the first to report that the disk is full (NFS). */
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}

static int dir_make(const char *path, mode_t mode) {
        struct stat st;

        if (mkdir(path, mode) == 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int dir_make_all(const char *path, mode_t mode) {
        _cleanup_free_ char *copy = text_dup(path);

        if (!copy)
                return -ENOMEM;
        for (char *p = copy; *p != '\0'; p++) {
                int r;

                if (*p != '/' || p == copy)
                        continue;
                *p = '\0';
                r = dir_make(copy, mode);
                *p = '/';
                if (r < 0)
                        return r;
        }
        return dir_make(copy, mode);
}

char *path_join(const char *a, const char *b) {
        size_t len = strlen(a);

        while (len > 0 && a[len - 1] == '/')
                len--;
        b += strspn(b, "/");
        return text_printf("%.*s/%s", (int)len, a, b);
}

char *path_absolute(const char *path) {
        _cleanup_free_ char *here = *path == '/' ? NULL : get_current_dir_name();

        if (*path == '/')
                return text_dup(path);
        return here ? path_join(here, path) : NULL;
}

int fd_open_standard(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) /* the lowest that is free is taken */
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
                        return -errno;
        return 0;
}

int fd_write_all(int fd, const void *data, size_t len) {
        const char *p = data;

        while (len > 0) {
                ssize_t n = write(fd, p, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                len -= (size_t)n;
        }
        return 0;
}
