/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a trigger know each other only through here: what the poller brings becomes deliveries, what the lease
 * reports becomes a phase for status and one log line per change of it. */
#include "agent/trigger.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <utlist.h>

#include "agent/dispatch.h"
#include "agent/execution.h"
#include "agent/recovery.h"
#include "agent/turn.h"
#include "common/aws/sqs.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/store/store.h"

#define WAKE_ACCURACY_USEC USEC_PER_MSEC

static const char *const phase_names[] = {
        [TRIGGER_STARTING] = "starting", [TRIGGER_POLLING] = "polling",   [TRIGGER_BACKOFF] = "backoff",
        [TRIGGER_DISABLED] = "disabled", [TRIGGER_STOPPING] = "stopping",
};

const char *trigger_phase_name(const struct trigger *t) {
        return phase_names[t->phase];
}

/* xorshift32: jitter needs no more. */
uint32_t trigger_random(struct trigger *t) {
        uint32_t x = t->random_state;

        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        return t->random_state = x;
}

void trigger_log_message(const struct trigger *t, int level, const struct delivery *d, const char *fmt, ...) {
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof text, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
        va_end(ap);
        log_write(level, 0,
                  LOG_FIELDS({ "SQSFLOW_TRIGGER", t->config.id }, { "SQSFLOW_FLOW", t->config.flow_id },
                             { "SQSFLOW_QUEUE", t->queue.url }, { "SQSFLOW_MESSAGE_ID", d->message_id }),
                  "Trigger %s: message %s: %s", t->config.id, d->message_id, text);
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct trigger *t = userdata;

        t->wake_usec = USEC_INFINITY;
        trigger_wants_receives(t);
        return 0;
}

static int add_timer(struct trigger *t) {
        int r = sd_event_add_time(t->services->event, &t->timer, CLOCK_MONOTONIC, 0, WAKE_ACCURACY_USEC, on_timer, t);

        t->wake_usec = USEC_INFINITY;
        return r < 0 ? r : sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
}

int trigger_new(struct services *services, const struct trigger_config *config, struct trigger **ret) {
        _cleanup_(trigger_unrefp) struct trigger *t = calloc(1, sizeof *t);
        int r;

        if (!t)
                return -ENOMEM;
        t->refs = 1;
        t->services = services;
        t->since_usec = clock_realtime_usec();
        poller_init(&t->poller, t);
        r = trigger_config_copy(config, &t->config);
        if (r >= 0)
                r = random_bytes(&t->random_state, sizeof t->random_state);
        t->random_state |= 1;
        if (r >= 0)
                r = queue_init(&t->queue, t);
        if (r >= 0)
                r = lease_init(&t->lease, t);
        if (r >= 0)
                r = add_timer(t);
        if (r < 0)
                return r;
        t->gate = dispatch_gate(services->dispatch, t->config.flow_id);
        if (t->config.labels)
                t->labels_json = json_to_text(t->config.labels, JSON_COMPACT);
        if (!t->gate || (t->config.labels && !t->labels_json))
                return -ENOMEM;
        rate_init(&t->rate, t->config.rate_per_sec, clock_monotonic_usec());
        *ret = TAKE_PTR(t);
        return 0;
}

struct trigger *trigger_ref(struct trigger *t) {
        t->refs++;
        return t;
}

struct trigger *trigger_unref(struct trigger *t) {
        if (!t || --t->refs > 0)
                return NULL;
        dispatch_forget(t->services->dispatch, t);
        poller_done(&t->poller);
        lease_done(&t->lease);
        queue_done(&t->queue);
        sd_event_source_unref(t->timer);
        trigger_config_done(&t->config);
        free(t->labels_json);
        free(t->error);
        free(t);
        return NULL;
}

static void set_phase(struct trigger *t, enum trigger_phase phase) {
        if (t->phase == phase)
                return;
        t->phase = phase;
        t->since_usec = clock_realtime_usec();
}

void trigger_start(struct trigger *t) {
        if (t->config.disabled)
                set_phase(t, TRIGGER_DISABLED);
        else
                queue_start(&t->queue);
}

