/* SPDX-License-Identifier: Apache-2.0 */
/* Sequential: a block inside a task run. Its children's outputs stand beside everybody's; it has none of its own. */
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/task_run.h"

static void on_end(void *userdata, enum run_state state) {
        struct task_run *run = userdata;

        if (state == RUN_SUCCESS)
                task_run_succeed(run, NULL);
        else if (state == RUN_WARNING)
                task_run_warn(run, NULL);
        else
                task_run_fail(run, NULL, "one of its tasks failed");
}

static struct flow_task_list branch(const struct flow_task *task, const char *name) {
        for (size_t i = 0; i < task->branch_count; i++)
                if (text_eq(task->branches[i].name, name))
                        return task->branches[i].tasks;
        return (struct flow_task_list){ 0 };
}

void flowable_sequential_start(struct task_run *run) {
        struct block *b = calloc(1, sizeof(*b));

        if (!b) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        *b = (struct block){ .execution = run->execution, .parent = run, .on_end = on_end, .userdata = run };
        b->lists[BLOCK_TASKS] = branch(run->task, "tasks");
        b->lists[BLOCK_ERRORS] = branch(run->task, "errors");
        b->lists[BLOCK_FINALLY] = branch(run->task, "finally");
        run->work = b;
        block_start(b);
}

void flowable_sequential_cancel(struct task_run *run) {
        block_cancel(run->work);
}

void flowable_sequential_free(struct task_run *run) {
        free(run->work);
        run->work = NULL;
}
