/* SPDX-License-Identifier: Apache-2.0 */
/* The store's promises about commits: what was queued is written whole, once, and nothing is said to be done before. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define UUID "5fea7756-0ea4-451a-a703-a558b933e274"

static void an_end_is_told_only_by_the_commit_that_made_it_durable(void **state) {
        struct fixture *f = *state;
        int done = 0;

        begin(f->store, id_at(0, 1), UUID);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, count_done, &done);
        assert_int_equal(done, 0);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(done, 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution WHERE state = 5"), 1);
        assert_int_equal(store_commit(f->store), 1);
        assert_int_equal(done, 1);
}

static void a_locked_store_keeps_what_is_queued_and_tells_the_end_once_it_is_written(void **state) {
        struct fixture *f = *state;
        sqlite3 *other = lock_store(f);
        int done = 0;

        begin(f->store, id_at(0, 1), UUID);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, count_done, &done);
        assert_int_equal(store_commit(f->store), -EBUSY);
        assert_int_equal(store_probe(f->store), -EBUSY);
        assert_false(store_is_healthy(f->store));
        assert_non_null(strstr(store_problem(f->store), "another program holds a lock"));
        assert_int_equal(done, 0);

        begin(f->store, id_at(0, 2), "second");
        unlock_store(other);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(done, 1);
        assert_true(store_is_healthy(f->store));
        assert_null(store_problem(f->store));
        assert_int_equal(store_commit(f->store), 1);
        assert_int_equal(done, 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM ledger"), 1);
}

static void an_end_that_comes_between_a_failed_commit_and_the_next_is_one_record(void **state) {
        static const enum store_history histories[] = { STORE_HISTORY_ALL, STORE_HISTORY_FAILURES, STORE_HISTORY_NONE };
        struct fixture *f = *state;

        for (unsigned i = 0; i < ARRAY_SIZE(histories); i++) {
                int done = 0;
                sqlite3 *other;

                fixture_reopen(f, histories[i]);
                other = lock_store(f);
                begin(f->store, id_at(i, 1), UUID);
                log_line(f->store, id_at(i, 1), 0, 6, "line");
                assert_int_equal(store_commit(f->store), -EBUSY);
                end(f->store, id_at(i, 1), UUID, RUN_SUCCESS, count_done, &done);
                assert_int_equal(store_commit(f->store), -EBUSY);
                unlock_store(other);
                assert_int_equal(store_commit(f->store), 0);
                assert_int_equal(done, 1);
                assert_int_equal(query(f, "SELECT count(*) FROM execution"), 1);
                assert_int_equal(query(f, "SELECT count(*) FROM input"), 1);
                assert_int_equal(query(f, "SELECT count(*) FROM log"), 1);
                assert_int_equal(query(f, "SELECT count(*) FROM running"), 0);
        }
}

static void a_start_that_is_durable_survives_the_failed_commit_of_its_end(void **state) {
        struct fixture *f = *state;
        sqlite3 *other;
        int done = 0;

        begin(f->store, id_at(0, 1), UUID);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 1);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, count_done, &done);
        other = lock_store(f);
        assert_int_equal(store_commit(f->store), -EBUSY);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 1);
        assert_int_equal(done, 0);
        unlock_store(other);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(done, 1);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM execution WHERE state = 5"), 1);
}

static void names_that_a_failed_commit_had_numbered_are_numbered_again(void **state) {
        struct fixture *f = *state;
        struct rlimit limit = { .rlim_max = RLIM_INFINITY };
        struct stat st;
        char *big = calloc(1, 300001);
        int r, done = 0;

        signal(SIGXFSZ, SIG_IGN);
        memset(big, 'x', 300000);
        begin(f->store, id_at(0, 1), UUID);
        log_line(f->store, id_at(0, 1), 0, 6, big);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, count_done, &done);
        assert_int_equal(stat(f->path, &st), 0);
        limit.rlim_cur = 100000;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        r = store_commit(f->store);
        limit.rlim_cur = RLIM_INFINITY;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_true(r < 0);
        assert_false(store_is_healthy(f->store));
        assert_int_equal(done, 0);

        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(done, 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution AS e JOIN name AS n ON n.id = e.flow "
                                  "WHERE n.text = 'shop.orders'"), 1);
        assert_int_equal(query(f, "SELECT length(text) FROM log"), 300000);
        free(big);
}

/* A disk of one megabyte. Skipped where mounting is not allowed. */
static void a_full_disk_loses_nothing_and_heals_by_itself(void **state) {
        struct fixture *f = *state;
        char path[128], *filler;
        int done = 0, fd, r = 0;

        if (mount("tmpfs", f->folder, "tmpfs", 0, "size=1m") < 0)
                skip();
        filler = calloc(1, 4097);
        memset(filler, 'x', 4096);
        snprintf(path, sizeof(path), "%s/filler", f->folder);
        fixture_reopen(f, STORE_HISTORY_ALL);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        while (write(fd, filler, 4096) > 0)
                ;
        close(fd);

        for (unsigned i = 1; r >= 0 && i < 1000; i++) {
                begin(f->store, id_at(0, i), UUID);
                log_line(f->store, id_at(0, i), 0, 6, filler);
                end(f->store, id_at(0, i), UUID, RUN_SUCCESS, count_done, &done);
                r = store_commit(f->store);
                if (r >= 0)
                        assert_int_equal(done, i);
                else
                        assert_int_equal(done, i - 1);
        }
        assert_int_equal(r, -ENOSPC);
        assert_non_null(strstr(store_problem(f->store), "full"));
        assert_true(store_probe(f->store) < 0);
        r = done;
        unlink(path);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(done, r + 1);
        assert_int_equal(store_probe(f->store), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM execution WHERE state = 5"), done);

        free(filler);
        f->store = store_free(f->store);
        umount(f->folder);
}

static void endless_logs_do_not_fill_the_memory_while_nothing_can_be_written(void **state) {
        struct fixture *f = *state;
        sqlite3 *other = lock_store(f);
        char *big = calloc(1, 1000001);
        struct store_log line = { .execution_id = id_at(0, 1), .text = big, .text_len = 1000000, .level = 6 };
        int r = 0, kept = 0, done = 0;

        memset(big, 'x', 1000000);
        begin(f->store, id_at(0, 1), UUID);
        assert_int_equal(store_commit(f->store), -EBUSY);
        while ((r = store_log(f->store, &line)) == 0 && kept < 100)
                kept++;
        assert_int_equal(r, -ENOBUFS);
        assert_in_range(kept, 5, 20);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, count_done, &done);
        unlock_store(other);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(done, 1);
        assert_int_equal(store_log(f->store, &line), 0);
        free(big);
}

