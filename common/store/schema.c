/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of one execution decides the layout: every table is appended to near its end (ids grow with time), no table
 * on the way has a second index, and names are numbers.
 *
 * - `execution` has an execution from its end on: one insert, no update, none at all for a success that is not kept.
 * - `running` has it before, unless it starts and ends within one commit: what a reader shows of it, and what a restart
 *   needs to record it as KILLED.
 * - `execution.messages` is what is shown later: [[message id, group id or null, receive count], …].
 * - `ledger` has one row per settled message (P3). Message ids are random, and a table in their order would change a page
 * for each of them; SentTimestamp, which every delivery of a message repeats, brings them into the order of time. 0
 * stands for an unknown one, and then `day` (since 1970) says when the message was settled. A UUID is kept as 16 bytes.
 * - `input` is apart because it is big and written once: an end would write its pages again, a list would read them.
 * - `pause` has a row per trigger that takes nothing until it is resumed; it outlives the trigger. `after` is how the
 *   execution ended that paused it, NULL when a person did. The few rows are not worth numbers for names.
 * - Big columns stand last, so that a scan over the others does not read them where they overflow the page. */
#include "common/store/schema.h"

#include <sqlite3.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/store/database.h"
#include "common/store/store.h"

#define PROGRESS_INSTRUCTIONS 10000 /* below a millisecond, and seconds where each of them reads from a slow disk */

/* The numbers of enum run_state are in the files: RUN_SUCCESS is 5 for ever. */
_Static_assert(RUN_RUNNING == 2 && RUN_SUCCESS == 5 && RUN_WARNING == 6 && RUN_FAILED == 7 && RUN_KILLED == 8 &&
                       RUN_CANCELLED == 9 && RUN_SKIPPED == 10,
               "these numbers are stored");

/* A step that was released is never changed: stores that it made are out there. tests/store has one of each version. */
static const char *const steps[] = {
        "PRAGMA application_id = 1397838662;"
        "CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
        "CREATE TABLE execution ("
        "  id INTEGER PRIMARY KEY, flow INTEGER NOT NULL, flow_revision INTEGER NOT NULL, trigger INTEGER, queue INTEGER,"
        "  state INTEGER NOT NULL, start_usec INTEGER NOT NULL, end_usec INTEGER, cpu_usec INTEGER, memory_bytes INTEGER,"
        "  error TEXT, messages TEXT, outputs TEXT);"
        "CREATE TABLE input (execution INTEGER PRIMARY KEY, text TEXT NOT NULL);"
        "CREATE INDEX execution_notable ON execution (state) WHERE state > 5;"
        "CREATE TABLE running ("
        "  execution INTEGER PRIMARY KEY, flow INTEGER NOT NULL, flow_revision INTEGER NOT NULL, trigger INTEGER,"
        "  queue INTEGER, start_usec INTEGER NOT NULL, messages TEXT);"
        "CREATE TABLE task_run ("
        "  execution INTEGER NOT NULL, seq INTEGER NOT NULL, parent INTEGER, task_id INTEGER, task_type INTEGER,"
        "  state INTEGER NOT NULL, attempts INTEGER NOT NULL, start_usec INTEGER, end_usec INTEGER,"
        "  cpu_usec INTEGER, memory_bytes INTEGER,"
        "  value TEXT, error TEXT, outputs TEXT, PRIMARY KEY (execution, seq)) WITHOUT ROWID;"
        "CREATE TABLE log ("
        "  execution INTEGER NOT NULL, seq INTEGER NOT NULL, task_run INTEGER, level INTEGER NOT NULL,"
        "  usec INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (execution, seq)) WITHOUT ROWID;"
        "CREATE TABLE ledger ("
        "  sent_msec INTEGER NOT NULL, queue INTEGER NOT NULL, message NOT NULL, day INTEGER,"
        "  PRIMARY KEY (sent_msec, queue, message)) WITHOUT ROWID;"
        "CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB);",

        "CREATE TABLE pause (trigger TEXT PRIMARY KEY, since_usec INTEGER NOT NULL, after INTEGER) WITHOUT ROWID;",
};

_Static_assert(SCHEMA_APPLICATION_ID == 1397838662, "the number in the first step");

const struct schema store_schema = { .steps = steps, .version = ARRAY_SIZE(steps) };

static int run_step(struct sqlite3 *db, const char *sql, unsigned next) {
        char set_version[40];
        int r = database_exec(db, sql);

        (void)snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %u", next);
        return r < 0 ? r : database_exec(db, set_version);
}

static int take_step(struct sqlite3 *db, const char *sql, unsigned next, char **ret_reason) {
        int r = database_exec(db, "BEGIN IMMEDIATE");

        if (r == 0)
                r = run_step(db, sql, next);
        if (r == 0)
                r = database_exec(db, "COMMIT");
        if (r < 0)
                *ret_reason = database_error_text(db); /* before the rollback, which is a success */
        if (r < 0 && !sqlite3_get_autocommit(db))
                (void)database_exec(db, "ROLLBACK");
        return r;
}

static int on_instructions(void *userdata) {
        const struct store_progress *progress = userdata;

        progress->on_progress(progress->userdata);
        return 0; /* go on */
}

int schema_migrate(struct sqlite3 *db, const struct schema *schema, const struct store_progress *progress,
                   unsigned *version, char **ret_reason) {
        int r = 0;

        if (progress)
                sqlite3_progress_handler(db, PROGRESS_INSTRUCTIONS, on_instructions, (void *)progress);
        while (r == 0 && *version < schema->version) {
                if (progress)
                        progress->on_progress(progress->userdata);
                r = take_step(db, schema->steps[*version], *version + 1, ret_reason);
                if (r == 0)
                        ++*version;
        }
        sqlite3_progress_handler(db, 0, NULL, NULL);
        return r;
}

char *schema_passage_text(unsigned was, unsigned is) {
        if (was == 0)
                return text_printf("new, of schema version %u", is);
        if (was < is)
                return text_printf("brought forward from schema version %u to %u", was, is);
        return text_printf("of schema version %u", is);
}
