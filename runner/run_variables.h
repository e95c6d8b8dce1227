/* SPDX-License-Identifier: Apache-2.0 */
/* The variables that depend on where in the flow an expression stands: parent, parents, item, outputs, a part of taskrun.
 * Each fills or makes its value: 0, -ENOENT when it does not exist there, -ENOMEM. */
#pragma once

#include "common/base/value.h"

struct scope;
struct task_run;

/* value and iteration of a run that stands in a ForEach, for `taskrun`. In a Loop there is `item`. */
int run_variables_put_value(struct value *map, const struct task_run *run);
/* What the flowables around the run say: {taskrun: {value, iteration}, outputs}, the innermost first, without those that
 * have neither. */
int run_variables_parents(struct scope *s, struct value **ret) _must_check_;
int run_variables_parent(struct scope *s, struct value **ret) _must_check_;
/* The innermost Loop's value: value, index, key; parent and parents, of the Loops around it. */
int run_variables_item(struct scope *s, struct value *map);

/* `trigger` of a flow that a task called: executionId, namespace, flowId, flowRevision of the caller. */
int run_variables_caller(struct scope *s, struct value *map);

/* Task id to outputs, of what has ended, and of a flowable that has outputs from its start on (If, Switch). Of runs with the same task the last one's count; what ran for a value of a ForEach stands under
 * that value; what ran in a Loop is seen by the same iteration only. */
int run_variables_outputs(struct scope *s, struct value *map);
/* To be called when a run has got the outputs that others see: what was made of them before is brought up to date. */
void run_variables_put_out(const struct task_run *run);
/* True when the outputs are not those of the whole execution. */
bool run_variables_in_loop(const struct scope *s);
