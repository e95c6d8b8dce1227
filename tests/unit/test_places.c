/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a place of a flow, in which order, and which waits are refused because they could not end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/link/calls.h"

static struct place_flow *limited(struct places *ps, const char *id, unsigned limit, enum flow_concurrency_behavior behavior) {
        struct place_flow *f = places_flow(ps, id);

        assert_non_null(f);
        f->limit = limit;
        f->behavior = behavior;
        return f;
}

/* Asks, and takes what there is at once, as a driver without messages does. */
static enum place_answer ask(struct place *p, struct place *outer, struct place_flow *f) {
        enum place_answer a;

        p->outer = outer;
        a = place_ask(p, f);
        return a == PLACE_WAITS && places_next(f->places) == p ? PLACE_GIVEN : a;
}

static void a_flow_is_one_by_its_name(void **state) {
        struct places ps = { 0 };
        struct place_flow *f = places_flow(&ps, "a.b");

        assert_ptr_equal(places_flow(&ps, "a.b"), f);
        assert_ptr_not_equal(places_flow(&ps, "a.c"), f);
        places_done(&ps);
}

static void without_a_limit_everybody_has_a_place(void **state) {
        struct places ps = { 0 };
        struct place_flow *f = places_flow(&ps, "a.b");
        struct place p[3] = { 0 };

        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(place_ask(&p[i], f), PLACE_GIVEN);
        assert_int_equal(f->taken, 3);
        for (unsigned i = 0; i < 3; i++)
                place_leave(&p[i]);
        assert_int_equal(f->taken, 0);
        places_done(&ps);
}

static void who_asks_first_is_first_and_who_cancels_is_passed_over(void **state) {
        struct places ps = { 0 };
        struct place_flow *f = limited(&ps, "a.b", 2, FLOW_QUEUE);
        struct place started = { 0 }, p[5] = { 0 };

        place_take(&started, f); /* by a message */
        assert_int_equal(ask(&p[0], NULL, f), PLACE_GIVEN);
        for (unsigned i = 1; i < 5; i++)
                assert_int_equal(ask(&p[i], NULL, f), PLACE_WAITS);
        assert_null(places_next(&ps));
        place_leave(&p[2]);
        place_leave(&started);
        assert_ptr_equal(places_next(&ps), &p[1]);
        assert_null(places_next(&ps));
        place_leave(&p[0]);
        place_leave(&p[1]);
        assert_ptr_equal(places_next(&ps), &p[3]);
        assert_ptr_equal(places_next(&ps), &p[4]);
        assert_null(places_next(&ps));
        assert_int_equal(f->taken, 2);
        assert_int_equal(ps.waiting, 0);
        place_leave(&p[3]);
        place_leave(&p[3]); /* legal */
        assert_int_equal(f->taken, 1);
        places_done(&ps);
}

static void one_too_many_is_cancelled_or_failed_at_once(void **state) {
        static const struct {
                enum flow_concurrency_behavior behavior;
                enum place_answer answer;
        } cases[] = { { FLOW_CANCEL, PLACE_CANCELLED }, { FLOW_FAIL, PLACE_FAILED } };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct places ps = { 0 };
                struct place_flow *f = limited(&ps, "a.b", 1, cases[i].behavior);
                struct place a = { 0 }, b = { 0 };
                char text[CALLS_FULL_TEXT_SIZE];

                assert_int_equal(place_ask(&a, f), PLACE_GIVEN);
                assert_int_equal(place_ask(&b, f), cases[i].answer);
                assert_null(b.flow);
                assert_string_equal(calls_full_text(f, text), "the flow runs 1 execution already (concurrency.limit)");
                place_leave(&a);
                assert_int_equal(place_ask(&b, f), PLACE_GIVEN);
                places_done(&ps);
        }
}

static void who_waits_is_told_once_in_order(void **state) {
        struct places ps = { 0 };
        struct place_flow *f = limited(&ps, "a.b", 1, FLOW_QUEUE);
        struct place p[4] = { 0 };

        for (unsigned i = 0; i < 3; i++)
                (void)ask(&p[i], NULL, f);
        assert_ptr_equal(places_next_untold(&ps), &p[1]);
        assert_ptr_equal(places_next_untold(&ps), &p[2]);
        assert_null(places_next_untold(&ps));
        assert_int_equal(ask(&p[3], NULL, f), PLACE_WAITS);
        assert_ptr_equal(places_next_untold(&ps), &p[3]);
        assert_null(places_next_untold(&ps));
        places_done(&ps);
}

