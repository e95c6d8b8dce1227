/* SPDX-License-Identifier: Apache-2.0 */
/* A list of tasks with what belongs to it: `errors` when one failed, then `finally`. The flow itself is one, and so is
 * every flowable. The tasks run one after another, side by side, or as they depend on each other; `errors` and
 * `finally` always one after another.
 *
 * Once a task has failed no other one of the list is started, while those that run go on to their end. The tasks decide
 * how the whole ended: a failure in `errors` or `finally` ends its own list and is seen in its task run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/flow/flow.h"
#include "common/flow/state.h"
#include "runner/crew.h"

struct execution;
struct iteration;
struct task_run;

enum block_phase { BLOCK_TASKS, BLOCK_ERRORS, BLOCK_FINALLY, BLOCK_PHASE_COUNT, BLOCK_OVER = BLOCK_PHASE_COUNT };

struct block {
        /* set by the owner */
        struct execution *execution;
        struct task_run *parent;            /* whose children the runs are; NULL: the flow's own */
        struct iteration *iteration;        /* that the runs belong to (iteration.h); NULL: none */
        struct flow_task_list lists[BLOCK_PHASE_COUNT];
        size_t limit;                       /* how many of the tasks run at a time; 0: all; 1: one after another */
        bool is_graph;                      /* a task waits for those it depends on */
        void (*on_end)(void *userdata, enum run_state state);
        void *userdata;

        /* what became of it */
        enum run_state state;               /* SUCCESS, WARNING, FAILED or KILLED, so far */
        const struct task_run *cause;       /* the run whose failure made it FAILED; NULL: none, or memory was out */

        enum block_phase phase;
        struct crew crew;                   /* of the phase */
        struct task_run **runs;             /* of the phase, by place in its list; NULL: not started, or left out */
        bool cancelled;
};

/* Runs the lists that are set. on_end is called once, from within or later; it may free the block. */
void block_start(struct block *b);
/* The same for a block whose tasks somebody else has run, with this outcome: `errors` and `finally` follow. */
void block_start_after(struct block *b, enum run_state state, const struct task_run *cause);
/* No other one of its tasks is started; the rest is as ever. */
void block_stop(struct block *b);
/* Cancels what runs; nothing more is started, and the block ends KILLED. */
void block_cancel(struct block *b);
/* Before it is freed. */
void block_done(struct block *b);
