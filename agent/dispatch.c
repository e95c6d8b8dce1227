/* SPDX-License-Identifier: Apache-2.0 */
/* Slots are counted, not handed around: a trigger holds as many as it runs executions plus as many as what waits in it
 * will need, so that a receive (P6) and a start see the same number. Sharing follows from one rule in two places: the
 * next start, and the next receive, belong to the trigger whose share is least used. */
#include "agent/dispatch.h"

#include <stddef.h>
#include <string.h>

#include "agent/engine.h"
#include "agent/execution.h"
#include "agent/turn.h"
#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define ENGINE_BASE_USEC (500 * USEC_PER_MSEC)
#define ENGINE_CAP_USEC (10 * USEC_PER_SEC)

void dispatch_init(struct dispatch *d, struct services *services, unsigned slots) {
        *d = (struct dispatch){ .services = services, .slots = slots };
}

void dispatch_done(struct dispatch *d) {
        struct flow_gate *g, *next;

        HASH_ITER(hh, d->gates, g, next) {
                HASH_DEL(d->gates, g);
                free(g);
        }
}

struct flow_gate *dispatch_gate(struct dispatch *d, const char *flow_id) {
        struct flow_gate *g;
        size_t len = strlen(flow_id);

        HASH_FIND(hh, d->gates, flow_id, len, g);
        if (g)
                return g;
        g = calloc(1, sizeof *g + len + 1);
        if (!g)
                return NULL;
        memcpy(g->flow_id, flow_id, len);
        HASH_ADD_KEYPTR(hh, d->gates, g->flow_id, len, g);
        if (!hash_added(g)) {
                free(g);
                return NULL;
        }
        return g;
}

/* --- lists ----------------------------------------------------------------------------------------------------------- */

/* The link of t that stands at the same place as `link` in its trigger. */
static struct trigger_link *link_of(struct trigger *t, ptrdiff_t offset) {
        return (struct trigger_link *)((char *)t + offset);
}

void dispatch_list(struct trigger **list, struct trigger *t, struct trigger_link *link) {
        ptrdiff_t offset = (char *)link - (char *)t;

        if (link->listed)
                return;
        link->listed = true;
        link->next = NULL;
        if (*list) {
                struct trigger *last = link_of(*list, offset)->prev;
                link_of(last, offset)->next = t;
                link->prev = last;
                link_of(*list, offset)->prev = t;
        } else {
                link->prev = t;
                *list = t;
        }
}

void dispatch_unlist(struct trigger **list, struct trigger *t, struct trigger_link *link) {
        ptrdiff_t offset = (char *)link - (char *)t;

        if (!link->listed)
                return;
        link->listed = false;
        if (link->next)
                link_of(link->next, offset)->prev = link->prev;
        else
                link_of(*list, offset)->prev = link->prev;
        if (*list == t)
                *list = link->next;
        else
                link_of(link->prev, offset)->next = link->next;
}

void dispatch_forget(struct dispatch *d, struct trigger *t) {
        dispatch_unlist(&d->busy, t, &t->busy);
        dispatch_unlist(&d->hungry, t, &t->hungry);
        dispatch_unlist(&d->flush, t, &t->flush);
}

/* --- counting -------------------------------------------------------------------------------------------------------- */

static unsigned slots_for(const struct trigger *t, unsigned messages) {
        unsigned size = t->config.batch_records;

        return size == 0 ? messages : (messages + size - 1) / size;
}

void dispatch_account(struct dispatch *d, struct trigger *t) {
        unsigned held = t->running + slots_for(t, t->waiting_count);

        d->held += held - t->held;
        t->gate->held += held - t->held;
        t->held = held;
        if (t->waiting_count > 0)
                dispatch_list(&d->busy, t, &t->busy);
        else
                dispatch_unlist(&d->busy, t, &t->busy);
}

void dispatch_reserve(struct dispatch *d, struct trigger *t, int count) {
        d->reserved += (unsigned)count;
}

