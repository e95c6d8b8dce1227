/* SPDX-License-Identifier: Apache-2.0 */
/* A list of tasks run one after another, with what belongs to it: `errors` when one failed, then `finally`. The flow
 * itself is one, and so is a Sequential. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/flow/flow.h"
#include "common/flow/state.h"

struct execution;
struct task_run;

enum block_phase { BLOCK_TASKS, BLOCK_ERRORS, BLOCK_FINALLY, BLOCK_PHASE_COUNT, BLOCK_OVER = BLOCK_PHASE_COUNT };

struct block {
        struct execution *execution;
        struct task_run *parent;           /* whose children the runs are; NULL: the flow's own */
        struct flow_task_list lists[BLOCK_PHASE_COUNT];
        enum block_phase phase;
        size_t next;                       /* in the phase's list */
        struct task_run *current;          /* the child that runs */
        enum run_state state;              /* of the whole so far: SUCCESS, WARNING, FAILED or KILLED */
        bool advancing, cancelled;
        void (*on_end)(void *userdata, enum run_state state);
        void *userdata;
};

/* Runs the lists that are set. on_end is called once, from within or later; it may free the block. */
void block_start(struct block *b);
/* Cancels the child that runs; nothing more is started, and the block ends KILLED. */
void block_cancel(struct block *b);
