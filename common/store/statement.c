/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of the writing side, prepared once. Their parameters are named by position in the order of the columns.
 * Texts are bound without a copy: they live in the batch, which outlives the step. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "common/store/store_private.h"

static const char *const statement_text[STATEMENT_COUNT] = {
        [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [STATEMENT_READ] = "BEGIN",
        [STATEMENT_COMMIT] = "COMMIT",
        [STATEMENT_NAME_FIND] = "SELECT id FROM name WHERE text = ?1",
        [STATEMENT_NAME_ADD] = "INSERT INTO name (text) VALUES (?1)",
        [STATEMENT_EXECUTION_ADD] =
                "REPLACE INTO execution (id, flow, flow_revision, trigger, queue, start_usec, messages, state, end_usec, error, "
                "outputs, cpu_usec, memory_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        [STATEMENT_INPUT_ADD] = "REPLACE INTO input (execution, text) VALUES (?1, ?2)",
        [STATEMENT_INPUT_DELETE] = "DELETE FROM input WHERE execution = ?1",
        [STATEMENT_RUNNING_ADD] = "REPLACE INTO running (execution, flow, flow_revision, trigger, queue, start_usec, messages) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        [STATEMENT_RUNNING_DELETE] = "DELETE FROM running WHERE execution = ?1",
        [STATEMENT_TASK_RUN_PUT] =
                "REPLACE INTO task_run (execution, seq, parent, task_id, task_type, state, attempts, start_usec, "
                "end_usec, value, error, outputs, cpu_usec, memory_bytes) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        [STATEMENT_TASK_RUN_DELETE] = "DELETE FROM task_run WHERE execution = ?1",
        [STATEMENT_LOG_ADD] = "REPLACE INTO log (execution, seq, task_run, level, usec, text) "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [STATEMENT_LOG_DELETE] = "DELETE FROM log WHERE execution = ?1",
        [STATEMENT_LEDGER_ADD] = "INSERT OR IGNORE INTO ledger (sent_msec, queue, message, day) "
                                 "VALUES (?1, ?2, ?3, ?4)",
        [STATEMENT_PAUSE_ADD] = "INSERT OR IGNORE INTO pause (trigger, since_usec, after) VALUES (?1, ?2, ?3)",
        [STATEMENT_PAUSE_DELETE] = "DELETE FROM pause WHERE trigger = ?1",
        [STATEMENT_PAUSE_FIND] = "SELECT since_usec, after FROM pause WHERE trigger = ?1",
        [STATEMENT_EXECUTION_FIND] = "SELECT 1 FROM execution WHERE id = ?1",
        [STATEMENT_OLD_FIND] = "SELECT id, start_usec < ?1 FROM execution WHERE end_usec < ?1 OR start_usec >= ?1 "
                               "ORDER BY id LIMIT 1",
        [STATEMENT_LOG_DELETE_SOME] = "DELETE FROM log WHERE execution = ?1 AND seq IN "
                                      "(SELECT seq FROM log WHERE execution = ?1 ORDER BY seq LIMIT ?2)",
        [STATEMENT_TASK_RUN_DELETE_SOME] =
                "DELETE FROM task_run WHERE execution = ?1 AND seq IN "
                "(SELECT seq FROM task_run WHERE execution = ?1 ORDER BY seq LIMIT ?2)",
        [STATEMENT_INPUT_DELETE_SOME] = "DELETE FROM input WHERE execution = ?1 AND ?2 > 0",
        [STATEMENT_EXECUTION_DELETE_SOME] = "DELETE FROM execution WHERE id = ?1 AND ?2 > 0",
        [STATEMENT_LEDGER_DELETE_SOME] =
                "DELETE FROM ledger WHERE (sent_msec, queue, message) IN "
                "(SELECT sent_msec, queue, message FROM ledger WHERE sent_msec > 0 AND sent_msec < ?1 LIMIT ?2)",
        [STATEMENT_LEDGER_DELETE_UNDATED] =
                "DELETE FROM ledger WHERE (sent_msec, queue, message) IN "
                "(SELECT sent_msec, queue, message FROM ledger WHERE sent_msec = 0 AND day < ?1 LIMIT ?2)",
        [STATEMENT_LEDGER_FIND] = "SELECT 1 FROM ledger WHERE sent_msec = ?1 AND queue = ?2 AND message = ?3",
        [STATEMENT_LEDGER_SEARCH] = "SELECT 1 FROM ledger WHERE sent_msec > ?1 AND queue = ?2 AND message = ?3",
};

int statements_prepare(struct store *s) {
        for (size_t i = 0; i < STATEMENT_COUNT; i++) {
                int r = database_prepare(s->db, statement_text[i], &s->statements[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

void statements_finalize(struct store *s) {
        for (size_t i = 0; i < STATEMENT_COUNT; i++)
                s->statements[i] = database_finalize(s->statements[i]);
}

int statement_run(struct sqlite3_stmt *statement) {
        int code = sqlite3_step(statement);

        sqlite3_reset(statement);
        return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : database_errno(code);
}

void statement_bind_text(struct sqlite3_stmt *statement, int index, struct text text) {
        if (text.data)
                sqlite3_bind_text64(statement, index, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8);
        else
                sqlite3_bind_null(statement, index);
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only the one form that SQS writes (lower case, dashes in place), so that two ids never become the same bytes. */
static bool pack_uuid(struct text id, uint8_t out[16]) {
        size_t n = 0;

        if (id.len != 36)
                return false;
        for (size_t i = 0; i < 36; i++) {
                int high, low;

                if (i == 8 || i == 13 || i == 18 || i == 23) {
                        if (id.data[i] != '-')
                                return false;
                        continue;
                }
                high = hex_digit(id.data[i]);
                low = hex_digit(id.data[++i]);
                if (high < 0 || low < 0)
                        return false;
                out[n++] = (uint8_t)(high << 4 | low);
        }
        return true;
}

void statement_bind_message(struct sqlite3_stmt *statement, int index, struct text id, uint8_t uuid[16]) {
        if (pack_uuid(id, uuid))
                sqlite3_bind_blob(statement, index, uuid, 16, SQLITE_STATIC);
        else
                statement_bind_text(statement, index, id);
}

int name_find(struct store *s, struct name *name) {
        struct sqlite3_stmt *find = s->statements[STATEMENT_NAME_FIND];
        int code;

        statement_bind_text(find, 1, (struct text){ name->text, strlen(name->text) });
        code = sqlite3_step(find);
        if (code == SQLITE_ROW)
                names_written(&s->names, name, sqlite3_column_int64(find, 0));
        sqlite3_reset(find);
        return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : database_errno(code);
}

int name_write(struct store *s, struct name *name) {
        struct sqlite3_stmt *add = s->statements[STATEMENT_NAME_ADD];
        int r = name_find(s, name);

        if (r != 0)
                return r < 0 ? r : 0;
        statement_bind_text(add, 1, (struct text){ name->text, strlen(name->text) });
        r = statement_run(add);
        if (r == 0)
                names_written(&s->names, name, sqlite3_last_insert_rowid(s->db));
        return r;
}
