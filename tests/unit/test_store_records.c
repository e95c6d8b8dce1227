/* SPDX-License-Identifier: Apache-2.0 */
/* What was written is read as it was, and what is kept is what the history's mode says. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>

#include "common/base/ident.h"

static struct store_reader *open_reader(const struct fixture *f) {
        struct store_reader *reader = NULL;

        assert_int_equal(store_reader_open(f->path, &reader, NULL), 0);
        return reader;
}

static int check_full_record(void *userdata, const struct store_record *r) {
        assert_int_equal(r->id, id_at(0, 1));
        assert_string_equal(r->flow, "shop.orders");
        assert_true(r->flow_revision == UINT64_MAX - 1);
        assert_string_equal(r->trigger, "orders");
        assert_string_equal(r->queue_url, QUEUE);
        assert_int_equal(r->state, RUN_FAILED);
        assert_int_equal(r->start_usec, NOW);
        assert_int_equal(r->end_usec, NOW + 5000);
        assert_string_equal(r->error, "exit code 1");
        assert_string_equal(r->messages, "[[\"m\\\"1\",\"g\",2]]");
        assert_string_equal(r->outputs, "{\"o\":2}");
        assert_string_equal(r->input, "{\"a\":1}");
        assert_int_equal(r->cpu_usec, 5000);
        assert_int_equal(r->memory_bytes, 1 << 20);
        return 42;
}

static int check_task_run(void *userdata, const struct store_task_run *t) {
        int *n = userdata;

        assert_int_equal(t->index, *n);
        assert_int_equal(t->parent, *n == 0 ? UINT32_MAX : 0);
        assert_string_equal(t->task_id, "work");
        assert_string_equal(t->task_type, "io.kestra.plugin.core.log.Log");
        assert_string_equal(t->value, "v");
        assert_int_equal(t->state, *n == 0 ? RUN_SUCCESS : RUN_RUNNING);
        assert_int_equal(t->end_usec, *n == 0 ? NOW + 7 : 0);
        assert_null(t->error);
        assert_int_equal(t->cpu_usec, *n == 0 ? 4000 : 0);
        assert_int_equal(t->memory_bytes, *n == 0 ? 8192 : 0);
        ++*n;
        return 0;
}

static void write_one(struct fixture *f, bool apart) {
        begin(f->store, id_at(0, 1), "m\"1");
        task(f->store, id_at(0, 1), 0, RUN_RUNNING);
        if (apart)
                assert_int_equal(store_commit(f->store), 0);
        task(f->store, id_at(0, 1), 0, RUN_SUCCESS);
        task(f->store, id_at(0, 1), 1, RUN_RUNNING);
        log_line(f->store, id_at(0, 1), 0, LOG_INFO, "one");
        log_line(f->store, id_at(0, 1), UINT32_MAX, LOG_ERR, "two");
        end(f->store, id_at(0, 1), "m\"1", RUN_FAILED, NULL, NULL);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 0);
}

static void check_one(struct fixture *f) {
        struct store_reader *reader = open_reader(f);
        int n = 0;

        assert_int_equal(store_reader_get(reader, id_at(0, 1), check_full_record, NULL), 42);
        assert_int_equal(store_reader_get(reader, id_at(0, 2), check_full_record, NULL), -ENOENT);
        assert_int_equal(store_reader_task_runs(reader, id_at(0, 1), check_task_run, &n), 0);
        assert_int_equal(n, 2);
        store_reader_free(reader);
}

static void an_execution_of_one_batch_reads_back_whole(void **state) {
        write_one(*state, false);
        check_one(*state);
}

static void an_execution_of_two_batches_reads_back_the_same(void **state) {
        write_one(*state, true);
        check_one(*state);
}

static void a_body_with_odd_bytes_is_kept_as_it_is(void **state) {
        static const char odd[] = "\xf0\x9f\x98\x80 \x01\x1f\r\n\t'\"; DROP TABLE log;--";
        struct fixture *f = *state;

        assert_int_equal(store_execution_started(f->store, &(struct store_execution){
                .id = id_at(0, 1), .flow = "a.b", .start_usec = NOW, .input = odd }), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(query(f, "SELECT length(CAST(text AS BLOB)) FROM input"), sizeof(odd) - 1);
        assert_int_equal(query(f, "SELECT count(*) FROM running WHERE messages IS NULL"), 1);
}

/* --- lists ----------------------------------------------------------------------------------------------------------- */

