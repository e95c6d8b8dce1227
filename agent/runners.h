/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of runner processes: warm ones are used again, new ones are started when none is idle, and idle ones beyond a
 * few end after a while. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/flow/runner_link.h"

struct runner {
        struct runner *prev, *next;     /* in the pool's idle or busy list */
        struct runners *pool;
        struct runner_link *link;       /* owned */
        void *work;                     /* the user's; NULL while idle */
        uint64_t idle_since_usec;       /* monotonic */
        bool has_unsent;                /* frames wait for runners_flush() */
        struct runner *unsent_prev, *unsent_next;
};

struct runners_handlers {
        void (*on_frame)(void *userdata, struct runner *runner, const struct frame *frame); /* only with work */
        /* The process of a runner with work died; it is freed after this. */
        void (*on_death)(void *userdata, struct runner *runner, int status);
};

struct runners {
        sd_event *event;
        char *program;
        char **environment;
        unsigned keep_idle;
        struct runner *idle, *busy, *unsent;
        unsigned idle_count, busy_count;
        const struct runners_handlers *handlers;
        void *userdata;
        sd_event_source *timer;
};

/* `program` is copied. 0 or -errno. */
int runners_init(struct runners *p, sd_event *event, const char *program, unsigned keep_idle,
                 const struct runners_handlers *handlers, void *userdata) _must_check_;
/* Kills every runner; no handler is called. */
void runners_done(struct runners *p);

/* A runner for `work`: a warm one, else a new one. 0 or -errno when none could be started. */
int runners_take(struct runners *p, void *work, struct runner **ret) _must_check_;
/* Its work is done. */
void runners_give_back(struct runners *p, struct runner *r);
/* Kills it; on_death is not called. */
void runners_kill(struct runners *p, struct runner *r);

void runners_note_unsent(struct runners *p, struct runner *r);
void runners_flush(struct runners *p);
