/* SPDX-License-Identifier: Apache-2.0 */
/* A defer source of the same priority as every other source: sd-event runs it after all that was pending when it was
 * enabled and before what came later, so a busy loop makes large turns, and none can starve it.
 *
 * Executions start at once: what a crash would need of them is in held.h before they do. Commits keep a distance, by a
 * timer, so that a busy agent makes few large transactions; the first one after a pause comes at once. The order of
 * settle() is the promise: the commit makes ends durable, its completions queue the deletes, and then SQS gets its calls.
 * A failed commit stops everything behind it; a timer tries again. */
#include "agent/turn.h"

#include <errno.h>

#include "agent/engine.h"
#include "agent/events.h"
#include "agent/fault.h"
#include "agent/lease.h"
#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store.h"

#define DISTANCE_USEC (10 * USEC_PER_MSEC) /* an end that waits for its commit is repeated when the agent is killed */
#define RETRY_FIRST_USEC (100 * USEC_PER_MSEC)
#define RETRY_LAST_USEC (5 * USEC_PER_SEC)
#define COMMIT_LIVENESS_USEC (60 * USEC_PER_SEC)

struct turn {
        struct services *services;
        struct dispatch *dispatch;
        void (*after)(void *userdata);
        void *userdata;
        sd_event_source *defer; /* enabled by a wish (wishes.h) */
        sd_event_source *later, *retry;
        uint64_t last_usec; /* when the last commit was */
        bool commit_is_armed;
        uint64_t retry_usec;
        struct liveness_entry liveness;
};

static void retry_later(struct turn *t, int error) {
        if (!t->services->store_fails)
                log_write(LOG_ERR, error, LOG_FIELDS(EVENT(EVENT_STORE_FAILS)),
                          "The store cannot be used (%s): nothing new is received or started until it can be",
                          store_problem(t->services->store) ? store_problem(t->services->store) : "no reason known");
        t->services->store_fails = true;
        t->retry_usec = t->retry_usec == 0 ? RETRY_FIRST_USEC : t->retry_usec * 2;
        t->retry_usec = MIN(t->retry_usec, RETRY_LAST_USEC);
        sd_event_source_set_time(t->retry, usec_add(clock_monotonic_usec(), t->retry_usec));
        sd_event_source_set_enabled(t->retry, SD_EVENT_ONESHOT);
}

static void recovered(struct turn *t) {
        if (t->services->store_fails)
                log_write(LOG_NOTICE, 0, LOG_FIELDS(EVENT(EVENT_STORE_WORKS)), "The store can be used again");
        t->services->store_fails = false;
        t->retry_usec = 0;
}

int turn_commit(struct turn *t) {
        bool was_healthy = store_is_healthy(t->services->store);
        int r = store_commit(t->services->store);

        if (r >= 0 && !was_healthy) /* also when something was written: perhaps it is reading that fails */
                r = store_probe(t->services->store);
        if (r < 0)
                retry_later(t, r);
        else
                recovered(t);
        if (r >= 0 && !was_healthy)
                wish_turn(&t->services->wishes); /* to receive and to start again */
        return r < 0 ? r : 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)turn_commit(userdata);
        return 0;
}

static void send_deletes_and_releases(struct wishes *w) {
        while (w->flushes) {
                struct lease *l = CONTAINER_OF(w->flushes, struct lease, flush);

                wish_no_flush(w, &l->flush);
                lease_flush(l);
        }
}

static void settle(struct turn *t, uint64_t now_usec) {
        struct services *s = t->services;

        t->last_usec = now_usec;
        liveness_watch(&s->liveness, &t->liveness, "commit", usec_add(now_usec, COMMIT_LIVENESS_USEC));
        fault_hang(FAULT_STORE);
        if (!s->store_fails)
                (void)turn_commit(t);
        liveness_forget(&s->liveness, &t->liveness);
        send_deletes_and_releases(&s->wishes);
        t->after(t->userdata);
}

static int on_defer(sd_event_source *source, void *userdata) {
        struct turn *t = userdata;
        struct services *s = t->services;
        uint64_t now = clock_monotonic_usec();

        s->wishes.turn = false;
        dispatch_start(t->dispatch);
        s->engine->ops->flush(s->engine);
        dispatch_receive(t->dispatch);
        if (now >= usec_add(t->last_usec, DISTANCE_USEC))
                settle(t, now);
        else if (!t->commit_is_armed) {
                t->commit_is_armed = true;
                sd_event_source_set_time(t->later, usec_add(t->last_usec, DISTANCE_USEC));
                sd_event_source_set_enabled(t->later, SD_EVENT_ONESHOT);
        }
        return 0;
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
        struct turn *t = userdata;

        t->commit_is_armed = false;
        settle(t, clock_monotonic_usec());
        return 0;
}

int turn_new(struct services *services, struct dispatch *dispatch, void (*after)(void *userdata), void *userdata,
             struct turn **ret) {
        _cleanup_(turn_freep) struct turn *t = calloc(1, sizeof *t);
        int r;

        if (!t)
                return -ENOMEM;
        t->services = services;
        t->dispatch = dispatch;
        t->after = after;
        t->userdata = userdata;
        r = sd_event_add_defer(services->event, &t->defer, on_defer, t);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->defer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(services->event, &t->later, CLOCK_MONOTONIC, 0, 1, on_later, t);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->later, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(services->event, &t->retry, CLOCK_MONOTONIC, 0, 10 * USEC_PER_MSEC, on_retry, t);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->retry, SD_EVENT_OFF);
        if (r < 0)
                return r;
        services->wishes.turn_source = t->defer;
        *ret = TAKE_PTR(t);
        return 0;
}

struct turn *turn_free(struct turn *t) {
        if (!t)
                return NULL;
        liveness_forget(&t->services->liveness, &t->liveness);
        sd_event_source_unref(t->defer);
        sd_event_source_unref(t->later);
        sd_event_source_unref(t->retry);
        free(t);
        return NULL;
}
