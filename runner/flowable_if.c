/* SPDX-License-Identifier: Apache-2.0 */
/* If: the condition is asked once, before the first task. */
#include "common/base/value.h"
#include "common/flow/truth.h"
#include "runner/flowable.h"
#include "runner/render.h"
#include "runner/task_run.h"

static struct value *make_outputs(bool result) {
        _cleanup_value_ struct value *outputs = value_new_map();

        if (!outputs || value_map_put(outputs, "evaluationResult", value_new_bool(result)) < 0)
                return NULL;
        return TAKE_PTR(outputs);
}

void flowable_if_start(struct task_run *run) {
        _cleanup_value_ struct value *condition = NULL;
        struct flowable *f;
        bool result;

        if (render_property(run, "condition", RENDER_TYPED, &condition) < 0)
                return;
        result = condition && truth_of_value(condition);
        if (flowable_set_outputs(run, make_outputs(result)) < 0)
                return;
        f = flowable_new(run);
        if (f)
                flowable_start(f, flowable_branch(run->task, result ? "then" : "else"));
}
