/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a message's life, every state against every event, and what follows from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <cmocka.h>

#include "agent/delivery_state.h"
#include "common/base/cleanup.h"

#define NO (-1)

/* Written out on its own, so that a slip in the table shows. Columns in the order of enum delivery_event. */
static const int expected[DELIVERY_STATE_COUNT][DELIVERY_EVENT_COUNT] = {
        /* accepted, settled before, started, recorded success, recorded failure, delete sent, delete done, delete again,
         * give back, given back, leave, received again, lease lost */
        [DELIVERY_RECEIVED] = { DELIVERY_WAITING, DELIVERY_SUCCEEDED, NO, NO, NO, NO, NO, NO, DELIVERY_RELEASING, NO,
                                DELIVERY_GONE, NO, NO },
        [DELIVERY_WAITING] = { NO, NO, DELIVERY_RUNNING, NO, NO, NO, NO, NO, DELIVERY_RELEASING, NO, NO, DELIVERY_WAITING,
                               DELIVERY_GONE },
        [DELIVERY_RUNNING] = { NO, NO, NO, DELIVERY_SUCCEEDED, DELIVERY_FAILED, NO, NO, NO, NO, NO, NO, DELIVERY_RUNNING,
                               DELIVERY_LOST },
        [DELIVERY_SUCCEEDED] = { NO, NO, NO, NO, NO, DELIVERY_DELETING, NO, NO, NO, NO, DELIVERY_GONE, DELIVERY_SUCCEEDED,
                                 DELIVERY_SUCCEEDED },
        [DELIVERY_DELETING] = { NO, NO, NO, NO, NO, NO, DELIVERY_GONE, DELIVERY_SUCCEEDED, NO, NO, NO, DELIVERY_DELETING,
                                NO },
        [DELIVERY_FAILED] = { NO, NO, NO, NO, NO, NO, NO, NO, DELIVERY_RELEASING, NO, DELIVERY_GONE, DELIVERY_GONE,
                              DELIVERY_GONE },
        [DELIVERY_RELEASING] = { NO, NO, NO, NO, NO, NO, NO, NO, NO, DELIVERY_GONE, NO, DELIVERY_GONE, DELIVERY_GONE },
        [DELIVERY_LOST] = { NO, NO, NO, DELIVERY_GONE, DELIVERY_GONE, NO, NO, NO, NO, NO, NO, DELIVERY_RUNNING, NO },
        [DELIVERY_GONE] = { NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO },
};

static void every_state_answers_every_event_as_documented(void **state) {
        for (int s = 0; s < DELIVERY_STATE_COUNT; s++)
                for (int e = 0; e < DELIVERY_EVENT_COUNT; e++)
                        assert_int_equal(delivery_next((enum delivery_state)s, (enum delivery_event)e), expected[s][e]);
}

/* P1: walk everything that can be reached from RECEIVED without a recorded success; a delete is not among it. */
static void a_delete_is_reached_only_through_a_recorded_success(void **state) {
        bool reached[DELIVERY_STATE_COUNT] = { [DELIVERY_RECEIVED] = true };

        for (int round = 0; round < DELIVERY_STATE_COUNT; round++)
                for (int s = 0; s < DELIVERY_STATE_COUNT; s++)
                        for (int e = 0; reached[s] && e < DELIVERY_EVENT_COUNT; e++) {
                                int next = delivery_next((enum delivery_state)s, (enum delivery_event)e);
                                if (next >= 0 && e != DELIVERY_RECORDED_SUCCESS && e != DELIVERY_SETTLED_BEFORE)
                                        reached[next] = true;
                        }
        assert_false(reached[DELIVERY_SUCCEEDED]);
        assert_false(reached[DELIVERY_DELETING]);
        assert_true(reached[DELIVERY_FAILED] && reached[DELIVERY_RELEASING] && reached[DELIVERY_GONE]);
}

static void nothing_starts_twice(void **state) {
        for (int s = 0; s < DELIVERY_STATE_COUNT; s++)
                if (s != DELIVERY_WAITING)
                        assert_int_equal(delivery_next((enum delivery_state)s, DELIVERY_STARTED), NO);
}

static void every_state_has_a_way_to_its_end(void **state) {
        bool ends[DELIVERY_STATE_COUNT] = { [DELIVERY_GONE] = true };

        for (int round = 0; round < DELIVERY_STATE_COUNT; round++)
                for (int s = 0; s < DELIVERY_STATE_COUNT; s++)
                        for (int e = 0; e < DELIVERY_EVENT_COUNT; e++) {
                                int next = delivery_next((enum delivery_state)s, (enum delivery_event)e);
                                if (next >= 0 && ends[next])
                                        ends[s] = true;
                        }
        for (int s = 0; s < DELIVERY_STATE_COUNT; s++) {
                assert_true(ends[s]);
                assert_non_null(delivery_state_name((enum delivery_state)s));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_state_answers_every_event_as_documented),
                cmocka_unit_test(a_delete_is_reached_only_through_a_recorded_success),
                cmocka_unit_test(nothing_starts_twice),
                cmocka_unit_test(every_state_has_a_way_to_its_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
