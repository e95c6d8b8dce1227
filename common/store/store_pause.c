/* SPDX-License-Identifier: Apache-2.0 */
#include "common/store/store_pause.h"

#include <sqlite3.h>
#include <string.h>

#include "common/store/store_private.h"

int store_pause_set(struct store *s, const char *trigger, const struct store_pause *pause) {
        return batch_add_pause(&s->batch, trigger, pause);
}

int store_pause_find(struct store *s, const char *trigger, struct store_pause *ret) {
        struct sqlite3_stmt *st = s->statements[STATEMENT_PAUSE_FIND];
        struct store_pause found = { 0 };
        int code;

        statement_bind_text(st, 1, (struct text){ trigger, strlen(trigger) });
        code = sqlite3_step(st);
        if (code == SQLITE_ROW)
                found = (struct store_pause){ .since_usec = (uint64_t)sqlite3_column_int64(st, 0),
                                              .after = (enum run_state)sqlite3_column_int(st, 1) };
        sqlite3_reset(st);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_errno(code);
        *ret = found;
        return found.since_usec > 0;
}
