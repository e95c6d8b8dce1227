/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a batch into the database, in one transaction: an item after the other, each by the function of its kind.
 *
 * What history is kept is decided here and by store_log() and store_task_run(): `failures` leaves out what a success in
 * the same batch makes pointless and deletes what earlier batches wrote; `none` keeps an execution only while it runs.
 * The ledger is always kept. */
#include <sqlite3.h>

#include "common/base/clock.h"
#include "common/store/store_private.h"

/* SQLite's integers are signed; ids have 63 bits and revisions come back by the same cast. */
#define INT64(x) ((sqlite3_int64)(x))

static bool history_keeps(const struct store *s, enum run_state end) {
        switch (s->history) {
        case STORE_HISTORY_ALL:
                return true;
        case STORE_HISTORY_FAILURES:
                return end != RUN_SUCCESS;
        case STORE_HISTORY_NONE:
                break;
        }
        return false;
}

/* The execution ends with this batch and nothing of it is kept. */
static bool is_dropped(const struct store *s, const struct running *r) {
        return r && r->end && !history_keeps(s, r->end->state);
}

static int bind_name(struct store *s, struct sqlite3_stmt *statement, int index, struct name *name) {
        if (name && name->id == 0) {
                int r = name_write(s, name);

                if (r < 0)
                        return r;
        }
        if (name)
                sqlite3_bind_int64(statement, index, name->id);
        else
                sqlite3_bind_null(statement, index);
        return 0;
}

static void bind_count(struct sqlite3_stmt *statement, int index, uint64_t count) {
        if (count > 0)
                sqlite3_bind_int64(statement, index, INT64(count));
        else
                sqlite3_bind_null(statement, index);
}

static void bind_index(struct sqlite3_stmt *statement, int index, uint32_t value) {
        if (value != UINT32_MAX)
                sqlite3_bind_int64(statement, index, value);
        else
                sqlite3_bind_null(statement, index);
}

/* What is known of an execution from its start, bound from column `first` on. */
static int bind_running(struct store *s, struct sqlite3_stmt *st, int first, const struct running *r) {
        int error;

        if ((error = bind_name(s, st, first, r->flow)) < 0 || (error = bind_name(s, st, first + 2, r->trigger)) < 0 ||
            (error = bind_name(s, st, first + 3, r->queue)) < 0)
                return error;
        sqlite3_bind_int64(st, first + 1, INT64(r->flow_revision));
        sqlite3_bind_int64(st, first + 4, INT64(r->start_usec));
        statement_bind_text(st, first + 5, (struct text){ r->messages_len > 0 ? r->messages : NULL, r->messages_len });
        return 0;
}

/* --- start ----------------------------------------------------------------------------------------------------------- */

static int write_input(struct store *s, struct running *r, struct text input) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_INPUT_ADD];

        r->has_input = true;
        sqlite3_bind_int64(st, 1, INT64(r->id));
        statement_bind_text(st, 2, input);
        return statement_run(st);
}

static int write_start(struct store *s, const struct item *item) {
        const struct start_item *i = (const struct start_item *)item;
        struct sqlite3_stmt *st = s->statements[STATEMENT_RUNNING_ADD];
        struct running *running = i->running;
        int r = 0;

        if (i->input.data && s->history != STORE_HISTORY_NONE && !is_dropped(s, running))
                r = write_input(s, running, i->input);
        if (r < 0 || running->end)
                return r; /* an end in the same batch: nobody will see it running */
        running->written = true;
        sqlite3_bind_int64(st, 1, INT64(item->execution));
        r = bind_running(s, st, 2, running);
        return r < 0 ? r : statement_run(st);
}

/* --- while it runs --------------------------------------------------------------------------------------------------- */

static int write_task_run(struct store *s, const struct item *item) {
        const struct task_run_item *i = (const struct task_run_item *)item;
        struct sqlite3_stmt *st = s->statements[STATEMENT_TASK_RUN_PUT];
        int r;

        if (is_dropped(s, i->running))
                return 0;
        if (i->running)
                i->running->has_records = true;
        if ((r = bind_name(s, st, 4, i->task_id)) < 0 || (r = bind_name(s, st, 5, i->task_type)) < 0)
                return r;
        sqlite3_bind_int64(st, 1, INT64(item->execution));
        sqlite3_bind_int64(st, 2, i->index);
        bind_index(st, 3, i->parent);
        sqlite3_bind_int(st, 6, i->state);
        sqlite3_bind_int64(st, 7, i->attempts);
        bind_count(st, 8, i->start_usec);
        bind_count(st, 9, i->end_usec);
        statement_bind_text(st, 10, i->value);
        statement_bind_text(st, 11, i->error);
        statement_bind_text(st, 12, i->outputs);
        bind_count(st, 13, i->cpu_usec);
        bind_count(st, 14, i->memory_bytes);
        return statement_run(st);
}

static int write_log(struct store *s, const struct item *item) {
        const struct log_item *i = (const struct log_item *)item;
        struct sqlite3_stmt *st = s->statements[STATEMENT_LOG_ADD];

        if (is_dropped(s, i->running))
                return 0;
        if (i->running)
                i->running->has_records = true;
        sqlite3_bind_int64(st, 1, INT64(item->execution));
        sqlite3_bind_int64(st, 2, INT64(i->seq));
        bind_index(st, 3, i->task_run);
        sqlite3_bind_int(st, 4, i->level);
        sqlite3_bind_int64(st, 5, INT64(i->usec));
        statement_bind_text(st, 6, i->text);
        return statement_run(st);
}

/* --- end ------------------------------------------------------------------------------------------------------------- */

