/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing follows from one rule in two places: the next start, and the next receive, belong to the trigger whose share is
 * least used. */
#include "agent/dispatch.h"

#include <string.h>

#include "agent/engine.h"
#include "agent/execution.h"
#include "agent/trigger.h"
#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/link/calls.h"
#include "common/store/store.h"

#define ENGINE_BASE_USEC (500 * USEC_PER_MSEC)
#define ENGINE_CAP_USEC (10 * USEC_PER_SEC)
#define ENGINE_SETTLE_USEC USEC_PER_SEC

void dispatch_init(struct dispatch *d, struct services *services) {
        *d = (struct dispatch){ .services = services, .slots = services->slots };
}

/* How many executions its flow lets be held, here and in other triggers; 0: any number. A flow that refuses one too many
 * (execution.c) bounds nothing before its start: the message must be here to be refused. */
static unsigned flow_bound(const struct trigger *t) {
        const struct flow *f = t->config.flow;

        return f->concurrency_behavior == FLOW_QUEUE ? f->concurrency_limit : 0;
}

/* --- starting -------------------------------------------------------------------------------------------------------- */

/* Moves what waits into the window while it has room. */
static bool window_is_ready(struct trigger *t, uint64_t now_usec) {
        waiting_fill_window(&t->waiting, t->config.batch_records, now_usec);
        if (batch_is_ready(&t->waiting.window, t->config.batch_records, t->config.batch_duration_usec, now_usec))
                return true;
        trigger_wake_at(t, batch_closes_usec(&t->waiting.window, t->config.batch_duration_usec));
        return false;
}

static bool has_rate(struct trigger *t, uint64_t now_usec) {
        if (rate_available(&t->rate, now_usec) > 0)
                return true;
        trigger_wake_at(t, rate_next_usec(&t->rate));
        return false;
}

/* Nobody whom a task calls came earlier and gets the last place. */
static bool is_its_turn(const struct trigger *t) {
        unsigned limit = flow_bound(t);

        return limit == 0 || place_flow_room(t->slots.gate->places, limit, waiting_ticket(&t->waiting)) > 0;
}

static bool may_start(struct trigger *t, uint64_t now_usec) {
        if ((t->config.concurrency > 0 && t->slots.running >= t->config.concurrency) ||
            slots_flow_is_full(&t->slots, flow_bound(t)))
                return false;
        if (t->config.batch_records > 0 ? !window_is_ready(t, now_usec) : !waiting_next(&t->waiting))
                return false;
        return has_rate(t, now_usec) && is_its_turn(t);
}

/* Less of its share: a/weight(a) < b/weight(b). */
static bool has_less(unsigned a, unsigned weight_a, unsigned b, unsigned weight_b) {
        return (uint64_t)a * weight_b < (uint64_t)b * weight_a;
}

static struct trigger *next_to_start(struct dispatch *d, uint64_t now_usec) {
        struct trigger *best = NULL;

        for (struct listed *l = d->slots->busy; l; l = l->next) {
                struct trigger *t = CONTAINER_OF(l, struct trigger, slots.busy);

                if ((!best || has_less(t->slots.running, t->config.weight, best->slots.running, best->config.weight)) &&
                    may_start(t, now_usec))
                        best = t;
        }
        return best;
}

/* --- the engine ------------------------------------------------------------------------------------------------------ */

static void engine_failed(struct dispatch *d, uint64_t now_usec) {
        const struct engine *e = d->services->engine;

        if (d->engine_tries == 0)
                log_error(0, "No further execution can be started: %s", e->problem);
        d->engine_failures = e->failures;
        d->engine_failed_usec = now_usec;
        if (now_usec >= d->engine_not_before_usec)
                d->engine_not_before_usec = usec_add(now_usec, retry_backoff_usec(d->engine_tries++, ENGINE_BASE_USEC,
                                                     ENGINE_CAP_USEC, jitter_next(&d->services->triggers->jitter)));
}

/* While it fails, it is only asked whether it works again, with a growing pause: messages wait under their lease, and none
 * is received that could not start (P6). */
