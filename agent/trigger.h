/* SPDX-License-Identifier: Apache-2.0 */
/* One trigger: a queue, the flow its messages start, and all that lives between the two. Referenced by the agent's list
 * and by each delivery, so that a reload never cuts a delivery off. The list lets go of it only from a timer, and when it is
 * quiet: no trigger ends under a callback of its own parts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "agent/demand.h"
#include "agent/jitter.h"
#include "agent/lease.h"
#include "agent/poller.h"
#include "agent/queue.h"
#include "agent/rate.h"
#include "agent/services.h"
#include "agent/slots.h"
#include "agent/waiting.h"
#include "common/config/config.h"
#include "common/link/counters.h"
#include "common/store/store_pause.h"

enum trigger_phase { TRIGGER_STARTING, TRIGGER_POLLING, TRIGGER_BACKOFF, TRIGGER_DISABLED, TRIGGER_STOPPING };

struct trigger {
        unsigned refs;
        struct services *services;
        struct trigger_config config;
        enum trigger_phase phase;
        uint64_t since_usec;            /* wall clock, of the phase */
        char *error;                    /* BACKOFF: why, one sentence */
        struct store_pause pause;       /* while it lasts nothing is received; phase goes on below */
        struct demand demand;           /* while it fails: the same, for a reason of its own */
        bool calls_failing;             /* the last delete, extension or release failed as a whole */

        struct queue queue;
        struct poller poller;
        struct lease lease;
        struct slot_holder slots;
        struct waiting waiting;

        struct execution *executions;   /* running ones */
        char *labels_json;              /* NULL: none */
        struct rate rate;

        uint64_t wake_usec;             /* monotonic; USEC_INFINITY: the timer is off */
        sd_event_source *timer;
        struct jitter jitter;
        struct counters counters;
        uint64_t last_receive_usec;     /* wall clock; 0: never */

        uint64_t asked_round;           /* the dispatch's mark: it had its say in this round */
        struct listed hungry;           /* of the wishes */
        struct trigger *prev, *next;    /* of the agent */
};

/* Copies the configuration. The callbacks are of those above, to whom messages and leases belong (intake.h, delivery.h).
 * 0 or -errno. */
int trigger_new(struct services *services, const struct trigger_config *config, const struct poller_ops *poller_ops,
                const struct lease_ops *lease_ops, struct trigger **ret) _must_check_;
struct trigger *trigger_ref(struct trigger *t);
struct trigger *trigger_unref(struct trigger *t); /* returns NULL */
DEFINE_CLEANUP(struct trigger *, trigger_unref)

void trigger_start(struct trigger *t);
/* No new receives: for ever, or until it is resumed. What waits, and what the store knows of it, is intake.c's. False: it
 * was so already. */
bool trigger_stop(struct trigger *t);
bool trigger_pause(struct trigger *t, const struct store_pause *pause);
bool trigger_resume(struct trigger *t);
static inline bool trigger_is_paused(const struct trigger *t) {
        return t->pause.since_usec > 0;
}
/* Nothing runs, nothing is held, no call is open. */
bool trigger_is_quiet(const struct trigger *t);

/* --- for those above: deliveries, intake, dispatch -------------------------------------------------------------------- */
/* Polls when its queue is known and no leftover of it is on its way back (recovery.h): called when either came true. */
void trigger_begin_polling(struct trigger *t);
/* Nothing is received, by hand or since its conditions do not hold. */
static inline bool trigger_holds_off(const struct trigger *t) {
        return trigger_is_paused(t) || t->demand.fails;
}
/* To be asked before each receive: do its conditions hold now? If not, it asks itself again. */
bool trigger_may_receive(struct trigger *t);
/* Of a receive, and of a delete, an extension or a release. `error` NULL: it went through. */
void trigger_receive_answered(struct trigger *t, const struct aws_error *error);
void trigger_call_answered(struct trigger *t, const struct aws_error *error);
void trigger_add_waiting(struct trigger *t, struct waiting_item *item, const char *group_id); /* it waits now */
void trigger_remove_waiting(struct trigger *t, struct waiting_item *item); /* it is about to be something else */
void trigger_wants_receives(struct trigger *t);
void trigger_wake_at(struct trigger *t, uint64_t when_usec);

const char *trigger_phase_name(const struct trigger *t);
uint64_t trigger_since_usec(const struct trigger *t); /* since when it is in that phase, wall clock */
/* `event` as in events.h, NULL: none. */
void trigger_log_message(const struct trigger *t, int level, const char *event, const char *message_id,
                         const char *fmt, ...) _printf_(5, 6);
