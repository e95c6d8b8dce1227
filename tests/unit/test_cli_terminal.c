/* SPDX-License-Identifier: Apache-2.0 */
/* What people see lines up and cannot steer their terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/terminal.h"

static const struct table_column columns[] = { { "NAME", false }, { "COUNT", true }, { "TEXT", false } };

static void check_clean(const char *text, size_t len, const char *expected) {
        struct buf b = BUF_INIT(0);

        assert_int_equal(clean_put(&b, text, len), 0);
        assert_string_equal(b.data ? b.data : "", expected);
        buf_done(&b);
}

#define CLEAN(text, expected) check_clean(text, sizeof(text) - 1, expected)

static void control_characters_are_shown_not_sent(void **state) {
        CLEAN("plain", "plain");
        CLEAN("a\nb\tc\rd", "a\\nb\\tc\\rd");
        CLEAN("\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m");
        CLEAN("bell\a del\x7f nul\0end", "bell\\x07 del\\x7f nul\\x00end");
        CLEAN("c1 \xc2\x9b" "31m", "c1 \\x9b31m");
        CLEAN("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
}

static void bytes_that_are_no_text_are_replaced(void **state) {
        CLEAN("a\xff" "b", "a\xef\xbf\xbd" "b");
        CLEAN("cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd");
        CLEAN("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void lines_keep_their_ends_and_json_stays_json(void **state) {
        static const char text[] = "a\033\n\n b\xc2\x9b\n", json[] = "{\"a\x7f\": \"\xc2\x80 \xc2\x9f \xc2\xa0 \xc3\x9b\",\n \"b\": 1}";
        struct buf b = BUF_INIT(0);

        assert_int_equal(clean_put_lines(&b, text, sizeof(text) - 1), 0);
        assert_string_equal(b.data, "a\\x1b\n\n b\\x9b\n");
        buf_reset(&b);
        assert_int_equal(clean_put_json(&b, json, sizeof(json) - 1), 0);
        assert_string_equal(b.data, "{\"a\\u007f\": \"\\u0080 \\u009f \xc2\xa0 \xc3\x9b\",\n \"b\": 1}");
        buf_done(&b);
}

static void columns_are_counted_as_a_terminal_does(void **state) {
        assert_int_equal(text_columns("abc", 3), 3);
        assert_int_equal(text_columns("gr\xc3\xbc\xc3\x9f", 6), 4);
        assert_int_equal(text_columns("\xf0\x9f\x98\x80", 4), 2);
        assert_int_equal(text_columns("\xe6\xbc\xa2\xe5\xad\x97", 6), 4);
        assert_int_equal(text_columns("e\xcc\x81", 3), 1);
}

static void text_is_cut_between_characters_and_filled_up(void **state) {
        static const struct {
                const char *text;
                size_t columns;
                bool padded;
                const char *expected;
        } cases[] = {
                { "abc", 3, false, "abc" },
                { "abc", 5, true, "abc  " },
                { "abcd", 3, true, "ab\xe2\x80\xa6" },
                { "\xe6\xbc\xa2\xe5\xad\x97", 4, false, "\xe6\xbc\xa2\xe5\xad\x97" },
                { "\xe6\xbc\xa2\xe5\xad\x97", 3, false, "\xe6\xbc\xa2\xe2\x80\xa6" },
                { "\xe6\xbc\xa2\xe5\xad\x97", 2, true, "\xe2\x80\xa6 " },
                { "e\xcc\x81" "e\xcc\x81", 2, false, "e\xcc\x81" "e\xcc\x81" },
                { "a\tb", 3, false, "a\\\xe2\x80\xa6" },
                { "abc", 0, true, "" },
                { "", 2, true, "  " },
        };
        const struct canvas canvas = { .utf8 = true };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct buf b = BUF_INIT(0);

                assert_int_equal(fit_put(&b, &canvas, cases[i].text, strlen(cases[i].text), cases[i].columns, cases[i].padded), 0);
                assert_string_equal(b.data ? b.data : "", cases[i].expected);
                buf_done(&b);
        }
}

static void a_megabyte_is_cut_like_a_line(void **state) {
        const struct canvas canvas = { 0 };
        char *text = malloc(1 << 20);
        struct buf b = BUF_INIT(256);

        assert_non_null(text);
        for (size_t i = 0; i < 1 << 20; i++)
                text[i] = "\xe6\xbc\xa2"[i % 3];
        assert_int_equal(fit_put(&b, &canvas, text, 1 << 20, 10, false), 0);
        assert_int_equal(text_columns(b.data, b.len), 9); /* four wide ones, and the sign for the rest */
        buf_done(&b);
        free(text);
}

