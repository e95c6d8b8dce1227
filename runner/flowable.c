/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/flowable.h"

#include <errno.h>

#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/run_variables.h"
#include "runner/task_run.h"

struct flow_task_list flowable_branch(const struct flow_task *task, const char *name) {
        for (size_t i = 0; i < task->branch_count; i++)
                if (text_eq(task->branches[i].name, name))
                        return task->branches[i].tasks;
        return (struct flow_task_list){ 0 };
}

size_t flowable_limit(const struct task_run *run, const char *name, size_t fallback) {
        const struct value *v = value_map_get(run->task->properties, name);
        int64_t i;

        return v && value_type(v) == VALUE_NUMBER && value_to_i64(v, &i) == 0 && i >= 0 ? (size_t)i : fallback;
}

void flowable_end(struct task_run *run, enum run_state state, const struct task_run *cause, struct value *outputs) {
        run->cause = state == RUN_FAILED ? cause : NULL;
        if (state == RUN_SUCCESS)
                task_run_succeed(run, outputs);
        else if (state == RUN_WARNING)
                task_run_warn(run, outputs);
        else if (cause)
                task_run_fail(run, outputs, "its task '%s' failed", cause->task->id);
        else
                task_run_fail(run, outputs, "out of memory, or too many task runs in one execution");
}

static void on_end(void *userdata, enum run_state state) {
        struct task_run *run = userdata;
        struct flowable *f = run->work;

        if (state == RUN_FAILED && f->tolerates)
                state = RUN_WARNING;
        if (f->on_over && f->on_over(run, state) < 0)
                return;
        flowable_end(run, state, f->block.cause, value_ref(run->outputs));
}

struct flowable *flowable_new(struct task_run *run) {
        struct flowable *f = calloc(1, sizeof(*f));

        run->work = f;
        if (!f) {
                task_run_fail(run, NULL, "out of memory");
                return NULL;
        }
        f->block = (struct block){
                .execution = run->execution,
                .parent = run,
                .iteration = run->iteration,
                .limit = 1,
                .on_end = on_end,
                .userdata = run,
        };
        f->block.lists[BLOCK_ERRORS] = flowable_branch(run->task, "errors");
        f->block.lists[BLOCK_FINALLY] = flowable_branch(run->task, "finally");
        return f;
}

void flowable_start(struct flowable *f, struct flow_task_list tasks) {
        f->block.lists[BLOCK_TASKS] = tasks;
        block_start(&f->block);
}

int flowable_set_outputs(struct task_run *run, struct value *outputs) {
        if (!outputs) {
                task_run_fail(run, NULL, "out of memory");
                return -ENOMEM;
        }
        value_unref(run->outputs);
        run->outputs = outputs;
        run_variables_put_out(run);
        return 0;
}

void flowable_cancel(struct task_run *run) {
        struct flowable *f = run->work;

        block_cancel(&f->block);
}

void flowable_free(struct task_run *run) {
        struct flowable *f = run->work;

        if (!f)
                return;
        block_done(&f->block);
        free(f);
        run->work = NULL;
}
