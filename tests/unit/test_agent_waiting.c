/* SPDX-License-Identifier: Apache-2.0 */
/* What waits, of a standard and of a FIFO queue, with and without a batch window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/waiting.h"

#define T0 UINT64_C(1000000)

static void a_standard_queue_ignores_groups_and_keeps_the_order(void **state) {
        struct waiting w = { 0 };
        struct waiting_item a = { 0 }, b = { 0 };

        assert_null(waiting_next(&w));
        waiting_add(&w, &a, "g");
        waiting_add(&w, &b, "g");
        assert_null(a.fifo.group);
        assert_ptr_equal(waiting_next(&w), &a);
        waiting_remove(&w, &a);
        assert_ptr_equal(waiting_next(&w), &b);
        waiting_remove(&w, &b);
        assert_null(waiting_next(&w));
}

static void a_fifo_queue_gives_no_second_message_of_a_group_that_runs(void **state) {
        struct waiting w = { .is_fifo = true };
        struct waiting_item a = { 0 }, b = { 0 }, other = { 0 };

        waiting_add(&w, &a, "g");
        waiting_add(&w, &b, "g");
        assert_ptr_equal(waiting_next(&w), &a);
        waiting_remove(&w, &a);
        fifo_take(&w.fifo, &a.fifo, &a);
        assert_null(waiting_next(&w));
        waiting_add(&w, &other, "h");
        assert_ptr_equal(waiting_next(&w), &other);
        fifo_end(&w.fifo, &a.fifo);
        fifo_remove(&w.fifo, &b.fifo);
        fifo_remove(&w.fifo, &other.fifo);
}

static void what_starts_next_says_since_when_it_waits(void **state) {
        struct waiting w = { 0 };
        struct waiting_item a = { .ticket = 3 }, b = { .ticket = 5 };

        assert_true(waiting_ticket(&w) == UINT64_MAX);
        waiting_add(&w, &a, NULL);
        waiting_add(&w, &b, NULL);
        assert_int_equal(waiting_ticket(&w), 3);
        waiting_fill_window(&w, 1, T0);
        assert_int_equal(waiting_ticket(&w), 3);
        waiting_remove(&w, &a);
        assert_int_equal(waiting_ticket(&w), 5);
}

static void a_window_collects_what_has_room_and_gives_it_up_again(void **state) {
        struct waiting w = { 0 };
        struct waiting_item items[3] = { 0 };

        for (unsigned i = 0; i < 3; i++)
                waiting_add(&w, &items[i], "g");
        waiting_fill_window(&w, 2, T0);
        assert_int_equal(w.window.count, 2);
        assert_ptr_equal(w.window_items, &items[0]);
        assert_true(items[1].in_window && !items[2].in_window);
        assert_ptr_equal(waiting_next(&w), &items[2]);
        waiting_remove(&w, &items[0]);
        assert_int_equal(w.window.count, 1);
        assert_ptr_equal(w.window_items, &items[1]);
        waiting_fill_window(&w, 2, T0);
        assert_null(waiting_next(&w));
        assert_ptr_equal(w.window_items->next, &items[2]);
}

static void a_window_leaves_what_would_make_it_too_large_to_the_next(void **state) {
        struct waiting w = { 0 };
        struct waiting_item items[3] = { { .bytes = BATCH_BYTES_MAX / 2 }, { .bytes = BATCH_BYTES_MAX / 2 + 1 }, { .bytes = 1 } };

        for (unsigned i = 0; i < 3; i++)
                waiting_add(&w, &items[i], NULL);
        waiting_fill_window(&w, 10, T0);
        assert_int_equal(w.window.count, 1);
        assert_true(batch_is_ready(&w.window, 10, UINT64_MAX, T0));
        waiting_remove(&w, &items[0]); /* it started */
        waiting_fill_window(&w, 10, T0);
        assert_int_equal(w.window.count, 2); /* in their order */
        assert_false(batch_is_ready(&w.window, 10, UINT64_MAX, T0));
}

static void a_window_takes_several_messages_of_a_group_and_none_of_one_that_runs(void **state) {
        struct waiting w = { .is_fifo = true };
        struct waiting_item running = { 0 }, a = { 0 }, b = { 0 }, behind = { 0 };

        waiting_add(&w, &running, "busy");
        fifo_take(&w.fifo, &running.fifo, &running);
        waiting_add(&w, &behind, "busy");
        waiting_add(&w, &a, "g");
        waiting_add(&w, &b, "g");
        waiting_fill_window(&w, 10, T0);
        assert_int_equal(w.window.count, 2);
        assert_true(a.in_window && b.in_window && !behind.in_window);
        for (struct waiting_item *i; (i = w.window_items);) {
                waiting_remove(&w, i);
                fifo_end(&w.fifo, &i->fifo);
        }
        fifo_end(&w.fifo, &running.fifo);
        fifo_remove(&w.fifo, &behind.fifo);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_standard_queue_ignores_groups_and_keeps_the_order),
                cmocka_unit_test(a_fifo_queue_gives_no_second_message_of_a_group_that_runs),
                cmocka_unit_test(what_starts_next_says_since_when_it_waits),
                cmocka_unit_test(a_window_collects_what_has_room_and_gives_it_up_again),
                cmocka_unit_test(a_window_leaves_what_would_make_it_too_large_to_the_next),
                cmocka_unit_test(a_window_takes_several_messages_of_a_group_and_none_of_one_that_runs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
