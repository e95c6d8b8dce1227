/* SPDX-License-Identifier: Apache-2.0 */
/* What the queue, the poller and the lease report becomes a phase for status, and one log line per change of it; what they
 * need of an end of turn is wished for here. */
#include "agent/trigger.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/events.h"
#include "agent/recovery.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"

#define WAKE_ACCURACY_USEC USEC_PER_MSEC

static const char *const phase_names[] = {
        [TRIGGER_STARTING] = "starting", [TRIGGER_POLLING] = "polling",   [TRIGGER_BACKOFF] = "backoff",
        [TRIGGER_DISABLED] = "disabled", [TRIGGER_STOPPING] = "stopping",
};

static bool shows_pause(const struct trigger *t) {
        return trigger_is_paused(t) && t->phase != TRIGGER_STOPPING && t->phase != TRIGGER_DISABLED;
}

const char *trigger_phase_name(const struct trigger *t) {
        if (!trigger_holds_off(t) || t->phase == TRIGGER_STOPPING || t->phase == TRIGGER_DISABLED)
                return phase_names[t->phase];
        return trigger_is_paused(t) ? "paused" : "waiting";
}

uint64_t trigger_since_usec(const struct trigger *t) {
        return shows_pause(t) ? t->pause.since_usec : t->since_usec;
}

void trigger_log_message(const struct trigger *t, int level, const char *event, const char *message_id,
                         const char *fmt, ...) {
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof text, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
        va_end(ap);
        log_write(level, 0,
                  LOG_FIELDS(EVENT(event), { "SQSFLOW_TRIGGER", t->config.id }, { "SQSFLOW_FLOW", t->config.flow_id },
                             { "SQSFLOW_QUEUE", t->queue.url }, { "SQSFLOW_MESSAGE_ID", message_id }),
                  "Trigger %s: message %s: %s", t->config.id, message_id, text);
}

static void log_phase(const struct trigger *t, int level, const char *event, const char *what, const char *why) {
        log_write(level, 0,
                  LOG_FIELDS(EVENT(event), { "SQSFLOW_TRIGGER", t->config.id }, { "SQSFLOW_FLOW", t->config.flow_id },
                             { "SQSFLOW_QUEUE", t->queue.url ? t->queue.url : t->config.queue_url }),
                  "Trigger %s: %s%s%s", t->config.id, what, why ? ": " : "", why ? why : "");
}

/* --- wishes ---------------------------------------------------------------------------------------------------------- */

void trigger_wants_receives(struct trigger *t) {
        if (t->phase != TRIGGER_STOPPING && t->phase != TRIGGER_DISABLED && !trigger_holds_off(t) &&
            t->queue.is_ready && !recovery_is_pending(t->services->recovery, t->queue.url))
                wish_receives(&t->services->wishes, &t->hungry);
        else
                wish_turn(&t->services->wishes);
}

