/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of one execution decides the layout: every table is appended to near its end (ids grow with time), no table
 * on the way has a second index, and names are numbers.
 *
 * - `execution` has an execution from its end on: one insert, no update, none at all for a success that is not kept.
 * - `held` has it before: a row per message, with the handle that a restart needs to give it back (P8a). The row with
 *   seq 0 also has what the record will need; an execution without messages has that row alone.
 * - `execution.messages` is what is shown later: [[message id, group id or null, receive count], …].
 * - `ledger` has one row per settled message (P3). Message ids are random, and a table in their order would change a page
 * for each of them; SentTimestamp, which every delivery of a message repeats, brings them into the order of time. 0
 * stands for an unknown one, and then `day` (since 1970) says when the message was settled. A UUID is kept as 16 bytes.
 * - `input` is apart because it is big and written once: an end would write its pages again, a list would read them.
 * - Big columns stand last, so that a scan over the others does not read them where they overflow the page. */
#include "common/store/schema.h"

#include <sqlite3.h>
#include <stddef.h>

#include "common/store/database.h"
#include "common/store/store.h"

/* The numbers of enum run_state are in the files: RUN_SUCCESS is 5 for ever. */
_Static_assert(RUN_RUNNING == 2 && RUN_SUCCESS == 5 && RUN_WARNING == 6 && RUN_FAILED == 7 && RUN_KILLED == 8 &&
                       RUN_SKIPPED == 10,
               "these numbers are stored");

/* steps[n] leads from version n to n + 1. */
static const char *const steps[] = {
        "PRAGMA application_id = 1397838662;"
        "CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
        "CREATE TABLE execution ("
        "  id INTEGER PRIMARY KEY, flow INTEGER NOT NULL, flow_revision INTEGER NOT NULL, trigger INTEGER, queue INTEGER,"
        "  state INTEGER NOT NULL, start_usec INTEGER NOT NULL, end_usec INTEGER,"
        "  error TEXT, messages TEXT, outputs TEXT);"
        "CREATE TABLE input (execution INTEGER PRIMARY KEY, text TEXT NOT NULL);"
        "CREATE INDEX execution_notable ON execution (state) WHERE state > 5;"
        "CREATE TABLE held ("
        "  execution INTEGER NOT NULL, seq INTEGER NOT NULL, message_id TEXT, receipt_handle TEXT, group_id TEXT,"
        "  receive_count INTEGER, flow INTEGER, flow_revision INTEGER, trigger INTEGER, queue INTEGER,"
        "  start_usec INTEGER, messages TEXT, PRIMARY KEY (execution, seq)) WITHOUT ROWID;"
        "CREATE TABLE task_run ("
        "  execution INTEGER NOT NULL, seq INTEGER NOT NULL, parent INTEGER, task_id INTEGER, task_type INTEGER,"
        "  state INTEGER NOT NULL, attempts INTEGER NOT NULL, start_usec INTEGER, end_usec INTEGER,"
        "  value TEXT, error TEXT, outputs TEXT, PRIMARY KEY (execution, seq)) WITHOUT ROWID;"
        "CREATE TABLE log ("
        "  execution INTEGER NOT NULL, seq INTEGER NOT NULL, task_run INTEGER, level INTEGER NOT NULL,"
        "  usec INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (execution, seq)) WITHOUT ROWID;"
        "CREATE TABLE ledger ("
        "  sent_msec INTEGER NOT NULL, queue INTEGER NOT NULL, message NOT NULL, day INTEGER,"
        "  PRIMARY KEY (sent_msec, queue, message)) WITHOUT ROWID;"
        "CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB);"
        "PRAGMA user_version = 1;",
};

_Static_assert(ARRAY_SIZE(steps) == STORE_SCHEMA_VERSION, "a step for every version");
_Static_assert(SCHEMA_APPLICATION_ID == 1397838662, "the number in the first step");

int schema_migrate(struct sqlite3 *db, unsigned version) {
        int r;

        if (version >= STORE_SCHEMA_VERSION)
                return 0;
        r = database_exec(db, "BEGIN IMMEDIATE");
        for (unsigned i = version; r == 0 && i < STORE_SCHEMA_VERSION; i++)
                r = database_exec(db, steps[i]);
        if (r == 0)
                r = database_exec(db, "COMMIT");
        if (r < 0 && !sqlite3_get_autocommit(db))
                database_exec(db, "ROLLBACK");
        return r;
}
