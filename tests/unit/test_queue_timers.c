/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/queue/timers.h"

#define COUNT 500

static uint64_t last_at;
static size_t fired;

static void on_fire(struct timer *t, uint64_t now_usec) {
        assert_true(t->at_usec >= last_at);
        assert_true(t->at_usec <= now_usec);
        assert_int_equal(t->slot, 0);
        last_at = t->at_usec;
        fired++;
}

static void timers_fire_in_order_whatever_was_moved_or_removed(void **state) {
        static struct timer timer[COUNT];
        struct timers all = TIMERS_INIT;
        size_t set = 0;

        srand(3);
        for (size_t i = 0; i < COUNT; i++)
                assert_int_equal(timer_init(&all, &timer[i], on_fire), 0);
        for (size_t i = 0; i < (size_t)20 * COUNT; i++) {
                struct timer *t = &timer[(size_t)rand() % COUNT];
                if (rand() % 4 == 0)
                        timer_unset(&all, t);
                else
                        timer_set(&all, t, (uint64_t)(rand() % 1000));
        }
        for (size_t i = 0; i < COUNT; i++)
                set += timer[i].slot != 0;

        last_at = fired = 0;
        for (uint64_t now = 0; now < 1000; now += 7)
                timers_run(&all, now);
        timers_run(&all, 1000);
        assert_int_equal(fired, set);
        assert_int_equal(timers_next(&all), UINT64_MAX);
        for (size_t i = 0; i < COUNT; i++)
                timer_done(&all, &timer[i]);
        assert_int_equal(all.reserved, 0);
        timers_done(&all);
}

static void a_timer_that_was_never_made_may_be_done(void **state) {
        struct timers all = TIMERS_INIT;
        struct timer t = { 0 };

        timer_done(&all, &t);
        assert_int_equal(all.reserved, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(timers_fire_in_order_whatever_was_moved_or_removed),
                cmocka_unit_test(a_timer_that_was_never_made_may_be_done),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
