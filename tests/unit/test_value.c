/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/value.h */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/value.h"

static struct value *number(const char *digits) {
        struct value *v = value_new_number(digits);

        assert_non_null(v);
        return v;
}

static void numbers_keep_their_digits(void **state) {
        static const char *const good[] = { "0", "-0", "12345678901234567890", "1.10", "1e400", "-1.5E+07", "0.0" };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _cleanup_value_ struct value *v = number(good[i]);

                assert_int_equal(value_type(v), VALUE_NUMBER);
                assert_string_equal(value_number(v), good[i]);
        }
}

static void what_is_no_json_number_is_refused(void **state) {
        static const char *const bad[] = { "", "-", "01", "+1", ".5", "5.", "1e", "1e+", "0x1F", "1_000", "NaN", "1 ", "--1", "1.e1" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                errno = 0;
                assert_null(value_new_number(bad[i]));
                assert_int_equal(errno, EINVAL);
        }
}

static void doubles_become_the_shortest_text_that_reads_back(void **state) {
        static const struct {
                double d;
                const char *digits;
        } cases[] = {
                { 0, "0" },       { -0.0, "-0" },         { 0.1, "0.1" },        { 1.0 / 3, "0.3333333333333333" },
                { 100, "100" },   { -42, "-42" },         { 1e21, "1e+21" },     { 5e-324, "5e-324" },
                { 1.5e-7, "1.5e-07" }, { 123456789.125, "123456789.125" }, { DBL_MAX, "1.7976931348623157e+308" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_value_ struct value *v = value_new_double(cases[i].d), *back = NULL;
                double d;

                assert_string_equal(value_number(v), cases[i].digits);
                back = number(value_number(v));
                assert_int_equal(value_to_double(back, &d), 0);
                assert_true(d == cases[i].d);
        }
}

static void nan_and_infinity_become_null(void **state) {
        assert_int_equal(value_type(value_new_double(NAN)), VALUE_NULL);
        assert_int_equal(value_type(value_new_double(-INFINITY)), VALUE_NULL);
}

static void whole_numbers_convert_however_they_are_written(void **state) {
        static const struct {
                const char *digits;
                int r;
                int64_t n;
        } cases[] = {
                { "0", 0, 0 },
                { "-0.0", 0, 0 },
                { "0e99", 0, 0 },
                { "42", 0, 42 },
                { "1.0", 0, 1 },
                { "1e3", 0, 1000 },
                { "12.50e1", 0, 125 },
                { "1000e-3", 0, 1 },
                { "-7", 0, -7 },
                { "9223372036854775807", 0, INT64_MAX },
                { "-9223372036854775808", 0, INT64_MIN },
                { "9223372036854775808", -ERANGE, 0 },
                { "-9223372036854775809", -ERANGE, 0 },
                { "1e400", -ERANGE, 0 },
                { "1e99999999999999999999", -ERANGE, 0 },
                { "1e-99999999999999999999", -EINVAL, 0 },
                { "1.5", -EINVAL, 0 },
                { "1e-1", -EINVAL, 0 },
                { "123456789012345678901.5", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_value_ struct value *v = number(cases[i].digits);
                int64_t n = 77;

                assert_int_equal(value_to_i64(v, &n), cases[i].r);
                assert_true(n == (cases[i].r == 0 ? cases[i].n : 77));
        }
}

static void doubles_out_of_range_are_said(void **state) {
        _cleanup_value_ struct value *big = number("1e400"), *small = number("1e-400"), *s = value_new_string("1");
        double d = 77;

        assert_int_equal(value_to_double(big, &d), -ERANGE);
        assert_int_equal(value_to_double(s, &d), -EINVAL);
        assert_true(d == 77);
        assert_int_equal(value_to_double(small, &d), 0);
        assert_true(d == 0);
}

static void numbers_are_equal_by_value(void **state) {
        static const struct {
                const char *a, *b;
                bool equal;
        } cases[] = {
                { "1", "1.0", true },     { "10", "1e1", true },      { "0.1", "1e-1", true },  { "0", "-0", true },
                { "0.0", "0e5", true },   { "100", "1.00E2", true },  { "1", "-1", false },     { "1", "1.01", false },
                { "1.01", "1.1", false }, { "12", "1.2", false },     { "1e400", "1e401", false },
                { "12345678901234567890", "12345678901234567891", false },
                { "12345678901234567890", "1234567890123456789e1", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_value_ struct value *a = number(cases[i].a), *b = number(cases[i].b);

                assert_int_equal(value_equal(a, b), cases[i].equal);
                assert_int_equal(value_equal(b, a), cases[i].equal);
        }
}

static void strings_keep_their_bytes_however_they_are_made(void **state) {
        _cleanup_value_ struct value *a = value_new_string("abc"), *b = value_new_string_n("abcdef", 3),
                                     *c = value_new_string_take(strdup("abc"), 3), *empty = value_new_string("");

        assert_true(value_equal(a, b) && value_equal(b, c));
        assert_false(value_equal(a, empty));
        assert_string_equal(value_string(b), "abc");
        assert_int_equal(value_string_len(c), 3);
        assert_int_equal(value_string_len(empty), 0);
}

static void references_are_counted(void **state) {
        struct value *list = value_new_list(), *v = value_new_string("x");

        assert_int_equal(value_list_add(list, value_ref(v)), 0);
        assert_null(value_unref(list));
        assert_string_equal(value_string(v), "x");
        assert_null(value_unref(v));
        assert_null(value_ref(NULL));
        assert_null(value_unref(NULL));
}

static void null_true_and_false_can_be_released_for_ever(void **state) {
        for (int i = 0; i < 3; i++) {
                value_unref(value_new_null());
                value_unref(value_new_bool(true));
                value_unref(value_ref(value_new_bool(false)));
        }
        assert_true(value_bool(value_new_bool(true)));
        assert_false(value_bool(value_new_bool(false)));
        assert_int_equal(value_type(value_new_null()), VALUE_NULL);
}

static void lists_keep_their_order(void **state) {
        _cleanup_value_ struct value *list = value_new_list();

        for (int i = 0; i < 100; i++)
                assert_int_equal(value_list_add(list, value_new_int(i)), 0);
        assert_int_equal(value_count(list), 100);
        assert_string_equal(value_number(value_list_at(list, 99)), "99");
        assert_int_equal(value_list_add(list, NULL), -ENOMEM);
        assert_int_equal(value_count(list), 100);
}

static void maps_keep_insertion_order_and_replace(void **state) {
        _cleanup_value_ struct value *map = value_new_map();

        assert_int_equal(value_map_put(map, "b", value_new_int(1)), 0);
        assert_int_equal(value_map_put(map, "a", value_new_int(2)), 0);
        assert_int_equal(value_map_put(map, "b", value_new_int(3)), 0);
        assert_int_equal(value_count(map), 2);
        assert_string_equal(value_map_key_at(map, 0), "b");
        assert_string_equal(value_number(value_map_at(map, 0)), "3");
        assert_null(value_map_get(map, "B"));
        assert_null(value_map_get(NULL, "b"));
        assert_int_equal(value_map_put(map, "c", NULL), -ENOMEM);
        assert_int_equal(value_count(map), 2);
}

static void a_key_that_exists_is_not_added(void **state) {
        _cleanup_value_ struct value *map = value_new_map();

        assert_int_equal(value_map_add_take(map, strdup("a"), value_new_int(1)), 0);
        assert_int_equal(value_map_add_take(map, strdup("a"), value_new_int(2)), -EEXIST);
        assert_int_equal(value_map_add_take(map, NULL, value_new_int(2)), -ENOMEM);
        assert_string_equal(value_number(value_map_get(map, "a")), "1");
        assert_null(value_map_string(map, "a"));
}

static void large_maps_find_every_key_also_after_removals(void **state) {
        _cleanup_value_ struct value *map = value_new_map();
        char key[32];

        for (int i = 0; i < 5000; i++) {
                (void)snprintf(key, sizeof(key), "key number %d", i);
                assert_int_equal(value_map_put(map, key, value_new_string(key)), 0);
        }
        for (int i = 0; i < 5000; i += 500) {
                (void)snprintf(key, sizeof(key), "key number %d", i);
                value_map_remove(map, key);
                value_map_remove(map, key);
        }
        assert_int_equal(value_count(map), 4990);
        for (int i = 0; i < 5000; i++) {
                (void)snprintf(key, sizeof(key), "key number %d", i);
                if (i % 500 == 0)
                        assert_null(value_map_get(map, key));
                else
                        assert_string_equal(value_map_string(map, key), key);
        }
        assert_string_equal(value_map_key_at(map, 0), "key number 1");
}

static void removal_keeps_the_order_of_the_rest(void **state) {
        _cleanup_value_ struct value *map = value_new_map();

        for (char c = 'a'; c <= 'd'; c++)
                assert_int_equal(value_map_put(map, (char[]){ c, '\0' }, value_new_int(c)), 0);
        value_map_remove(map, "b");
        value_map_remove(map, "nothing");
        assert_int_equal(value_count(map), 3);
        assert_string_equal(value_map_key_at(map, 1), "c");
}

static void deep_equality_ignores_the_order_of_maps_but_not_of_lists(void **state) {
        _cleanup_value_ struct value *a = value_new_map(), *b = value_new_map(), *l = value_new_list(),
                                     *m = value_new_list();

        assert_int_equal(value_map_put(a, "x", value_new_int(1)), 0);
        assert_int_equal(value_map_put(a, "y", value_new_null()), 0);
        assert_int_equal(value_map_put(b, "y", value_new_null()), 0);
        assert_false(value_equal(a, b));
        assert_int_equal(value_map_put(b, "x", number("1.0")), 0);
        assert_true(value_equal(a, b));

        assert_int_equal(value_list_add(l, value_ref(a)), 0);
        assert_int_equal(value_list_add(l, value_new_bool(true)), 0);
        assert_int_equal(value_list_add(m, value_new_bool(true)), 0);
        assert_int_equal(value_list_add(m, value_ref(b)), 0);
        assert_false(value_equal(l, m));
        assert_false(value_equal(a, NULL));
        assert_true(value_equal(NULL, NULL));
}

static void types_have_names(void **state) {
        _cleanup_value_ struct value *map = value_new_map();

        assert_string_equal(value_type_name(map), "map");
        assert_string_equal(value_type_name(value_new_null()), "null");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_keep_their_digits),
                cmocka_unit_test(what_is_no_json_number_is_refused),
                cmocka_unit_test(doubles_become_the_shortest_text_that_reads_back),
                cmocka_unit_test(nan_and_infinity_become_null),
                cmocka_unit_test(whole_numbers_convert_however_they_are_written),
                cmocka_unit_test(doubles_out_of_range_are_said),
                cmocka_unit_test(numbers_are_equal_by_value),
                cmocka_unit_test(strings_keep_their_bytes_however_they_are_made),
                cmocka_unit_test(references_are_counted),
                cmocka_unit_test(null_true_and_false_can_be_released_for_ever),
                cmocka_unit_test(lists_keep_their_order),
                cmocka_unit_test(maps_keep_insertion_order_and_replace),
                cmocka_unit_test(a_key_that_exists_is_not_added),
                cmocka_unit_test(large_maps_find_every_key_also_after_removals),
                cmocka_unit_test(removal_keeps_the_order_of_the_rest),
                cmocka_unit_test(deep_equality_ignores_the_order_of_maps_but_not_of_lists),
                cmocka_unit_test(types_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