static bool engine_is_out(struct dispatch *d, uint64_t now_usec) {
        struct engine *e = d->services->engine;

        if (e->failures == 0)
                d->engine_failures = 0;
        if (engine_is_well(e) || !d->services->triggers)
                return e->failures > 0;
        if (d->engine_failures == e->failures && now_usec >= d->engine_not_before_usec) {
                e->ops->probe(e);
                d->engine_not_before_usec = usec_add(now_usec, ENGINE_CAP_USEC); /* in case it does not say */
        }
        if (d->engine_failures != e->failures)
                engine_failed(d, now_usec);
        trigger_wake_at(d->services->triggers, d->engine_not_before_usec);
        return e->failures > 0;
}

/* Those that were started before may get ready only now, which says little. */
static void engine_started(struct dispatch *d, uint64_t now_usec) {
        if (d->engine_tries > 0 && engine_is_well(d->services->engine) &&
            now_usec >= usec_add(d->engine_failed_usec, ENGINE_SETTLE_USEC)) {
                log_info("Executions start again");
                d->engine_tries = 0;
        }
}

static void start_waiting(struct dispatch *d) {
        uint64_t now = clock_monotonic_usec();
        struct trigger *t;
        int r;

        if (d->services->stopping || d->services->store_fails || engine_is_out(d, now))
                return;
        while (d->slots->running < d->slots->total && (t = next_to_start(d, now))) {
                r = t->config.batch_records > 0 ? execution_start_batch(t) : execution_start(t);
                if (r == 0)
                        engine_started(d, now);
                if (r >= 0)
                        continue;
                if (d->services->engine->failures == 0)
                        engine_fails(d->services->engine, "%s", strerror(-r));
                (void)engine_is_out(d, now);
                return;
        }
}

void dispatch_start(struct dispatch *d) {
        start_waiting(d);
        calls_answer(&d->slots->places); /* what the messages left, also while nothing new starts */
}

/* --- receiving ------------------------------------------------------------------------------------------------------- */

static unsigned less(unsigned a, unsigned b) {
        return a > b ? a - b : 0;
}

/* What it holds, and what its open receives speak for. */
static unsigned used(const struct trigger *t) {
        return t->slots.held + t->slots.reserved;
}

/* Executions that this trigger could still start, beside what it holds and what open receives speak for. */
static unsigned free_slots(const struct dispatch *d, const struct trigger *t) {
        unsigned limit = flow_bound(t), count = slots_left(d->slots);

        if (t->config.concurrency > 0)
                count = MIN(count, less(t->config.concurrency, used(t)));
        if (limit > 0)
                count = MIN(count, slots_flow_left(&t->slots, limit));
        return count;
}

/* Its last receive came back full, and nothing keeps it from the next. A receive that is open for long has found the
 * queue empty, or the network dead: it must not keep slots from others. */
static bool has_backlog(const struct trigger *t, uint64_t now_usec) {
        return t->poller.plan.hot && t->phase == TRIGGER_POLLING && !trigger_holds_off(t) && t->config.batch_records == 0 &&
               t->poller.plan.not_before_usec <= now_usec && (!t->poller.receives || t->slots.reserved > 0);
}

/* Slots by weight among the triggers that have a backlog. `all`: their weights. */
static unsigned share(const struct dispatch *d, const struct trigger *t, uint64_t all) {
        return (unsigned)MAX(d->slots->total * (uint64_t)t->config.weight / all, UINT64_C(1));
}

/* The weights of t and of all others that have a backlog. */
static uint64_t weights(const struct dispatch *d, const struct trigger *t, uint64_t now_usec) {
        uint64_t all = t->config.weight;

        for (const struct trigger *o = d->services->triggers; o; o = o->next)
                if (o != t && has_backlog(o, now_usec))
                        all += o->config.weight;
        return all;
}

/* Who was asked in this round and wanted none claims none, unless it lingers for more of them. */
static bool claims_slots(const struct dispatch *d, const struct trigger *o, uint64_t now_usec) {
        return (o->asked_round != d->round || poll_is_starved(&o->poller.plan)) && has_backlog(o, now_usec);
}

/* Slots that the others have yet to get of their shares. Without it, whoever asks first would take whatever is free at
 * that moment, and weights would count for little. Nothing stands still for a claim that is not made good: who has
 * least of its share gets one slot in any case. */
