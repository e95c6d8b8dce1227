/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one task run as a table: which state follows which event. Pure. */
#pragma once

#include "common/flow/state.h"

enum task_event {
        TASK_SKIP,    /* runIf is false */
        TASK_START,   /* an attempt begins, or what it waits for in a line is there */
        TASK_QUEUE,   /* the attempt waits in a line */
        TASK_SUCCEED, /* the attempt ended: the last one's outcome is the run's */
        TASK_WARN,
        TASK_FAIL,
        TASK_RETRY,   /* the attempt failed and another follows */
        TASK_CANCEL,  /* the execution is cancelled, or what the task belongs to */
        TASK_EVENT_COUNT,
};

/* The state after `event`, or -EPROTO when it cannot happen in this state. KILLING waits for the attempt's end, and
 * whatever that end is, the run was KILLED. */
int task_state_next(enum run_state state, enum task_event event);