struct chain {
        struct store *store;
        int done, inner;
};

static void queue_and_commit_more(void *userdata) {
        struct chain *c = userdata;

        c->done++;
        begin(c->store, id_at(1, 1), "next");
        end(c->store, id_at(1, 1), "next", RUN_SUCCESS, count_done, &c->inner);
        assert_int_equal(store_commit(c->store), 0);
}

static void a_completion_may_queue_and_commit(void **state) {
        struct fixture *f = *state;
        struct chain c = { .store = f->store };

        begin(f->store, id_at(0, 1), UUID);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, queue_and_commit_more, &c);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(c.done, 1);
        assert_int_equal(c.inner, 1);
        assert_int_equal(store_commit(f->store), 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 2);
}

/* --- the ledger (P3) ------------------------------------------------------------------------------------------------- */

static void the_ledger_knows_a_settled_message_while_queued_after_the_commit_and_after_a_restart(void **state) {
        struct fixture *f = *state;

        begin(f->store, id_at(0, 1), UUID);
        assert_int_equal(store_ledger_has(f->store, QUEUE, UUID), 0);
        end(f->store, id_at(0, 1), UUID, RUN_SUCCESS, NULL, NULL);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(store_ledger_has(f->store, QUEUE, UUID), 1);
                assert_int_equal(store_ledger_has_sent(f->store, QUEUE, UUID, NOW), 1);
                assert_int_equal(store_ledger_has(f->store, QUEUE "2", UUID), 0);
                assert_int_equal(store_ledger_has(f->store, QUEUE, "5FEA7756-0ea4-451a-a703-a558b933e274"), 0);
                assert_int_equal(store_ledger_has(f->store, QUEUE, "other"), 0);
                if (i == 0)
                        assert_int_equal(store_commit(f->store), 0);
                else
                        fixture_reopen(f, STORE_HISTORY_ALL);
        }
}

static void a_ledger_entry_with_its_sent_time_is_found_with_it_and_without(void **state) {
        static const char *ids[] = { UUID, "not a uuid" };
        static const uint64_t sent[] = { NOW + 1234, NOW };
        struct fixture *f = *state;

        assert_int_equal(store_execution_ended(f->store, &(struct store_end){
                .execution_id = id_at(0, 1), .state = RUN_WARNING, .end_usec = NOW, .queue_url = QUEUE, .settled_ids = ids,
                .settled_sent_usec = sent, .settled_count = 2 }, NULL, NULL), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_ledger_has_sent(f->store, QUEUE, UUID, NOW + 1234), 1);
        assert_int_equal(store_ledger_has_sent(f->store, QUEUE, UUID, NOW + 5000000), 0);
        assert_int_equal(store_ledger_has(f->store, QUEUE, UUID), 1);
        assert_int_equal(store_ledger_has(f->store, QUEUE, "not a uuid"), 1);
}