struct ids {
        uint64_t ids[100];
        size_t count;
};

static int collect(void *userdata, const struct store_record *r) {
        struct ids *ids = userdata;

        assert_null(r->input);
        ids->ids[ids->count++] = r->id;
        return 0;
}

static size_t list(const struct fixture *f, struct store_filter filter, struct ids *ids) {
        struct store_reader *reader = open_reader(f);

        ids->count = 0;
        assert_int_equal(store_reader_list(reader, &filter, collect, ids), 0);
        store_reader_free(reader);
        return ids->count;
}

static void lists_are_filtered_and_show_the_newest_first(void **state) {
        struct fixture *f = *state;
        struct ids ids;

        for (unsigned i = 0; i < 60; i++) {
                begin(f->store, id_at(i, 1), i % 2 ? "m" : NULL);
                if (i % 10 != 9)
                        end(f->store, id_at(i, 1), "m", i % 3 ? RUN_SUCCESS : RUN_FAILED, NULL, NULL);
        }
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(list(f, (struct store_filter){ .state = -1 }, &ids), 60);
        assert_int_equal(ids.ids[0], id_at(59, 1));
        assert_int_equal(ids.ids[59], id_at(0, 1));
        assert_int_equal(list(f, (struct store_filter){ .state = -1, .limit = 7 }, &ids), 7);
        assert_int_equal(list(f, (struct store_filter){ .state = RUN_RUNNING }, &ids), 6);
        assert_int_equal(list(f, (struct store_filter){ .state = RUN_FAILED }, &ids), 18);
        assert_int_equal(ids.ids[0], id_at(57, 1));
        assert_int_equal(list(f, (struct store_filter){ .state = RUN_SUCCESS, .limit = 100 }, &ids), 36);
        assert_int_equal(list(f, (struct store_filter){ .state = -1, .trigger = "orders" }, &ids), 30);
        assert_int_equal(list(f, (struct store_filter){ .state = -1, .flow = "shop.orders" }, &ids), 60);
        assert_int_equal(list(f, (struct store_filter){ .state = -1, .flow = "shop.other" }, &ids), 0);
        assert_int_equal(list(f, (struct store_filter){ .state = -1, .since_usec = NOW + 50 * USEC_PER_SEC }, &ids), 10);
}

static void counts_say_how_many_are_in_each_state(void **state) {
        struct fixture *f = *state;
        struct store_reader *reader;
        uint64_t counts[RUN_STATE_COUNT];

        begin(f->store, id_at(0, 1), "m");
        begin(f->store, id_at(0, 2), "m");
        end(f->store, id_at(0, 2), "m", RUN_KILLED, NULL, NULL);
        assert_int_equal(store_commit(f->store), 0);
        reader = open_reader(f);
        assert_int_equal(store_reader_counts(reader, counts), 0);
        assert_int_equal(counts[RUN_RUNNING], 1);
        assert_int_equal(counts[RUN_KILLED], 1);
        assert_int_equal(counts[RUN_SUCCESS], 0);
        store_reader_free(reader);
}

static void a_part_of_an_id_is_enough_when_it_is_unique(void **state) {
        struct fixture *f = *state;
        struct store_reader *reader;
        char text[IDENT_TEXT_SIZE];
        uint64_t id = 0;

        begin(f->store, id_at(0, 1), NULL);
        begin(f->store, id_at(0, 2), NULL);
        begin(f->store, id_at(40000, 1), NULL);
        assert_int_equal(store_commit(f->store), 0);
        reader = open_reader(f);
        ident_format(id_at(0, 2), text);
        assert_int_equal(store_reader_resolve(reader, text, &id), 0);
        assert_int_equal(id, id_at(0, 2));
        text[12] = '\0';
        assert_int_equal(store_reader_resolve(reader, text, &id), -ENOTUNIQ);
        assert_int_equal(store_reader_resolve(reader, "0000000000000", &id), -ENOENT);
        assert_int_equal(store_reader_resolve(reader, "u", &id), -EINVAL);
        assert_int_equal(store_reader_resolve(reader, "", &id), -EINVAL);
        assert_int_equal(store_reader_resolve(reader, "00000000000000", &id), -EINVAL);
        ident_format(id_at(40000, 1), text);
        text[8] = '\0';
        assert_int_equal(store_reader_resolve(reader, text, &id), 0);
        assert_int_equal(id, id_at(40000, 1));
        store_reader_free(reader);
}

