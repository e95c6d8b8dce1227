/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of every schema version that there was, kept as SQL in tests/store, are opened and read by this build.
 *
 * `make golden-store` lets this program write what is below into a store of the newest version, and keeps its dump. */
#include "tests/unit/store_fixture.h"

#include <glob.h>
#include <syslog.h>

#include "common/store/schema.h"
#include "common/store/store_pause.h"

#define GOLDEN "tests/store/v"
#define SENT (NOW - 30 * USEC_PER_SEC)
#define ID_AT(seconds) ((NOW / USEC_PER_MSEC + UINT64_C(1000) * (seconds)) << 21 | 1) /* id_at(), as a constant */
#define ENDED ID_AT(1)
#define WARNED ID_AT(2)
#define FAILED ID_AT(3)
#define BATCH ID_AT(4)
#define BY_HAND ID_AT(5)
#define RUNNING ID_AT(6)

static const char uuid[] = "5fea7756-0ea4-451a-a703-a558b933e274";
static const char second_uuid[] = "0c26f8f4-5c1b-4d3a-9d4a-3f4f2a6f8f11";

/* --- the records: written once, by the build that brought a version ---------------------------------------------------- */

static void write_dated(struct store *s) {
        const char *id = uuid;

        begin(s, ENDED, uuid);
        task(s, ENDED, 0, RUN_SUCCESS);
        task(s, ENDED, 1, RUN_SUCCESS);
        log_line(s, ENDED, 0, LOG_INFO, "it's \"printed\"");
        log_line(s, ENDED, UINT32_MAX, LOG_WARNING, "von außen");
        assert_int_equal(store_execution_ended(s, &(struct store_end){
                .execution_id = ENDED, .state = RUN_SUCCESS, .end_usec = NOW + 5 * USEC_PER_SEC, .queue_url = QUEUE,
                .outputs = "{\"o\":2}", .cpu_usec = 5000, .memory_bytes = 1 << 20, .settled_ids = &id,
                .settled_sent_usec = &(uint64_t){ SENT }, .settled_count = 1 }, NULL, NULL), 0);
}

static void write_batch(struct store *s) {
        static const struct store_message messages[] = { { second_uuid, NULL, 1 }, { "beta", "g", 5 } };
        static const char *const ids[] = { second_uuid, "beta" };

        assert_int_equal(store_execution_started(s, &(struct store_execution){
                .id = BATCH, .flow = "shop.batch", .flow_revision = 1, .trigger = "batch", .queue_url = QUEUE,
                .start_usec = NOW, .messages = messages, .message_count = 2 }), 0);
        assert_int_equal(store_execution_ended(s, &(struct store_end){
                .execution_id = BATCH, .state = RUN_SUCCESS, .end_usec = NOW + 1, .queue_url = QUEUE, .settled_ids = ids,
                .settled_sent_usec = (const uint64_t[]){ SENT, 0 }, .settled_count = 2 }, NULL, NULL), 0);
}

static void write_records(struct store *s) {
        write_dated(s);
        begin(s, WARNED, "no uuid");
        end(s, WARNED, "no uuid", RUN_WARNING, NULL, NULL);
        begin(s, FAILED, "failed");
        end(s, FAILED, "failed", RUN_FAILED, NULL, NULL);
        write_batch(s);
        begin(s, BY_HAND, NULL);
        end(s, BY_HAND, NULL, RUN_KILLED, NULL, NULL);
        begin(s, RUNNING, "running");
        task(s, RUNNING, 0, RUN_RUNNING);
        log_line(s, RUNNING, 0, LOG_INFO, "so far");
        assert_int_equal(store_pause_set(s, "orders", &(struct store_pause){ .since_usec = NOW }), 0);
        assert_int_equal(store_pause_set(s, "batch", &(struct store_pause){ .since_usec = NOW + 1, .after = RUN_FAILED }), 0);
        assert_int_equal(store_commit(s), 0);
}

static int make_store(const char *path) {
        struct store *s = NULL;

        if (store_open(path, STORE_HISTORY_ALL, &s, NULL) < 0)
                return EXIT_FAILURE;
        write_records(s);
        store_free(s);
        return EXIT_SUCCESS;
}

/* --- reading them ------------------------------------------------------------------------------------------------------ */

