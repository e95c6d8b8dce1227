/* SPDX-License-Identifier: Apache-2.0 */
/* openat2(RESOLVE_BENEATH) would do in one call, but glibc has no wrapper and valgrind does not know it; a walk costs
 * one descriptor per component. */
#include "common/base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/file.h"

#define COPY_BYTES (64ul * 1024)
#define COPY_RANGE_BYTES (1ul << 30)

static size_t component_len(const char *p) {
        return strcspn(p, "/");
}

bool beneath_is_path(const char *path) {
        const char *p = path;

        for (;;) {
                size_t len = component_len(p);

                if (len == 0 || len > NAME_MAX || (len == 1 && *p == '.') || (len == 2 && memcmp(p, "..", 2) == 0))
                        return false;
                if (p[len] == '\0')
                        return p + len - path < PATH_MAX;
                p += len + 1;
        }
}

static int open_folder(int dir_fd, const char *name, bool make) {
        int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT && make && (mkdirat(dir_fd, name, 0700) == 0 || errno == EEXIST))
                fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Opens the folder that holds the path's last component. *ret_fd is owned; -1 stands for dir_fd itself. */
static int walk(int dir_fd, const char *path, bool make, int *ret_fd, const char **ret_name) {
        _cleanup_close_ int at = -1;
        char name[NAME_MAX + 1];

        if (!beneath_is_path(path))
                return -EINVAL;
        for (size_t len; path[len = component_len(path)] == '/'; path += len + 1) {
                int next;

                memcpy(name, path, len);
                name[len] = '\0';
                next = open_folder(at < 0 ? dir_fd : at, name, make);
                if (next < 0)
                        return next;
                close_fd(at);
                at = next;
        }
        *ret_fd = TAKE_FD(at);
        *ret_name = path;
        return 0;
}

int beneath_open(int dir_fd, const char *path, int flags) {
        _cleanup_close_ int at = -1;
        const char *name;
        int fd, r = walk(dir_fd, path, false, &at, &name);

        if (r < 0)
                return r;
        fd = openat(at < 0 ? dir_fd : at, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : fd;
}

int beneath_open_file(int dir_fd, const char *path) {
        int fd = beneath_open(dir_fd, path, O_RDONLY | O_NONBLOCK);
        struct stat st;

        if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
                close_fd(fd);
                return -EINVAL;
        }
        return fd;
}

int beneath_create(int dir_fd, const char *path, mode_t mode) {
        _cleanup_close_ int at = -1;
        const char *name;
        int fd, r = walk(dir_fd, path, true, &at, &name);

        if (r < 0)
                return r;
        if (unlinkat(at < 0 ? dir_fd : at, name, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(at < 0 ? dir_fd : at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);
        return fd < 0 ? -errno : fd;
}

static int copy_by_hand(int from, int to, uint64_t max, uint64_t *len) {
        char bytes[COPY_BYTES];

        for (;;) {
                ssize_t n = read(from, bytes, sizeof(bytes));
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                if ((uint64_t)n > max - *len)
                        return -EFBIG;
                r = fd_write_all(to, bytes, (size_t)n);
                if (r < 0)
                        return r;
                *len += (uint64_t)n;
        }
}

int fd_copy(int from, int to, uint64_t max, uint64_t *ret_len) {
        uint64_t len = 0;
        int r = 0;

        for (;;) {
                size_t want = (size_t)MIN(max - len, (uint64_t)COPY_RANGE_BYTES);
                ssize_t n = want > 0 ? copy_file_range(from, NULL, to, NULL, want, 0) : 0;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                len += (uint64_t)n;
        }
        r = copy_by_hand(from, to, max, &len); /* the rest: none, all when the kernel cannot, or one byte too many */
        if (ret_len)
                *ret_len = len;
        return r;
}
