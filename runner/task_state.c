/* SPDX-License-Identifier: Apache-2.0 */
/* RUN_CREATED is never a next state, so 0 in the table means "cannot happen". A timeout is not an event of its own: it
 * ends the attempt, and the attempt's end is a failure like any other. */
#include "runner/task_state.h"

#include <errno.h>
#include <stdint.h>

static const uint8_t next_states[RUN_STATE_COUNT][TASK_EVENT_COUNT] = {
        [RUN_CREATED] = {
                [TASK_SKIP] = RUN_SKIPPED,
                [TASK_START] = RUN_RUNNING,
                [TASK_SUCCEED] = RUN_SUCCESS, /* could not even start, and may fail */
                [TASK_WARN] = RUN_WARNING,
                [TASK_FAIL] = RUN_FAILED,
                [TASK_CANCEL] = RUN_KILLED,
        },
        [RUN_RUNNING] = {
                [TASK_SUCCEED] = RUN_SUCCESS,
                [TASK_WARN] = RUN_WARNING,
                [TASK_FAIL] = RUN_FAILED,
                [TASK_RETRY] = RUN_RETRYING,
                [TASK_CANCEL] = RUN_KILLING,
                [TASK_QUEUE] = RUN_QUEUED,
        },
        [RUN_QUEUED] = {
                [TASK_START] = RUN_RUNNING,
                [TASK_SUCCEED] = RUN_SUCCESS, /* what it waited for ended without it, and may fail */
                [TASK_WARN] = RUN_WARNING,
                [TASK_FAIL] = RUN_FAILED,
                [TASK_RETRY] = RUN_RETRYING,
                [TASK_CANCEL] = RUN_KILLING,
        },
        [RUN_RETRYING] = {
                [TASK_START] = RUN_RUNNING,
                [TASK_CANCEL] = RUN_KILLED,
        },
        [RUN_KILLING] = {
                [TASK_SUCCEED] = RUN_KILLED,
                [TASK_WARN] = RUN_KILLED,
                [TASK_FAIL] = RUN_KILLED,
        },
};

int task_state_next(enum run_state state, enum task_event event) {
        uint8_t next = next_states[state][event];

        return next != RUN_CREATED ? next : -EPROTO;
}
