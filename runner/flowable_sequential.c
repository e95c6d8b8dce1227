/* SPDX-License-Identifier: Apache-2.0 */
/* Sequential: its children's outputs stand beside everybody's; it has none of its own. */
#include "runner/flowable.h"
#include "runner/task_run.h"

void flowable_sequential_start(struct task_run *run) {
        struct flowable *f = flowable_new(run);

        if (f)
                flowable_start(f, flowable_branch(run->task, "tasks"));
}
