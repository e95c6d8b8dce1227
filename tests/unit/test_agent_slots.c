/* SPDX-License-Identifier: Apache-2.0 */
/* The counts that a receive (P6) and a start go by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/slots.h"

/* Of the executions of all tests. */
static struct place places[32];
static unsigned place_count;

static void what_waits_holds_slots_as_what_runs_does(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder h = { 0 };

        assert_int_equal(slots_join(&s, &h, "shop.orders", 0), 0);
        slots_change_waiting(&s, &h, 1);
        slots_change_waiting(&s, &h, 1);
        assert_int_equal(slots_left(&s), 2);
        slots_begin(&s, &h, &places[place_count++]); /* a start: the slot is held for both */
        slots_change_waiting(&s, &h, -1);
        assert_int_equal(h.held, 2);
        assert_int_equal(s.running, 1);
        assert_int_equal(slots_left(&s), 2);
        slots_change_reserved(&s, &h, 2);
        assert_int_equal(slots_left(&s), 0);
        slots_change_waiting(&s, &h, 1); /* more than there are, as after a reload with fewer */
        assert_int_equal(slots_left(&s), 0);
        slots_done(&s);
}

static void a_batch_needs_one_slot_for_many_messages(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder h = { 0 };

        assert_int_equal(slots_join(&s, &h, "shop.orders", 10), 0);
        assert_int_equal(slots_for(&h, 0), 0);
        assert_int_equal(slots_for(&h, 10), 1);
        for (unsigned i = 0; i < 11; i++)
                slots_change_waiting(&s, &h, 1);
        assert_int_equal(h.held, 2);
        slots_done(&s);
}

static void holders_of_one_flow_share_its_gate(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder a = { 0 }, b = { 0 }, other = { 0 };

        assert_int_equal(slots_join(&s, &a, "shop.orders", 0), 0);
        assert_int_equal(slots_join(&s, &b, "shop.orders", 0), 0);
        assert_int_equal(slots_join(&s, &other, "shop.returns", 0), 0);
        slots_begin(&s, &a, &places[place_count++]);
        slots_change_waiting(&s, &b, 1);
        slots_begin(&s, &other, &places[place_count++]);
        assert_ptr_equal(a.gate, b.gate);
        assert_int_equal(a.gate->running, 1);
        assert_int_equal(a.gate->held, 2);
        assert_int_equal(other.gate->held, 1);
        slots_done(&s);
}

static void a_flow_is_full_by_what_all_its_holders_run(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder a = { 0 }, b = { 0 };

        assert_int_equal(slots_join(&s, &a, "shop.orders", 0), 0);
        assert_int_equal(slots_join(&s, &b, "shop.orders", 0), 0);
        slots_begin(&s, &a, &places[place_count++]);
        slots_change_waiting(&s, &a, 1); /* it does not run */
        assert_false(slots_flow_is_full(&b, 2));
        slots_begin(&s, &b, &places[place_count++]);
        assert_true(slots_flow_is_full(&a, 2));
        assert_true(slots_flow_is_full(&a, 1)); /* a reload lowered it */
        assert_false(slots_flow_is_full(&a, 0));
        slots_end(&s, &b, &places[place_count - 1]);
        assert_false(slots_flow_is_full(&a, 2));
        slots_done(&s);
}

static void what_tasks_call_counts_for_the_flow_but_takes_no_slot(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder a = { 0 }, b = { 0 };
        struct place called = { 0 };

        assert_int_equal(slots_join(&s, &a, "shop.orders", 0), 0);
        assert_int_equal(slots_join(&s, &b, "shop.orders", 0), 0);
        place_take(&called, places_flow(&s.places, "shop.orders"));
        assert_int_equal(slots_left(&s), 4);
        assert_true(slots_flow_is_full(&a, 1));
        assert_false(slots_flow_is_full(&a, 2));
        assert_int_equal(slots_flow_left(&a, 3), 2);
        slots_begin(&s, &a, &places[place_count++]);
        assert_true(slots_flow_is_full(&b, 2));
        assert_int_equal(slots_flow_left(&b, 3), 1);
        assert_int_equal(slots_flow_left(&b, 2), 0);
        place_leave(&called);
        assert_int_equal(slots_flow_left(&b, 2), 1);
        slots_done(&s);
}

static void where_calls_have_all_places_one_message_may_stand_in_their_line(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder a = { 0 }, b = { 0 };
        struct place called[2] = { 0 };

        assert_int_equal(slots_join(&s, &a, "shop.orders", 0), 0);
        assert_int_equal(slots_join(&s, &b, "shop.orders", 0), 0);
        place_take(&called[0], a.gate->places);
        place_take(&called[1], a.gate->places);
        assert_int_equal(slots_flow_left(&a, 2), 1);
        slots_change_reserved(&s, &a, 1);
        assert_int_equal(slots_flow_left(&a, 2), 0);
        slots_change_reserved(&s, &a, -1);
        slots_change_waiting(&s, &a, 1);
        assert_int_equal(slots_flow_left(&a, 2), 0);
        assert_int_equal(slots_flow_left(&b, 2), 0);
        slots_done(&s);
}

static void who_waits_is_busy_in_the_order_of_asking(void **state) {
        struct slots s = { .total = 4 };
        struct slot_holder a = { 0 }, b = { 0 };

        assert_int_equal(slots_join(&s, &a, "shop.orders", 0), 0);
        assert_int_equal(slots_join(&s, &b, "shop.orders", 0), 0);
        slots_change_waiting(&s, &b, 1);
        slots_change_waiting(&s, &a, 1);
        slots_change_waiting(&s, &b, 1); /* it keeps its place */
        assert_ptr_equal(s.busy, &b.busy);
        assert_ptr_equal(s.busy->next, &a.busy);
        slots_change_waiting(&s, &b, -2);
        assert_ptr_equal(s.busy, &a.busy);
        assert_null(s.busy->next);
        slots_leave(&s, &a);
        slots_leave(&s, &a);
        assert_null(s.busy);
        slots_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_waits_holds_slots_as_what_runs_does),
                cmocka_unit_test(a_batch_needs_one_slot_for_many_messages),
                cmocka_unit_test(holders_of_one_flow_share_its_gate),
                cmocka_unit_test(a_flow_is_full_by_what_all_its_holders_run),
                cmocka_unit_test(what_tasks_call_counts_for_the_flow_but_takes_no_slot),
                cmocka_unit_test(where_calls_have_all_places_one_message_may_stand_in_their_line),
                cmocka_unit_test(who_waits_is_busy_in_the_order_of_asking),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
