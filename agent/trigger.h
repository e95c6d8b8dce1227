/* SPDX-License-Identifier: Apache-2.0 */
/* One trigger: a queue, the flow its messages start, and all that lives between the two. Referenced by the agent's list
 * and by each delivery, so that a reload never cuts a delivery off. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "agent/batch.h"
#include "agent/delivery.h"
#include "agent/fifo.h"
#include "agent/lease.h"
#include "agent/poller.h"
#include "agent/queue.h"
#include "agent/rate.h"
#include "agent/services.h"
#include "common/flow/config.h"

enum trigger_phase { TRIGGER_STARTING, TRIGGER_POLLING, TRIGGER_BACKOFF, TRIGGER_DISABLED, TRIGGER_STOPPING };

struct trigger_counters {
        uint64_t received, succeeded, failed, deleted, delete_failures;
};

/* Membership of one of the dispatch's lists. */
struct trigger_link {
        struct trigger *prev, *next;
        bool listed;
};

struct trigger {
        unsigned refs;
        struct services *services;
        struct trigger_config config;
        enum trigger_phase phase;
        uint64_t since_usec;            /* wall clock, of the phase */
        char *error;                    /* BACKOFF: why, one sentence */
        bool calls_failing;             /* the last delete, extension or release failed as a whole */

        struct queue queue;
        struct poller poller;
        struct lease lease;

        struct delivery *waiting;       /* standard queues: WAITING, in order */
        struct fifo fifo;               /* FIFO queues */
        struct delivery *window_items;  /* batch triggers: what the window holds */
        struct batch_window window;
        unsigned waiting_count;         /* WAITING, in whichever of the three */
        struct execution *executions;   /* running ones */
        unsigned running;               /* how many these are */
        char *labels_json;              /* NULL: none */
        unsigned held;                  /* slots: running and needed by what waits */
        struct flow_gate *gate;         /* shared by the triggers of a flow */
        struct rate rate;

        uint64_t wake_usec;             /* monotonic; USEC_INFINITY: the timer is off */
        sd_event_source *timer;
        uint32_t random_state;
        struct trigger_counters counters;
        uint64_t last_receive_usec;     /* wall clock; 0: never */

        uint64_t asked_round;           /* the dispatch's mark: it had its say in this round */
        struct trigger_link busy, hungry, flush; /* of the dispatch */
        struct trigger *prev, *next;             /* of the agent */
};

/* Copies the configuration. 0 or -errno. */
int trigger_new(struct services *services, const struct trigger_config *config, struct trigger **ret) _must_check_;
struct trigger *trigger_ref(struct trigger *t);
struct trigger *trigger_unref(struct trigger *t); /* returns NULL */
DEFINE_CLEANUP(struct trigger *, trigger_unref)

void trigger_start(struct trigger *t);
/* No new receives; what waits goes back now (P8). Running executions go on. Idempotent. */
void trigger_stop(struct trigger *t);
/* Nothing runs, nothing is held, no call is open. */
bool trigger_is_quiet(const struct trigger *t);

/* --- called by its parts --------------------------------------------------------------------------------------------- */
void trigger_queue_ready(struct trigger *t);
void trigger_failed(struct trigger *t, const struct aws_error *error);        /* a receive, or a step before it */
void trigger_call_answered(struct trigger *t, const struct aws_error *error); /* error NULL: it went through */
void trigger_received(struct trigger *t, struct sqs_message **messages, size_t count, uint64_t sent_boot_usec,
                      unsigned wait_sec);
void trigger_queue(struct trigger *t, struct delivery *d);   /* it is WAITING now */
void trigger_unqueue(struct trigger *t, struct delivery *d); /* it is about to be something else */
void trigger_collect(struct trigger *t, struct delivery *d, uint64_t now_usec); /* into the batch window */
void trigger_lost_lease(struct trigger *t, struct delivery *d);
void trigger_wants_flush(struct trigger *t);
void trigger_wants_receives(struct trigger *t);
void trigger_wake_at(struct trigger *t, uint64_t when_usec);

uint32_t trigger_random(struct trigger *t); /* for jitter only */
const char *trigger_phase_name(const struct trigger *t);
void trigger_log_message(const struct trigger *t, int level, const struct delivery *d, const char *fmt, ...)
        _printf_(4, 5);
