/* SPDX-License-Identifier: Apache-2.0 */
/* What expressions can see: flow, execution, task, taskrun, parent, parents, item, inputs, outputs, vars, trigger, labels,
 * envs, workingDir, and the function secret(). Each is made when it is first asked for. */
#pragma once

#include <stdbool.h>

#include "common/base/value.h"
#include "common/expr/expr.h"
#include "runner/trigger_value.h"

struct execution;
struct folder;
struct iteration;
struct task_run;

enum variable_id {
        VARIABLE_FLOW,
        VARIABLE_EXECUTION,
        VARIABLE_TASK,
        VARIABLE_TASKRUN,
        VARIABLE_PARENT,
        VARIABLE_PARENTS,
        VARIABLE_ITEM,
        VARIABLE_INPUTS,
        VARIABLE_OUTPUTS,
        VARIABLE_VARS,
        VARIABLE_TRIGGER,
        VARIABLE_LABELS,
        VARIABLE_ENVS,
        VARIABLE_WORKING_DIR,
        VARIABLE_COUNT,
};

/* What was made before; all-zero is empty. */
struct variables {
        struct value *made[VARIABLE_COUNT];
        struct value *message[MESSAGE_MEMBER_COUNT]; /* trigger_value.c */
        bool making[VARIABLE_COUNT]; /* an input's default may not ask for the inputs */
};

/* Where an expression stands: its variables are those of this execution and task run (NULL: of no task). */
struct scope {
        struct execution *execution;
        struct task_run *run;
        const struct iteration *iteration; /* NULL: the run's */
        bool may_fail;                     /* what cannot be rendered is a warning */
        uint64_t trigger_date_usec;        /* of a trigger's conditions: `trigger` has this as `date`; 0: it has none */
};

/* The folder that an expression's paths are of. Borrowed. */
struct folder *scope_folder(const struct scope *scope);

/* `scope` must outlive what is returned. */
struct expr_env variables_env(struct scope *scope);
/* The value of one variable, owned; -ENOENT when it does not exist here; -EBADMSG, -errno: it cannot be made. */
int variables_get(struct scope *scope, enum variable_id id, struct value **ret) _must_check_;
/* To be called when what the variable is made of has changed. */
void variables_forget(struct variables *v, enum variable_id id);
void variables_done(struct variables *v);
