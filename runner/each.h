/* SPDX-License-Identifier: Apache-2.0 */
/* What ForEach and Loop have in common: the tasks once for each value, as a crew (crew.h) of blocks (block.h). */
#pragma once

#include "runner/block.h"
#include "runner/each_values.h"

struct each;

struct each_member {
        struct each *each;
        struct iteration *iteration; /* NULL: not started */
        struct block block;
        struct value *outputs;       /* the kind's own */
};

struct each_kind {
        enum each_sources sources;
        bool is_loop;
        size_t limit_default;
        /* Makes a member's block ready to start. */
        void (*prepare)(struct each *each, struct block *b);
        /* One has ended. True: no other is started, and the whole ended as it did. */
        bool (*on_member_end)(struct each *each, struct each_member *m);
        /* All have. */
        void (*on_over)(struct each *each);
};

struct each {
        const struct each_kind *kind;
        struct task_run *run;
        struct value *rendered;       /* `values` */
        struct each_values values;
        struct each_member *members;  /* one a value */
        struct crew crew;
        struct block rest;            /* ForEach: its `errors` and `finally` */
        bool has_rest;                /* they have begun */
        bool cancelled;
        enum run_state state;
        const struct task_run *cause;
        size_t ended[RUN_STATE_COUNT];
};

void each_start(struct task_run *run, const struct each_kind *kind);
/* For the table of kinds. */
void each_cancel(struct task_run *run);
void each_free(struct task_run *run);
