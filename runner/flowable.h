/* SPDX-License-Identifier: Apache-2.0 */
/* What flowables have in common: a block (block.h) inside a task run. Most are one function that says which tasks, and
 * how many at a time. */
#pragma once

#include "runner/block.h"

struct task_run;

struct flowable {
        struct block block;
        bool tolerates;          /* a failure makes a WARNING (AllowFailure) */
        /* Called when the block has ended, with what it came to, before the run ends; it may fail the run itself and return
         * -errno. NULL: none. */
        int (*on_over)(struct task_run *run, enum run_state state);
};

/* The branch called `name`; an empty list when the task has none. */
struct flow_task_list flowable_branch(const struct flow_task *task, const char *name);
/* A property that is a whole number; the fallback when it is absent. */
size_t flowable_limit(const struct task_run *run, const char *name, size_t fallback);

/* Makes run->work: a block with the task's `errors` and `finally`, of one task after another. NULL: the attempt has been
 * failed. */
struct flowable *flowable_new(struct task_run *run);
/* Starts it with these tasks. */
void flowable_start(struct flowable *f, struct flow_task_list tasks);
/* What the run puts out, known from its start on. 0; -ENOMEM: the attempt has been failed. Takes `outputs` over. */
int flowable_set_outputs(struct task_run *run, struct value *outputs) _must_check_;
/* Ends the run as a block has ended. `outputs` as of task_run_succeed(). */
void flowable_end(struct task_run *run, enum run_state state, const struct task_run *cause, struct value *outputs);

/* For the table of kinds. */
void flowable_cancel(struct task_run *run);
void flowable_free(struct task_run *run);
