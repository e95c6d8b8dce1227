/* SPDX-License-Identifier: Apache-2.0 */
/* A store is brought forward a version at a time, and is of a version whatever ends a step: tried with steps that the
 * product does not have (yet). */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/store/database.h"
#include "common/store/schema.h"

#define STEP_1 "PRAGMA application_id = 1397838662; CREATE TABLE first (x); INSERT INTO first VALUES (1);"
#define STEP_2 "ALTER TABLE first ADD COLUMN y; UPDATE first SET y = x + 1;"
#define STEP_3 "CREATE TABLE third (x); INSERT INTO third SELECT x + y FROM first;"

#define SCHEMA(...) \
        { .steps = (const char *const[]){ __VA_ARGS__ }, \
          .version = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) }

static const struct schema one = SCHEMA(STEP_1);
static const struct schema two = SCHEMA(STEP_1, STEP_2);
static const struct schema three = SCHEMA(STEP_1, STEP_2, STEP_3);
static const struct schema broken = SCHEMA(STEP_1, STEP_2, STEP_3 "UPDATE nowhere SET x = 1;");
static const struct schema deadly[] = { SCHEMA(STEP_1, STEP_2, "SELECT die();"),
                                        SCHEMA(STEP_1, STEP_2, STEP_3 "SELECT die();") };

/* Opens and closes; the result of the open. */
static int pass(const struct fixture *f, const struct schema *schema, unsigned *ret_was, char **ret_message) {
        struct sqlite3 *db = NULL;
        int r = database_open_writer(f->path, schema, NULL, &db, ret_was, ret_message);

        database_close(db);
        return r;
}

static unsigned bring(const struct fixture *f, const struct schema *schema) {
        char *message = NULL;
        unsigned was = 0;

        if (pass(f, schema, &was, &message) < 0)
                fail_msg("%s", message);
        return was;
}

/* The fixture's folder with no store in it. */
static int setup(void **state) {
        struct fixture *f;

        if (fixture_setup(state) < 0)
                return -1;
        f = *state;
        f->store = store_free(f->store);
        return unlink(f->path);
}

static void steps_are_taken_once_and_in_order_from_wherever_a_store_stands(void **state) {
        struct fixture *f = *state;

        assert_int_equal(bring(f, &one), 0);
        assert_int_equal(query(f, "PRAGMA user_version"), 1);
        assert_int_equal(bring(f, &one), 1);
        assert_int_equal(bring(f, &three), 1);
        assert_int_equal(query(f, "PRAGMA user_version"), 3);
        assert_int_equal(query(f, "SELECT x FROM third"), 3);
        assert_int_equal(bring(f, &three), 3);
        assert_int_equal(query(f, "SELECT count(*) FROM third"), 1);

        assert_int_equal(unlink(f->path), 0);
        assert_int_equal(bring(f, &three), 0);
        assert_int_equal(query(f, "SELECT x FROM third"), 3);
}

static void a_step_that_fails_leaves_the_version_before_it_and_says_why(void **state) {
        struct fixture *f = *state;
        char *message = NULL;
        unsigned was = 77;

        (void)bring(f, &one);
        assert_true(pass(f, &broken, &was, &message) < 0);
        assert_int_equal(was, 77);
        assert_non_null(strstr(message, f->path));
        assert_non_null(strstr(message, "cannot be brought from schema version 2 to 3 and stays as it is: no such table: nowhere"));
        free(message);
        assert_int_equal(query(f, "PRAGMA user_version"), 2);
        assert_int_equal(query(f, "SELECT y FROM first"), 2);
        assert_int_equal(query(f, "SELECT count(*) FROM sqlite_master WHERE name = 'third'"), 0);
        assert_true(pass(f, &broken, &was, NULL) < 0);

        assert_int_equal(bring(f, &three), 2);
        assert_int_equal(query(f, "SELECT x FROM third"), 3);
}

/* --- kill -9 in the middle ------------------------------------------------------------------------------------------- */

static void die(sqlite3_context *context, int count, sqlite3_value **values) {
        (void)raise(SIGKILL);
}

/* Every connection from now on can be told to die by a step. */
static int add_die(sqlite3 *db, char **ret_message, const struct sqlite3_api_routines *api) {
        return sqlite3_create_function(db, "die", 0, SQLITE_UTF8, NULL, die, NULL, NULL);
}

static void die_on_the_way(const struct fixture *f, const struct schema *schema) {
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void)sqlite3_auto_extension((void (*)(void))add_die);
                (void)pass(f, schema, &(unsigned){ 0 }, NULL);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_crash_between_two_steps_or_within_one_is_gone_on_from(void **state) {
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
                (void)bring(f, &one);
                die_on_the_way(f, &deadly[i]);
                assert_int_equal(query(f, "PRAGMA user_version"), 2);
                assert_int_equal(query(f, "SELECT count(*) FROM sqlite_master WHERE name = 'third'"), 0);
                assert_int_equal(bring(f, &three), 2);
                assert_int_equal(query(f, "PRAGMA user_version"), 3);
                assert_int_equal(query(f, "SELECT x FROM third"), 3);
                assert_int_equal(unlink(f->path), 0);
        }
}

/* --- other versions -------------------------------------------------------------------------------------------------- */

static void an_older_program_refuses_what_a_newer_one_brought_forward(void **state) {
        struct fixture *f = *state;
        char *message = NULL;
        unsigned was;

        (void)bring(f, &three);
        assert_int_equal(pass(f, &one, &was, &message), -EPROTO);
        assert_non_null(strstr(message, "newer version"));
        free(message);
        assert_int_equal(query(f, "PRAGMA user_version"), 3);
}

static void a_reader_tells_an_older_store_from_a_newer_one(void **state) {
        struct fixture *f = *state;
        struct sqlite3 *db = NULL;
        char *older = NULL, *newer = NULL;

        (void)bring(f, &two);
        assert_int_equal(database_open_reader(f->path, &three, &db, &older), -ESTALE);
        assert_int_equal(database_open_reader(f->path, &one, &db, &newer), -EPROTO);
        assert_non_null(strstr(older, "older version"));
        assert_non_null(strstr(newer, "newer version"));
        assert_int_equal(database_open_reader(f->path, &two, &db, NULL), 0);
        database_close(db);
        free(older);
        free(newer);
}

static void the_log_says_what_was_found_and_what_it_is_now(void **state) {
        static const struct {
                unsigned was, is;
                const char *text;
        } cases[] = { { 0, 3, "new, of schema version 3" }, { 3, 3, "of schema version 3" },
                      { 1, 3, "brought forward from schema version 1 to 3" } };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = schema_passage_text(cases[i].was, cases[i].is);

                assert_string_equal(text, cases[i].text);
        }
        fixture_open(f, STORE_HISTORY_ALL);
        assert_non_null(strstr(store_passage(f->store), "new, "));
        fixture_reopen(f, STORE_HISTORY_ALL);
        assert_null(strstr(store_passage(f->store), "new, "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(steps_are_taken_once_and_in_order_from_wherever_a_store_stands),
                TEST(a_step_that_fails_leaves_the_version_before_it_and_says_why),
                TEST(a_crash_between_two_steps_or_within_one_is_gone_on_from),
                TEST(an_older_program_refuses_what_a_newer_one_brought_forward),
                TEST(a_reader_tells_an_older_store_from_a_newer_one),
                TEST(the_log_says_what_was_found_and_what_it_is_now),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