static const struct expected {
        uint64_t id;
        const char *flow, *trigger, *messages, *outputs, *error, *input;
        enum run_state state;
        uint64_t end_usec;
} records[] = { /* the newest first */
        { RUNNING, "shop.orders", "orders", "[[\"running\",\"g\",2]]", NULL, NULL, "{\"a\":1}", RUN_RUNNING, 0 },
        { BY_HAND, "shop.orders", NULL, NULL, "{\"o\":2}", NULL, "{\"a\":1}", RUN_KILLED, NOW + 5005000 },
        { BATCH, "shop.batch", "batch", "[[\"0c26f8f4-5c1b-4d3a-9d4a-3f4f2a6f8f11\",null,1],[\"beta\",\"g\",5]]", NULL, NULL,
          NULL, RUN_SUCCESS, NOW + 1 },
        { FAILED, "shop.orders", "orders", "[[\"failed\",\"g\",2]]", "{\"o\":2}", "exit code 1", "{\"a\":1}", RUN_FAILED,
          NOW + 3005000 },
        { WARNED, "shop.orders", "orders", "[[\"no uuid\",\"g\",2]]", "{\"o\":2}", NULL, "{\"a\":1}", RUN_WARNING,
          NOW + 2005000 },
        { ENDED, "shop.orders", "orders", "[[\"5fea7756-0ea4-451a-a703-a558b933e274\",\"g\",2]]", "{\"o\":2}", NULL,
          "{\"a\":1}", RUN_SUCCESS, NOW + 5 * USEC_PER_SEC },
};

static void assert_same(const char *found, const char *wanted) {
        if (!text_eq(found, wanted))
                fail_msg("'%s' instead of '%s'", found ? found : "nothing", wanted ? wanted : "nothing");
}

static int check_listed(void *userdata, const struct store_record *r) {
        const struct expected **next = userdata, *e = (*next)++;

        assert_true(e < records + ARRAY_SIZE(records));
        assert_int_equal(r->id, e->id);
        assert_int_equal(r->state, e->state);
        assert_int_equal(r->end_usec, e->end_usec);
        assert_int_equal(r->start_usec, e->id == BATCH ? NOW : (e->id >> 21) * USEC_PER_MSEC);
        assert_true(r->flow_revision == (e->id == BATCH ? 1 : UINT64_MAX - 1));
        assert_same(r->flow, e->flow);
        assert_same(r->trigger, e->trigger);
        assert_same(r->queue_url, e->trigger ? QUEUE : NULL);
        assert_same(r->messages, e->messages);
        return 0;
}

static int check_whole(void *userdata, const struct store_record *r) {
        const struct expected *e = userdata;

        assert_same(r->input, e->input);
        assert_same(r->outputs, e->outputs);
        assert_same(r->error, e->error);
        assert_int_equal(r->cpu_usec, e->outputs ? 5000 : 0);
        assert_int_equal(r->memory_bytes, e->outputs ? 1 << 20 : 0);
        return 0;
}

static int check_task_run(void *userdata, const struct store_task_run *t) {
        unsigned *n = userdata;

        assert_int_equal(t->index, *n);
        assert_int_equal(t->parent, *n == 0 ? UINT32_MAX : 0);
        assert_int_equal(t->state, RUN_SUCCESS);
        assert_int_equal(t->end_usec, NOW + 7);
        assert_int_equal(t->memory_bytes, 8192);
        assert_same(t->task_id, "work");
        assert_same(t->task_type, "io.kestra.plugin.core.log.Log");
        assert_same(t->value, "v");
        assert_same(t->outputs, "{}");
        ++*n;
        return 0;
}

static int check_line(void *userdata, const struct store_log *line) {
        static const struct store_log lines[] = { { .task_run = 0, .level = LOG_INFO, .text = "it's \"printed\"" },
                                                  { .task_run = UINT32_MAX, .level = LOG_WARNING, .text = "von außen" } };
        unsigned *n = userdata;

        assert_true(*n < ARRAY_SIZE(lines));
        assert_int_equal(line->task_run, lines[*n].task_run);
        assert_int_equal(line->level, lines[*n].level);
        assert_int_equal(line->text_len, strlen(lines[*n].text));
        assert_memory_equal(line->text, lines[*n].text, line->text_len);
        ++*n;
        return 0;
}

static void check_records(const struct fixture *f) {
        const struct expected *next = records;
        struct store_reader *reader = NULL;
        unsigned task_runs = 0, lines = 0;
        uint64_t position = 0;

        assert_int_equal(store_reader_open(f->path, &reader, NULL), 0);
        assert_int_equal(store_reader_list(reader, &(struct store_filter){ .state = -1 }, check_listed, &next), 0);
        assert_int_equal(next - records, ARRAY_SIZE(records));
        for (size_t i = 0; i < ARRAY_SIZE(records); i++)
                assert_int_equal(store_reader_get(reader, records[i].id, check_whole, (void *)&records[i]), 0);
        assert_int_equal(store_reader_task_runs(reader, ENDED, check_task_run, &task_runs), 0);
        assert_int_equal(task_runs, 2);
        assert_int_equal(store_reader_logs(reader, ENDED, &(struct store_log_filter){ UINT32_MAX, LOG_DEBUG }, &position,
                                           check_line, &lines), 0);
        assert_int_equal(lines, 2);
        store_reader_free(reader);
}

