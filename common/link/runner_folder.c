/* SPDX-License-Identifier: Apache-2.0 */
#include "common/link/runner_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define NAME_SIZE (sizeof(RUNNER_FOLDER_PREFIX) + 16)

static char *name_of(pid_t runner, char out[NAME_SIZE]) {
        (void)snprintf(out, NAME_SIZE, RUNNER_FOLDER_PREFIX "%d", (int)runner);
        return out;
}

static int open_at(int fd, const char *name) {
        int folder = openat(fd, name, FOLDER_FLAGS);

        return folder < 0 ? -errno : folder;
}

/* What is no folder is left with the rest. */
static int keep_work(int top_fd, int folder_fd, uint64_t id) {
        _cleanup_close_ int kept_fd = -1;
        char name[IDENT_TEXT_SIZE];
        struct stat st;

        if (fstatat(folder_fd, "work", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                return 0;
        if (mkdirat(top_fd, ident_format(id, name), 0700) < 0 && errno != EEXIST) /* its files may stand there */
                return -errno;
        kept_fd = open_at(top_fd, name);
        if (kept_fd < 0)
                return kept_fd;
        return renameat(folder_fd, "work", kept_fd, "work") < 0 ? -errno : 0;
}

int runner_folder_end(const char *executions, pid_t runner, uint64_t keep) {
        _cleanup_close_ int top_fd = open_at(AT_FDCWD, executions), folder_fd = -1;
        char name[NAME_SIZE];
        int r, kept = 0;

        if (top_fd >= 0)
                folder_fd = open_at(top_fd, name_of(runner, name));
        if (top_fd < 0)
                return top_fd == -ENOENT ? 0 : top_fd;
        if (folder_fd < 0) /* none, or something else of that name, which is nobody's here */
                return folder_fd == -ENOENT || folder_fd == -ENOTDIR || folder_fd == -ELOOP ? 0 : folder_fd;
        if (keep != 0)
                kept = keep_work(top_fd, folder_fd, keep);
        r = dir_remove_all(top_fd, name);
        return r < 0 ? r : kept;
}

/* A lock that can be had is nobody's: the kernel drops a runner's when it dies. */
static bool is_left(int top_fd, const char *name) {
        _cleanup_close_ int fd = open_at(top_fd, name);

        return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

bool runner_folder_is_left(const char *executions, pid_t runner) {
        _cleanup_close_ int top_fd = open_at(AT_FDCWD, executions);
        char name[NAME_SIZE];

        return top_fd >= 0 && is_left(top_fd, name_of(runner, name));
}

static bool is_runners(const char *name) {
        const char *digits = text_after(name, RUNNER_FOLDER_PREFIX);

        return digits && *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

static bool is_old(int top_fd, const char *name, uint64_t before_usec) {
        struct stat st;

        return fstatat(top_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)st.st_mtim.tv_sec * USEC_PER_SEC < before_usec;
}

int runner_folders_sweep(const char *executions, uint64_t before_usec) {
        int fd = open_at(AT_FDCWD, executions), count = 0, r = 0;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        const struct dirent *entry;

        if (!dir) {
                close_fd(fd);
                return fd == -ENOENT ? 0 : fd < 0 ? fd : -ENOMEM;
        }
        while ((entry = readdir(dir))) {
                int k;

                if (!is_runners(entry->d_name) || !is_old(fd, entry->d_name, before_usec) || !is_left(fd, entry->d_name))
                        continue;
                k = dir_remove_all(fd, entry->d_name);
                count += k == 0;
                if (r == 0)
                        r = k;
        }
        (void)closedir(dir);
        return r < 0 ? r : count;
}
