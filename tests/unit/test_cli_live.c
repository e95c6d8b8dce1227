/* SPDX-License-Identifier: Apache-2.0 */
/* The picture fits its terminal whatever the size, and shows first what runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/live_frame.h"
#include "cli/live_screen.h"
#include "tests/unit/cli_progress.h"

static char *draw(const struct progress *p, struct canvas canvas, unsigned tick, unsigned *ret_rows) {
        const struct live_frame f = { .progress = p, .title = "shop.orders", .state = RUN_RUNNING,
                                      .now_usec = T0 + 10250 * USEC_PER_MSEC, .tick = tick };
        struct buf out = BUF_INIT(0);
        char *text;

        assert_int_equal(live_frame_write(&f, &canvas, &out, ret_rows), 0);
        text = buf_take(&out, NULL);
        assert_non_null(text);
        return text;
}

static void check_picture(const struct progress *p, struct canvas canvas, const char *expected) {
        unsigned rows = 0, lines = 0;
        char *text = draw(p, canvas, 0, &rows);

        assert_string_equal(text, expected);
        for (const char *s = text; (s = strchr(s, '\n')); s++)
                lines++;
        assert_int_equal(rows, lines);
        free(text);
}

static void fill(struct progress *p) {
        p->start_usec = T0;
        p->log_budget = 1000;
        put(p, 0, TOP, "fetch", RUN_SUCCESS, 1, 2501);
        put(p, 1, TOP, "both", RUN_RUNNING, 2500, 0);
        put(p, 2, 1, "left", RUN_RUNNING, 2500, 0);
        put(p, 3, 1, "right", RUN_FAILED, 2500, 5000);
        say(p, 2, "first");
        say(p, 2, "at 50 %\tdone\033[1A");
}

static void a_line_has_sign_name_state_time_and_the_last_log_line(void **state) {
        struct progress p = { 0 };

        fill(&p);
        check_picture(&p, (struct canvas){ .columns = 61, .rows = 24 },
                      "shop.orders  RUNNING  10.2s\n"
                      "+ fetch    SUCCESS      2.5s\n"
                      "| both     RUNNING      7.7s\n"
                      "  | left   RUNNING      7.7s  at 50 %\\tdone\\x1b[1A\n"
                      "  x right  FAILED       2.5s\n");
        progress_done(&p);
}

static void a_narrow_terminal_has_no_state_words_and_cuts_lines(void **state) {
        struct progress p = { 0 };

        fill(&p);
        check_picture(&p, (struct canvas){ .columns = 30, .rows = 24 },
                      "shop.orders  RUNNING  10.2s\n"
                      "+ fetch        2.5s\n"
                      "| both         7.7s\n"
                      "  | left       7.7s  at 50 %~\n"
                      "  x right      2.5s\n");
        progress_done(&p);
}

static void the_spinner_turns(void **state) {
        struct progress p = { .start_usec = T0 };
        unsigned rows;
        char *one, *two;

        put(&p, 0, TOP, "a", RUN_RUNNING, 1, 0);
        one = draw(&p, (struct canvas){ .columns = 40, .utf8 = true }, 1, &rows);
        two = draw(&p, (struct canvas){ .columns = 40, .utf8 = true }, 2, &rows);
        assert_string_not_equal(one, two);
        free(one);
        free(two);
        progress_done(&p);
}

static void what_does_not_fit_leaves_out_the_oldest_that_ended(void **state) {
        struct progress p = { .start_usec = T0 };

        put(&p, 0, TOP, "over", RUN_RUNNING, 1, 0);
        put(&p, 1, 0, "runs", RUN_RUNNING, 1, 0);
        for (uint32_t i = 2; i < 40; i++)
                put(&p, i, TOP, i == 39 ? "last" : "ended", RUN_SUCCESS, 1, 2);
        check_picture(&p, (struct canvas){ .columns = 30, .rows = 6 },
                      "shop.orders  RUNNING  10.2s\n"
                      "| over       10.2s\n"
                      "  | runs     10.2s\n"
                      "+ last         1ms\n"
                      "... 37 more task runs\n");
        progress_done(&p);
}

static void no_size_is_too_small(void **state) {
        struct progress p = { 0 };

        fill(&p);
        put(&p, 4, 3, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97", RUN_RUNNING, 1, 0);
        say(&p, 4, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xff\xff wide and broken");
        for (unsigned columns = 2; columns < 100; columns++) {
                for (unsigned limit = 1; limit < 12; limit++) {
                        unsigned rows = 0;
                        char *text = draw(&p, (struct canvas){ .columns = columns, .rows = limit, .utf8 = true }, 0, &rows);
                        const char *line = text;

                        assert_true(rows <= MAX(limit, 3u) - 1); /* a head and one line at the least */
                        for (const char *end; (end = strchr(line, '\n')); line = end + 1)
                                assert_true(text_columns(line, (size_t)(end - line)) < columns);
                        free(text);
                }
        }
        progress_done(&p);
}