static void check_ledger(struct store *s) {
        assert_int_equal(store_ledger_has_sent(s, QUEUE, uuid, SENT), 1);
        assert_int_equal(store_ledger_has_sent(s, QUEUE, second_uuid, SENT), 1);
        assert_int_equal(store_ledger_has_sent(s, QUEUE, "beta", SENT), 1); /* when it was sent was not known */
        assert_int_equal(store_ledger_has(s, QUEUE, "no uuid"), 1);
        assert_int_equal(store_ledger_has(s, QUEUE "2", uuid), 0);
        assert_int_equal(store_ledger_has(s, QUEUE, "failed"), 0);
        assert_int_equal(store_ledger_has(s, QUEUE, "running"), 0);
}

/* Pauses are kept from version 2 on. */
static void check_pauses(struct store *s, bool has_them) {
        struct store_pause hand, after;

        assert_int_equal(store_pause_find(s, "orders", &hand), has_them);
        assert_int_equal(store_pause_find(s, "batch", &after), has_them);
        assert_int_equal(hand.since_usec, has_them ? NOW : 0);
        assert_int_equal(hand.after, RUN_CREATED);
        assert_int_equal(after.after, has_them ? RUN_FAILED : RUN_CREATED);
}

static int check_killed(void *userdata, const struct store_record *r) {
        assert_int_equal(r->state, RUN_KILLED);
        assert_same(r->error, STORE_ORPHAN_ERROR);
        assert_same(r->messages, records[0].messages);
        assert_same(r->input, records[0].input);
        return 0;
}

static void check_that_work_goes_on(struct fixture *f) {
        struct store_reader *reader = NULL;

        assert_int_equal(store_kill_orphans(f->store, NOW + USEC_PER_DAY), 0);
        begin(f->store, id_at(7, 1), "next");
        end(f->store, id_at(7, 1), "next", RUN_SUCCESS, NULL, NULL);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "next"), 1);
        assert_int_equal(store_reader_open(f->path, &reader, NULL), 0);
        assert_int_equal(store_reader_get(reader, RUNNING, check_killed, NULL), 0);
        store_reader_free(reader);
}

/* --- the files --------------------------------------------------------------------------------------------------------- */

/* All tables and indexes as they were declared. Owned. */
static char *declarations(const char *path) {
        sqlite3 *db = NULL;
        sqlite3_stmt *st = NULL;
        char *text;

        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "SELECT group_concat(type || ' ' || name || ': ' || coalesce(sql, ''), char(10)) "
                                                "FROM (SELECT * FROM sqlite_master ORDER BY type, name)", -1, &st, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        text = text_dup((const char *)sqlite3_column_text(st, 0));
        sqlite3_finalize(st);
        sqlite3_close(db);
        return text;
}

static void load(const struct fixture *f, const char *golden) {
        _cleanup_free_ char *sql = NULL;
        char *message = NULL;
        sqlite3 *db = NULL;

        assert_int_equal(file_read(golden, 1 << 20, &sql, NULL), 0);
        assert_int_equal(unlink(f->path), 0);
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
                fail_msg("%s: %s", golden, message);
        sqlite3_close(db);
}

static void every_version_that_there_was_is_opened_read_and_written_to(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *wanted = declarations(f->path);
        glob_t files;

        assert_int_equal(glob(GOLDEN "*.sql", 0, NULL, &files), 0);
        for (size_t i = 0; i < files.gl_pathc; i++) {
                _cleanup_free_ char *found = NULL;
                unsigned version;

                assert_int_equal(sscanf(files.gl_pathv[i], GOLDEN "%u.sql", &version), 1);
                f->store = store_free(f->store);
                load(f, files.gl_pathv[i]);
                fixture_open(f, STORE_HISTORY_ALL);
                found = declarations(f->path);
                assert_string_equal(found, wanted);
                check_records(f);
                check_ledger(f->store);
                check_pauses(f->store, version >= 2);
                check_that_work_goes_on(f);
        }
        globfree(&files);
}

/* Also tells when a step that was released is changed: then the newest of them has other tables than a new store. */
static void each_version_has_its_golden_store(void **state) {
        struct fixture *f = *state;

        f->store = store_free(f->store);
        for (unsigned version = 1; version <= store_schema.version; version++) {
                char path[64];

                snprintf(path, sizeof(path), GOLDEN "%u.sql", version);
                if (access(path, R_OK) < 0)
                        fail_msg("%s is missing: make golden-store", path);
                load(f, path);
                assert_int_equal(query(f, "PRAGMA user_version"), version);
                assert_int_equal(query(f, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                TEST(every_version_that_there_was_is_opened_read_and_written_to),
                TEST(each_version_has_its_golden_store),
        };

        return argc == 2 ? make_store(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
