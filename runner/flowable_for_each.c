/* SPDX-License-Identifier: Apache-2.0 */
/* ForEach: a failure for one value ends it for all; `errors` and `finally` run once. */
#include "runner/each.h"
#include "runner/execution.h"
#include "runner/flowable.h"
#include "runner/task_run.h"

static void prepare(struct each *each, struct block *b) {
}

static bool on_member_end(struct each *each, struct each_member *m) {
        if (m->block.state == RUN_WARNING && each->state == RUN_SUCCESS)
                each->state = RUN_WARNING;
        return m->block.state == RUN_FAILED;
}

static void on_rest_end(void *userdata, enum run_state state) {
        struct each *e = userdata;

        flowable_end(e->run, state, e->rest.cause, NULL);
}

static void on_over(struct each *e) {
        e->has_rest = true;
        e->rest = (struct block){
                .execution = e->run->execution,
                .parent = e->run,
                .iteration = e->run->iteration,
                .limit = 1,
                .on_end = on_rest_end,
                .userdata = e,
        };
        e->rest.lists[BLOCK_ERRORS] = flowable_branch(e->run->task, "errors");
        e->rest.lists[BLOCK_FINALLY] = flowable_branch(e->run->task, "finally");
        block_start_after(&e->rest, e->state, e->cause);
}

static const struct each_kind for_each = {
        .sources = EACH_LISTS,
        .limit_default = 1,
        .prepare = prepare,
        .on_member_end = on_member_end,
        .on_over = on_over,
};

void flowable_for_each_start(struct task_run *run) {
        each_start(run, &for_each);
}