static void the_locale_tells_whether_a_terminal_shows_utf8(void **state) {
        assert_true(locale_is_utf8(NULL, NULL, "en_US.UTF-8"));
        assert_true(locale_is_utf8("", "", "C.utf8"));
        assert_true(locale_is_utf8("de_DE.UTF-8@euro", "C", "C"));
        assert_false(locale_is_utf8("C", "en_US.UTF-8", "en_US.UTF-8"));
        assert_false(locale_is_utf8(NULL, NULL, "de_DE.ISO-8859-1"));
        assert_false(locale_is_utf8(NULL, NULL, NULL));
}

static void every_state_has_a_sign_of_one_column(void **state) {
        for (int i = 0; i <= RUN_STATE_COUNT; i++) {
                const char *sign = state_sign((enum run_state)i, true), *ascii = state_sign((enum run_state)i, false);

                assert_int_equal(text_columns(sign, strlen(sign)), 1);
                assert_int_equal(strlen(ascii), 1);
        }
}

static struct table *make_table(void) {
        struct table *t = table_new(columns, 3);

        assert_non_null(t);
        assert_int_equal(table_add(t, STYLE_PLAIN, "gr\xc3\xbc\xc3\x9f"), 0);
        assert_int_equal(table_add(t, STYLE_PLAIN, "7"), 0);
        assert_int_equal(table_add(t, STYLE_BAD, "a rather long text"), 0);
        assert_int_equal(table_add(t, STYLE_GOOD, "longer name"), 0);
        assert_int_equal(table_add(t, STYLE_PLAIN, "1234567"), 0);
        assert_int_equal(table_add(t, STYLE_PLAIN, NULL), 0);
        return t;
}

static void check_table(bool colour, unsigned width, const char *expected) {
        struct table *t = make_table();
        struct buf b = BUF_INIT(0);

        assert_int_equal(table_write(t, &b, colour, width), 0);
        assert_string_equal(b.data, expected);
        buf_done(&b);
        table_free(t);
}

static void a_table_lines_up_without_blanks_at_the_ends(void **state) {
        check_table(false, 0,
                    "NAME           COUNT  TEXT\n"
                    "gr\xc3\xbc\xc3\x9f               7  a rather long text\n"
                    "longer name  1234567\n");
}

static void a_narrow_terminal_cuts_only_the_last_column(void **state) {
        check_table(false, 30,
                    "NAME           COUNT  TEXT\n"
                    "gr\xc3\xbc\xc3\x9f               7  a rathe…\n"
                    "longer name  1234567\n");
}

static void colour_does_not_count(void **state) {
        check_table(true, 0,
                    "\033[2mNAME\033[0m           \033[2mCOUNT\033[0m  \033[2mTEXT\033[0m\n"
                    "gr\xc3\xbc\xc3\x9f               7  \033[31ma rather long text\033[0m\n"
                    "\033[32mlonger name\033[0m  1234567\n");
}

static void an_empty_table_is_its_titles(void **state) {
        struct table *t = table_new(columns, 3);
        struct buf b = BUF_INIT(0);

        assert_int_equal(table_write(t, &b, false, 0), 0);
        assert_string_equal(b.data, "NAME  COUNT  TEXT\n");
        buf_done(&b);
        table_free(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(control_characters_are_shown_not_sent),
                cmocka_unit_test(bytes_that_are_no_text_are_replaced),
                cmocka_unit_test(lines_keep_their_ends_and_json_stays_json),
                cmocka_unit_test(columns_are_counted_as_a_terminal_does),
                cmocka_unit_test(text_is_cut_between_characters_and_filled_up),
                cmocka_unit_test(a_megabyte_is_cut_like_a_line),
                cmocka_unit_test(the_locale_tells_whether_a_terminal_shows_utf8),
                cmocka_unit_test(every_state_has_a_sign_of_one_column),
                cmocka_unit_test(a_table_lines_up_without_blanks_at_the_ends),
                cmocka_unit_test(a_narrow_terminal_cuts_only_the_last_column),
                cmocka_unit_test(colour_does_not_count),
                cmocka_unit_test(an_empty_table_is_its_titles),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