void trigger_wake_at(struct trigger *t, uint64_t when_usec) {
        if (when_usec >= t->wake_usec)
                return;
        t->wake_usec = when_usec;
        sd_event_source_set_time(t->timer, when_usec);
        sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

/* --- conditions ------------------------------------------------------------------------------------------------------ */

/* On the second: all that wait are asked in one turn of the loop, and a time that is full is met. */
static void ask_later(struct trigger *t, uint64_t now_usec) {
        trigger_wake_at(t, usec_add(clock_monotonic_usec(), USEC_PER_SEC - now_usec % USEC_PER_SEC));
}

bool trigger_may_receive(struct trigger *t) {
        uint64_t now;

        if (!t->demand.trigger)
                return true;
        now = clock_realtime_usec();
        switch (demand_ask(&t->demand, t->services, now)) {
        case DEMAND_FAILS:
                t->since_usec = now;
                log_phase(t, LOG_INFO, NULL, "waits", t->demand.reason);
                break;
        case DEMAND_PROBLEM:
                t->since_usec = now;
                log_phase(t, LOG_WARNING, NULL, "waits, for it cannot tell whether to poll", t->demand.reason);
                break;
        case DEMAND_HOLDS_AGAIN:
                t->since_usec = now;
                log_phase(t, LOG_INFO, NULL, "polls again", NULL);
                break;
        case DEMAND_NO_NEWS:
                break;
        }
        if (!t->demand.fails)
                return true;
        wish_no_receives(&t->services->wishes, &t->hungry);
        ask_later(t, now);
        return false;
}

/* Receives are wished for again when its conditions have come to hold. */
static void ask_again(struct trigger *t) {
        if (!t->demand.fails || trigger_is_paused(t) || t->phase == TRIGGER_STOPPING || trigger_may_receive(t))
                trigger_wants_receives(t);
}

/* --- phases ---------------------------------------------------------------------------------------------------------- */

static void set_phase(struct trigger *t, enum trigger_phase phase) {
        if (t->phase == phase)
                return;
        t->phase = phase;
        t->since_usec = clock_realtime_usec();
}

void trigger_begin_polling(struct trigger *t) {
        if (t->phase == TRIGGER_STOPPING || t->phase == TRIGGER_DISABLED || !t->queue.is_ready ||
            recovery_is_pending(t->services->recovery, t->queue.url))
                return;
        trigger_wants_receives(t);
        if (t->phase == TRIGGER_STARTING)
                set_phase(t, TRIGGER_POLLING);
}

static bool same_error(const char *a, const char *b) {
        size_t code = strcspn(b, ":"); /* the sentence may carry a request id */

        return a && strncmp(a, b, code + 1) == 0;
}

static void failed(struct trigger *t, const struct aws_error *error) {
        struct buf text = BUF_INIT(2048);

        if (aws_error_write(&text, error) == 0 && t->phase != TRIGGER_STOPPING) {
                if (t->phase != TRIGGER_BACKOFF || !same_error(t->error, text.data))
                        log_phase(t, LOG_WARNING, EVENT_TRIGGER_BACKOFF, "cannot receive, trying again", text.data);
                set_phase(t, TRIGGER_BACKOFF);
                (void)text_replace(&t->error, text.data);
        }
        buf_done(&text);
}

static void receives_again(struct trigger *t) {
        if (t->phase != TRIGGER_BACKOFF && t->phase != TRIGGER_STARTING)
                return;
        if (t->phase == TRIGGER_BACKOFF)
                log_phase(t, LOG_NOTICE, EVENT_TRIGGER_RECEIVES, "receives again", NULL);
        t->error = (free(t->error), NULL);
        set_phase(t, TRIGGER_POLLING);
}

void trigger_receive_answered(struct trigger *t, const struct aws_error *error) {
        if (error) {
                failed(t, error);
                return;
        }
        t->last_receive_usec = clock_realtime_usec();
        receives_again(t);
}

void trigger_call_answered(struct trigger *t, const struct aws_error *error) {
        struct buf text = BUF_INIT(2048);
        bool failing = error && error->class != AWS_ERROR_STALE_HANDLE;

        if (failing && !t->calls_failing && aws_error_write(&text, error) == 0)
                log_phase(t, LOG_WARNING, NULL, "deletes and extensions fail, trying again", text.data);
        if (!failing && t->calls_failing)
                log_phase(t, LOG_NOTICE, NULL, "deletes and extensions work again", NULL);
        t->calls_failing = failing;
        buf_done(&text);
}

static void on_queue_ready(struct queue *q) {
        trigger_begin_polling(CONTAINER_OF(q, struct trigger, queue));
}

static void on_queue_failed(struct queue *q, const struct aws_error *error) {
        failed(CONTAINER_OF(q, struct trigger, queue), error);
}

static const struct queue_ops queue_ops = { .on_ready = on_queue_ready, .on_failed = on_queue_failed };

/* --- life ------------------------------------------------------------------------------------------------------------ */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct trigger *t = userdata;

        t->wake_usec = USEC_INFINITY;
        ask_again(t);
        return 0;
}