static int run_with_id(struct store *s, enum statement which, uint64_t execution) {
        sqlite3_bind_int64(s->statements[which], 1, INT64(execution));
        return statement_run(s->statements[which]);
}

/* What earlier batches wrote of an execution that is not kept. */
static int delete_records(struct store *s, const struct running *running) {
        int r = 0;

        if (running->has_records) {
                r = run_with_id(s, STATEMENT_LOG_DELETE, running->id);
                if (r == 0)
                        r = run_with_id(s, STATEMENT_TASK_RUN_DELETE, running->id);
        }
        return r == 0 && running->has_input ? run_with_id(s, STATEMENT_INPUT_DELETE, running->id) : r;
}

static int write_execution(struct store *s, const struct end_item *i) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_EXECUTION_ADD];
        int r = bind_running(s, st, 2, i->running);

        if (r < 0)
                return r;
        sqlite3_bind_int64(st, 1, INT64(i->item.execution));
        sqlite3_bind_int(st, 8, i->state);
        bind_count(st, 9, i->usec);
        statement_bind_text(st, 10, i->error);
        statement_bind_text(st, 11, i->outputs);
        bind_count(st, 12, i->cpu_usec);
        bind_count(st, 13, i->memory_bytes);
        return statement_run(st);
}

static int write_settled(struct store *s, const struct settled *m, uint64_t end_usec) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_LEDGER_ADD];
        uint8_t uuid[16];

        sqlite3_bind_int64(st, 1, INT64(m->sent_usec / USEC_PER_MSEC));
        statement_bind_message(st, 3, m->message_id, uuid);
        if (m->sent_usec > 0)
                sqlite3_bind_null(st, 4);
        else
                sqlite3_bind_int64(st, 4, INT64(end_usec / USEC_PER_DAY));
        return statement_run(st);
}

static int write_ledger(struct store *s, const struct end_item *i) {
        int r = 0;

        if (i->settled_count > 0 && i->queue)
                r = bind_name(s, s->statements[STATEMENT_LEDGER_ADD], 2, i->queue);
        for (size_t n = 0; r == 0 && n < i->settled_count; n++)
                r = write_settled(s, &i->settled[n], i->usec);
        return r;
}

static int write_end(struct store *s, const struct item *item) {
        const struct end_item *i = (const struct end_item *)item;
        int r = 0;

        if (i->running)
                r = history_keeps(s, i->state) ? write_execution(s, i) : delete_records(s, i->running);
        if (r == 0 && i->running && i->running->written)
                r = run_with_id(s, STATEMENT_RUNNING_DELETE, item->execution);
        return r == 0 ? write_ledger(s, i) : r;
}

/* --- pauses ----------------------------------------------------------------------------------------------------------- */

static int write_pause(struct store *s, const struct item *item) {
        const struct pause_item *i = (const struct pause_item *)item;
        bool is_paused = i->pause.since_usec > 0;
        struct sqlite3_stmt *st = s->statements[is_paused ? STATEMENT_PAUSE_ADD : STATEMENT_PAUSE_DELETE];

        statement_bind_text(st, 1, i->trigger);
        if (is_paused) {
                sqlite3_bind_int64(st, 2, INT64(i->pause.since_usec));
                bind_count(st, 3, i->pause.after);
        }
        return statement_run(st);
}

/* --- the transaction ------------------------------------------------------------------------------------------------- */

int store_read(struct store *s) {
        int r = s->reading ? 0 : statement_run(s->statements[STATEMENT_READ]);

        s->reading = r == 0;
        return r;
}

void store_end_reading(struct store *s) {
        if (!s->reading)
                return;
        s->reading = false;
        (void)statement_run(s->statements[STATEMENT_COMMIT]); /* of nothing: it gives the locks back */
}

int store_begin(struct store *s) {
        if (s->reading) {
                s->reading = false;
                return 0;
        }
        return statement_run(s->statements[STATEMENT_BEGIN]);
}

void store_rollback(struct store *s) {
        /* Some failures have rolled back already (a full disk, for one). */
        if (!sqlite3_get_autocommit(s->db))
                (void)database_exec(s->db, "ROLLBACK");
        names_settle(&s->names, false);
}

int store_finish(struct store *s, int r) {
        if (r == 0)
                r = statement_run(s->statements[STATEMENT_COMMIT]);
        store_note(s, r); /* before the ROLLBACK, which changes SQLite's last error */
        if (r < 0)
                store_rollback(s);
        else
                names_settle(&s->names, true);
        return r;
}

static int write_items(struct store *s, const struct batch *batch) {
        static int (*const write[])(struct store *, const struct item *) = {
                [ITEM_START] = write_start, [ITEM_TASK_RUN] = write_task_run, [ITEM_LOG] = write_log, [ITEM_END] = write_end,
                [ITEM_PAUSE] = write_pause,
        };
        int r = store_begin(s);

        if (r < 0)
                return store_note(s, r);
        for (const struct item *i = batch->first; r == 0 && i; i = i->next)
                r = write[i->kind](s, i);
        return store_finish(s, r);
}

/* Repeating an execution after a power cut is the message's way; taking up what a person stopped is not. SQLite changes this
 * outside of transactions only. */
static int wait_for_disk(struct store *s, bool waits) {
        store_end_reading(s);
        return database_exec(s->db, waits ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

int store_write(struct store *s, const struct batch *batch) {
        int r;

        if (!batch->has_pause)
                return write_items(s, batch);
        r = wait_for_disk(s, true);
        r = r < 0 ? store_note(s, r) : write_items(s, batch);
        (void)wait_for_disk(s, false); /* else the next ones wait, too */
        return r;
}