void dispatch_running(struct dispatch *d, struct trigger *t, int change) {
        d->running += (unsigned)change;
        t->running += (unsigned)change;
        t->gate->running += (unsigned)change;
        dispatch_account(d, t);
}

/* --- starting -------------------------------------------------------------------------------------------------------- */

static struct delivery *next_waiting(struct trigger *t) {
        struct fifo_item *item;

        if (!t->config.fifo)
                return t->waiting;
        item = fifo_peek(&t->fifo);
        return item ? CONTAINER_OF(item, struct delivery, fifo) : NULL;
}

/* Moves what waits into the window while it has room. */
static bool window_is_ready(struct trigger *t, uint64_t now_usec) {
        struct delivery *d;

        while (batch_room(&t->window, t->config.batch_records) > 0 && (d = next_waiting(t)))
                trigger_collect(t, d, now_usec);
        if (batch_is_ready(&t->window, t->config.batch_records, t->config.batch_duration_usec, now_usec))
                return true;
        trigger_wake_at(t, batch_closes_usec(&t->window, t->config.batch_duration_usec));
        return false;
}

static bool has_rate(struct trigger *t, uint64_t now_usec) {
        if (rate_available(&t->rate, now_usec) > 0)
                return true;
        trigger_wake_at(t, rate_next_usec(&t->rate));
        return false;
}

static bool may_start(struct trigger *t, uint64_t now_usec) {
        unsigned limit = t->config.flow->concurrency_limit;

        if ((t->config.concurrency > 0 && t->running >= t->config.concurrency) ||
            (limit > 0 && t->gate->running >= limit))
                return false;
        if (t->config.batch_records > 0 ? !window_is_ready(t, now_usec) : !next_waiting(t))
                return false;
        return has_rate(t, now_usec);
}

/* Less of its share: a/weight(a) < b/weight(b). */
static bool has_less(unsigned a, unsigned weight_a, unsigned b, unsigned weight_b) {
        return (uint64_t)a * weight_b < (uint64_t)b * weight_a;
}

static struct trigger *next_to_start(struct dispatch *d, uint64_t now_usec) {
        struct trigger *best = NULL;

        for (struct trigger *t = d->busy; t; t = t->busy.next)
                if ((!best || has_less(t->running, t->config.weight, best->running, best->config.weight)) &&
                    may_start(t, now_usec))
                        best = t;
        return best;
}

static void engine_failed(struct dispatch *d, struct trigger *t, int error, uint64_t now_usec) {
        if (d->engine_failures == 0)
                log_error(error, "No execution can be started; messages wait under their lease");
        d->engine_not_before_usec =
                usec_add(now_usec, retry_backoff_usec(d->engine_failures++, ENGINE_BASE_USEC, ENGINE_CAP_USEC,
                                                      trigger_random(t)));
        trigger_wake_at(t, d->engine_not_before_usec);
}

void dispatch_start(struct dispatch *d) {
        uint64_t now = clock_monotonic_usec();
        struct trigger *t;
        int r;

        if (d->services->stopping || !turn_store_is_well(d->services->turn))
                return;
        if (now < d->engine_not_before_usec) {
                if (d->busy)
                        trigger_wake_at(d->busy, d->engine_not_before_usec);
                return;
        }
        while (d->running < d->slots && (t = next_to_start(d, now))) {
                r = t->config.batch_records > 0 ? execution_start_batch(t) : execution_start(t, next_waiting(t));
                if (r < 0) {
                        engine_failed(d, t, r, now);
                        return;
                }
                if (d->engine_failures > 0)
                        log_info("Executions start again");
                d->engine_failures = 0;
        }
}

/* --- receiving ------------------------------------------------------------------------------------------------------- */

static unsigned less(unsigned a, unsigned b) {
        return a > b ? a - b : 0;
}

