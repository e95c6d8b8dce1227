/* SPDX-License-Identifier: Apache-2.0 */
/* A message that arrives is one of four: damaged (left alone), of a delivery that lives here (joins it), known to the
 * ledger (deleted without a second run), or new (waits). */
#include "agent/intake.h"

#include <errno.h>

#include "agent/delivery.h"
#include "agent/trigger.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/store/store.h"
#include "common/store/store_pause.h"

#define LEDGER_PAUSE_SEC 10u

static void give_back_waiting(struct trigger *t) {
        struct lease_item *item, *before;

        /* Backwards by arrival, which is last first in every group. */
        for (item = t->lease.held ? t->lease.held->prev : NULL; item; item = before) {
                struct delivery *d = CONTAINER_OF(item, struct delivery, lease);

                before = item == t->lease.held ? NULL : item->prev;
                if (d->state == DELIVERY_WAITING)
                        delivery_give_back(d, 0);
        }
}

static void begin_delivery(struct trigger *t, struct sqs_message **message, const struct lease_terms *terms) {
        struct services *s = t->services;
        int known = store_ledger_has_sent(s->store, t->queue.url, (*message)->message_id, (*message)->sent_usec);
        struct delivery *d;

        if (delivery_new(t, message, terms, &d) < 0) {
                t->counters.of[COUNTER_RETURNED]++;
                log_error(-ENOMEM, "A message could not be taken; it stays in its queue");
                return;
        }
        if (known > 0 && t->config.auto_delete) {
                t->counters.of[COUNTER_REPEATED]++;
                trigger_log_message(t, LOG_INFO, NULL, d->message_id,
                                    "succeeded here before and came again: deleted without a second run");
                d->message = sqs_message_free(d->message);
                delivery_apply(d, DELIVERY_SETTLED_BEFORE);
        } else if (known < 0) {
                /* The ledger cannot be asked. At once it would come again, and again (P9); its own timeout may be hours. */
                delivery_give_back(d, MIN(t->queue.visibility_sec, LEDGER_PAUSE_SEC));
        } else if (!delivery_apply(d, DELIVERY_ACCEPTED) || (t->config.fifo && !d->waiting.fifo.group))
                delivery_give_back(d, 0); /* there was no memory for its group */
}

static void take_message(struct trigger *t, struct sqs_message **message, const struct lease_terms *terms) {
        struct delivery *known;

        t->counters.of[COUNTER_RECEIVED]++;
        if ((*message)->damage != SQS_INTACT) {
                t->counters.of[COUNTER_RETURNED]++;
                log_write(LOG_WARNING, 0,
                          LOG_FIELDS({ "SQSFLOW_TRIGGER", t->config.id }, { "SQSFLOW_QUEUE", t->queue.url },
                                     { "SQSFLOW_MESSAGE_ID", (*message)->message_id }),
                          "Trigger %s: message %s arrived damaged (its MD5 does not fit); it stays in the queue",
                          t->config.id, (*message)->message_id);
                return;
        }
        known = deliveries_find(t->services->deliveries, t->queue.url, (*message)->message_id);
        if (known && delivery_join(known, message, terms))
                t->counters.of[COUNTER_REPEATED]++;
        else
                begin_delivery(t, message, terms);
}

static void on_received(struct poller *p, struct sqs_message **messages, size_t count, uint64_t sent_boot_usec,
                        unsigned wait_sec, unsigned visibility_sec) {
        struct trigger *t = CONTAINER_OF(p, struct trigger, poller);
        struct lease_terms terms = lease_received(sent_boot_usec, clock_boottime_usec(), wait_sec, visibility_sec);

        trigger_receive_answered(t, NULL);
        for (size_t i = 0; i < count; i++) {
                struct sqs_message *m = TAKE_PTR(messages[i]);
                take_message(t, &m, &terms);
                sqs_message_free(m);
        }
        if (t->phase == TRIGGER_STOPPING || trigger_is_paused(t))
                give_back_waiting(t); /* what comes late goes back as what waited did: by its group's rule */
        trigger_wants_receives(t);
}

static void on_receive_failed(struct poller *p, const struct aws_error *error) {
        struct trigger *t = CONTAINER_OF(p, struct trigger, poller);

        trigger_receive_answered(t, error);
        trigger_wants_receives(t);
}

const struct poller_ops intake_poller_ops = { .on_received = on_received, .on_failed = on_receive_failed };

void intake_stop(struct trigger *t) {
        if (trigger_stop(t))
                give_back_waiting(t);
}

/* Without memory for it: it holds until the process ends. */
static void note_pause(struct services *s, const char *trigger, const struct store_pause *pause) {
        if (store_pause_set(s->store, trigger, pause) < 0)
                log_error(-ENOMEM, "That trigger %s is %s could not be noted", trigger, pause->since_usec > 0 ? "paused" : "resumed");
}

static bool pause_for(struct trigger *t, const struct store_pause *pause) {
        if (!trigger_pause(t, pause))
                return false;
        note_pause(t->services, t->config.id, pause);
        give_back_waiting(t);
        return true;
}

bool intake_pause(struct trigger *t) {
        return pause_for(t, &(struct store_pause){ .since_usec = clock_realtime_usec() });
}

bool intake_resume(struct trigger *t) {
        if (!trigger_resume(t))
                return false;
        note_pause(t->services, t->config.id, &t->pause);
        return true;
}

void intake_stop_after(struct trigger *t, enum run_state state) {
        const struct store_pause pause = { .since_usec = clock_realtime_usec(), .after = state };

        if (!(t->config.stop_after & 1u << state))
                return;
        for (struct trigger *same = t->services->triggers; same; same = same->next)
                if (text_eq(same->config.id, t->config.id))
                        (void)pause_for(same, &pause);
}
