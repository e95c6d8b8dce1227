/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash leaves behind is found and given back (P8a), what was committed survives kill -9 (P1), and what is old
 * goes, piece by piece. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* --- orphans --------------------------------------------------------------------------------------------------------- */

static void what_ran_at_the_end_is_killed_at_the_next_start(void **state) {
        static const struct store_message two[] = { { "b1", NULL, 1 }, { "b2", "g", 5 } };
        struct fixture *f = *state;

        begin(f->store, id_at(0, 1), "ended");
        begin(f->store, id_at(0, 2), "running");
        task(f->store, id_at(0, 2), 0, RUN_SUCCESS);
        task(f->store, id_at(0, 2), 1, RUN_RUNNING);
        begin(f->store, id_at(0, 3), NULL);
        assert_int_equal(store_execution_started(f->store, &(struct store_execution){
                .id = id_at(0, 4), .flow = "a.b", .trigger = "t", .queue_url = "q", .start_usec = NOW, .messages = two,
                .message_count = 2 }), 0);
        assert_int_equal(store_commit(f->store), 0);
        end(f->store, id_at(0, 1), "ended", RUN_SUCCESS, NULL, NULL);
        fixture_reopen(f, STORE_HISTORY_ALL);

        assert_int_equal(store_has_execution(f->store, id_at(0, 1)), 1);
        assert_int_equal(store_has_execution(f->store, id_at(0, 2)), 0);
        assert_int_equal(store_kill_orphans(f->store, NOW + 99), 0);
        assert_int_equal(store_has_execution(f->store, id_at(0, 2)), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution WHERE state = 8 AND end_usec % 100 = 99 AND "
                                  "error IS NOT NULL"), 3);
        assert_int_equal(query(f, "SELECT messages = '[[\"b1\",null,1],[\"b2\",\"g\",5]]' FROM execution WHERE flow = "
                                  "(SELECT id FROM name WHERE text = 'a.b')"), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution WHERE state = 5"), 1);
        assert_int_equal(query(f, "SELECT group_concat(state) = '5,8' FROM task_run"), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 0);
}

static void orphans_of_a_store_without_history_are_forgotten(void **state) {
        struct fixture *f = *state;

        fixture_reopen(f, STORE_HISTORY_NONE);
        begin(f->store, id_at(0, 1), "m");
        fixture_reopen(f, STORE_HISTORY_NONE);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 1);
        assert_int_equal(store_kill_orphans(f->store, NOW), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 0);
}

/* --- kill -9 --------------------------------------------------------------------------------------------------------- */

static void tell_parent(void *userdata) {
        char done = 'd';

        if (write(*(int *)userdata, &done, 1) != 1)
                _exit(1);
}

/* Writes executions for ever and says so after each end. */
static void write_for_ever(const char *path, unsigned round, int fd) {
        struct store *s = NULL;
        char id[32];

        if (store_open(path, STORE_HISTORY_ALL, &s, NULL) < 0)
                _exit(1);
        for (unsigned i = 0;; i++) {
                snprintf(id, sizeof(id), "%u-%u", round, i);
                begin(s, id_at(round, i), id);
                if (i % 3 == 0 && store_commit(s) < 0)
                        _exit(1);
                log_line(s, id_at(round, i), 0, 6, "a line that makes the log grow");
                end(s, id_at(round, i), id, RUN_SUCCESS, tell_parent, &fd);
                if (i % 4 == 0 && store_commit(s) < 0)
                        _exit(1);
        }
}

/* Kills the writer after it has told `wanted` ends; returns how many it had told. */
static unsigned run_and_kill(const struct fixture *f, unsigned round, unsigned wanted) {
        char bytes[4096];
        unsigned told = 0;
        int fds[2], status;
        ssize_t n;
        pid_t pid;

        assert_int_equal(pipe(fds), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(fds[0]);
                write_for_ever(f->path, round, fds[1]);
        }
        close(fds[1]);
        while (told < wanted && (n = read(fds[0], bytes, sizeof(bytes))) > 0)
                told += (unsigned)n;
        kill(pid, SIGKILL);
        while ((n = read(fds[0], bytes, sizeof(bytes))) > 0)
                told += (unsigned)n;
        close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        return told;
}

