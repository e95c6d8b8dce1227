/* SPDX-License-Identifier: Apache-2.0 */
/* Three small clocks: the batch window, the rate limit, the liveness deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/batch.h"
#include "agent/liveness.h"
#include "agent/rate.h"
#include "common/base/clock.h"

#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

static void a_batch_closes_when_it_is_full(void **state) {
        struct batch_window w = { 0 };

        for (unsigned i = 0; i < 3; i++) {
                assert_false(batch_is_ready(&w, 3, USEC_INFINITY, T0 + 1000000 * SEC));
                assert_int_equal(batch_room(&w, 3), 3 - i);
                batch_add(&w, 1, T0);
        }
        assert_true(batch_is_ready(&w, 3, USEC_INFINITY, T0));
        assert_int_equal(batch_room(&w, 3), 0);
}

static void a_batch_closes_when_its_first_message_waited_long_enough(void **state) {
        struct batch_window w = { 0 };

        assert_true(batch_closes_usec(&w, 5 * SEC) == USEC_INFINITY); /* an empty one never does */
        assert_false(batch_is_ready(&w, 100, 5 * SEC, T0));
        batch_add(&w, 1, T0);
        batch_add(&w, 1, T0 + 4 * SEC);
        assert_int_equal(batch_closes_usec(&w, 5 * SEC), T0 + 5 * SEC);
        assert_false(batch_is_ready(&w, 100, 5 * SEC, T0 + 5 * SEC - 1));
        assert_true(batch_is_ready(&w, 100, 5 * SEC, T0 + 5 * SEC));
}

static void a_batch_closes_before_it_is_too_large_for_a_frame(void **state) {
        struct batch_window w = { 0 };

        assert_true(batch_takes(&w, BATCH_BYTES_MAX * 2)); /* else it would never start */
        batch_add(&w, BATCH_BYTES_MAX - 1, T0);
        assert_true(batch_takes(&w, 1));
        batch_add(&w, 1, T0);
        assert_false(batch_is_ready(&w, 100, USEC_INFINITY, T0));
        assert_false(batch_takes(&w, 1));
        assert_true(batch_is_ready(&w, 100, USEC_INFINITY, T0));
        batch_remove(&w, 1); /* it went back to its queue: there is room again */
        assert_false(batch_is_ready(&w, 100, USEC_INFINITY, T0));
        assert_true(batch_takes(&w, 1));
}

static void no_limit_is_no_limit(void **state) {
        struct rate r;

        rate_init(&r, 0, T0);
        rate_take(&r, 1000);
        assert_true(rate_available(&r, T0) == UINT32_MAX);
}

static void a_rate_is_kept_over_time(void **state) {
        const double rates[] = { 0.5, 1, 7, 100 };

        for (unsigned i = 0; i < 4; i++) {
                struct rate r;
                uint64_t now = T0;
                unsigned started = 0;

                rate_init(&r, rates[i], now);
                while (now < T0 + 100 * SEC) {
                        if (rate_available(&r, now) > 0) {
                                rate_take(&r, 1);
                                started++;
                        } else {
                                assert_true(rate_next_usec(&r) > now);
                                now = rate_next_usec(&r);
                        }
                }
                assert_true(started <= 100 * rates[i] + (rates[i] > 1 ? rates[i] : 1) + 1);
                assert_true(started >= 99 * rates[i]);
        }
}

static void liveness_names_who_is_overdue_longest(void **state) {
        struct liveness l = { 0 };
        struct liveness_entry a = { 0 }, b = { 0 };

        assert_null(liveness_overdue(&l, T0));
        liveness_watch(&l, &a, "receive", T0 + 5);
        liveness_watch(&l, &b, "lease", T0 + 3);
        assert_null(liveness_overdue(&l, T0 + 3));
        assert_ptr_equal(liveness_overdue(&l, T0 + 4), &b);
        assert_ptr_equal(liveness_overdue(&l, T0 + 9), &b);
        liveness_watch(&l, &b, "lease", T0 + 100);
        assert_string_equal(liveness_overdue(&l, T0 + 9)->name, "receive");
        liveness_forget(&l, &a);
        assert_null(liveness_overdue(&l, T0 + 9));
        liveness_forget(&l, &a); /* legal twice */
        liveness_forget(&l, &b);
        assert_null(l.entries);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_batch_closes_when_it_is_full),
                cmocka_unit_test(a_batch_closes_when_its_first_message_waited_long_enough),
                cmocka_unit_test(a_batch_closes_before_it_is_too_large_for_a_frame),
                cmocka_unit_test(no_limit_is_no_limit),
                cmocka_unit_test(a_rate_is_kept_over_time),
                cmocka_unit_test(liveness_names_who_is_overdue_longest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
