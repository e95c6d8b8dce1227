/* SPDX-License-Identifier: Apache-2.0 */
/* The writing side: a batch that fills up in memory, and a commit that carries it into the database whole or not at all.
 *
 * A failed commit changes nothing but the health: the batch stays as it was, grows on, and is tried again. Completions
 * run after the batch was taken out, so that they may queue new writes and even commit. */
#include "common/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/store/schema.h"
#include "common/store/store_private.h"

/* While nothing can be written, ends and handles must be kept, but log lines without end may not eat the memory. */
#define QUEUED_LOG_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* The lock is a file of its own: closing any descriptor of the database would drop SQLite's own locks (fcntl(2)). It is one of
 * the open file description, which unlike flock(2)'s can be asked for without trying to take it. */
static struct flock whole_file(void) {
        return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

int store_is_owned(const char *path) {
        _cleanup_free_ char *name = text_printf("%s.lock", path);
        _cleanup_close_ int fd = -1;
        struct flock lock = whole_file();

        if (!name)
                return -ENOMEM;
        fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        return fcntl(fd, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type != F_UNLCK;
}

int store_take_lock(const char *path, int *ret_fd, char **ret_message) {
        _cleanup_free_ char *name = text_printf("%s.lock", path);
        _cleanup_close_ int fd = -1;
        struct flock lock = whole_file();

        if (!name)
                return -ENOMEM;
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0) {
                *ret_fd = TAKE_FD(fd);
                return 0;
        }
        if (fd >= 0 && (errno == EAGAIN || errno == EACCES)) {
                if (ret_message)
                        *ret_message = text_printf("the store %s is in use by another process", path);
                return -EBUSY;
        }
        if (ret_message)
                *ret_message = text_printf("the store's lock %s cannot be taken: %s", name, strerror(errno));
        return -errno;
}

static int open_store(struct store *s, const char *path, const struct store_progress *progress, char **ret_message) {
        unsigned was;
        int r;

        s->path = text_dup(path);
        if (!s->path)
                return -ENOMEM;
        r = store_take_lock(path, &s->lock_fd, ret_message);
        if (r < 0)
                return r;
        r = database_open_writer(path, &store_schema, progress, &s->db, &was, ret_message);
        if (r < 0)
                return r;
        r = store_note_place(s);
        if (r < 0)
                return r;
        s->passage = schema_passage_text(was, store_schema.version);
        if (!s->passage)
                return -ENOMEM;
        r = statements_prepare(s);
        if (r < 0 && r != -ENOMEM) {
                if (ret_message)
                        *ret_message = text_printf("the store %s is damaged: %s", path, sqlite3_errmsg(s->db));
                return -EUCLEAN;
        }
        return r;
}

static struct store *close_store(struct store *s) {
        statements_finalize(s);
        database_close(s->db);
        close_fd(s->lock_fd);
        batch_done(&s->batch);
        batch_done(&s->spare);
        running_set_done(&s->running);
        names_done(&s->names);
        free(s->problem);
        free(s->passage);
        free(s->path);
        free(s);
        return NULL;
}

int store_open(const char *path, enum store_history history, struct store **ret, char **ret_message) {
        return store_open_watched(path, history, NULL, ret, ret_message);
}

int store_open_watched(const char *path, enum store_history history, const struct store_progress *progress,
                       struct store **ret, char **ret_message) {
        struct store *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->lock_fd = -1;
        s->history = history;
        r = open_store(s, path, progress, ret_message);
        if (r < 0) {
                close_store(s);
                return r;
        }
        *ret = s;
        return 0;
}

struct store *store_free(struct store *s) {
        if (!s)
                return NULL;
        while (store_commit(s) == 0)
                ; /* completions may have queued more */
        return close_store(s);
}

/* --- queueing -------------------------------------------------------------------------------------------------------- */

int store_execution_started(struct store *s, const struct store_execution *e) {
        return batch_add_start(&s->batch, &s->names, &s->running, e);
}

/* Which execution a record belongs to matters only when its end may make the record pointless. */
static struct running *find_running(const struct store *s, uint64_t execution_id) {
        return s->history == STORE_HISTORY_FAILURES ? running_find(&s->running, execution_id) : NULL;
}

int store_task_run(struct store *s, const struct store_task_run *t) {
        if (s->history == STORE_HISTORY_NONE)
                return 0;
        return batch_add_task_run(&s->batch, &s->names, find_running(s, t->execution_id), t);
}

int store_log(struct store *s, const struct store_log *l) {
        if (s->history == STORE_HISTORY_NONE)
                return 0;
        if (s->failed && s->batch.arena.used_bytes > QUEUED_LOG_BYTES_MAX)
                return -ENOBUFS;
        return batch_add_log(&s->batch, find_running(s, l->execution_id), l, l->seq > 0 ? l->seq : ++s->log_seq);
}

int store_execution_ended(struct store *s, const struct store_end *e, store_done_t done, void *userdata) {
        return batch_add_end(&s->batch, &s->names, &s->running, e, done, userdata);
}

/* --- committing ------------------------------------------------------------------------------------------------------ */

static int note(struct store *s, int error, const char *what) {
        _cleanup_free_ char *reason = NULL;

        s->failed = error < 0;
        free(TAKE_PTR(s->problem));
        if (error == 0)
                return 0;
        reason = database_error_text(s->db);
        s->problem = text_printf("the store %s cannot be %s: %s", s->path, what, reason ? reason : strerror(-error));
        return error;
}

int store_note(struct store *s, int error) {
        return note(s, error, "written");
}

int store_commit(struct store *s) {
        struct batch written;
        int r;

        if (batch_is_empty(&s->batch)) {
                store_end_reading(s);
                return 1;
        }
        r = store_check_place(s);
        if (r >= 0)
                r = store_write(s, &s->batch);
        if (r < 0)
                return r;
        written = s->batch;
        s->batch = s->spare;
        s->spare = (struct batch){ 0 };
        for (const struct end_item *e = written.ends; e; e = e->next_end)
                if (e->done)
                        e->done(e->userdata);
        batch_reset(&written);
        batch_done(&s->spare); /* a completion that committed has left one */
        s->spare = written;
        return 0;
}

const char *store_passage(const struct store *s) {
        return s->passage;
}

bool store_is_healthy(const struct store *s) {
        return !s->failed;
}

const char *store_problem(const struct store *s) {
        return s->failed && !s->problem ? "the store cannot be written" : s->problem;
}


/* --- the ledger ------------------------------------------------------------------------------------------------------ */

static int find_settled(struct store *s, enum statement which, int64_t sent_msec, int64_t queue, struct text message_id) {
        struct sqlite3_stmt *st = s->statements[which];
        uint8_t uuid[16];
        int code;

        sqlite3_bind_int64(st, 1, sent_msec);
        sqlite3_bind_int64(st, 2, queue);
        statement_bind_message(st, 3, message_id, uuid);
        code = sqlite3_step(st);
        sqlite3_reset(st);
        return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : database_errno(code);
}

static int find_in_ledger(struct store *s, int64_t queue, struct text message_id, uint64_t sent_usec) {
        int r;

        if (sent_usec > 0) {
                r = find_settled(s, STATEMENT_LEDGER_FIND, (int64_t)(sent_usec / USEC_PER_MSEC), queue, message_id);
                return r != 0 ? r : find_settled(s, STATEMENT_LEDGER_FIND, 0, queue, message_id);
        }
        r = find_settled(s, STATEMENT_LEDGER_FIND, 0, queue, message_id);
        return r != 0 ? r : find_settled(s, STATEMENT_LEDGER_SEARCH, 0, queue, message_id);
}

int store_ledger_has_sent(struct store *s, const char *queue_url, const char *message_id, uint64_t sent_usec) {
        struct text id = { message_id, strlen(message_id) };
        struct name *queue;
        int r;

        if (batch_settles(&s->batch, queue_url, message_id))
                return 1;
        queue = names_get(&s->names, queue_url);
        if (!queue)
                return -ENOMEM;
        r = store_read(s);
        if (r == 0)
                r = queue->id == 0 ? name_find(s, queue) : 1;
        if (r > 0)
                r = find_in_ledger(s, queue->id, id, sent_usec);
        return r < 0 ? note(s, r, "read") : r;
}

int store_probe(struct store *s) {
        /* More than a page, so that a few free bytes do not pass for space. */
        static const char write[] = "REPLACE INTO probe (id, filler) VALUES (1, zeroblob(32768))";
        int r = store_check_place(s);

        if (r < 0)
                return r;
        r = store_begin(s);
        if (r < 0)
                return store_note(s, r);
        r = store_finish(s, database_exec(s->db, write));
        if (r < 0)
                return r;
        r = find_settled(s, STATEMENT_LEDGER_FIND, 0, 0, (struct text){ "", 0 });
        return r < 0 ? note(s, r, "read") : 0;
}