/* What waits elsewhere, with a ticket of its own, stands in the same line. */
static void room_is_what_earlier_askers_leave(void **state) {
        struct places ps = { 0 };
        struct place_flow *f = limited(&ps, "a.b", 2, FLOW_QUEUE);
        struct place taken = { 0 }, a = { 0 }, b = { 0 };
        uint64_t early = places_ticket(&ps), between, late;

        place_take(&taken, f);
        a.outer = b.outer = NULL;
        assert_int_equal(place_ask(&a, f), PLACE_WAITS);
        between = places_ticket(&ps);
        assert_int_equal(place_ask(&b, f), PLACE_WAITS);
        late = places_ticket(&ps);
        assert_int_equal(place_flow_room(f, 2, early), 1);
        assert_int_equal(place_flow_room(f, 2, between), 0);
        assert_int_equal(place_flow_room(f, 3, between), 1);
        assert_int_equal(place_flow_room(f, 3, late), 0);
        assert_int_equal(place_flow_room(f, 1, early), 0); /* a reload lowered it */
        places_done(&ps);
}

/* --- waits that cannot end --------------------------------------------------------------------------------------------- */

static void a_flow_does_not_wait_for_itself(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 1, FLOW_QUEUE), *b = limited(&ps, "n.b", 1, FLOW_QUEUE);
        struct place top = { 0 }, inner = { 0 }, again = { 0 };

        place_take(&top, a);
        assert_int_equal(ask(&inner, &top, a), PLACE_STUCK);
        assert_null(inner.flow);
        assert_int_equal(ps.waiting, 0);
        assert_int_equal(top.waiting_inside, 0);
        assert_int_equal(ask(&inner, &top, b), PLACE_GIVEN);
        assert_int_equal(ask(&again, &inner, a), PLACE_STUCK); /* a -> b -> a */
        place_leave(&inner);
        place_leave(&top);
        places_done(&ps);
}

static void with_a_place_left_a_flow_may_call_itself(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 2, FLOW_QUEUE);
        struct place top = { 0 }, inner = { 0 }, innermost = { 0 };

        place_take(&top, a);
        assert_int_equal(ask(&inner, &top, a), PLACE_GIVEN);
        assert_int_equal(ask(&innermost, &inner, a), PLACE_STUCK);
        places_done(&ps);
}

static void one_waits_for_what_others_hold(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 2, FLOW_QUEUE);
        struct place top = { 0 }, other = { 0 }, inner = { 0 };

        place_take(&top, a);
        place_take(&other, a);
        assert_int_equal(ask(&inner, &top, a), PLACE_WAITS);
        assert_int_equal(top.waiting_inside, 1);
        place_leave(&other);
        assert_ptr_equal(places_next(&ps), &inner);
        assert_int_equal(top.waiting_inside, 0);
        places_done(&ps);
}

static void the_last_of_a_ring_is_refused(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 1, FLOW_QUEUE), *b = limited(&ps, "n.b", 1, FLOW_QUEUE),
                          *c = limited(&ps, "n.c", 1, FLOW_QUEUE);
        struct place top[3] = { 0 }, call[3] = { 0 };

        place_take(&top[0], a);
        place_take(&top[1], b);
        place_take(&top[2], c);
        assert_int_equal(ask(&call[0], &top[0], b), PLACE_WAITS);
        assert_int_equal(ask(&call[1], &top[1], c), PLACE_WAITS);
        assert_int_equal(ask(&call[2], &top[2], a), PLACE_STUCK);
        /* It fails, ends, and the others go on one after another. */
        place_leave(&top[2]);
        assert_ptr_equal(places_next(&ps), &call[1]);
        place_leave(&call[1]);
        place_leave(&top[1]);
        assert_ptr_equal(places_next(&ps), &call[0]);
        places_done(&ps);
}

static void two_that_each_need_one_more_of_two_are_not_both_let_in(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 2, FLOW_QUEUE);
        struct place top[2] = { 0 }, call[2] = { 0 };

        place_take(&top[0], a);
        place_take(&top[1], a);
        assert_int_equal(ask(&call[0], &top[0], a), PLACE_WAITS);
        assert_int_equal(ask(&call[1], &top[1], a), PLACE_STUCK);
        a->limit = 3; /* with one more place both can */
        assert_int_equal(place_ask(&call[1], a), PLACE_WAITS);
        assert_ptr_equal(places_next(&ps), &call[0]);
        places_done(&ps);
}

/* b's place is held by one that waits for a; a's is held by one that runs. */
static void a_long_way_that_has_an_end_is_no_ring(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 1, FLOW_QUEUE), *b = limited(&ps, "n.b", 1, FLOW_QUEUE),
                          *c = limited(&ps, "n.c", 1, FLOW_QUEUE);
        struct place runs = { 0 }, holds_b = { 0 }, waits_a = { 0 }, top = { 0 }, waits_b = { 0 };

        place_take(&runs, a);
        place_take(&holds_b, b);
        place_take(&top, c);
        assert_int_equal(ask(&waits_a, &holds_b, a), PLACE_WAITS);
        assert_int_equal(ask(&waits_b, &top, b), PLACE_WAITS);
        places_done(&ps);
}

