/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to the records besides writing them: deleting the old, and ending what a crash left running. Both are
 * transactions of their own and leave the batch alone. */
#include <errno.h>
#include <sqlite3.h>

#include "common/base/clock.h"
#include "common/store/store_private.h"

/* Deletes at most *budget rows with a statement whose first parameter is `key` and whose second is the most rows. */
static int delete_some(struct store *s, enum statement which, uint64_t key, unsigned *budget) {
        struct sqlite3_stmt *st = s->statements[which];
        int r;

        sqlite3_bind_int64(st, 1, (sqlite3_int64)key);
        sqlite3_bind_int64(st, 2, *budget);
        r = statement_run(st);
        if (r == 0)
                *budget -= MIN(*budget, (unsigned)sqlite3_changes(s->db));
        return r;
}

/* What belongs to an execution goes before it, so that a piece that ends in between leaves nothing behind. */
static int delete_execution(struct store *s, uint64_t execution, unsigned *budget) {
        static const enum statement deletes[] = { STATEMENT_LOG_DELETE_SOME, STATEMENT_TASK_RUN_DELETE_SOME,
                                                  STATEMENT_INPUT_DELETE_SOME, STATEMENT_EXECUTION_DELETE_SOME };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(deletes) && *budget > 0; i++)
                r = delete_some(s, deletes[i], execution, budget);
        return r;
}

/* The oldest execution that may go: 1 with its id, 0 when there is none, -errno. Ids are in order of the start, so the
 * search ends at the first that started too late; what started before and ended after is passed by. */
static int find_old(struct store *s, uint64_t before_usec, uint64_t *ret_id) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_OLD_FIND];
        int code, r = 0;

        sqlite3_bind_int64(st, 1, (sqlite3_int64)MIN(before_usec, (uint64_t)INT64_MAX));
        code = sqlite3_step(st);
        if (code == SQLITE_ROW) {
                *ret_id = (uint64_t)sqlite3_column_int64(st, 0);
                r = sqlite3_column_int(st, 1);
        } else if (code != SQLITE_DONE) {
                r = database_errno(code);
        }
        sqlite3_reset(st);
        return r;
}

static int delete_old_executions(struct store *s, uint64_t before_usec, unsigned *budget) {
        int r = 0;

        while (r >= 0 && *budget > 0) {
                uint64_t id = 0;

                r = find_old(s, before_usec, &id);
                if (r <= 0)
                        return r;
                r = delete_execution(s, id, budget);
        }
        return r;
}

int store_retain(struct store *s, uint64_t history_before_usec, uint64_t ledger_before_usec, unsigned rows) {
        unsigned budget = rows;
        int r = store_begin(s);

        if (r < 0)
                return r;
        r = delete_old_executions(s, history_before_usec, &budget);
        if (r == 0 && budget > 0)
                r = delete_some(s, STATEMENT_LEDGER_DELETE_SOME, ledger_before_usec / USEC_PER_MSEC, &budget);
        if (r == 0 && budget > 0)
                r = delete_some(s, STATEMENT_LEDGER_DELETE_UNDATED, ledger_before_usec / USEC_PER_DAY, &budget);
        r = store_finish(s, r);
        return r < 0 ? r : budget == 0;
}

/* --- after a crash --------------------------------------------------------------------------------------------------- */

static int run_at(struct store *s, const char *sql, uint64_t now_usec) {
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL;
        int r = database_prepare(s->db, sql, &st);

        if (r < 0)
                return r;
        sqlite3_bind_int64(st, 1, (sqlite3_int64)now_usec);
        return statement_run(st);
}

static int end_orphans(struct store *s, uint64_t now_usec) {
        int r;

        if (s->history == STORE_HISTORY_NONE)
                return 0;
        r = run_at(s,
                   "UPDATE task_run SET state = 8, end_usec = ?1 "
                   "WHERE execution IN (SELECT execution FROM running) AND state < 5",
                   now_usec);
        if (r < 0)
                return r;
        return run_at(s,
                      "REPLACE INTO execution (id, flow, flow_revision, trigger, queue, start_usec, messages, state, end_usec, "
                      "error) SELECT execution, flow, flow_revision, trigger, queue, start_usec, messages, 8, ?1, "
                      "'" STORE_ORPHAN_ERROR "' FROM running",
                      now_usec);
}

int store_kill_orphans(struct store *s, uint64_t now_usec) {
        int r = store_begin(s);

        if (r < 0)
                return store_note(s, r);
        r = end_orphans(s, now_usec);
        if (r == 0)
                r = database_exec(s->db, "DELETE FROM running");
        return store_finish(s, r);
}

int store_has_execution(struct store *s, uint64_t execution_id) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_EXECUTION_FIND];
        int code;

        sqlite3_bind_int64(st, 1, (sqlite3_int64)execution_id);
        code = sqlite3_step(st);
        sqlite3_reset(st);
        return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : database_errno(code);
}
