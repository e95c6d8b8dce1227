/* SPDX-License-Identifier: Apache-2.0 */
/* AllowFailure: a failed child ends the list, and the run with a WARNING. */
#include "runner/flowable.h"
#include "runner/task_run.h"

void flowable_allow_failure_start(struct task_run *run) {
        struct flowable *f = flowable_new(run);

        if (!f)
                return;
        f->tolerates = true;
        flowable_start(f, flowable_branch(run->task, "tasks"));
}
