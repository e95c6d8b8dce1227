/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a batch into the database, in one transaction: an item after the other, each by the function of its kind.
 *
 * What history is kept is decided here and by store_log() and store_task_run(): `failures` leaves out what a success in
 * the same batch makes pointless and deletes what earlier batches wrote; `none` keeps an execution only while it runs,
 * for a restart that has to give its messages back. The ledger is always kept. */
#include <sqlite3.h>

#include "common/base/clock.h"
#include "common/store/store-private.h"

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

/* The execution began and ended in this batch, and nothing of it is kept. */
static bool is_dropped(const struct store *s, const struct batch *batch, uint64_t execution) {
        const struct start_item *start;

        if (s->history == STORE_HISTORY_ALL)
                return false;
        start = batch_find_start(batch, execution);
        return start && start->end && !history_keeps(s, start->end->state);
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

static void bind_usec(struct sqlite3_stmt *statement, int index, uint64_t usec) {
        if (usec > 0)
                sqlite3_bind_int64(statement, index, INT64(usec));
        else
                sqlite3_bind_null(statement, index);
}

static void bind_index(struct sqlite3_stmt *statement, int index, uint32_t value) {
        if (value != UINT32_MAX)
                sqlite3_bind_int64(statement, index, value);
        else
                sqlite3_bind_null(statement, index);
}

/* --- start ----------------------------------------------------------------------------------------------------------- */

static int write_execution(struct store *s, const struct start_item *i) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_EXECUTION_ADD];
        int r;

        if ((r = bind_name(s, st, 2, i->flow)) < 0 || (r = bind_name(s, st, 4, i->trigger)) < 0 ||
            (r = bind_name(s, st, 5, i->queue)) < 0)
                return r;
        sqlite3_bind_int64(st, 1, INT64(i->item.execution));
        sqlite3_bind_int64(st, 3, INT64(i->flow_revision));
        sqlite3_bind_int(st, 6, i->end ? i->end->state : RUN_RUNNING);
        sqlite3_bind_int64(st, 7, INT64(i->usec));
        bind_usec(st, 8, i->end ? i->end->usec : 0);
        statement_bind_text(st, 9, i->end ? i->end->error : (struct text){ 0 });
        statement_bind_text(st, 10, i->messages);
        statement_bind_text(st, 11, i->end ? i->end->outputs : (struct text){ 0 });
        return statement_run(st);
}

static int write_input(struct store *s, const struct start_item *i) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_INPUT_ADD];

        sqlite3_bind_int64(st, 1, INT64(i->item.execution));
        statement_bind_text(st, 2, i->input);
        return statement_run(st);
}

static int write_held(struct store *s, uint64_t execution, size_t seq, const struct held_message *m) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_HELD_ADD];

        sqlite3_bind_int64(st, 1, INT64(execution));
        sqlite3_bind_int64(st, 2, INT64(seq));
        statement_bind_text(st, 3, m->message_id);
        statement_bind_text(st, 4, m->receipt_handle);
        statement_bind_text(st, 5, m->group_id);
        sqlite3_bind_int64(st, 6, m->receive_count);
        return statement_run(st);
}

static int write_start(struct store *s, const struct batch *batch, const struct item *item) {
        static const struct held_message no_message;
        const struct start_item *i = (const struct start_item *)item;
        int r;

        if (i->end && !history_keeps(s, i->end->state))
                return 0;
        r = write_execution(s, i);
        if (r == 0 && i->input.data)
                r = write_input(s, i);
        if (r < 0 || i->end)
                return r;
        if (i->held_count == 0)
                return write_held(s, item->execution, 0, &no_message);
        for (size_t seq = 0; r == 0 && seq < i->held_count; seq++)
                r = write_held(s, item->execution, seq, &i->held[seq]);
        return r;
}

/* --- while it runs --------------------------------------------------------------------------------------------------- */

static int write_handle(struct store *s, const struct batch *batch, const struct item *item) {
        const struct handle_item *i = (const struct handle_item *)item;
        struct sqlite3_stmt *st = s->statements[STATEMENT_HELD_HANDLE];

        sqlite3_bind_int64(st, 1, INT64(item->execution));
        statement_bind_text(st, 2, i->message_id);
        statement_bind_text(st, 3, i->receipt_handle);
        return statement_run(st);
}

static int write_task_run(struct store *s, const struct batch *batch, const struct item *item) {
        const struct task_run_item *i = (const struct task_run_item *)item;
        struct sqlite3_stmt *st = s->statements[STATEMENT_TASK_RUN_PUT];
        int r;

        if (is_dropped(s, batch, item->execution))
                return 0;
        if ((r = bind_name(s, st, 4, i->task_id)) < 0 || (r = bind_name(s, st, 5, i->task_type)) < 0)
                return r;
        sqlite3_bind_int64(st, 1, INT64(item->execution));
        sqlite3_bind_int64(st, 2, i->index);
        bind_index(st, 3, i->parent);
        sqlite3_bind_int(st, 6, i->state);
        sqlite3_bind_int64(st, 7, i->attempts);
        bind_usec(st, 8, i->start_usec);
        bind_usec(st, 9, i->end_usec);
        statement_bind_text(st, 10, i->value);
        statement_bind_text(st, 11, i->error);
        statement_bind_text(st, 12, i->outputs);
        return statement_run(st);
}

static int write_log(struct store *s, const struct batch *batch, const struct item *item) {
        const struct log_item *i = (const struct log_item *)item;
        struct sqlite3_stmt *st = s->statements[STATEMENT_LOG_ADD];

        if (is_dropped(s, batch, item->execution))
                return 0;
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

static int delete_execution(struct store *s, uint64_t execution) {
        static const enum statement deletes[] = { STATEMENT_LOG_DELETE, STATEMENT_TASK_RUN_DELETE,
                                                  STATEMENT_INPUT_DELETE, STATEMENT_EXECUTION_DELETE };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(deletes); i++)
                r = run_with_id(s, deletes[i], execution);
        return r;
}

static int update_execution(struct store *s, const struct end_item *i) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_EXECUTION_END];

        sqlite3_bind_int64(st, 1, INT64(i->item.execution));
        sqlite3_bind_int(st, 2, i->state);
        bind_usec(st, 3, i->usec);
        statement_bind_text(st, 4, i->error);
        statement_bind_text(st, 5, i->outputs);
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

static int write_end(struct store *s, const struct batch *batch, const struct item *item) {
        const struct end_item *i = (const struct end_item *)item;
        int r;

        if (!i->merged) {
                r = history_keeps(s, i->state) ? update_execution(s, i) : delete_execution(s, item->execution);
                if (r == 0)
                        r = run_with_id(s, STATEMENT_HELD_DELETE, item->execution);
                if (r < 0)
                        return r;
        }
        return write_ledger(s, i);
}

/* --- the transaction ------------------------------------------------------------------------------------------------- */

int store_begin(struct store *s) {
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

int store_write(struct store *s, const struct batch *batch) {
        static int (*const write[])(struct store *, const struct batch *, const struct item *) = {
                [ITEM_START] = write_start, [ITEM_HANDLE] = write_handle, [ITEM_TASK_RUN] = write_task_run,
                [ITEM_LOG] = write_log,     [ITEM_END] = write_end,
        };
        int r = store_begin(s);

        if (r < 0)
                return store_note(s, r);
        for (const struct item *i = batch->first; r == 0 && i; i = i->next)
                r = write[i->kind](s, batch, i);
        return store_finish(s, r);
}