/* --- logs ------------------------------------------------------------------------------------------------------------ */

static int join_line(void *userdata, const struct store_log *l) {
        char *text = userdata;
        size_t len = strlen(text);

        snprintf(text + len, 100 - len, "%.*s%s", (int)l->text_len, l->text, l->task_run == UINT32_MAX ? "* " : " ");
        return 0;
}

static void logs_can_be_followed_while_the_agent_writes(void **state) {
        struct fixture *f = *state;
        struct store_reader *reader = open_reader(f);
        struct store_log_filter all = { .task_run = UINT32_MAX, .level_max = LOG_DEBUG };
        uint64_t position = 0, other = 0, id = id_at(0, 1);
        char text[100] = "";

        log_line(f->store, id, 0, LOG_INFO, "a");
        log_line(f->store, id_at(0, 2), 0, LOG_INFO, "x");
        log_line(f->store, id, 1, LOG_ERR, "b");
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_reader_logs(reader, id, &all, &position, join_line, text), 0);
        assert_string_equal(text, "a b ");
        log_line(f->store, id, UINT32_MAX, LOG_INFO, "c");
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_reader_logs(reader, id, &all, &position, join_line, text), 0);
        assert_string_equal(text, "a b c* ");
        assert_int_equal(store_reader_logs(reader, id, &all, &position, join_line, text), 0);
        assert_string_equal(text, "a b c* ");
        text[0] = '\0';
        all.level_max = LOG_WARNING;
        assert_int_equal(store_reader_logs(reader, id, &all, &other, join_line, text), 0);
        assert_string_equal(text, "b ");
        text[0] = '\0';
        other = 0;
        assert_int_equal(store_reader_logs(reader, id, &(struct store_log_filter){ 0, LOG_DEBUG }, &other, join_line, text), 0);
        assert_string_equal(text, "a ");
        store_reader_free(reader);
}

/* --- reading without a writer ---------------------------------------------------------------------------------------- */

static void nothing_to_read_is_told_apart(void **state) {
        struct fixture *f = *state;
        struct store_reader *reader = NULL;
        char *message = NULL;

        assert_int_equal(store_reader_open("/nonexistent/sqsflow.db", &reader, &message), -ENOENT);
        assert_non_null(strstr(message, "/nonexistent/sqsflow.db"));
        free(message);
        f->store = store_free(f->store);
        assert_int_equal(truncate(f->path, 0), 0); /* as between the making of the file and of its tables */
        assert_int_equal(store_reader_open(f->path, &reader, &message), -ENODATA);
        assert_non_null(strstr(message, "nothing is recorded"));
        free(message);
}

/* Who may read the file but not write beside it, after the agent has gone and taken its companion files along. */
static void a_line_that_says_its_place_is_written_there_once(void **state) {
        struct fixture *f = *state;
        struct store_reader *reader;
        struct store_log_filter all = { .task_run = UINT32_MAX, .level_max = LOG_DEBUG };
        uint64_t position = 0;
        char text[100] = "";

        /* By two handles, as of a process that writes now and then; the second line once more. */
        for (uint64_t seq = 1; seq <= 3; seq++) {
                assert_int_equal(store_log(f->store, &(struct store_log){ .execution_id = id_at(0, 1), .level = 6, .seq = seq,
                                 .task_run = UINT32_MAX, .text = &"abc"[seq - 1], .text_len = 1 }), 0);
                assert_int_equal(store_commit(f->store), 0);
                if (seq == 2)
                        fixture_reopen(f, STORE_HISTORY_ALL);
        }
        assert_int_equal(store_log(f->store, &(struct store_log){ .execution_id = id_at(0, 1), .level = 6, .seq = 2,
                         .task_run = UINT32_MAX, .text = "b", .text_len = 1 }), 0);
        assert_int_equal(store_commit(f->store), 0);
        reader = open_reader(f);
        assert_int_equal(store_reader_logs(reader, id_at(0, 1), &all, &position, join_line, text), 0);
        assert_string_equal(text, "a* b* c* ");
        assert_int_equal(position, 3);
        store_reader_free(reader);
}

