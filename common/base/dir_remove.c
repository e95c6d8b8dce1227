/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a folder that somebody else's program has filled.
 *
 * Everything goes through descriptors with O_NOFOLLOW, and a folder on another file system is left alone, so nothing
 * outside the tree can be reached. Folders that took away their own permissions get them back first. A descriptor is
 * open per level, so a tree deeper than DEPTH_MAX is flattened: the folder at the limit is moved up beside the first
 * level and removed from there. */
#include "common/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

struct removal {
        int top_fd;         /* the folder at the top of the tree, where deep ones are moved to */
        dev_t device;
        unsigned moved;     /* names given so far */
        bool again;         /* something was moved: the top has new entries */
};

static int open_folder(int dir_fd, const char *name) {
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(dir_fd, name, flags);

        if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0)
                fd = openat(dir_fd, name, flags);
        return fd < 0 ? -errno : fd;
}

static bool is_dot(const char *name) {
        return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int move_to_top(struct removal *r, int dir_fd, const char *name) {
        char to[32];

        do
                (void)snprintf(to, sizeof(to), ".removed-%u", r->moved++);
        while (faccessat(r->top_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
        r->again = true;
        return renameat(dir_fd, name, r->top_fd, to) < 0 ? -errno : 0;
}

static int remove_folder(struct removal *r, int dir_fd, const char *name, unsigned depth);

static int remove_entry(struct removal *r, int dir_fd, const char *name, unsigned depth) {
        /* unlink() of a folder is EISDIR on Linux; POSIX's EPERM can also mean what it says. */
        if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        if (depth >= DEPTH_MAX)
                return move_to_top(r, dir_fd, name);
        return remove_folder(r, dir_fd, name, depth);
}

/* Removes what is in the folder; goes on after an error, so that as much as possible is gone, and returns the
 * first. */
static int empty_folder(struct removal *r, int fd, unsigned depth) {
        int own = fcntl(fd, F_DUPFD_CLOEXEC, 3), first = 0;
        struct dirent *entry;
        struct stat st;
        DIR *dir;

        if (own < 0)
                return -errno;
        dir = fdopendir(own);
        if (!dir) {
                close_fd(own);
                return -ENOMEM;
        }
        if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
                (void)fchmod(fd, S_IRWXU);
        rewinddir(dir);
        while ((entry = readdir(dir))) {
                int k = is_dot(entry->d_name) ? 0 : remove_entry(r, fd, entry->d_name, depth + 1);

                if (k < 0 && first == 0)
                        first = k;
        }
        (void)closedir(dir);
        return first;
}

static int remove_folder(struct removal *r, int dir_fd, const char *name, unsigned depth) {
        _cleanup_close_ int fd = open_folder(dir_fd, name);
        struct stat st;
        int k;

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_dev != r->device)
                return -EXDEV;
        k = empty_folder(r, fd, depth);
        if (k == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                k = -errno;
        return k;
}

int dir_remove_all(int dir_fd, const char *path) {
        struct removal removal = { 0 };
        _cleanup_close_ int top = -1;
        struct stat st;
        int r;

        top = open_folder(dir_fd, path);
        if (top == -ENOTDIR || top == -ELOOP)
                return unlinkat(dir_fd, path, 0) < 0 && errno != ENOENT ? -errno : 0;
        if (top < 0)
                return top == -ENOENT ? 0 : top;
        if (fstat(top, &st) < 0)
                return -errno;
        removal.top_fd = top;
        removal.device = st.st_dev;
        do {
                removal.again = false;
                r = empty_folder(&removal, top, 0);
        } while (r == 0 && removal.again);
        if (r < 0)
                return r;
        return unlinkat(dir_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
