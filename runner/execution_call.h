/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that a task calls (execution.h). */
#pragma once

#include "runner/execution.h"

struct call_handlers {
        /* Its flow runs as often as it may: it is QUEUED. Or it is about to start; that may come without the other. */
        void (*on_start)(void *userdata, struct execution *e, bool is_queued);
        /* Called once, also for one that did not start: `state`, `error` and `outputs` are set. */
        void (*on_end)(void *userdata, struct execution *e);
};

/* Makes the execution of a called flow, which belongs to top; `inputs` and `labels` are rendered maps, NULL for none.
 * -ELOOP: executions stand in executions EXECUTION_CALLS_MAX deep; -ENOMEM. */
int execution_call(struct task_run *caller, struct called_flow *flow, const struct value *inputs,
                   const struct value *labels, const struct call_handlers *handlers, struct execution **ret) _must_check_;
/* Starts it, when its flow's limit lets it. The handlers are called with the caller, from within or later. */
void execution_enter(struct execution *e);
/* What the driver says of one that asked. 0, or -EPROTO: that is no answer. */
int execution_place_answer(struct execution *top, const struct frame_place *f) _must_check_;

/* The caller does not wait for it: top's end does. To be called before execution_enter(). */
void execution_detach(struct execution *e);
/* From its on_end. */
void execution_detached_ended(struct execution *e);