static void give_back_waiting(struct trigger *t) {
        struct delivery *d, *before;

        /* Backwards by arrival, which is last first in every group. */
        for (d = t->lease.held ? t->lease.held->held_prev : NULL; d; d = before) {
                before = d == t->lease.held ? NULL : d->held_prev;
                if (d->state == DELIVERY_WAITING)
                        delivery_give_back(d, 0);
        }
}

void trigger_stop(struct trigger *t) {
        if (t->phase == TRIGGER_STOPPING)
                return;
        set_phase(t, TRIGGER_STOPPING);
        t->error = (free(t->error), NULL);
        queue_stop(&t->queue);
        dispatch_unlist(&t->services->dispatch->hungry, t, &t->hungry);
        give_back_waiting(t);
        trigger_wants_flush(t);
}

bool trigger_is_quiet(const struct trigger *t) {
        return t->running == 0 && !t->lease.held && !t->poller.receives && lease_is_quiet(&t->lease);
}

/* --- phases ---------------------------------------------------------------------------------------------------------- */

void trigger_queue_ready(struct trigger *t) {
        if (t->phase == TRIGGER_STOPPING || t->phase == TRIGGER_DISABLED || !t->queue.is_ready ||
            recovery_is_pending(t->services->recovery, t->queue.url))
                return;
        trigger_wants_receives(t);
        if (t->phase == TRIGGER_STARTING)
                set_phase(t, TRIGGER_POLLING);
}

static void log_phase(const struct trigger *t, int level, const char *what, const char *why) {
        log_write(level, 0,
                  LOG_FIELDS({ "SQSFLOW_TRIGGER", t->config.id }, { "SQSFLOW_FLOW", t->config.flow_id },
                             { "SQSFLOW_QUEUE", t->queue.url ? t->queue.url : t->config.queue_url }),
                  "Trigger %s: %s%s%s", t->config.id, what, why ? ": " : "", why ? why : "");
}

static bool same_error(const char *a, const char *b) {
        size_t code = strcspn(b, ":"); /* the sentence may carry a request id */

        return a && strncmp(a, b, code + 1) == 0;
}

void trigger_failed(struct trigger *t, const struct aws_error *error) {
        struct buf text = BUF_INIT(2048);

        if (aws_error_write(&text, error) == 0 && t->phase != TRIGGER_STOPPING) {
                if (t->phase != TRIGGER_BACKOFF || !same_error(t->error, text.data))
                        log_phase(t, LOG_WARNING, "cannot receive, trying again", text.data);
                set_phase(t, TRIGGER_BACKOFF);
                (void)text_replace(&t->error, text.data);
        }
        buf_done(&text);
}

static void receives_again(struct trigger *t) {
        if (t->phase != TRIGGER_BACKOFF && t->phase != TRIGGER_STARTING)
                return;
        if (t->phase == TRIGGER_BACKOFF)
                log_phase(t, LOG_NOTICE, "receives again", NULL);
        t->error = (free(t->error), NULL);
        set_phase(t, TRIGGER_POLLING);
}

void trigger_call_answered(struct trigger *t, const struct aws_error *error) {
        struct buf text = BUF_INIT(2048);
        bool failing = error && error->class != AWS_ERROR_STALE_HANDLE;

        if (failing && !t->calls_failing && aws_error_write(&text, error) == 0)
                log_phase(t, LOG_WARNING, "deletes and extensions fail, trying again", text.data);
        if (!failing && t->calls_failing)
                log_phase(t, LOG_NOTICE, "deletes and extensions work again", NULL);
        t->calls_failing = failing;
        buf_done(&text);
}

/* --- deliveries ------------------------------------------------------------------------------------------------------ */

static void begin_delivery(struct trigger *t, struct sqs_message **message, const struct lease_terms *terms) {
        struct services *s = t->services;
        int known = store_ledger_has_sent(s->store, t->queue.url, (*message)->message_id, (*message)->sent_usec);
        struct delivery *d;

        if (delivery_new(t, message, terms, &d) < 0) {
                log_error(-ENOMEM, "A message could not be taken; it stays in its queue");
                return;
        }
        if (known > 0 && t->config.auto_delete) {
                trigger_log_message(t, LOG_INFO, d, "succeeded here before and came again: deleted without a second run");
                d->message = sqs_message_free(d->message);
                delivery_apply(d, DELIVERY_SETTLED_BEFORE);
        } else if (known < 0 || t->phase == TRIGGER_STOPPING || !delivery_apply(d, DELIVERY_ACCEPTED) ||
                   (t->config.fifo && !d->fifo.group))
                delivery_give_back(d, 0);
}

