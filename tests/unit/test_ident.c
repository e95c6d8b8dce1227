/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/ident.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/ident.h"

#define LATER_USEC (UINT64_C(4102444800123) * USEC_PER_MSEC) /* in the year 2100 */

static void ids_grow_when_the_clock_stands_still_or_goes_back(void **state) {
        uint64_t a = ident_make(LATER_USEC, 500), b = ident_make(LATER_USEC, 3), c = ident_make(LATER_USEC - 5000, 900),
                 d = ident_make(LATER_USEC + 1000, 0);

        assert_true(a < b && b < c && c < d);
        assert_true(ident_time_usec(a) == LATER_USEC);
        assert_true(ident_time_usec(d) == LATER_USEC + 1000);
}

static void ids_carry_random_bits(void **state) {
        uint64_t a = ident_make(LATER_USEC + 10000, 0x1abcd), b = ident_make(LATER_USEC + 20000, 0xffffffff);

        assert_int_equal(a & 0x1fffff, 0x1abcd);
        assert_int_equal(b & 0x1fffff, 0x1fffff);
        assert_true(ident_time_usec(b) == LATER_USEC + 20000);
}

static void ids_fit_in_63_bits(void **state) {
        assert_true(ident_make(USEC_INFINITY, UINT32_MAX) <= (uint64_t)INT64_MAX);
}

static void text_sorts_as_numbers_do_and_reads_back(void **state) {
        static const uint64_t ids[] = { 0, 1, 31, 32, UINT64_C(3765356852534280192), (uint64_t)INT64_MAX };
        char before[IDENT_TEXT_SIZE] = "", text[IDENT_TEXT_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                uint64_t id = 77;

                assert_int_equal(strlen(ident_format(ids[i], text)), IDENT_TEXT_SIZE - 1);
                assert_true(strcmp(before, text) < 0);
                assert_int_equal(ident_parse(text, &id), 0);
                assert_true(id == ids[i]);
                memcpy(before, text, sizeof(before));
        }
        assert_string_equal(ident_format(35, text), "0000000000013");
}

static void letters_that_look_like_digits_are_read_as_them(void **state) {
        uint64_t a, b;

        assert_int_equal(ident_parse("1k3x9p2m7q0ab", &a), 0);
        assert_int_equal(ident_parse("IK3X9P2M7QOAB", &b), 0);
        assert_true(a == b);
}

static void what_is_no_id_is_refused(void **state) {
        static const char *const bad[] = { "", "1k3x9p2m7q4a", "1k3x9p2m7q4abc", "1k3x9p2m7q4au", "1k3x9p2m7q4-b",
                                           "8000000000000", "zzzzzzzzzzzzz" };
        uint64_t id = 77;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(ident_parse(bad[i], &id), -EINVAL);
        assert_true(id == 77);
}

static void new_ids_tell_the_time(void **state) {
        uint64_t before = clock_realtime_usec(), id = ident_new();

        assert_true(ident_time_usec(id) + USEC_PER_MSEC > before);
        assert_true(ident_time_usec(id) <= clock_realtime_usec());
        assert_true(ident_new() > id);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(new_ids_tell_the_time), /* first: the others make ids of the future */
                cmocka_unit_test(ids_grow_when_the_clock_stands_still_or_goes_back),
                cmocka_unit_test(ids_carry_random_bits),
                cmocka_unit_test(text_sorts_as_numbers_do_and_reads_back),
                cmocka_unit_test(letters_that_look_like_digits_are_read_as_them),
                cmocka_unit_test(what_is_no_id_is_refused),
                cmocka_unit_test(ids_fit_in_63_bits), /* last: no id is beyond it */
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
