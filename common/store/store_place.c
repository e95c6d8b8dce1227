/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose file was removed, or replaced by another one, while it was open: what is written goes where nobody will find
 * it, and SQLite does not mind. It is told as a failure, once, so that whoever owns the store can say so, and then the file
 * that is at the path now is opened, or a new one made. What the old one knew is gone, and P3 with it for those messages; what is
 * queued here is not. */
#include "common/store/store_private.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/store/schema.h"

int store_note_place(struct store *s) {
        struct stat st;

        if (stat(s->path, &st) < 0)
                return -errno;
        s->device = st.st_dev;
        s->inode = st.st_ino;
        s->is_gone = false;
        return 0;
}

static bool is_in_place(const struct store *s) {
        struct stat st;

        if (stat(s->path, &st) < 0)
                return errno != ENOENT && errno != ENOTDIR; /* of others, SQLite has its own opinion */
        return st.st_dev == s->device && st.st_ino == s->inode;
}

/* The lock's file went with the store's, perhaps. */
static int renew_lock(struct store *s, char **ret_message) {
        _cleanup_free_ char *name = text_printf("%s.lock", s->path);
        struct stat old, now;
        int r, fd;

        if (!name)
                return -ENOMEM;
        if (fstat(s->lock_fd, &old) == 0 && stat(name, &now) == 0 && old.st_dev == now.st_dev && old.st_ino == now.st_ino)
                return 0;
        r = store_take_lock(s->path, &fd, ret_message);
        if (r < 0)
                return r;
        close_fd(s->lock_fd);
        s->lock_fd = fd;
        return 0;
}

/* Closing the last connection removes the log beside a database by its name, which is that of another one now. */
static void close_old(struct sqlite3 *db) {
        int keep = 1;

        (void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
        database_close(db);
}

static int open_anew(struct store *s, char **ret_message) {
        struct sqlite3_stmt *statements[STATEMENT_COUNT];
        struct sqlite3 *db = s->db;
        unsigned was;
        int r = renew_lock(s, ret_message);

        if (r < 0)
                return r;
        store_end_reading(s);
        memcpy(statements, s->statements, sizeof statements);
        r = database_open_writer(s->path, &store_schema, NULL, &s->db, &was, ret_message);
        if (r < 0) {
                s->db = db;
                return r;
        }
        memset(s->statements, 0, sizeof s->statements);
        r = statements_prepare(s);
        if (r >= 0)
                r = store_note_place(s);
        if (r < 0) {
                statements_finalize(s);
                database_close(s->db);
                s->db = db;
                memcpy(s->statements, statements, sizeof statements);
                return r;
        }
        for (size_t i = 0; i < STATEMENT_COUNT; i++)
                (void)database_finalize(statements[i]);
        close_old(db);
        names_forget(&s->names);
        return 0;
}

static int fails(struct store *s, int error, char *problem) {
        s->failed = true;
        free(s->problem);
        s->problem = problem;
        return error;
}

int store_check_place(struct store *s) {
        char *message = NULL;
        int r;

        if (!s->is_gone) {
                if (is_in_place(s))
                        return 0;
                s->is_gone = true;
                return fails(s, -ESTALE, text_printf("the store %s was removed or replaced while it was in use", s->path));
        }
        r = open_anew(s, &message);
        if (r < 0)
                return fails(s, r, message ? message : text_printf("the store %s cannot be opened: %s", s->path, strerror(-r)));
        free(message);
        return 0;
}
