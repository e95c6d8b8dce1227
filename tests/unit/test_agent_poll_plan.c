/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/poll_plan.h"
#include "common/base/clock.h"

#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

/* Opens what may be opened; returns how many messages were asked for. */
static unsigned open_all(struct poll_state *s, unsigned capacity, uint64_t now) {
        unsigned asked = 0, size;
        uint64_t again;

        while ((size = poll_next(s, capacity - asked, 32, now, &again)) > 0) {
                s->open++;
                asked += size;
        }
        return asked;
}

static void an_idle_queue_has_one_open_receive(void **state) {
        struct poll_state s = POLL_STATE_INIT;
        uint64_t again;

        assert_int_equal(poll_next(&s, 32, 32, T0, &again), 10);
        s.open = 1;
        assert_int_equal(poll_next(&s, 32, 32, T0, &again), 0);
        assert_true(again == USEC_INFINITY);
}

static void nothing_is_asked_for_that_could_not_start(void **state) {
        for (unsigned capacity = 0; capacity < 40; capacity++)
                for (unsigned heat = 1; heat <= POLL_OPEN_MAX; heat *= 2) {
                        struct poll_state s = { .heat = heat };
                        assert_true(open_all(&s, capacity, T0) <= capacity);
                }
}

static void full_answers_open_more_receives_and_an_empty_one_closes_them(void **state) {
        struct poll_state s = { .heat = 1 };

        for (unsigned expected = 2; expected <= POLL_OPEN_MAX; expected *= 2) {
                poll_answered(&s, 10, 10, 1000, 20, T0, 0);
                assert_int_equal(s.heat, expected);
        }
        poll_answered(&s, 10, 10, 1000, 20, T0, 0);
        assert_int_equal(s.heat, POLL_OPEN_MAX);
        poll_answered(&s, 10, 4, 1000, 20, T0, 0);
        assert_int_equal(s.heat, POLL_OPEN_MAX / 2);
        assert_false(s.hot);
        poll_answered(&s, 10, 0, 20 * SEC, 20, T0, 0);
        assert_int_equal(s.heat, 1);
}

static void an_idle_queue_costs_three_receives_a_minute(void **state) {
        struct poll_state s = POLL_STATE_INIT;
        uint64_t now = T0, again;
        unsigned receives = 0;

        while (now < T0 + 600 * SEC) {
                assert_true(poll_next(&s, 32, 32, now, &again) > 0);
                receives++;
                now += 20 * SEC;
                poll_answered(&s, 10, 0, 20 * SEC, 20, now, (uint32_t)rand());
        }
        assert_true(receives <= 30);
}

static void a_server_that_ignores_the_wait_is_not_asked_in_a_loop(void **state) {
        struct poll_state s = POLL_STATE_INIT;
        uint64_t now = T0, again;
        unsigned receives = 0;

        while (now < T0 + 60 * SEC) {
                if (poll_next(&s, 32, 32, now, &again) == 0) {
                        assert_true(again > now);
                        now = again;
                        continue;
                }
                receives++;
                now += 1000;
                poll_answered(&s, 10, 0, 1000, 20, now, UINT32_MAX / 2);
        }
        assert_true(receives <= 20);
        poll_answered(&s, 10, 1, 1000, 20, now, 0); /* a message ends the pause */
        assert_true(poll_next(&s, 32, 32, now, &again) > 0);
}

static void a_failure_is_paused_for_and_calms_the_queue(void **state) {
        struct poll_state s = { .heat = 8, .hot = true };
        uint64_t again;

        poll_failed(&s, 3 * SEC, T0);
        assert_int_equal(poll_next(&s, 32, 32, T0 + 3 * SEC - 1, &again), 0);
        assert_int_equal(again, T0 + 3 * SEC);
        assert_int_equal(poll_next(&s, 32, 32, T0 + 3 * SEC, &again), 10);
        s.open = 1;
        assert_int_equal(poll_next(&s, 22, 32, T0 + 3 * SEC, &again), 0);
}

static void a_busy_queue_waits_a_moment_to_ask_for_ten(void **state) {
        struct poll_state s = { .heat = 4, .hot = true };
        uint64_t again;

        assert_int_equal(poll_next(&s, 1, 32, T0, &again), 0);
        assert_int_equal(again, T0 + POLL_LINGER_USEC);
        assert_int_equal(poll_next(&s, 3, 32, T0 + POLL_LINGER_USEC - 1, &again), 0);
        assert_int_equal(poll_next(&s, 3, 32, T0 + POLL_LINGER_USEC, &again), 3);
        assert_int_equal(poll_next(&s, 10, 32, T0 + POLL_LINGER_USEC, &again), 10);
        /* two is all that this trigger ever takes: it does not wait */
        assert_int_equal(poll_next(&s, 2, 2, T0 + SEC, &again), 2);
}

static void a_busy_queue_of_few_slots_asks_while_half_of_them_still_work(void **state) {
        struct poll_state s = { .heat = 4, .hot = true };
        uint64_t again;

        assert_int_equal(poll_next(&s, 3, 8, T0, &again), 0);
        assert_true(poll_is_starved(&s));
        assert_int_equal(poll_next(&s, 4, 8, T0, &again), 4);
        assert_false(poll_is_starved(&s));
        assert_int_equal(poll_next(&s, 3, 8, T0, &again), 0);
        poll_failed(&s, SEC, T0);
        assert_int_equal(poll_next(&s, 3, 8, T0, &again), 0);
        assert_false(poll_is_starved(&s)); /* only time helps */
        assert_int_equal(again, T0 + SEC);
        s = (struct poll_state){ .heat = 4, .hot = true };
        assert_int_equal(poll_next(&s, 1, 1, T0, &again), 1);
}

static void only_a_busy_queue_holds_slots_and_only_for_a_second(void **state) {
        assert_int_equal(poll_reserved(false, 10, T0, T0), 0);
        assert_int_equal(poll_reserved(true, 10, T0, T0), 10);
        assert_int_equal(poll_reserved(true, 10, T0, T0 + POLL_RESERVE_USEC), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_idle_queue_has_one_open_receive),
                cmocka_unit_test(nothing_is_asked_for_that_could_not_start),
                cmocka_unit_test(full_answers_open_more_receives_and_an_empty_one_closes_them),
                cmocka_unit_test(an_idle_queue_costs_three_receives_a_minute),
                cmocka_unit_test(a_server_that_ignores_the_wait_is_not_asked_in_a_loop),
                cmocka_unit_test(a_failure_is_paused_for_and_calms_the_queue),
                cmocka_unit_test(a_busy_queue_waits_a_moment_to_ask_for_ten),
                cmocka_unit_test(a_busy_queue_of_few_slots_asks_while_half_of_them_still_work),
                cmocka_unit_test(only_a_busy_queue_holds_slots_and_only_for_a_second),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
