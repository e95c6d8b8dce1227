/* SPDX-License-Identifier: Apache-2.0 */
/* Switch: the tasks of the case that is the value's text, else `defaults`. */
#include "common/base/text.h"
#include "common/base/value.h"
#include "runner/flowable.h"
#include "runner/render.h"
#include "runner/task_run.h"
#include "runner/value_text.h"

/* The case of this value; NULL when there is none. */
static const struct flow_branch *find_case(const struct flow_task *task, const char *value) {
        for (size_t i = 0; i < task->branch_count; i++) {
                const char *name = text_after(task->branches[i].name, "cases.");

                if (name && text_eq(name, value))
                        return &task->branches[i];
        }
        return NULL;
}

static struct value *make_outputs(const char *value, bool is_default) {
        _cleanup_value_ struct value *outputs = value_new_map();

        if (!outputs || value_map_put(outputs, "value", value_new_string(value)) < 0 ||
            value_map_put(outputs, "defaults", value_new_bool(is_default)) < 0)
                return NULL;
        return TAKE_PTR(outputs);
}

void flowable_switch_start(struct task_run *run) {
        _cleanup_value_ struct value *rendered = NULL;
        _cleanup_free_ char *value = NULL;
        const struct flow_branch *chosen;
        struct flowable *f;

        if (render_property(run, "value", RENDER_TEXT, &rendered) < 0)
                return;
        value = rendered ? value_text(rendered) : text_dup("");
        if (!value) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        chosen = find_case(run->task, value);
        if (flowable_set_outputs(run, make_outputs(value, !chosen)) < 0)
                return;
        f = flowable_new(run);
        if (f)
                flowable_start(f, chosen ? chosen->tasks : flowable_branch(run->task, "defaults"));
}
