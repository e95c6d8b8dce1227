/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing two folders and a file costs more than everything else a runner does for a short process: on a
 * journalling file system about as much as the process itself. So a runner's folder is used again. That must not be
 * seen by a task: after an execution, the folder is given on only when every process ended by itself (something that
 * was killed may have left a container that still writes), when `work` is the same empty folder as before, and when
 * beside it stands at most the message file. The message file is overwritten only when nobody else has a link to it. */
#include "runner/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/link/runner_folder.h"

#define MESSAGE_FILE "message" /* stays with a folder that is used again */
#define ENTRIES_BYTES 4096

/* --- making --------------------------------------------------------------------------------------------------------- */

static int make_dir(const char *path) {
        return mkdir(path, 0700) < 0 ? -errno : 0;
}

/* A runner's folder of that name is left from one that was killed: it is emptied. An execution's may be there already,
 * with the files that it keeps. */
static int make_top(const char *path, const char *parent, bool is_own) {
        int r = make_dir(path);

        if (r == -EEXIST && is_own)
                return 0;
        if (r == -EEXIST) {
                r = dir_remove_all(AT_FDCWD, path);
                return r < 0 ? r : make_dir(path);
        }
        if (r != -ENOENT)
                return r;
        r = dir_make_all(parent, 0700);
        return r < 0 ? r : make_dir(path);
}