static void an_execution_that_has_not_begun_is_its_head(void **state) {
        struct progress p = { .start_usec = T0 };

        check_picture(&p, (struct canvas){ .columns = 80, .rows = 24 }, "shop.orders  RUNNING  10.2s\n");
}

/* --- how a terminal gets it ------------------------------------------------------------------------------------------ */

static void check_put(struct live_screen *s, const char *picture, unsigned rows, unsigned columns, const char *expected) {
        struct buf out = BUF_INIT(0);

        assert_int_equal(live_screen_put(s, picture, rows, columns, &out), 0);
        assert_string_equal(out.data, expected);
        buf_done(&out);
}

static void a_picture_takes_the_place_of_the_last_one(void **state) {
        struct live_screen s = { 0 };

        check_put(&s, "head\nline\n", 2, 80, "\033[?7l\rhead\033[K\nline\033[K\n\033[J\033[?7h");
        check_put(&s, "head\n", 1, 80, "\033[?7l\r\033[2Ahead\033[K\n\033[J\033[?7h");
        live_screen_forget(&s);
        check_put(&s, "head\n", 1, 80, "\033[?7l\rhead\033[K\n\033[J\033[?7h");
        live_screen_done(&s);
}

static void a_narrower_terminal_has_wrapped_the_last_picture(void **state) {
        struct live_screen s = { 0 };
        struct buf out = BUF_INIT(0);

        /* 10, 4 and 9 columns: the style takes none, the wide ones two each. */
        assert_int_equal(live_screen_put(&s, "0123456789\n\033[32mabcd\033[0m\n\xe6\xbc\xa2\xe5\xad\x97 \xe6\xbc\xa2\xe5\xad\x97\n",
                                         3, 11, &out), 0);
        buf_done(&out);
        /* 3 + 1 + 3 rows of four columns. */
        check_put(&s, "x\n", 1, 4, "\033[?7l\r\033[7A\033[Jx\033[K\n\033[J\033[?7h");
        /* Wider again: the one row is one row. */
        check_put(&s, "x\n", 1, 80, "\033[?7l\r\033[1Ax\033[K\n\033[J\033[?7h");
        live_screen_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_line_has_sign_name_state_time_and_the_last_log_line),
                cmocka_unit_test(a_narrow_terminal_has_no_state_words_and_cuts_lines),
                cmocka_unit_test(the_spinner_turns),
                cmocka_unit_test(what_does_not_fit_leaves_out_the_oldest_that_ended),
                cmocka_unit_test(no_size_is_too_small),
                cmocka_unit_test(an_execution_that_has_not_begun_is_its_head),
                cmocka_unit_test(a_picture_takes_the_place_of_the_last_one),
                cmocka_unit_test(a_narrower_terminal_has_wrapped_the_last_picture),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