static void a_store_at_rest_can_be_read_without_the_right_to_write(void **state) {
        struct fixture *f = *state;
        struct ids ids;
        int status;
        pid_t pid;

        if (geteuid() != 0)
                skip();
        begin(f->store, id_at(0, 1), "m");
        f->store = store_free(f->store);
        chmod(f->folder, 0755);
        chmod(f->path, 0644);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(setgid(65534) < 0 || setuid(65534) < 0 ||
                      list(f, (struct store_filter){ .state = -1 }, &ids) != 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* --- what is kept ---------------------------------------------------------------------------------------------------- */

static void write_success_and_failure(struct fixture *f, bool apart) {
        static const enum run_state states[] = { RUN_SUCCESS, RUN_FAILED };

        for (unsigned i = 0; i < 2; i++) {
                begin(f->store, id_at(0, i), i ? "m1" : "m0");
                task(f->store, id_at(0, i), 0, RUN_RUNNING);
                log_line(f->store, id_at(0, i), 0, LOG_INFO, "line");
        }
        if (apart) {
                assert_int_equal(store_commit(f->store), 0);
                assert_int_equal(query(f, "SELECT count(*) FROM running"), 2);
        }
        for (unsigned i = 0; i < 2; i++) {
                task(f->store, id_at(0, i), 0, states[i]);
                end(f->store, id_at(0, i), i ? "m1" : "m0", states[i], NULL, NULL);
        }
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "m0"), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 0);
}

static void history_failures_keeps_failures_and_the_ledger(void **state) {
        struct fixture *f = *state;

        for (int apart = 0; apart < 2; apart++) {
                fixture_reopen(f, STORE_HISTORY_FAILURES);
                write_success_and_failure(f, apart);
                assert_int_equal(query(f, "SELECT count(*) FROM execution"), 1);
                assert_int_equal(query(f, "SELECT state FROM execution"), RUN_FAILED);
                assert_int_equal(query(f, "SELECT count(*) FROM task_run"), 1);
                assert_int_equal(query(f, "SELECT count(*) FROM input"), 1);
                assert_int_equal(query(f, "SELECT count(*) FROM log"), 1);
        }
}

static void history_none_keeps_the_ledger_and_what_runs(void **state) {
        struct fixture *f = *state;

        for (int apart = 0; apart < 2; apart++) {
                fixture_reopen(f, STORE_HISTORY_NONE);
                write_success_and_failure(f, apart);
                assert_int_equal(query(f, "SELECT count(*) FROM execution"), 0);
                assert_int_equal(query(f, "SELECT count(*) FROM input"), 0);
                assert_int_equal(query(f, "SELECT count(*) FROM task_run"), 0);
                assert_int_equal(query(f, "SELECT count(*) FROM log"), 0);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_execution_of_one_batch_reads_back_whole),
                TEST(an_execution_of_two_batches_reads_back_the_same),
                TEST(a_body_with_odd_bytes_is_kept_as_it_is),
                TEST(lists_are_filtered_and_show_the_newest_first),
                TEST(counts_say_how_many_are_in_each_state),
                TEST(a_part_of_an_id_is_enough_when_it_is_unique),
                TEST(logs_can_be_followed_while_the_agent_writes),
                TEST(nothing_to_read_is_told_apart),
                TEST(a_line_that_says_its_place_is_written_there_once),
                TEST(a_store_at_rest_can_be_read_without_the_right_to_write),
                TEST(history_failures_keeps_failures_and_the_ledger),
                TEST(history_none_keeps_the_ledger_and_what_runs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