static void kill_nine_never_takes_a_told_end_back(void **state) {
        struct fixture *f = *state;
        char sql[200];

        f->store = store_free(f->store);
        for (unsigned round = 1; round <= 12; round++) {
                unsigned told = run_and_kill(f, round, 50 * round * round);

                assert_true(told >= 50 * round * round);
                fixture_open(f, STORE_HISTORY_ALL);
                assert_int_equal(store_kill_orphans(f->store, NOW), 0);
                for (unsigned i = 0; i < told; i += 7) {
                        char id[32];

                        snprintf(id, sizeof(id), "%u-%u", round, i);
                        assert_int_equal(store_ledger_has(f->store, QUEUE, id), 1);
                }
                snprintf(sql, sizeof(sql), "SELECT count(*) FROM execution WHERE state = 5 AND id >= %llu AND id < %llu",
                         (unsigned long long)id_at(round, 0), (unsigned long long)id_at(round + 1, 0));
                assert_true(query(f, sql) >= told);
                f->store = store_free(f->store);
        }
        assert_int_equal(query(f, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check != 'ok'"), 0);
}

/* --- retention ------------------------------------------------------------------------------------------------------- */

static unsigned retain_all(struct store *s, uint64_t history_before, uint64_t ledger_before, unsigned rows) {
        unsigned calls = 1;
        int r;

        while ((r = store_retain(s, history_before, ledger_before, rows)) == 1)
                assert_true(++calls < 10000);
        assert_int_equal(r, 0);
        return calls;
}

static void old_executions_go_with_all_that_belongs_to_them_a_piece_at_a_time(void **state) {
        struct fixture *f = *state;

        for (unsigned i = 0; i < 20; i++) {
                begin(f->store, id_at(i, 1), "m");
                task(f->store, id_at(i, 1), 0, RUN_SUCCESS);
                for (unsigned n = 0; n < 10; n++)
                        log_line(f->store, id_at(i, 1), 0, 6, "line");
                if (i != 3)
                        end(f->store, id_at(i, 1), "m", RUN_SUCCESS, NULL, NULL);
        }
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_retain(f->store, NOW + 10 * USEC_PER_SEC, 0, 5), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM log"), 195);
        assert_true(retain_all(f->store, NOW + 10 * USEC_PER_SEC, 0, 5) > 20);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 10);
        assert_int_equal(query(f, "SELECT count(*) FROM log"), 110);
        assert_int_equal(query(f, "SELECT count(*) FROM task_run"), 11);
        assert_int_equal(query(f, "SELECT count(*) FROM input"), 11);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM ledger"), 1);
}

static void an_execution_is_as_old_as_its_end(void **state) {
        struct fixture *f = *state;

        begin(f->store, id_at(0, 1), "m");
        begin(f->store, id_at(1, 1), "m");
        assert_int_equal(store_execution_ended(f->store, &(struct store_end){
                .execution_id = id_at(0, 1), .state = RUN_FAILED, .end_usec = NOW + 60 * USEC_PER_SEC }, NULL, NULL), 0);
        end(f->store, id_at(1, 1), "m", RUN_FAILED, NULL, NULL);
        assert_int_equal(store_commit(f->store), 0);
        retain_all(f->store, NOW + 30 * USEC_PER_SEC, 0, 100);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 1);
        assert_int_equal(query(f, "SELECT id FROM execution"), id_at(0, 1));
        retain_all(f->store, NOW + 61 * USEC_PER_SEC, 0, 100);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 0);
}

static void settle(struct store *s, const char *id, uint64_t sent_usec, uint64_t end_usec) {
        assert_int_equal(store_execution_ended(s, &(struct store_end){
                .execution_id = id_at(0, 1), .state = RUN_SUCCESS, .end_usec = end_usec, .queue_url = QUEUE,
                .settled_ids = &id, .settled_sent_usec = sent_usec ? &sent_usec : NULL, .settled_count = 1 }, NULL, NULL), 0);
}

static void the_ledger_forgets_by_the_time_the_message_was_sent_or_else_settled(void **state) {
        struct fixture *f = *state;
        char id[32];

        for (unsigned day = 0; day < 40; day++) {
                snprintf(id, sizeof(id), "dated-%u", day);
                settle(f->store, id, NOW + day * USEC_PER_DAY, NOW + 100 * USEC_PER_DAY);
                snprintf(id, sizeof(id), "undated-%u", day);
                settle(f->store, id, 0, NOW + day * USEC_PER_DAY);
        }
        assert_int_equal(store_commit(f->store), 0);
        assert_true(retain_all(f->store, 0, NOW + 10 * USEC_PER_DAY, 3) > 6);
        assert_int_equal(query(f, "SELECT count(*) FROM ledger"), 60);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "dated-9"), 0);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "dated-10"), 1);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "undated-9"), 0);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "undated-10"), 1);
}

static void retention_of_a_locked_store_waits_for_another_time(void **state) {
        struct fixture *f = *state;
        sqlite3 *other = lock_store(f);

        assert_int_equal(store_retain(f->store, NOW, NOW, 10), -EBUSY);
        assert_true(store_is_healthy(f->store));
        unlock_store(other);
        assert_int_equal(store_retain(f->store, NOW, NOW, 10), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_ran_at_the_end_is_killed_at_the_next_start),
                TEST(orphans_of_a_store_without_history_are_forgotten),
                TEST(kill_nine_never_takes_a_told_end_back),
                TEST(old_executions_go_with_all_that_belongs_to_them_a_piece_at_a_time),
                TEST(an_execution_is_as_old_as_its_end),
                TEST(the_ledger_forgets_by_the_time_the_message_was_sent_or_else_settled),
                TEST(retention_of_a_locked_store_waits_for_another_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
