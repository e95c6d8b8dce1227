/* SPDX-License-Identifier: Apache-2.0 */
/* Parallel: all its tasks side by side, or as many as `concurrent` says. */
#include "runner/flowable.h"
#include "runner/task_run.h"

void flowable_parallel_start(struct task_run *run) {
        struct flowable *f = flowable_new(run);

        if (!f)
                return;
        f->block.limit = flowable_limit(run, "concurrent", 0);
        flowable_start(f, flowable_branch(run->task, "tasks"));
}