static int add_timer(struct trigger *t) {
        int r = sd_event_add_time(t->services->event, &t->timer, CLOCK_MONOTONIC, 0, WAKE_ACCURACY_USEC, on_timer, t);

        t->wake_usec = USEC_INFINITY;
        return r < 0 ? r : sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
}

int trigger_new(struct services *services, const struct trigger_config *config, const struct poller_ops *poller_ops,
                const struct lease_ops *lease_ops, struct trigger **ret) {
        _cleanup_(trigger_unrefp) struct trigger *t = calloc(1, sizeof *t);
        int r;

        if (!t)
                return -ENOMEM;
        t->refs = 1;
        t->services = services;
        t->since_usec = clock_realtime_usec();
        poller_init(&t->poller, &t->queue, &t->slots, poller_ops);
        r = trigger_config_copy(config, &t->config);
        if (r >= 0) {
                demand_init(&t->demand, &t->config);
                r = jitter_init(&t->jitter);
        }
        if (r >= 0)
                r = queue_init(&t->queue, services, &t->config, &t->jitter, &queue_ops);
        if (r >= 0)
                r = lease_init(&t->lease, &t->queue, lease_ops);
        if (r >= 0)
                r = add_timer(t);
        if (r >= 0)
                r = slots_join(services->slots, &t->slots, t->config.flow_id, t->config.batch_records);
        if (r < 0)
                return r;
        if (t->config.labels)
                t->labels_json = json_to_text(t->config.labels, JSON_COMPACT);
        if (t->config.labels && !t->labels_json)
                return -ENOMEM;
        t->waiting.is_fifo = t->config.fifo;
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
        slots_leave(t->services->slots, &t->slots);
        wish_no_receives(&t->services->wishes, &t->hungry);
        poller_done(&t->poller);
        lease_done(&t->lease);
        queue_done(&t->queue);
        sd_event_source_unref(t->timer);
        demand_done(&t->demand);
        trigger_config_done(&t->config);
        free(t->labels_json);
        free(t->error);
        free(t);
        return NULL;
}

void trigger_start(struct trigger *t) {
        if (t->config.disabled)
                set_phase(t, TRIGGER_DISABLED);
        else
                queue_start(&t->queue);
}

bool trigger_stop(struct trigger *t) {
        if (t->phase == TRIGGER_STOPPING)
                return false;
        set_phase(t, TRIGGER_STOPPING);
        t->error = (free(t->error), NULL);
        queue_stop(&t->queue);
        wish_no_receives(&t->services->wishes, &t->hungry);
        lease_wish_flush(&t->lease);
        return true;
}

bool trigger_pause(struct trigger *t, const struct store_pause *pause) {
        char how[80] = "by hand";

        if (trigger_is_paused(t))
                return false;
        t->pause = *pause;
        if (pause->after != RUN_CREATED)
                (void)snprintf(how, sizeof how, "an execution ended %s (stopAfter)", run_state_name(pause->after));
        log_phase(t, LOG_NOTICE, NULL, "paused", how);
        wish_no_receives(&t->services->wishes, &t->hungry);
        lease_wish_flush(&t->lease);
        return true;
}

bool trigger_resume(struct trigger *t) {
        if (!trigger_is_paused(t))
                return false;
        t->pause = (struct store_pause){ 0 };
        t->since_usec = clock_realtime_usec();
        log_phase(t, LOG_NOTICE, NULL, "resumed", "by hand");
        ask_again(t);
        return true;
}

bool trigger_is_quiet(const struct trigger *t) {
        return t->slots.running == 0 && !t->lease.held && !t->poller.receives && lease_is_quiet(&t->lease);
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

void trigger_add_waiting(struct trigger *t, struct waiting_item *item, const char *group_id) {
        item->ticket = places_ticket(&t->services->slots->places);
        waiting_add(&t->waiting, item, group_id);
        slots_change_waiting(t->services->slots, &t->slots, 1);
        wish_turn(&t->services->wishes);
}

void trigger_remove_waiting(struct trigger *t, struct waiting_item *item) {
        waiting_remove(&t->waiting, item);
        slots_change_waiting(t->services->slots, &t->slots, -1);
}
