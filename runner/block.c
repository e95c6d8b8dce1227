/* SPDX-License-Identifier: Apache-2.0 */
/* Most children end within their start. Going on from their on_end would nest as deep as the list is long, so a loop
 * starts child after child, and on_end resumes it only for a child that ended later. */
#include "runner/block.h"

#include "runner/execution.h"
#include "runner/task_run.h"

/* States by how much they matter for the whole. */
static int weight(enum run_state s) {
        static const int weights[RUN_STATE_COUNT] = { [RUN_WARNING] = 1, [RUN_FAILED] = 2, [RUN_KILLED] = 3 };
        return weights[s];
}

static void take_outcome(struct block *b, enum run_state s) {
        if (weight(s) > weight(b->state))
                b->state = s;
        if (s == RUN_FAILED || s == RUN_KILLED)
                b->next = b->lists[b->phase].count; /* the rest of this list is not run */
}

static enum block_phase next_phase(const struct block *b) {
        if (b->cancelled)
                return BLOCK_OVER;
        if (b->phase == BLOCK_TASKS && b->state == RUN_FAILED)
                return BLOCK_ERRORS;
        return b->phase == BLOCK_FINALLY ? BLOCK_OVER : BLOCK_FINALLY;
}

static void advance(struct block *b);

static void on_child_end(void *userdata, struct task_run *run) {
        struct block *b = userdata;

        b->current = NULL;
        if (run->state == RUN_FAILED)
                execution_set_error(b->execution, run, run->error);
        take_outcome(b, run->state);
        advance(b);
}

static void start_child(struct block *b, const struct flow_task *task) {
        struct task_run *run;

        if (task->disabled)
                return;
        run = task_run_new(b->execution, b->parent, task, on_child_end, b);
        if (!run) {
                execution_set_error(b->execution, NULL, "out of memory, or too many task runs in one execution");
                take_outcome(b, RUN_FAILED);
                return;
        }
        b->current = run;
        task_run_start(run);
}

/* Goes on until a child has to be waited for, or to the end. */
static void advance(struct block *b) {
        if (b->advancing)
                return;
        b->advancing = true;
        while (!b->current && b->phase != BLOCK_OVER) {
                const struct flow_task_list *list = &b->lists[b->phase];
                if (!b->cancelled && b->next < list->count) {
                        start_child(b, list->items[b->next++]);
                        continue;
                }
                b->phase = next_phase(b);
                b->next = 0;
        }
        b->advancing = false;
        if (!b->current)
                b->on_end(b->userdata, b->state);
}

void block_start(struct block *b) {
        b->phase = BLOCK_TASKS;
        b->state = RUN_SUCCESS;
        advance(b);
}

void block_cancel(struct block *b) {
        if (b->cancelled || b->phase == BLOCK_OVER)
                return;
        b->cancelled = true;
        b->state = RUN_KILLED;
        if (b->current)
                task_run_cancel(b->current);
}