static void a_failure_is_not_in_the_ledger(void **state) {
        struct fixture *f = *state;

        begin(f->store, id_at(0, 1), UUID);
        end(f->store, id_at(0, 1), UUID, RUN_FAILED, NULL, NULL);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_ledger_has(f->store, QUEUE, UUID), 0);
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static int open_error(const char *path, char **message) {
        struct store *s = NULL;
        int r = store_open(path, STORE_HISTORY_ALL, &s, message);

        assert_null(store_free(s));
        return r;
}

static void a_store_has_one_writer(void **state) {
        struct fixture *f = *state;
        char *message = NULL;

        assert_int_equal(open_error(f->path, &message), -EBUSY);
        assert_non_null(strstr(message, "in use by another process"));
        free(message);
        assert_int_equal(store_is_owned(f->path), 1);
        f->store = store_free(f->store);
        assert_int_equal(store_is_owned(f->path), 0);
        assert_int_equal(store_is_owned("/nowhere/sqsflow.db"), 0);
        assert_int_equal(store_is_owned(f->folder), 0);
        assert_int_equal(open_error(f->path, NULL), 0);
}

static void a_newer_store_is_refused_and_left_alone(void **state) {
        struct fixture *f = *state;
        sqlite3 *db = NULL;
        char *message = NULL;

        f->store = store_free(f->store);
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(open_error(f->path, &message), -EPROTO);
        assert_non_null(strstr(message, "newer version"));
        free(message);
        assert_int_equal(query(f, "PRAGMA user_version"), 999);
}

static void what_is_no_store_is_refused_and_left_alone(void **state) {
        static const char garbage[] = "This is a text that somebody wrote; it is longer than a database's header is, "
                                      "so that nobody takes it for an empty file.";
        struct fixture *f = *state;
        char path[128], *message = NULL, *text = NULL;
        sqlite3 *db = NULL;

        snprintf(path, sizeof(path), "%s/garbage", f->folder);
        assert_int_equal(file_write_at(AT_FDCWD, path, garbage, sizeof(garbage) - 1, 0600), 0);
        assert_int_equal(open_error(path, &message), -EUCLEAN);
        assert_non_null(strstr(message, "is not a store"));
        free(message);
        assert_int_equal(file_read(path, 1000, &text, NULL), 0);
        assert_string_equal(text, garbage);
        free(text);

        snprintf(path, sizeof(path), "%s/foreign.db", f->folder);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs (x)", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(open_error(path, NULL), -EUCLEAN);
}

static void a_store_whose_tables_are_gone_is_damaged(void **state) {
        struct fixture *f = *state;
        sqlite3 *db = NULL;
        char *message = NULL;

        f->store = store_free(f->store);
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "DROP TABLE ledger", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(open_error(f->path, &message), -EUCLEAN);
        assert_non_null(strstr(message, "damaged"));
        free(message);
}

static void the_file_is_not_for_everybody(void **state) {
        struct fixture *f = *state;
        struct stat st;

        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_mode & 0007, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_end_is_told_only_by_the_commit_that_made_it_durable),
                TEST(a_locked_store_keeps_what_is_queued_and_tells_the_end_once_it_is_written),
                TEST(an_end_that_comes_between_a_failed_commit_and_the_next_is_one_record),
                TEST(a_start_that_is_durable_survives_the_failed_commit_of_its_end),
                TEST(names_that_a_failed_commit_had_numbered_are_numbered_again),
                TEST(a_full_disk_loses_nothing_and_heals_by_itself),
                TEST(endless_logs_do_not_fill_the_memory_while_nothing_can_be_written),
                TEST(a_completion_may_queue_and_commit),
                TEST(the_ledger_knows_a_settled_message_while_queued_after_the_commit_and_after_a_restart),
                TEST(a_ledger_entry_with_its_sent_time_is_found_with_it_and_without),
                TEST(a_failure_is_not_in_the_ledger),
                TEST(a_store_has_one_writer),
                TEST(a_newer_store_is_refused_and_left_alone),
                TEST(what_is_no_store_is_refused_and_left_alone),
                TEST(a_store_whose_tables_are_gone_is_damaged),
                TEST(the_file_is_not_for_everybody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
