/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "common/aws/lease_plan.h"
#include "common/base/clock.h"

#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

static void a_prompt_receive_is_extended_at_half_of_its_visibility(void **state) {
        struct lease_terms t = lease_received(T0, T0 + 10000, 20, 30);

        assert_true(t.due_usec >= T0 + 15 * SEC && t.due_usec <= T0 + 15 * SEC + 10000);
        assert_true(t.deadline_usec <= T0 + 30 * SEC + 10000);
        assert_true(t.deadline_usec >= T0 + 29 * SEC);
}

static void an_answer_that_took_longer_than_its_wait_shortens_the_lease_by_that(void **state) {
        struct lease_terms t = lease_received(T0, T0 + 25 * SEC, 20, 30); /* 5 s on the way */

        assert_true(t.deadline_usec <= T0 + 25 * SEC + 25 * SEC);
}

static void a_long_wait_brings_the_first_extension_forward_but_not_to_now(void **state) {
        struct lease_terms t = lease_received(T0, T0 + 20 * SEC, 20, 30);

        assert_int_equal(t.due_usec, T0 + 20 * SEC + 30 * SEC / 4);
}

static void the_extension_is_always_due_before_two_thirds_and_before_the_deadline(void **state) {
        for (unsigned visibility = 1; visibility < 43200; visibility = visibility * 3 / 2 + 1)
                for (uint64_t took = 0; took <= 22 * SEC; took += SEC / 2) {
                        struct lease_terms t = lease_received(T0, T0 + took, 20, visibility);
                        if (took <= 20 * SEC) {
                                assert_true(t.due_usec < t.deadline_usec);
                                assert_true(t.due_usec <= T0 + took + visibility * SEC * 2 / 3);
                        }
                        assert_true(t.deadline_usec <= T0 + took + visibility * SEC);
                }
}

static void only_a_confirmed_extension_moves_the_deadline(void **state) {
        struct lease_terms t = lease_received(T0, T0, 0, 30);
        uint64_t deadline = t.deadline_usec;

        for (int i = 0; i < 20; i++) {
                lease_extension_failed(&t, T0 + 15 * SEC + (unsigned)i * SEC / 2, 30);
                assert_int_equal(t.deadline_usec, deadline);
        }
        lease_extended(&t, T0 + 20 * SEC, 30, 0);
        assert_int_equal(t.deadline_usec, T0 + 50 * SEC); /* from when it was sent */
        assert_int_equal(t.failures, 0);
}

static void extensions_spread_but_stay_between_three_eighths_and_half(void **state) {
        const uint32_t randoms[] = { 0, 1, 0x7fffffff, 0xffffffff };

        for (unsigned i = 0; i < 4; i++) {
                struct lease_terms t = { .received_usec = T0 };
                lease_extended(&t, T0, 40, randoms[i]);
                assert_true(t.due_usec >= T0 + 15 * SEC && t.due_usec <= T0 + 20 * SEC);
        }
}

static void a_failing_extension_is_tried_several_times_before_the_deadline(void **state) {
        struct lease_terms t = lease_received(T0, T0, 0, 6);
        uint64_t now = t.due_usec;
        unsigned tries = 0;

        while (lease_decide(&t, now, 0, 6) != LEASE_LOST) {
                assert_int_equal(lease_decide(&t, now, 0, 6), LEASE_EXTEND);
                lease_extension_failed(&t, now, 6);
                assert_true(t.due_usec > now); /* no hot loop */
                now = t.due_usec;
                tries++;
        }
        assert_true(tries >= 4 && tries <= 40);
}

static void a_call_leaves_time_for_another_before_the_deadline(void **state) {
        const struct lease_terms t = { .deadline_usec = 100 * SEC };

        assert_int_equal(lease_call_limit_usec(&t, 94 * SEC), 3 * SEC);
        assert_int_equal(lease_call_limit_usec(&t, 0), 10 * SEC);
        assert_int_equal(lease_call_limit_usec(&t, 99 * SEC), SEC); /* but never less than an honest server may take */
        assert_int_equal(lease_call_limit_usec(&t, 101 * SEC), SEC);
}

static void a_lease_ends_at_its_deadline_and_not_before(void **state) {
        struct lease_terms t = { .deadline_usec = T0 + 30 * SEC, .due_usec = T0 + 15 * SEC, .received_usec = T0 };

        assert_int_equal(lease_decide(&t, T0, 0, 30), LEASE_KEEP);
        assert_int_equal(lease_decide(&t, T0 + 12 * SEC, 3 * SEC, 30), LEASE_EXTEND);
        assert_int_equal(lease_decide(&t, T0 + 15 * SEC, 0, 30), LEASE_EXTEND);
        assert_int_equal(lease_decide(&t, T0 + 30 * SEC - 1, 0, 30), LEASE_EXTEND);
        assert_int_equal(lease_decide(&t, T0 + 30 * SEC, 0, 30), LEASE_LOST);
}

static void the_twelve_hours_are_never_asked_beyond(void **state) {
        struct lease_terms t = { .received_usec = T0, .deadline_usec = T0 + LEASE_CAP_USEC, .due_usec = T0 };

        for (uint64_t now = T0; now < T0 + LEASE_CAP_USEC; now += 977 * SEC) {
                unsigned sec = lease_extension_sec(&t, now, 3600);
                assert_true(sec <= 3600);
                assert_true(now + sec * SEC <= T0 + LEASE_CAP_USEC);
        }
        assert_int_equal(lease_extension_sec(&t, T0 + LEASE_CAP_USEC, 30), 0);
        assert_int_equal(lease_decide(&t, T0 + LEASE_CAP_USEC - SEC / 2, 0, 30), LEASE_KEEP);
        assert_int_equal(lease_decide(&t, T0 + LEASE_CAP_USEC, 0, 30), LEASE_LOST);
}

static void whole_batches_go_at_once_and_rests_linger(void **state) {
        assert_int_equal(lease_batch_ready(0, T0, T0 + SEC, 80000), 0);
        assert_int_equal(lease_batch_ready(9, T0, T0 + 79999, 80000), 0);
        assert_int_equal(lease_batch_ready(9, T0, T0 + 80000, 80000), 9);
        assert_int_equal(lease_batch_ready(27, T0, T0, 80000), 20);
        assert_int_equal(lease_batch_ready(27, T0, T0 + 80000, 80000), 27);
        assert_int_equal(lease_batch_ready(3, T0, T0, 0), 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_prompt_receive_is_extended_at_half_of_its_visibility),
                cmocka_unit_test(an_answer_that_took_longer_than_its_wait_shortens_the_lease_by_that),
                cmocka_unit_test(a_long_wait_brings_the_first_extension_forward_but_not_to_now),
                cmocka_unit_test(the_extension_is_always_due_before_two_thirds_and_before_the_deadline),
                cmocka_unit_test(only_a_confirmed_extension_moves_the_deadline),
                cmocka_unit_test(extensions_spread_but_stay_between_three_eighths_and_half),
                cmocka_unit_test(a_failing_extension_is_tried_several_times_before_the_deadline),
                cmocka_unit_test(a_call_leaves_time_for_another_before_the_deadline),
                cmocka_unit_test(a_lease_ends_at_its_deadline_and_not_before),
                cmocka_unit_test(the_twelve_hours_are_never_asked_beyond),
                cmocka_unit_test(whole_batches_go_at_once_and_rests_linger),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