static int open_dir(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static int make_at(struct folder *f, const char *name) {
        _cleanup_free_ char *parent = text_dup_n(f->parent.data, f->parent.len), *path = NULL, *work = NULL;
        _cleanup_close_ int top_fd = -1, work_fd = -1;
        int r;

        path = parent ? path_join(parent, name) : NULL;
        work = path ? path_join(path, "work") : NULL;
        if (!work)
                return -ENOMEM;
        r = make_top(path, parent, f->keep);
        if (r == 0)
                r = make_dir(work);
        if (r < 0)
                return r;
        top_fd = open_dir(path);
        work_fd = open_dir(work);
        if (top_fd < 0 || work_fd < 0)
                return MIN(top_fd, work_fd);
        (void)flock(top_fd, LOCK_EX | LOCK_NB); /* says that it is in use; without, it is only removed too early */
        f->path = TAKE_PTR(path);
        f->work = TAKE_PTR(work);
        f->top_fd = TAKE_FD(top_fd);
        f->work_fd = TAKE_FD(work_fd);
        return 0;
}

static int make_new(struct folder *f) {
        _cleanup_free_ char *name = f->keep ? text_dup(f->id) : text_printf(RUNNER_FOLDER_PREFIX "%d", (int)getpid());

        return name ? make_at(f, name) : -ENOMEM;
}

/* Below another one, under a name that nobody else there has. */
static int make_inside(struct folder *f) {
        int r = folder_make(f->outer);

        if (r < 0)
                return r;
        f->parent = (struct bytes){ f->outer->path, strlen(f->outer->path) };
        return make_at(f, f->id);
}

static bool is_parent(const struct folder_spare *s, struct bytes parent) {
        return s->parent && strlen(s->parent) == parent.len && memcmp(s->parent, parent.data, parent.len) == 0;
}

/* Somebody who made room may have removed it. */
static bool is_there(const struct folder_spare *s) {
        struct stat st;

        return fstat(s->work_fd, &st) == 0 && st.st_nlink > 0;
}

int folder_make(struct folder *f) {
        struct folder_spare *s = f->spare;

        if (f->path)
                return 0;
        if (f->outer)
                return make_inside(f);
        if (f->parent.len == 0)
                return -ENOENT;
        if (f->keep)
                return make_new(f);
        if (!is_parent(s, f->parent) || !is_there(s)) {
                folder_spare_done(s); /* of another parent, too: it has the name that is needed now, or none */
                return make_new(f);
        }
        f->path = TAKE_PTR(s->path);
        f->work = TAKE_PTR(s->work);
        f->top_fd = s->top_fd;
        f->work_fd = s->work_fd;
        free(s->parent);
        *s = (struct folder_spare){ 0 };
        return 0;
}

/* --- the message file ----------------------------------------------------------------------------------------------- */

/* Writes over the file of an earlier execution. -ENOENT when there is none that may be used. */
static int overwrite(int top_fd, const char *name, const void *data, size_t len) {
        _cleanup_close_ int fd = openat(top_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -ENOENT;
        if (st.st_mode != (S_IFREG | 0600) || st.st_nlink != 1 || st.st_uid != geteuid())
                return -ENOENT;
        r = fd_write_all(fd, data, len);
        if (r < 0)
                return r;
        return (size_t)st.st_size > len && ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

static int write_trigger_file(struct folder *f, const char *name, const void *data, size_t len, char **ret_path) {
        char *path = path_join(f->path, name);
        int r;

        if (!path)
                return -ENOMEM;
        r = overwrite(f->top_fd, name, data, len);
        if (r == -ENOENT) {
                (void)unlinkat(f->top_fd, name, 0);
                r = file_write_at(f->top_fd, name, data, len, 0600);
        }
        if (r < 0) {
                free(path);
                return r;
        }
        free(*ret_path);
        *ret_path = path;
        return 0;
}

int folder_write_message(struct folder *f, const char *name, const void *data, size_t len) {
        return write_trigger_file(f, name, data, len, &f->message_file);
}

int folder_write_records(struct folder *f, const char *name, const void *data, size_t len) {
        return write_trigger_file(f, name, data, len, &f->records_file);
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

/* Whether everything in the folder is one of the two (NULL: nothing); `a` must be there and be the inode `a_inode`. */
static bool holds_only(int fd, const char *a, ino_t a_inode, const char *b) {
        char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
        bool found = !a;
        ssize_t n;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return false;
        while ((n = getdents64(fd, entries, sizeof(entries))) > 0)
                for (ssize_t at = 0; at < n;) {
                        const struct dirent64 *e = (const struct dirent64 *)(const void *)(entries + at);
                        at += e->d_reclen;
                        if (text_eq(e->d_name, ".") || text_eq(e->d_name, "..") || (b && text_eq(e->d_name, b)))
                                continue;
                        if (!a || !text_eq(e->d_name, a) || e->d_ino != a_inode)
                                return false;
                        found = true;
                }
        return n == 0 && found;
}

static bool is_clean(const struct folder *f) {
        struct stat st;

        return fstat(f->work_fd, &st) == 0 && st.st_mode == (S_IFDIR | 0700) && st.st_uid == geteuid() &&
               holds_only(f->work_fd, NULL, 0, NULL) && holds_only(f->top_fd, "work", st.st_ino, MESSAGE_FILE);
}

static bool give_on(struct folder *f) {
        struct folder_spare *s = f->spare;

        if (s->parent || !is_clean(f))
                return false;
        s->parent = text_dup_n(f->parent.data, f->parent.len);
        if (!s->parent)
                return false;
        s->path = TAKE_PTR(f->path);
        s->work = TAKE_PTR(f->work);
        s->top_fd = f->top_fd;
        s->work_fd = f->work_fd;
        return true;
}

void folder_keep(struct folder *f) {
        _cleanup_free_ char *parent = text_dup_n(f->parent.data, f->parent.len), *path = NULL, *work = NULL;

        if (!f->path || f->keep)
                return;
        path = parent ? path_join(parent, f->id) : NULL;
        work = path ? path_join(path, "work") : NULL;
        if (work && (mkdir(path, 0700) == 0 || errno == EEXIST)) /* the execution's files may stand there */
                (void)rename(f->work, work);
}

void folder_done(struct folder *f, bool reusable) {
        if (!f->path)
                return;
        if (f->outer || f->keep || !reusable || !give_on(f)) {
                close_fd(f->top_fd);
                close_fd(f->work_fd);
                if (f->outer ? !f->outer->keep : !f->keep)
                        (void)dir_remove_all(AT_FDCWD, f->path);
        }
        free(f->message_file);
        free(f->records_file);
        free(f->work);
        free(f->path);
        f->path = f->work = f->message_file = f->records_file = NULL;
}

void folder_spare_done(struct folder_spare *s) {
        if (!s->parent)
                return;
        close_fd(s->top_fd);
        close_fd(s->work_fd);
        (void)dir_remove_all(AT_FDCWD, s->path);
        free(s->parent);
        free(s->path);
        free(s->work);
        *s = (struct folder_spare){ 0 };
}
