/* SPDX-License-Identifier: Apache-2.0 */
/* Where executions run. One implementation now: engine_local.c, runner processes of this host. */
#pragma once

#include "common/base/cleanup.h"
#include "common/link/protocol.h"

struct execution;

struct engine {
        const struct engine_ops *ops;
        unsigned failures;      /* since it last worked; while there are some, nothing is received or started (dispatch.c) */
        bool is_short;          /* it may work with what it has, and cannot have more */
        char problem[512];      /* why either is so, one sentence */
};

/* What it runs on, such as a runner, cannot be had: that says nothing about the messages. And: it could be had. */
void engine_fails(struct engine *e, const char *fmt, ...) _printf_(2, 3);
void engine_works(struct engine *e);
static inline bool engine_is_well(const struct engine *e) {
        return e->failures == 0 && !e->is_short;
}

struct engine_ops {
        /* Takes `frame` (borrowed) to where it will run, without letting it begin before flush(). 0: execution_end() will
         * be called exactly once for it, later. -errno: it could not be taken, try later; engine_fails() was called when that
         * is so for all. */
        int (*start)(struct engine *engine, struct execution *e, const struct frame_execute *frame);
        /* It is not well: finds out whether it is again, and calls engine_works() or engine_fails(), now or later. */
        void (*probe)(struct engine *engine);
        /* Lets what was taken begin: its start is noted. */
        void (*flush)(struct engine *engine);
        /* Asks for its end; execution_end() follows, at the latest after the engine's kill deadline. */
        void (*cancel)(struct engine *engine, struct execution *e);
        /* Ends at once what still runs of executions that have ended (afterExecution). */
        void (*end_after)(struct engine *engine);
        /* The end of an execution is on disk, or could not be put there: what still goes on of it may act on that. Legal for
         * one that does not go on. Let out by flush(). */
        void (*settle)(struct engine *engine, uint64_t execution_id, bool success);
};
