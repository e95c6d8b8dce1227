/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of runner processes: warm ones are used again, new ones are started when none is idle, and idle ones beyond a
 * few end after a while. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "agent/isolation.h"
#include "common/link/runner_link.h"

struct runner {
        struct runner *prev, *next;     /* in the pool's idle or busy list */
        struct runners *pool;
        struct runner_link *link;       /* owned */
        pid_t pid;
        char *group;                    /* the path of its tasks' control group, owned; NULL: none */
        struct cgroup_limits limits;    /* of that */
        void *work;                     /* the user's; NULL while idle */
        uint64_t idle_since_usec;       /* monotonic */
        uint64_t left;                  /* set by the user before its end: the execution it was at, whose folder it has; … */
        enum run_state left_state;      /* … and how that ends. 0: none */
        bool is_ready;                  /* it said so */
        bool has_unsent;                /* frames wait for runners_flush() */
        bool is_old;                    /* of an environment that is not handed out any more: ends with its work */
        struct runner *unsent_prev, *unsent_next;
};

struct runners_handlers {
        void (*on_ready)(void *userdata); /* of a new runner, with or without work */
        /* A runner died before it was ready: whatever its work was had not begun. on_death follows when it has work. */
        void (*on_stillborn)(void *userdata, int status);
        void (*on_frame)(void *userdata, struct runner *runner, const struct frame *frame); /* only with work */
        /* The process of a runner with work died; it is freed after this. */
        void (*on_death)(void *userdata, struct runner *runner, int status);
        /* Nothing of a runner that was killed runs any more, and nobody else removes what it left. */
        void (*on_left)(void *userdata, pid_t runner, uint64_t left, enum run_state state);
};

struct runners {
        sd_event *event;
        char *program;
        char **environment;
        bool with_credentials;          /* the environment holds the service's AWS credentials */
        struct isolation *isolation;
        struct cgroup_limits limits;    /* of the groups of runners from their next execution on */
        unsigned keep_idle;
        struct runner *idle, *busy, *unsent;
        unsigned idle_count, busy_count;
        const struct runners_handlers *handlers;
        void *userdata;
        sd_event_source *timer;
};

/* `program` is copied, `isolation` outlives the pool. 0 or -errno. */
int runners_init(struct runners *p, sd_event *event, const char *program, struct isolation *isolation, unsigned keep_idle,
                 bool with_credentials, const struct runners_handlers *handlers, void *userdata) _must_check_;
/* Changes what new runners see; runners that saw something else get no more work. 0 or -ENOMEM: nothing is changed. */
int runners_set_credentials(struct runners *p, bool with_credentials);
/* Kills every runner; no handler is called. */
void runners_done(struct runners *p);

/* A runner for `work`: a warm one, else a new one. 0 or -errno when none could be started. */
int runners_take(struct runners *p, void *work, struct runner **ret) _must_check_;
/* An idle one that is ready; it comes first of them. */
bool runners_have_ready(struct runners *p);
/* Starts one without work: on_ready or on_stillborn follows. 0 or -errno when it could not be started. */
int runners_try(struct runners *p) _must_check_;
/* Its work is done: it is kept for the next, or freed when its group is used up. */
void runners_give_back(struct runners *p, struct runner *r);
/* Kills it; on_death is not called, on_left is. */
void runners_kill(struct runners *p, struct runner *r);

void runners_note_unsent(struct runners *p, struct runner *r);
void runners_flush(struct runners *p);
