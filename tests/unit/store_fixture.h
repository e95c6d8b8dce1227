/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store share: a store in a folder of its own, and short ways to write and read a record. */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/store/store.h"
#include "common/store/store_read.h"

#define QUEUE "https://sqs.eu-north-1.amazonaws.com/123456789012/orders"
#define NOW (UINT64_C(1790000000) * USEC_PER_SEC)

struct fixture {
        char folder[64], path[96];
        struct store *store;
};

static inline void fixture_open(struct fixture *f, enum store_history history) {
        char *message = NULL;
        int r = store_open(f->path, history, &f->store, &message);

        if (r < 0)
                fail_msg("%s", message ? message : strerror(-r));
}

static inline void fixture_reopen(struct fixture *f, enum store_history history) {
        f->store = store_free(f->store);
        fixture_open(f, history);
}

static inline int fixture_setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        strcpy(f->folder, "/tmp/sqsflow-store-XXXXXX");
        if (!mkdtemp(f->folder))
                return -1;
        snprintf(f->path, sizeof(f->path), "%s/sqsflow.db", f->folder);
        fixture_open(f, STORE_HISTORY_ALL);
        *state = f;
        return 0;
}

static inline int fixture_teardown(void **state) {
        struct fixture *f = *state;

        store_free(f->store);
        dir_remove_all(AT_FDCWD, f->folder);
        free(f);
        return 0;
}

/* An id whose time is `seconds` after NOW. */
static inline uint64_t id_at(unsigned seconds, unsigned n) {
        return (NOW / USEC_PER_MSEC + UINT64_C(1000) * seconds) << 21 | n;
}

static inline void begin(struct store *s, uint64_t id, const char *message_id) {
        struct store_message m = { .message_id = message_id, .group_id = "g", .receive_count = 2 };

        assert_int_equal(store_execution_started(s, &(struct store_execution){
                .id = id, .flow = "shop.orders", .flow_revision = UINT64_MAX - 1, .trigger = message_id ? "orders" : NULL,
                .queue_url = message_id ? QUEUE : NULL, .start_usec = (id >> 21) * USEC_PER_MSEC, .input = "{\"a\":1}",
                .messages = &m, .message_count = message_id ? 1 : 0 }), 0);
}

static inline void end(struct store *s, uint64_t id, const char *message_id, enum run_state state, store_done_t done,
                       void *userdata) {
        bool settles = run_state_settles_message(state) && message_id;

        assert_int_equal(store_execution_ended(s, &(struct store_end){
                .execution_id = id, .state = state, .end_usec = (id >> 21) * USEC_PER_MSEC + 5000, .queue_url = QUEUE,
                .cpu_usec = 5000, .memory_bytes = 1 << 20,
                .outputs = "{\"o\":2}", .error = state == RUN_FAILED ? "exit code 1" : NULL, .settled_ids = &message_id,
                .settled_count = settles ? 1 : 0 }, done, userdata), 0);
}

static inline void log_line(struct store *s, uint64_t id, uint32_t task_run, int level, const char *text) {
        assert_int_equal(store_log(s, &(struct store_log){ .execution_id = id, .task_run = task_run, .level = level,
                                                           .time_usec = NOW, .text = text, .text_len = strlen(text) }), 0);
}

static inline void task(struct store *s, uint64_t id, uint32_t index, enum run_state state) {
        assert_int_equal(store_task_run(s, &(struct store_task_run){
                .execution_id = id, .index = index, .parent = index == 0 ? UINT32_MAX : 0, .task_id = "work",
                .task_type = "io.kestra.plugin.core.log.Log", .value = "v", .state = state, .attempts = 1,
                .start_usec = NOW, .end_usec = state == RUN_RUNNING ? 0 : NOW + 7, .outputs = "{}",
                .cpu_usec = state == RUN_RUNNING ? 0 : 4000, .memory_bytes = state == RUN_RUNNING ? 0 : 8192 }), 0);
}

static inline void count_done(void *userdata) {
        ++*(int *)userdata;
}

/* The result of a query that gives one number, asked over a connection of its own. */
static inline int64_t query(const struct fixture *f, const char *sql) {
        sqlite3 *db = NULL;
        sqlite3_stmt *st = NULL;
        int64_t result;

        assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        result = sqlite3_column_int64(st, 0);
        sqlite3_finalize(st);
        sqlite3_close(db);
        return result;
}

/* Another program that holds the write lock. */
static inline sqlite3 *lock_store(const struct fixture *f) {
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        return db;
}

static inline void unlock_store(sqlite3 *db) {
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
}