/* Executions that this trigger could still start, beside what it holds and what open receives speak for. */
static unsigned free_slots(const struct dispatch *d, const struct trigger *t) {
        unsigned limit = t->config.flow->concurrency_limit, count = less(d->slots, d->held + d->reserved);

        if (t->config.concurrency > 0)
                count = MIN(count, less(t->config.concurrency, t->held + t->poller.reserved));
        if (limit > 0)
                count = MIN(count, less(limit, t->gate->held + t->poller.reserved));
        return count;
}

/* The same in messages. */
static unsigned capacity(const struct dispatch *d, struct trigger *t, uint64_t now_usec) {
        unsigned slots = free_slots(d, t), size = t->config.batch_records, messages, rate;

        if (size == 0)
                messages = slots;
        else
                messages = less(size * (slots_for(t, t->waiting_count) + slots), t->waiting_count + t->poller.asked);
        rate = rate_available(&t->rate, now_usec);
        if (rate == 0)
                trigger_wake_at(t, rate_next_usec(&t->rate));
        return rate == UINT32_MAX ? messages : MIN(messages, less(rate, t->waiting_count + t->poller.asked));
}

static unsigned size_max(const struct dispatch *d, const struct trigger *t) {
        unsigned limit = t->config.flow->concurrency_limit, most = t->config.batch_records;

        if (most > 0)
                return most;
        most = t->config.concurrency > 0 ? MIN(d->slots, t->config.concurrency) : d->slots;
        return limit > 0 ? MIN(most, limit) : most;
}

/* Opens one receive for t, or says when to ask again. True: it may want another one. */
static bool open_one(struct dispatch *d, struct trigger *t, uint64_t now_usec) {
        uint64_t again;
        unsigned room = capacity(d, t, now_usec), size = poll_next(&t->poller.plan, room, size_max(d, t), now_usec, &again);

        if (size > 0 && poller_open(&t->poller, size) < 0) {
                poll_failed(&t->poller.plan, RETRY_BASE_USEC, now_usec);
                again = t->poller.plan.not_before_usec;
                size = 0;
        }
        if (size > 0)
                return true;
        trigger_wake_at(t, again);
        if (again != USEC_INFINITY || t->poller.plan.open >= t->poller.plan.heat)
                dispatch_unlist(&d->hungry, t, &t->hungry); /* the timer or an answer brings it back */
        return false;
}

static unsigned used(const struct trigger *t) {
        return t->held + t->poller.reserved;
}

/* The hungry trigger with least of its share that was not asked in this round. */
static struct trigger *next_to_receive(const struct dispatch *d, uint64_t round) {
        struct trigger *best = NULL;

        for (struct trigger *t = d->hungry; t; t = t->hungry.next)
                if (t->asked_round != round &&
                    (!best || has_less(used(t), t->config.weight, used(best), best->config.weight)))
                        best = t;
        return best;
}

static void expire_reservations(struct dispatch *d, uint64_t now_usec) {
        if (d->reserved == 0 || !d->hungry)
                return;
        for (struct trigger *t = d->services->triggers; t; t = t->next)
                if (t->poller.reserved > 0)
                        trigger_wake_at(t, poller_expire_reservations(&t->poller, now_usec));
}

void dispatch_receive(struct dispatch *d) {
        uint64_t now = clock_monotonic_usec();
        struct trigger *t;

        if (d->services->stopping || !d->hungry || !turn_store_is_well(d->services->turn))
                return;
        if (d->held + d->reserved >= d->slots)
                expire_reservations(d, now);
        d->round++;
        while (d->held + d->reserved < d->slots && (t = next_to_receive(d, d->round)))
                if (!open_one(d, t, now))
                        t->asked_round = d->round;
}

void dispatch_flush(struct dispatch *d) {
        struct trigger *t;

        while ((t = d->flush)) {
                trigger_ref(t);
                dispatch_unlist(&d->flush, t, &t->flush);
                lease_flush(&t->lease);
                trigger_unref(t);
        }
}
