/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/text.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"

static void a_prefix_is_found_and_passed(void **state) {
        assert_string_equal(text_after("queue-url", "queue-"), "url");
        assert_string_equal(text_after("x", ""), "x");
        assert_null(text_after("queue", "queue-"));
        assert_true(text_ends_with("orders.fifo", ".fifo"));
        assert_false(text_ends_with("fifo", ".fifo"));
}

static void equality_knows_null(void **state) {
        assert_true(text_eq(NULL, NULL));
        assert_false(text_eq(NULL, ""));
        assert_true(text_eq("a", "a"));
        assert_false(text_eq("a", "A"));
}

static void copies_are_owned(void **state) {
        _cleanup_free_ char *a = text_dup("abc"), *b = text_dup_n("abcdef", 2), *c = text_printf("%d-%s", 5, "x");

        assert_string_equal(a, "abc");
        assert_string_equal(b, "ab");
        assert_string_equal(c, "5-x");
        assert_null(text_dup(NULL));
        assert_int_equal(text_replace(&a, a), 0);
        assert_string_equal(a, "abc");
        assert_int_equal(text_replace(&a, NULL), 0);
        assert_null(a);
}

static void integers_are_whole_strings_within_bounds(void **state) {
        int64_t n = 77;

        assert_int_equal(text_to_i64("-12", -20, 20, &n), 0);
        assert_int_equal(n, -12);
        assert_int_equal(text_to_i64("9223372036854775807", INT64_MIN, INT64_MAX, &n), 0);
        assert_true(n == INT64_MAX);
        n = 77;
        assert_int_equal(text_to_i64("9223372036854775808", INT64_MIN, INT64_MAX, &n), -ERANGE);
        assert_int_equal(text_to_i64("21", -20, 20, &n), -ERANGE);
        assert_int_equal(text_to_i64("", -20, 20, &n), -EINVAL);
        assert_int_equal(text_to_i64("-", -20, 20, &n), -EINVAL);
        assert_int_equal(text_to_i64(" 1", -20, 20, &n), -EINVAL);
        assert_int_equal(text_to_i64("+1", -20, 20, &n), -EINVAL);
        assert_int_equal(text_to_i64("1x", -20, 20, &n), -EINVAL);
        assert_int_equal(text_to_i64("--1", -20, 20, &n), -EINVAL);
        assert_int_equal(n, 77);
}

static void utf8_follows_rfc_3629(void **state) {
        static const char *const good[] = { "", "plain ascii text", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac",
                                            "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80" };
        static const char *const bad[] = {
                "\x80",             /* a continuation alone */
                "\xc0\xaf",         /* overlong */
                "\xe0\x9f\xbf",     /* overlong */
                "\xf0\x8f\xbf\xbf", /* overlong */
                "\xed\xa0\x80",     /* a surrogate */
                "\xf4\x90\x80\x80", /* above U+10FFFF */
                "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "1234567\xe2\x82", "12345678\xc3", "\xc3(",
        };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                assert_true(text_is_utf8(good[i], strlen(good[i])));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(text_is_utf8(bad[i], strlen(bad[i])));
        assert_false(text_is_utf8("\xe2\x82\xac", 2));
        assert_int_equal(text_utf8_char("\xe2\x82\xacx", 4), 3);
        assert_int_equal(text_utf8_char("\xff", 1), 0);
        assert_int_equal(text_utf8_char("", 0), 0);
}

static void the_nearest_word_is_suggested(void **state) {
        static const char *const words[] = { "timeout", "retry", "env", "commands", "concurrency" };
        size_t count = ARRAY_SIZE(words);

        assert_string_equal(text_nearest("tmeout", words, count), "timeout");
        assert_string_equal(text_nearest("timeuot", words, count), "timeout");
        assert_string_equal(text_nearest("comands", words, count), "commands");
        assert_string_equal(text_nearest("enw", words, count), "env");
        assert_null(text_nearest("bananas", words, count));
        assert_null(text_nearest("x", NULL, 0));
        assert_null(text_nearest("x", (const char *const[]){ "y" }, 1)); /* nothing of it is the same */
}

static void a_swap_of_neighbours_is_one_step(void **state) {
        static const char *const words[] = { "ab" };

        /* "ba" is one swap away, which is within 1 + 2/3; two substitutions would not be. */
        assert_string_equal(text_nearest("ba", words, 1), "ab");
        assert_null(text_nearest("xy", words, 1));
}

static void words_too_long_to_guess_are_not_guessed(void **state) {
        char word[100];
        const char *words[] = { word };

        memset(word, 'a', sizeof(word) - 1);
        word[sizeof(word) - 1] = '\0';
        assert_null(text_nearest(word, words, 1));
        assert_null(text_nearest("a", words, 1));
}

static void names_are_checked_by_class(void **state) {
        assert_true(text_is_name("shop.orders-2", "a-zA-Z0-9", "a-zA-Z0-9._-", 100));
        assert_false(text_is_name("-x", "a-zA-Z0-9", "a-zA-Z0-9._-", 100));
        assert_false(text_is_name("a b", "a-z", "a-z", 100));
        assert_false(text_is_name("", "a-z", "a-z", 100));
        assert_true(text_is_name("abc", "a-z", "a-z", 3));
        assert_false(text_is_name("abcd", "a-z", "a-z", 3));
        assert_true(text_is_name("a-", "a-z", "a-z-", 3));
}

static void lists_grow_and_own_their_strings(void **state) {
        _cleanup_(text_list_freep) char **list = NULL;

        assert_int_equal(text_list_count(list), 0);
        assert_int_equal(text_list_add(&list, "a"), 0);
        assert_int_equal(text_list_add(&list, "b"), 0);
        assert_int_equal(text_list_count(list), 2);
        assert_string_equal(list[1], "b");
        assert_null(list[2]);
        assert_null(text_list_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_prefix_is_found_and_passed),
                cmocka_unit_test(equality_knows_null),
                cmocka_unit_test(copies_are_owned),
                cmocka_unit_test(integers_are_whole_strings_within_bounds),
                cmocka_unit_test(utf8_follows_rfc_3629),
                cmocka_unit_test(the_nearest_word_is_suggested),
                cmocka_unit_test(a_swap_of_neighbours_is_one_step),
                cmocka_unit_test(words_too_long_to_guess_are_not_guessed),
                cmocka_unit_test(names_are_checked_by_class),
                cmocka_unit_test(lists_grow_and_own_their_strings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
