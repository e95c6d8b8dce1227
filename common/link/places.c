/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a wait can end is asked when it begins, and only if as many as the limit allows have a waiter inside: that is rare,
 * so the whole picture may be looked at then. It is the banker's question. All waiters are held to be stuck at first; those
 * of a flow are not when fewer of its places than its limit are held by executions with a stuck waiter inside, since the
 * others end; and so on until nothing changes. Only a new wait can close such a ring, or a limit that is lowered. */
#include "common/link/places.h"

#include <string.h>
#include <utlist.h>

#include "common/base/cleanup.h"

/* --- flows ------------------------------------------------------------------------------------------------------------- */

static void learn(struct place_flow *f) {
        const struct flow *flow = f->places->set ? flow_set_find(f->places->set, f->flow_id) : NULL;

        f->is_known = flow;
        if (!flow)
                return;
        f->limit = flow->concurrency_limit;
        f->behavior = flow->concurrency_behavior;
}

struct place_flow *places_flow(struct places *ps, const char *flow_id) {
        struct place_flow *f;
        size_t len = strlen(flow_id);

        HASH_FIND(hh, ps->flows, flow_id, len, f);
        if (f)
                return f;
        f = calloc(1, sizeof *f + len + 1);
        if (!f)
                return NULL;
        memcpy(f->flow_id, flow_id, len);
        f->places = ps;
        HASH_ADD_KEYPTR(hh, ps->flows, f->flow_id, len, f);
        if (!hash_added(f)) {
                free(f);
                return NULL;
        }
        learn(f);
        return f;
}

void places_set_flows(struct places *ps, const struct flow_set *set) {
        ps->set = set;
        ps->may_be_stuck = true;
        for (struct place_flow *f = ps->flows; f; f = f->hh.next)
                learn(f);
}

void places_done(struct places *ps) {
        struct place_flow *f, *next;

        HASH_ITER(hh, ps->flows, f, next) {
                HASH_DEL(ps->flows, f);
                free(f);
        }
}

uint64_t places_ticket(struct places *ps) {
        return ++ps->tickets;
}

/* --- waits that cannot end --------------------------------------------------------------------------------------------- */

/* How many of its places will never be free again, as far as is known. */
static unsigned count_stuck(const struct place_flow *f) {
        unsigned count = 0;

        for (const struct place *p = f->takers; p; p = p->next)
                count += p->stuck_inside > 0;
        return count;
}

static void hold_all_for_stuck(struct places *ps) {
        for (struct place_flow *f = ps->flows; f; f = f->hh.next) {
                for (struct place *p = f->takers; p; p = p->next)
                        p->stuck_inside = p->waiting_inside;
                for (struct place *p = f->waiters; p; p = p->next)
                        p->is_stuck = true;
        }
}

/* The flow's waiters get their turn. */
static bool release_waiters(struct place_flow *f) {
        bool changed = false;

        if (f->limit > 0 && count_stuck(f) >= f->limit)
                return false;
        for (struct place *p = f->waiters; p; p = p->next) {
                for (struct place *o = p->outer; o && p->is_stuck; o = o->outer)
                        o->stuck_inside--;
                changed |= p->is_stuck;
                p->is_stuck = false;
        }
        return changed;
}

static void find_stuck(struct places *ps) {
        bool changed;

        hold_all_for_stuck(ps);
        do {
                changed = false;
                for (struct place_flow *f = ps->flows; f; f = f->hh.next)
                        changed |= release_waiters(f);
        } while (changed);
}

static bool is_stuck(const struct place *p) {
        const struct place *taker;
        unsigned held = 0;

        DL_FOREACH(p->flow->takers, taker)
                held += taker->waiting_inside > 0; /* the others end sooner or later */
        if (held < p->flow->limit)
                return false;
        find_stuck(p->flow->places);
        return p->is_stuck;
}

/* --- places ------------------------------------------------------------------------------------------------------------ */

static void change_inside(const struct place *p, int change) {
        for (struct place *o = p->outer; o; o = o->outer)
                o->waiting_inside += (unsigned)change;
}

void place_take(struct place *p, struct place_flow *f) {
        p->flow = f;
        f->taken++;
        DL_APPEND(f->takers, p);
}

static void wait_in_line(struct place *p, struct place_flow *f) {
        p->flow = f;
        p->is_waiting = true;
        p->ticket = places_ticket(f->places);
        f->places->waiting++;
        DL_APPEND(f->waiters, p);
        change_inside(p, 1);
}

static void leave_line(struct place *p) {
        change_inside(p, -1);
        DL_DELETE(p->flow->waiters, p); /* NOLINT(clang-analyzer-core.NullDereference): one that is alone is its own prev */
        p->flow->places->waiting--;
        p->is_waiting = p->is_told = false;
}

void place_leave(struct place *p) {
        if (!p->flow)
                return;
        if (p->is_waiting)
                leave_line(p);
        else {
                DL_DELETE(p->flow->takers, p);
                p->flow->taken--;
        }
        p->flow = NULL;
}

enum place_answer place_ask(struct place *p, struct place_flow *f) {
        static const enum place_answer refusals[] = { [FLOW_CANCEL] = PLACE_CANCELLED, [FLOW_FAIL] = PLACE_FAILED };
        bool waits = f->limit > 0 && f->behavior == FLOW_QUEUE;

        if (!waits && f->limit > 0 && f->taken >= f->limit)
                return refusals[f->behavior];
        if (!waits) {
                place_take(p, f);
                return PLACE_GIVEN;
        }
        wait_in_line(p, f);
        if (!is_stuck(p))
                return PLACE_WAITS;
        place_leave(p);
        return PLACE_STUCK;
}

unsigned place_flow_room(const struct place_flow *f, unsigned limit, uint64_t ticket) {
        unsigned count = f->taken;

        for (const struct place *p = f->waiters; p && p->ticket < ticket && count < limit; p = p->next)
                count++;
        return limit > count ? limit - count : 0;
}

struct place *places_next_stuck(struct places *ps) {
        struct place *last = NULL;

        if (!ps->may_be_stuck)
                return NULL;
        find_stuck(ps);
        for (struct place_flow *f = ps->flows; f; f = f->hh.next)
                for (struct place *p = f->waiters; p; p = p->next)
                        if (p->is_stuck && (!last || p->ticket > last->ticket))
                                last = p;
        ps->may_be_stuck = last;
        return last;
}

/* --- who is next ------------------------------------------------------------------------------------------------------- */

struct place *places_next(struct places *ps) {
        for (struct place_flow *f = ps->waiting > 0 ? ps->flows : NULL; f; f = f->hh.next) {
                struct place *p = f->waiters;

                if (!p || (f->limit > 0 && f->taken >= f->limit))
                        continue;
                leave_line(p);
                place_take(p, f);
                return p;
        }
        return NULL;
}

struct place *places_next_untold(struct places *ps) {
        for (struct place_flow *f = ps->waiting > 0 ? ps->flows : NULL; f; f = f->hh.next) {
                struct place *p = f->waiters ? f->waiters->prev : NULL; /* utlist: the head's prev is the tail */

                if (!p || p->is_told)
                        continue;
                while (p != f->waiters && !p->prev->is_told)
                        p = p->prev;
                p->is_told = true;
                return p;
        }
        return NULL;
}
