/* SPDX-License-Identifier: Apache-2.0 */
/* flow_retry_delay_usec(): how long to wait before which attempt. */
#include "tests/unit/flow_text.h"

#include "common/base/clock.h"

static const struct flow_retry constant = {
        .type = FLOW_RETRY_CONSTANT,
        .interval_usec = 5 * USEC_PER_SEC,
        .max_attempts = 3,
        .max_duration_usec = USEC_INFINITY,
        .delay_factor = 2,
};

static const struct flow_retry exponential = {
        .type = FLOW_RETRY_EXPONENTIAL,
        .interval_usec = USEC_PER_SEC,
        .max_interval_usec = 10 * USEC_PER_SEC,
        .max_duration_usec = USEC_INFINITY,
        .delay_factor = 3,
};

static const struct flow_retry randomly = {
        .type = FLOW_RETRY_RANDOM,
        .min_interval_usec = USEC_PER_SEC,
        .max_interval_usec = 3 * USEC_PER_SEC,
        .max_duration_usec = USEC_PER_MINUTE,
        .delay_factor = 2,
};

static void the_first_attempt_waits_for_nothing(void **state) {
        assert_int_equal(flow_retry_delay_usec(&constant, 1, 0, 0), 0);
}

static void constant_pauses_are_equal_until_attempts_are_used_up(void **state) {
        assert_int_equal(flow_retry_delay_usec(&constant, 2, 0, 0.9), 5 * USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&constant, 3, 0, 0.1), 5 * USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&constant, 4, 0, 0), USEC_INFINITY);
}

static void exponential_pauses_grow_up_to_the_longest(void **state) {
        assert_int_equal(flow_retry_delay_usec(&exponential, 2, 0, 0), USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&exponential, 3, 0, 0), 3 * USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&exponential, 4, 0, 0), 9 * USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&exponential, 5, 0, 0), 10 * USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&exponential, UINT32_MAX, 0, 0), 10 * USEC_PER_SEC);
}

static void random_pauses_lie_between_their_bounds(void **state) {
        assert_int_equal(flow_retry_delay_usec(&randomly, 2, 0, 0), USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&randomly, 9, 0, 0.5), 2 * USEC_PER_SEC);
        assert_true(flow_retry_delay_usec(&randomly, 2, 0, 0.999999) < 3 * USEC_PER_SEC);
}

static void nothing_starts_after_the_overall_duration(void **state) {
        assert_int_equal(flow_retry_delay_usec(&randomly, 2, 59 * USEC_PER_SEC, 0), USEC_PER_SEC);
        assert_int_equal(flow_retry_delay_usec(&randomly, 2, 59 * USEC_PER_SEC + 1, 0), USEC_INFINITY);
        assert_int_equal(flow_retry_delay_usec(&constant, 2, USEC_INFINITY - 1, 0), 5 * USEC_PER_SEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_attempt_waits_for_nothing),
                cmocka_unit_test(constant_pauses_are_equal_until_attempts_are_used_up),
                cmocka_unit_test(exponential_pauses_grow_up_to_the_longest),
                cmocka_unit_test(random_pauses_lie_between_their_bounds),
                cmocka_unit_test(nothing_starts_after_the_overall_duration),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
