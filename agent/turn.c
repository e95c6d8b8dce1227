/* SPDX-License-Identifier: Apache-2.0 */
/* A defer source of the same priority as every other source: sd-event runs it after all that was pending when it was
 * enabled and before what came later, so a busy loop makes large turns, and none can starve it. Turns keep a small
 * distance, by a timer, so that a busy agent makes few large transactions; the first turn after a pause comes at once.
 *
 * The order of turn() is the promise: starts are queued, the commit makes them durable together with the ends of
 * others (whose completions queue the deletes), then runners get their frames, then SQS its calls. A failed commit stops
 * everything behind it; a timer tries again. */
#include "agent/turn.h"

#include <errno.h>

#include "agent/dispatch.h"
#include "agent/engine.h"
#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store.h"

#define DISTANCE_USEC (3 * USEC_PER_MSEC)
#define RETRY_FIRST_USEC (100 * USEC_PER_MSEC)
#define RETRY_LAST_USEC (5 * USEC_PER_SEC)
#define COMMIT_LIVENESS_USEC (60 * USEC_PER_SEC)

struct turn {
        struct services *services;
        void (*after)(void *userdata);
        void *userdata;
        sd_event_source *defer, *later, *retry;
        uint64_t last_usec; /* when the last turn was */
        bool requested, failing;
        uint64_t retry_usec;
        struct liveness_entry liveness;
};

bool turn_store_is_well(const struct turn *t) {
        return !t->failing;
}

void turn_request(struct turn *t) {
        uint64_t now;

        if (t->requested)
                return;
        t->requested = true;
        if (sd_event_now(t->services->event, CLOCK_MONOTONIC, &now) < 0 || now >= usec_add(t->last_usec, DISTANCE_USEC)) {
                sd_event_source_set_enabled(t->defer, SD_EVENT_ONESHOT);
                return;
        }
        sd_event_source_set_time(t->later, usec_add(t->last_usec, DISTANCE_USEC));
        sd_event_source_set_enabled(t->later, SD_EVENT_ONESHOT);
}

static void retry_later(struct turn *t, int error) {
        if (!t->failing)
                log_error(error, "The store does not take records (%s): nothing new is received or started until it does",
                          store_problem(t->services->store) ? store_problem(t->services->store) : "no reason known");
        t->failing = true;
        t->retry_usec = t->retry_usec == 0 ? RETRY_FIRST_USEC : t->retry_usec * 2;
        t->retry_usec = MIN(t->retry_usec, RETRY_LAST_USEC);
        sd_event_source_set_time(t->retry, usec_add(clock_monotonic_usec(), t->retry_usec));
        sd_event_source_set_enabled(t->retry, SD_EVENT_ONESHOT);
}

static void recovered(struct turn *t) {
        if (t->failing)
                log_write(LOG_NOTICE, 0, NULL, "The store takes records again");
        t->failing = false;
        t->retry_usec = 0;
}

static int commit(struct turn *t) {
        int r = store_commit(t->services->store);

        if (r == 1 && t->failing) /* nothing is queued: try whether it would work */
                r = store_probe(t->services->store);
        if (r < 0)
                retry_later(t, r);
        else
                recovered(t);
        return r < 0 ? r : 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        struct turn *t = userdata;

        if (commit(t) == 0)
                turn_request(t);
        return 0;
}

static void turn(struct turn *t) {
        struct services *s = t->services;

        t->requested = false;
        t->last_usec = clock_monotonic_usec();
        dispatch_start(s->dispatch);
        dispatch_receive(s->dispatch);
        liveness_watch(&s->liveness, &t->liveness, "commit", usec_add(clock_monotonic_usec(), COMMIT_LIVENESS_USEC));
        if (!t->failing && commit(t) == 0)
                s->engine->ops->flush(s->engine);
        liveness_forget(&s->liveness, &t->liveness);
        dispatch_flush(s->dispatch);
        t->after(t->userdata);
}

static int on_defer(sd_event_source *source, void *userdata) {
        turn(userdata);
        return 0;
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
        turn(userdata);
        return 0;
}

int turn_new(struct services *services, void (*after)(void *userdata), void *userdata, struct turn **ret) {
        _cleanup_(turn_freep) struct turn *t = calloc(1, sizeof *t);
        int r;

        if (!t)
                return -ENOMEM;
        t->services = services;
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
