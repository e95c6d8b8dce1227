/* SPDX-License-Identifier: Apache-2.0 */
/* Work that runs side by side up to a limit, each member once: the one mechanism behind a list of tasks (a limit of 1),
 * Parallel, Dag, and the values of ForEach and Loop. What a member is, is its owner's affair. No I/O, no clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"

struct crew_ops {
        /* Starts member i. crew_ended() is called for it once, from within or later. */
        void (*start)(void *userdata, size_t i);
        /* Whether member i may be started now; asked again whenever a member has ended. NULL: all may, in their order. */
        bool (*is_ready)(void *userdata, size_t i);
        /* Nothing runs, and nothing more will be started. Called once, as the last thing that the crew does: it may free
         * the crew. */
        void (*on_over)(void *userdata);
};

struct crew {
        const struct crew_ops *ops;
        void *userdata;
        size_t limit;   /* members at a time; 0: all */
        size_t count;   /* members */
        size_t running;
        size_t first;   /* no member before this one waits */
        bool *started;  /* by member, only with is_ready */
        unsigned held;
        bool stopped, over;
};

/* Starts what may start. -ENOMEM when there is no memory to begin with: then nothing was called. */
int crew_start(struct crew *c) _must_check_;
/* A member has ended: others may start. */
void crew_ended(struct crew *c);
/* Nothing more is started; what runs goes on. */
void crew_stop(struct crew *c);

/* Between the two, members may end without on_over: for whoever walks over the members while they end. */
void crew_hold(struct crew *c);
void crew_let_go(struct crew *c);

/* Frees what the crew holds; not its members. */
void crew_done(struct crew *c);