static unsigned beside_claims(const struct dispatch *d, const struct trigger *t, uint64_t now_usec) {
        uint64_t all = weights(d, t, now_usec);
        unsigned claims = 0, free = slots_left(d->slots);
        bool is_least = true;

        for (const struct trigger *o = d->services->triggers; o && all > t->config.weight; o = o->next) {
                unsigned claim = o != t && claims_slots(d, o, now_usec)
                                         ? MIN(less(share(d, o, all), used(o)), free_slots(d, o)) : 0;

                claims += claim;
                is_least &= claim == 0 || !has_less(used(o), o->config.weight, used(t), t->config.weight);
        }
        return MAX(less(free, claims), (unsigned)is_least);
}

/* The same in messages. */
static unsigned capacity(const struct dispatch *d, struct trigger *t, uint64_t now_usec) {
        unsigned slots = free_slots(d, t), size = t->config.batch_records, messages, rate;

        if (size == 0)
                messages = MIN(slots, beside_claims(d, t, now_usec));
        else
                messages = less(size * (slots_for(&t->slots, t->slots.waiting) + slots), t->slots.waiting + t->poller.asked);
        rate = rate_available(&t->rate, now_usec);
        if (rate == 0)
                trigger_wake_at(t, rate_next_usec(&t->rate));
        rate = MAX(rate, size); /* a batch is collected whole: it starts when its time comes, and the next waits longer */
        return rate == UINT32_MAX ? messages : MIN(messages, less(rate, t->slots.waiting + t->poller.asked));
}

static unsigned size_max(const struct dispatch *d, const struct trigger *t, uint64_t now_usec) {
        unsigned limit = flow_bound(t), most = t->config.batch_records;

        if (most > 0)
                return most;
        most = share(d, t, weights(d, t, now_usec));
        most = t->config.concurrency > 0 ? MIN(most, t->config.concurrency) : most;
        return limit > 0 ? MIN(most, limit) : most;
}

/* Opens one receive for t, or says when to ask again. True: it may want another one. */
static bool open_one(struct dispatch *d, struct trigger *t, uint64_t now_usec) {
        uint64_t again;
        unsigned room = capacity(d, t, now_usec), size = poll_next(&t->poller.plan, room, size_max(d, t, now_usec), now_usec, &again);

        if (size > 0 && !trigger_may_receive(t))
                return false;
        if (size > 0 && poller_open(&t->poller, size) < 0) {
                poll_failed(&t->poller.plan, RETRY_BASE_USEC, now_usec);
                again = t->poller.plan.not_before_usec;
                size = 0;
        }
        if (size > 0)
                return true;
        trigger_wake_at(t, again);
        /* A timer or an answer brings it back; one that only waits for more slots may get them at any end. */
        if (!poll_is_starved(&t->poller.plan) && (again != USEC_INFINITY || t->poller.plan.open >= t->poller.plan.heat))
                wish_no_receives(&d->services->wishes, &t->hungry);
        return false;
}

/* What waits for its batch has a slot already, and there is room for more in it. */
static bool has_room_in_batch(const struct trigger *t) {
        return t->config.batch_records > 0 && t->slots.waiting % t->config.batch_records > 0;
}

/* The hungry trigger with least of its share that was not asked in this round. */
static struct trigger *next_to_receive(const struct dispatch *d, uint64_t round) {
        bool none_left = slots_left(d->slots) == 0;
        struct trigger *best = NULL;

        for (struct listed *l = d->services->wishes.receives; l; l = l->next) {
                struct trigger *t = CONTAINER_OF(l, struct trigger, hungry);

                if (t->asked_round != round && (!none_left || has_room_in_batch(t)) &&
                    (!best || has_less(used(t), t->config.weight, used(best), best->config.weight)))
                        best = t;
        }
        return best;
}

static void expire_reservations(struct dispatch *d, uint64_t now_usec) {
        if (d->slots->reserved == 0 || !d->services->wishes.receives)
                return;
        for (struct trigger *t = d->services->triggers; t; t = t->next)
                if (t->slots.reserved > 0)
                        trigger_wake_at(t, poller_expire_reservations(&t->poller, now_usec));
}

void dispatch_receive(struct dispatch *d) {
        uint64_t now = clock_monotonic_usec();
        struct trigger *t;

        if (d->services->stopping || !store_is_healthy(d->services->store) || d->services->engine->failures > 0 ||
            !d->services->wishes.receives)
                return;
        if (slots_left(d->slots) == 0)
                expire_reservations(d, now);
        d->round++;
        while ((t = next_to_receive(d, d->round)))
                if (!open_one(d, t, now))
                        t->asked_round = d->round;
}