static void take_message(struct trigger *t, struct sqs_message **message, const struct lease_terms *terms) {
        struct delivery *known;

        t->counters.received++;
        if ((*message)->damage != SQS_INTACT) {
                log_write(LOG_WARNING, 0,
                          LOG_FIELDS({ "SQSFLOW_TRIGGER", t->config.id }, { "SQSFLOW_QUEUE", t->queue.url },
                                     { "SQSFLOW_MESSAGE_ID", (*message)->message_id }),
                          "Trigger %s: message %s arrived damaged (its MD5 does not fit); it stays in the queue",
                          t->config.id, (*message)->message_id);
                return;
        }
        known = deliveries_find(t->services->deliveries, t->queue.url, (*message)->message_id);
        if (!known || !delivery_join(known, message, terms))
                begin_delivery(t, message, terms);
}

void trigger_received(struct trigger *t, struct sqs_message **messages, size_t count, uint64_t sent_boot_usec,
                      unsigned wait_sec) {
        struct lease_terms terms = lease_received(sent_boot_usec, clock_boottime_usec(), wait_sec,
                                                  t->queue.visibility_sec);

        t->last_receive_usec = clock_realtime_usec();
        receives_again(t);
        for (size_t i = 0; i < count; i++) {
                struct sqs_message *m = TAKE_PTR(messages[i]);
                take_message(t, &m, &terms);
                sqs_message_free(m);
        }
        dispatch_account(t->services->dispatch, t);
}

void trigger_queue(struct trigger *t, struct delivery *d) {
        const char *group = d->message->group_id;

        t->waiting_count++;
        if (t->config.fifo) /* without memory it stays outside of any group, and begin_delivery() gives it back */
                (void)fifo_add(&t->fifo, &d->fifo, group ? group : d->message_id);
        else
                DL_APPEND(t->waiting, d);
        dispatch_account(t->services->dispatch, t);
        turn_request(t->services->turn);
}

void trigger_unqueue(struct trigger *t, struct delivery *d) {
        t->waiting_count--;
        if (d->in_window) {
                DL_DELETE(t->window_items, d);
                d->in_window = false;
                t->window.count--;
        } else if (!t->config.fifo)
                DL_DELETE(t->waiting, d);
        dispatch_account(t->services->dispatch, t);
}

void trigger_collect(struct trigger *t, struct delivery *d, uint64_t now_usec) {
        if (t->config.fifo) {
                t->fifo.collector = &t->window;
                fifo_take(&t->fifo, &d->fifo, &t->window);
        } else
                DL_DELETE(t->waiting, d);
        DL_APPEND(t->window_items, d);
        d->in_window = true;
        batch_add(&t->window, now_usec);
}

void trigger_lost_lease(struct trigger *t, struct delivery *d) {
        if (d->state == DELIVERY_RUNNING)
                trigger_log_message(t, LOG_WARNING, d, "its lease was lost; the execution goes on, another consumer may get it");
        else if (d->state == DELIVERY_WAITING)
                trigger_log_message(t, LOG_WARNING, d, "its lease was lost before it could start");
        delivery_apply(d, DELIVERY_LEASE_LOST);
}

/* --- wishes ---------------------------------------------------------------------------------------------------------- */

void trigger_wants_flush(struct trigger *t) {
        dispatch_list(&t->services->dispatch->flush, t, &t->flush);
        turn_request(t->services->turn);
}

void trigger_wants_receives(struct trigger *t) {
        if (t->phase != TRIGGER_STOPPING && t->phase != TRIGGER_DISABLED && t->queue.is_ready &&
            !recovery_is_pending(t->services->recovery, t->queue.url))
                dispatch_list(&t->services->dispatch->hungry, t, &t->hungry);
        turn_request(t->services->turn);
}

void trigger_wake_at(struct trigger *t, uint64_t when_usec) {
        if (when_usec >= t->wake_usec)
                return;
        t->wake_usec = when_usec;
        sd_event_source_set_time(t->timer, when_usec);
        sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}
