/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/buf.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"

static void text_is_followed_by_a_nul(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };

        assert_int_equal(buf_append(&b, "abc", 3), 0);
        assert_int_equal(buf_append_char(&b, 'd'), 0);
        assert_int_equal(buf_append_str(&b, "ef"), 0);
        assert_string_equal(b.data, "abcdef");
        assert_int_equal(b.len, 6);
}

static void appending_nothing_makes_an_empty_string(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };

        assert_int_equal(buf_append(&b, NULL, 0), 0);
        assert_string_equal(b.data, "");
}

static void the_maximum_may_be_reached_but_not_passed(void **state) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(4);

        assert_int_equal(buf_append(&b, "abcd", 4), 0);
        assert_int_equal(buf_append_char(&b, 'e'), -E2BIG);
        assert_string_equal(b.data, "abcd");
}

static void the_first_failure_sticks_until_reset(void **state) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(2);

        assert_int_equal(buf_append_str(&b, "abc"), -E2BIG);
        assert_int_equal(buf_append_str(&b, "a"), -E2BIG);
        assert_int_equal(buf_error(&b), -E2BIG);
        assert_null(buf_take(&b, NULL));
        buf_reset(&b);
        assert_int_equal(buf_append_str(&b, "a"), 0);
        assert_int_equal(buf_error(&b), 0);
}

static void a_formatted_append_happens_whole_or_not_at_all(void **state) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(70);

        assert_int_equal(buf_appendf(&b, "%s-%d", "abc", 17), 0);
        assert_string_equal(b.data, "abc-17");
        assert_int_equal(buf_appendf(&b, "%063d", 1), 0);
        assert_int_equal(b.len, 69);
        assert_int_equal(buf_appendf(&b, "%d", 12), -E2BIG);
        assert_int_equal(b.len, 69);
        assert_int_equal(strlen(b.data), 69);
}

static void a_formatted_append_grows_past_the_room_it_finds(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };

        assert_int_equal(buf_appendf(&b, "%0500d", 7), 0);
        assert_int_equal(b.len, 500);
        assert_int_equal(b.data[499], '7');
        assert_int_equal(b.data[500], '\0');
}

static void reserved_room_counts_once_committed(void **state) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(1000);
        char *room = buf_reserve(&b, 1000);

        assert_non_null(room);
        assert_int_equal(b.len, 0);
        memcpy(room, "xyz", 3);
        buf_commit(&b, 3);
        assert_string_equal(b.data, "xyz");
        assert_null(buf_reserve(&b, 998));
}

static void consuming_moves_the_rest_to_the_front(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };

        assert_int_equal(buf_append_str(&b, "abcdef"), 0);
        buf_consume(&b, 4);
        assert_string_equal(b.data, "ef");
        buf_consume(&b, 100);
        assert_string_equal(b.data, "");
        buf_consume(&b, 1);
}

static void taking_hands_over_and_empties(void **state) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(10);
        _cleanup_free_ char *s = NULL, *empty = NULL;
        size_t len;

        assert_int_equal(buf_append_str(&b, "abc"), 0);
        s = buf_take(&b, &len);
        assert_string_equal(s, "abc");
        assert_int_equal(len, 3);
        assert_int_equal(b.len, 0);
        assert_int_equal(b.max, 10);
        empty = buf_take(&b, NULL);
        assert_string_equal(empty, "");
}

static void a_length_that_overflows_is_refused(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };

        assert_int_equal(buf_append_str(&b, "abc"), 0);
        assert_null(buf_reserve(&b, SIZE_MAX - 1));
        assert_int_equal(buf_error(&b), -E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_is_followed_by_a_nul),
                cmocka_unit_test(appending_nothing_makes_an_empty_string),
                cmocka_unit_test(the_maximum_may_be_reached_but_not_passed),
                cmocka_unit_test(the_first_failure_sticks_until_reset),
                cmocka_unit_test(a_formatted_append_happens_whole_or_not_at_all),
                cmocka_unit_test(a_formatted_append_grows_past_the_room_it_finds),
                cmocka_unit_test(reserved_room_counts_once_committed),
                cmocka_unit_test(consuming_moves_the_rest_to_the_front),
                cmocka_unit_test(taking_hands_over_and_empties),
                cmocka_unit_test(a_length_that_overflows_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
