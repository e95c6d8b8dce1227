/* SPDX-License-Identifier: Apache-2.0 */
/* What a runner tells is kept whole, in the order of the tree, and bounded. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/own_state.h"
#include "tests/unit/cli_progress.h"

static struct bytes bytes_of(const char *text) {
        return (struct bytes){ text, strlen(text) };
}

static void a_later_frame_changes_what_it_names_and_keeps_the_rest(void **state) {
        struct progress p = { .id = 7, .log_budget = 100 };
        const struct store_task_run *t;

        assert_int_equal(progress_frame_task_run(&p, &(struct frame_task_run){
                .index = 2, .parent = FRAME_NO_PARENT, .task_id = bytes_of("work"), .task_type = bytes_of("a.b"),
                .state = RUN_RUNNING, .attempts = 1, .start_usec = T0 }), 0);
        assert_int_equal(progress_frame_task_run(&p, &(struct frame_task_run){
                .index = 2, .parent = FRAME_NO_PARENT, .state = RUN_FAILED, .attempts = 3, .start_usec = T0,
                .end_usec = T0 + 5, .outputs = bytes_of("{}"), .error = bytes_of("no") }), 0);
        assert_int_equal(p.task_count, 3);
        assert_null(progress_task(&p, 0));
        assert_null(progress_task(&p, FRAME_NO_PARENT));
        t = &progress_task(&p, 2)->run;
        assert_string_equal(t->task_id, "work");
        assert_string_equal(t->task_type, "a.b");
        assert_string_equal(t->outputs, "{}");
        assert_string_equal(t->error, "no");
        assert_int_equal(t->execution_id, 7);
        assert_int_equal(t->state, RUN_FAILED);
        assert_int_equal(t->attempts, 3);
        progress_done(&p);
}

static void the_order_is_that_of_the_tree(void **state) {
        static const struct progress_place expected[] = { { 0, 0 }, { 1, 0 }, { 2, 1 }, { 5, 2 }, { 3, 1 }, { 4, 0 }, { 7, 0 } };
        struct progress p = { 0 };
        struct progress_place *places;
        size_t count = 0;

        put(&p, 0, TOP, "first", RUN_SUCCESS, 1, 2);
        put(&p, 1, TOP, "both", RUN_RUNNING, 3, 0);
        put(&p, 2, 1, "left", RUN_RUNNING, 3, 0);
        put(&p, 3, 1, "right", RUN_RUNNING, 3, 0);
        put(&p, 4, TOP, "other", RUN_RUNNING, 4, 0);
        put(&p, 5, 2, "deep", RUN_RUNNING, 5, 0);
        put(&p, 7, 7, "its own parent", RUN_RUNNING, 6, 0); /* 6 is not known */
        places = progress_order(&p, &count);
        assert_non_null(places);
        assert_int_equal(count, ARRAY_SIZE(expected));
        assert_memory_equal(places, expected, sizeof(expected));
        free(places);
        progress_done(&p);
}

static void an_execution_without_task_runs_has_no_order(void **state) {
        struct progress p = { 0 };
        size_t count = 1;
        struct progress_place *places = progress_order(&p, &count);

        assert_non_null(places);
        assert_int_equal(count, 0);
        free(places);
}

static void the_log_is_kept_up_to_its_limit_and_says_so(void **state) {
        struct progress p = { .log_budget = 10 + 2 * FRAME_LOG_LINE_COST };

        put(&p, 0, TOP, "a", RUN_RUNNING, 1, 0);
        say(&p, 0, "12345");
        say(&p, 0, "123456");
        say(&p, 0, "1");
        assert_int_equal(p.log_count, 2);
        assert_string_equal(p.logs[0].text, "12345");
        assert_non_null(strstr(p.logs[1].text, "limits.logBytes"));
        assert_string_equal(p.tasks[0].last_line, "1"); /* what is shown goes on */
        progress_done(&p);
}

static void a_name_has_its_value_and_steers_no_terminal(void **state) {
        struct progress p = { 0 };
        struct buf name = BUF_INIT(0);

        assert_int_equal(progress_put(&p, &(struct store_task_run){ .task_id = "each", .value = "a\033[2J", .parent = TOP }), 0);
        assert_int_equal(progress_name(&p, 0, &name), 0);
        assert_string_equal(name.data, "each = a\\x1b[2J");
        buf_reset(&name);
        assert_int_equal(progress_name(&p, FRAME_NO_PARENT, &name), 0);
        assert_string_equal(name.data, "flow");
        buf_done(&name);
        progress_done(&p);
}

static void the_own_state_folder_follows_the_environment(void **state) {
        static const struct {
                const char *sqsflow, *xdg, *home, *expected;
        } cases[] = {
                { "/s", "/x", "/h", "/s" },
                { "rel", "/x", "/h", "rel" },
                { NULL, "/x", "/h", "/x/sqsflow" },
                { "", "/x", "/h", "/x/sqsflow" },
                { NULL, "relative/is/ignored", "/h", "/h/.local/state/sqsflow" },
                { NULL, NULL, "/h", "/h/.local/state/sqsflow" },
        };
        char *path = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(own_state_choose(cases[i].sqsflow, cases[i].xdg, cases[i].home, &path), 0);
                assert_string_equal(path, cases[i].expected);
                free(path);
        }
        assert_int_equal(own_state_choose(NULL, NULL, NULL, &path), -ENOENT);
        assert_int_equal(own_state_choose(NULL, "", "", &path), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_later_frame_changes_what_it_names_and_keeps_the_rest),
                cmocka_unit_test(the_order_is_that_of_the_tree),
                cmocka_unit_test(an_execution_without_task_runs_has_no_order),
                cmocka_unit_test(the_log_is_kept_up_to_its_limit_and_says_so),
                cmocka_unit_test(a_name_has_its_value_and_steers_no_terminal),
                cmocka_unit_test(the_own_state_folder_follows_the_environment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