/* One of a's two runs on and ends, but the place that is left then will never be free. */
static void a_limit_that_is_lowered_may_close_a_ring(void **state) {
        struct places ps = { 0 };
        struct place_flow *a = limited(&ps, "n.a", 2, FLOW_QUEUE), *b = limited(&ps, "n.b", 1, FLOW_QUEUE);
        struct place holds_a = { 0 }, runs = { 0 }, holds_b = { 0 }, waits_a = { 0 }, waits_b = { 0 }, late = { 0 };

        place_take(&holds_a, a);
        place_take(&runs, a);
        place_take(&holds_b, b);
        assert_int_equal(ask(&waits_b, &holds_a, b), PLACE_WAITS);
        assert_int_equal(ask(&waits_a, &holds_b, a), PLACE_WAITS);
        assert_null(places_next_stuck(&ps));
        places_set_flows(&ps, NULL); /* nothing was lowered */
        assert_null(places_next_stuck(&ps));
        a->limit = 1;
        assert_null(places_next_stuck(&ps)); /* who is told of new limits looks, nobody else */
        places_set_flows(&ps, NULL);
        assert_ptr_equal(places_next_stuck(&ps), &waits_a); /* it asked last */
        place_leave(&waits_a);
        assert_null(places_next_stuck(&ps));
        assert_int_equal(ask(&late, &holds_b, a), PLACE_STUCK); /* a new wait, too, though one of a's two still runs on */
        place_leave(&holds_b);
        assert_ptr_equal(places_next(&ps), &waits_b);
        places_done(&ps);
}

/* --- a driver's end ---------------------------------------------------------------------------------------------------- */

static void questions_that_no_runner_asks_are_refused(void **state) {
        struct places ps = { 0 };
        struct place top = { 0 };
        struct calls c = { .places = &ps };
        const struct frame_place without_number = { .name = { "n.a", 3 }, .limit = 1 };
        const struct frame_place of_no_behavior = { .name = { "n.a", 3 }, .limit = 1, .call = 1, .behavior = FLOW_FAIL + 1 };
        const struct frame_place good = { .name = { "n.a", 3 }, .limit = 1, .call = 1 }, of_nobody = { .call = 7 };
        struct place_flow *own = places_flow(&ps, "n.top");

        place_take(&top, own);
        assert_int_equal(calls_ask(&c, &top, &without_number), -EBADMSG);
        assert_int_equal(calls_ask(&c, &top, &of_no_behavior), -EBADMSG);
        assert_int_equal(calls_ask(&c, &top, &good), 0); /* it waits for calls_answer() */
        assert_int_equal(calls_ask(&c, &top, &good), -EBADMSG);
        calls_leave(&c, &of_nobody);
        assert_int_equal(ps.waiting, 1);
        calls_leave(&c, &good);
        assert_int_equal(ps.waiting, 0);
        assert_null(c.items);
        place_leave(&top);
        places_done(&ps);
}

/* Those around are left first: what a runner never says, but a driver must live with. */
static void places_may_be_left_in_any_order(void **state) {
        struct places ps = { 0 };
        struct place top = { 0 };
        struct calls c = { .places = &ps };
        const struct frame_place outer = { .name = { "n.a", 3 }, .limit = 1, .call = 1 };
        const struct frame_place inner = { .name = { "n.b", 3 }, .limit = 1, .call = 2, .outer = 1 };

        place_take(&top, places_flow(&ps, "n.top"));
        assert_int_equal(calls_ask(&c, &top, &outer), 0);
        assert_non_null(places_next(&ps));
        assert_int_equal(calls_ask(&c, &top, &inner), 0);
        assert_int_equal(top.waiting_inside, 1);
        calls_leave(&c, &outer);
        assert_int_equal(places_flow(&ps, "n.a")->taken, 0);
        calls_leave_all(&c);
        assert_int_equal(top.waiting_inside, 0);
        calls_leave_all(&c);
        place_leave(&top);
        places_done(&ps);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_flow_is_one_by_its_name),
                cmocka_unit_test(without_a_limit_everybody_has_a_place),
                cmocka_unit_test(who_asks_first_is_first_and_who_cancels_is_passed_over),
                cmocka_unit_test(one_too_many_is_cancelled_or_failed_at_once),
                cmocka_unit_test(who_waits_is_told_once_in_order),
                cmocka_unit_test(room_is_what_earlier_askers_leave),
                cmocka_unit_test(a_flow_does_not_wait_for_itself),
                cmocka_unit_test(with_a_place_left_a_flow_may_call_itself),
                cmocka_unit_test(one_waits_for_what_others_hold),
                cmocka_unit_test(the_last_of_a_ring_is_refused),
                cmocka_unit_test(two_that_each_need_one_more_of_two_are_not_both_let_in),
                cmocka_unit_test(a_long_way_that_has_an_end_is_no_ring),
                cmocka_unit_test(a_limit_that_is_lowered_may_close_a_ring),
                cmocka_unit_test(questions_that_no_runner_asks_are_refused),
                cmocka_unit_test(places_may_be_left_in_any_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
