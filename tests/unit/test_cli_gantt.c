/* SPDX-License-Identifier: Apache-2.0 */
/* The chart tells the truth about time at every width, and never leaves its columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/gantt.h"
#include "tests/unit/cli_progress.h"

static void fill(struct progress *p) {
        p->start_usec = T0;
        put(p, 0, TOP, "fetch", RUN_SUCCESS, 1, 2501);
        put(p, 1, TOP, "work", RUN_FAILED, 2500, 7500);
        put(p, 2, 1, "part", RUN_SUCCESS, 2500, 5000);
        put(p, 3, 1, "moment", RUN_SUCCESS, 7500, 7500);
        put(p, 4, TOP, "left", RUN_SKIPPED, 0, 0);
        put(p, 5, TOP, "tidy", RUN_RUNNING, 7500, 0);
}

static void check_chart(const struct progress *p, struct canvas canvas, const char *expected) {
        struct buf out = BUF_INIT(0);

        assert_int_equal(gantt_write_progress(p, T0 + 10 * USEC_PER_SEC, &canvas, &out), 0);
        assert_string_equal(out.data ? out.data : "", expected);
        buf_done(&out);
}

static void bars_stand_where_and_as_long_as_the_task_runs_ran(void **state) {
        struct progress p = { 0 };

        fill(&p);
        check_chart(&p, (struct canvas){ .columns = 44 },
                    "             0                10s\n"
                    "fetch     +  #####                      2.5s\n"
                    "work      x       ##########              5s\n"
                    "  part    +       #####                 2.5s\n"
                    "  moment  +                 #            0ms\n"
                    "left      -                          SKIPPED\n"
                    "tidy      *                 #####       2.5s\n");
        progress_done(&p);
}

static void a_narrow_canvas_has_no_bars_and_cuts_names(void **state) {
        struct progress p = { 0 };

        p.start_usec = T0;
        put(&p, 0, TOP, "a-very-long-name", RUN_SUCCESS, 1, 2001);
        check_chart(&p, (struct canvas){ .columns = 20 }, "a-very-~  +         2s\n");
        progress_done(&p);
}

static void nothing_ran_is_no_chart(void **state) {
        struct progress p = { .start_usec = T0 };

        check_chart(&p, (struct canvas){ .columns = 80 }, "");
}

static size_t widest_line(const char *text) {
        size_t widest = 0;

        for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
                size_t columns = text_columns(text, (size_t)(end - text));

                widest = MAX(widest, columns);
        }
        return widest;
}

static void no_line_is_wider_than_the_canvas(void **state) {
        struct progress p = { 0 };

        fill(&p);
        put(&p, 6, 2, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80", RUN_SUCCESS, 9999, 10000);
        for (unsigned columns = 24; columns < 200; columns++) {
                struct canvas canvas = { .columns = columns, .utf8 = true };
                struct buf out = BUF_INIT(0);

                assert_int_equal(gantt_write_progress(&p, T0 + 10 * USEC_PER_SEC, &canvas, &out), 0);
                assert_true(widest_line(out.data) <= columns);
                buf_done(&out);
        }
        progress_done(&p);
}

/* Clocks that were set back, and records that disagree, must not draw outside. */
static void times_outside_of_the_execution_are_drawn_at_its_edge(void **state) {
        struct progress p = { .start_usec = T0 };
        struct canvas canvas = { .columns = 44 };
        struct buf out = BUF_INIT(0);

        put(&p, 0, TOP, "late", RUN_SUCCESS, 20000, 30000);
        put(&p, 1, TOP, "back", RUN_SUCCESS, 5000, 1000);
        assert_int_equal(gantt_write_progress(&p, T0 + 10 * USEC_PER_SEC, &canvas, &out), 0);
        assert_int_equal(widest_line(out.data), 44);
        buf_done(&out);
        assert_int_equal(gantt_write_progress(&p, 0, &canvas, &out), 0);
        assert_int_equal(widest_line(out.data), 44);
        buf_done(&out);
        progress_done(&p);
}

static void values_and_attempts_are_told_with_the_name(void **state) {
        struct progress p = { .start_usec = T0 };

        assert_int_equal(progress_put(&p, &(struct store_task_run){ .parent = TOP, .task_id = "each", .value = "1",
                .state = RUN_SUCCESS, .attempts = 3, .start_usec = T0, .end_usec = T0 + 10 * USEC_PER_SEC }), 0);
        check_chart(&p, (struct canvas){ .columns = 42, .utf8 = true },
                    "                0           10s\n"
                    "each = 1 \xc3\x97" "3  \xe2\x9c\x94  "
                    "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
                    "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
                    "        10s\n");
        progress_done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bars_stand_where_and_as_long_as_the_task_runs_ran),
                cmocka_unit_test(a_narrow_canvas_has_no_bars_and_cuts_names),
                cmocka_unit_test(nothing_ran_is_no_chart),
                cmocka_unit_test(no_line_is_wider_than_the_canvas),
                cmocka_unit_test(times_outside_of_the_execution_are_drawn_at_its_edge),
                cmocka_unit_test(values_and_attempts_are_told_with_the_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
