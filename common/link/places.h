/* SPDX-License-Identifier: Apache-2.0 */
/* Places: what a flow's `concurrency.limit` counts. Every execution of a flow takes one, whoever started it; those that a
 * task calls ask first when the flow has a limit (protocol.h: PLACE_WANTED), and wait in the order of asking. Whoever drives
 * runners counts here: the agent over all of them, `sqsflow run` over its one.
 *
 * A wait that cannot end is refused: each place of the flow is held by an execution that itself cannot end before some wait
 * does, and so on around (a flow that calls itself, two that call each other). What else may keep an execution from its end
 * (a script, a queue, another host) is not seen. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/hashmap.h"
#include "common/flow/flow.h"
#include "common/link/protocol.h"

struct place_flow {
        UT_hash_handle hh;
        struct places *places;
        unsigned limit;                 /* 0: none */
        enum flow_concurrency_behavior behavior;
        bool is_known;                  /* both are the set's; else of who asked last */
        unsigned taken;
        struct place *takers, *waiters; /* those in the order of asking */
        char flow_id[];                 /* "namespace.id" */
};

/* Embedded in whoever takes it, all zero before; must not move while it is taken or waited for. */
struct place {
        struct place_flow *flow;        /* NULL: neither taken nor waited for */
        struct place *outer;            /* that of the execution which cannot end before this one; NULL: none. It stays
                                         * until this one is left */
        uint64_t ticket;                /* of a waiter: who asked before has a smaller one */
        bool is_waiting, is_told;
        unsigned waiting_inside;        /* waiters whose outers lead here */
        unsigned stuck_inside;          /* while is_stuck() looks: those of them that cannot go on; ... */
        bool is_stuck;                  /* ... and whether this one is */
        struct place *prev, *next;
};

/* All zero before. */
struct places {
        struct place_flow *flows;
        const struct flow_set *set;
        uint64_t tickets;
        unsigned waiting;
        bool may_be_stuck; /* limits changed, and who waited then was not looked at yet */
};

/* Nobody uses a place any more. */
void places_done(struct places *ps);
/* Limits are from now on those of the set (borrowed until the next call); a flow that it lacks keeps its own. */
void places_set_flows(struct places *ps, const struct flow_set *set);
/* A flow's places; as long-lived as all. NULL: out of memory. */
struct place_flow *places_flow(struct places *ps, const char *flow_id);
/* A number that grows with every call: what waits elsewhere for a start can be held against those that wait here. */
uint64_t places_ticket(struct places *ps);

/* Takes one, whatever the limit: the caller has looked. */
void place_take(struct place *p, struct place_flow *f);
/* PLACE_GIVEN: taken, there is no limit or not so many run. PLACE_WAITS: it is last in the line (QUEUE), also when there
 * is room: places_next() decides. PLACE_CANCELLED, PLACE_FAILED: as many run (CANCEL, FAIL). PLACE_STUCK: it would wait for
 * ever. After the last three it has no place. p->outer must be set. */
enum place_answer place_ask(struct place *p, struct place_flow *f) _must_check_;
/* It is over, or waits no more. Legal for one that has none. */
void place_leave(struct place *p);

/* How many could be taken by somebody who asked with that ticket, beside those that asked before and wait. */
unsigned place_flow_room(const struct place_flow *f, unsigned limit, uint64_t ticket);

/* The last to ask of those whose waits cannot end any more since the limits changed, to be refused (PLACE_STUCK) and left: the
 * others may go on then. NULL: none. */
struct place *places_next_stuck(struct places *ps);
/* The next waiter for whom there is room: now it has its place. NULL: none. */
struct place *places_next(struct places *ps);
/* The next that waits and was not told so: now it is. NULL: none. */
struct place *places_next_untold(struct places *ps);
