/* SPDX-License-Identifier: Apache-2.0 */
/* Dag: each task as soon as those that it depends on have ended, side by side. */
#include "runner/flowable.h"
#include "runner/task_run.h"

void flowable_dag_start(struct task_run *run) {
        struct flowable *f = flowable_new(run);

        if (!f)
                return;
        f->block.limit = flowable_limit(run, "concurrent", 0);
        f->block.is_graph = true;
        flowable_start(f, flowable_branch(run->task, "tasks"));
}
