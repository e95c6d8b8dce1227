/* SPDX-License-Identifier: Apache-2.0 */
/* A trigger that was stopped on purpose stays so, whatever ends the process. */
#include "tests/unit/store_fixture.h"

#include "common/store/store_pause.h"

static const struct store_pause by_hand = { .since_usec = NOW }, after_failed = { .since_usec = NOW + 1, .after = RUN_FAILED },
                                none = { 0 };

/* SQLite's calls come here first. */
static unsigned syncs;

__attribute__((visibility("default"))) int fdatasync(int fd) {
        syncs++;
        return 0;
}

__attribute__((visibility("default"))) int fsync(int fd) {
        return fdatasync(fd);
}

static void set(struct store *s, const char *trigger, const struct store_pause *pause) {
        assert_int_equal(store_pause_set(s, trigger, pause), 0);
}

static void assert_pause(struct store *s, const char *trigger, const struct store_pause *wanted) {
        struct store_pause found = { .since_usec = 77, .after = RUN_KILLED };

        assert_int_equal(store_pause_find(s, trigger, &found), wanted->since_usec > 0);
        assert_int_equal(found.since_usec, wanted->since_usec);
        assert_int_equal(found.after, wanted->after);
}

static void a_pause_is_there_after_a_restart_with_its_reason_until_its_end(void **state) {
        struct fixture *f = *state;

        set(f->store, "orders", &by_hand);
        set(f->store, "shop.batch.in", &after_failed);
        assert_int_equal(store_commit(f->store), 0);
        assert_pause(f->store, "orders", &by_hand);
        fixture_reopen(f, STORE_HISTORY_NONE); /* which is of executions */
        assert_pause(f->store, "orders", &by_hand);
        assert_pause(f->store, "shop.batch.in", &after_failed);
        assert_pause(f->store, "order", &none);

        set(f->store, "orders", &none);
        set(f->store, "nobody", &none);
        assert_int_equal(store_commit(f->store), 0);
        fixture_reopen(f, STORE_HISTORY_ALL);
        assert_pause(f->store, "orders", &none);
        assert_pause(f->store, "shop.batch.in", &after_failed);
}

static void the_first_reason_stays_and_what_is_queued_is_written_in_its_order(void **state) {
        struct fixture *f = *state;

        set(f->store, "orders", &by_hand);
        set(f->store, "orders", &after_failed);
        assert_int_equal(store_commit(f->store), 0);
        assert_pause(f->store, "orders", &by_hand);
        set(f->store, "orders", &none);
        set(f->store, "orders", &after_failed);
        assert_int_equal(store_commit(f->store), 0);
        assert_pause(f->store, "orders", &after_failed);
}

static void change(const struct fixture *f, const char *sql) {
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
}

static void an_end_and_the_pause_that_it_makes_are_on_disk_together_or_not_at_all(void **state) {
        struct fixture *f = *state;
        int told = 0;

        begin(f->store, id_at(0, 1), "m");
        assert_int_equal(store_commit(f->store), 0);
        change(f, "CREATE TRIGGER no BEFORE INSERT ON pause BEGIN SELECT RAISE(ABORT, 'no'); END");
        end(f->store, id_at(0, 1), "m", RUN_FAILED, count_done, &told);
        set(f->store, "orders", &after_failed);
        assert_true(store_commit(f->store) < 0);
        assert_int_equal(told, 0);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 0);
        assert_int_equal(query(f, "SELECT count(*) FROM running"), 1);
        change(f, "DROP TRIGGER no");
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(told, 1);
        assert_int_equal(query(f, "SELECT count(*) FROM execution"), 1);
        assert_pause(f->store, "orders", &after_failed);
}

/* Also when look-ups have a transaction open, and without making the commits that follow wait. */
static void only_a_pause_waits_for_the_disk(void **state) {
        struct fixture *f = *state;

        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(store_ledger_has(f->store, QUEUE, "m"), 0);
                set(f->store, "orders", i == 0 ? &by_hand : &none);
                syncs = 0;
                assert_int_equal(store_commit(f->store), 0);
                assert_true(syncs > 0);
                begin(f->store, id_at(i, 1), "m");
                syncs = 0;
                assert_int_equal(store_commit(f->store), 0);
                assert_int_equal(syncs, 0);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_pause_is_there_after_a_restart_with_its_reason_until_its_end),
                TEST(the_first_reason_stays_and_what_is_queued_is_written_in_its_order),
                TEST(an_end_and_the_pause_that_it_makes_are_on_disk_together_or_not_at_all),
                TEST(only_a_pause_waits_for_the_disk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
