/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/slots.h"

#include <errno.h>
#include <string.h>

void slots_done(struct slots *s) {
        struct flow_gate *g, *next;

        HASH_ITER(hh, s->gates, g, next) {
                HASH_DEL(s->gates, g);
                free(g);
        }
        places_done(&s->places);
}

/* The gate of a flow, made when it is new; lives as long as the slots. NULL: out of memory. */
static struct flow_gate *gate_get(struct slots *s, const char *flow_id) {
        struct place_flow *places;
        struct flow_gate *g;
        size_t len = strlen(flow_id);

        HASH_FIND(hh, s->gates, flow_id, len, g);
        if (g)
                return g;
        places = places_flow(&s->places, flow_id);
        g = places ? calloc(1, sizeof *g + len + 1) : NULL;
        if (!g)
                return NULL;
        memcpy(g->flow_id, flow_id, len);
        g->places = places;
        HASH_ADD_KEYPTR(hh, s->gates, g->flow_id, len, g);
        if (!hash_added(g)) {
                free(g);
                return NULL;
        }
        return g;
}

int slots_join(struct slots *s, struct slot_holder *h, const char *flow_id, unsigned batch_records) {
        h->batch_records = batch_records;
        h->gate = gate_get(s, flow_id);
        return h->gate ? 0 : -ENOMEM;
}

void slots_leave(struct slots *s, struct slot_holder *h) {
        listed_leave(&s->busy, &h->busy);
}

unsigned slots_for(const struct slot_holder *h, unsigned messages) {
        unsigned size = h->batch_records;

        return size == 0 ? messages : (messages + size - 1) / size;
}

bool slots_flow_is_full(const struct slot_holder *h, unsigned limit) {
        return limit > 0 && h->gate->places->taken >= limit;
}

unsigned slots_flow_left(const struct slot_holder *h, unsigned limit) {
        unsigned called = h->gate->places->taken - h->gate->running, mine = h->gate->held + h->reserved;

        if (called > 0 && mine == 0)
                return called < limit ? limit - called : 1;
        return limit > called + mine ? limit - called - mine : 0;
}

unsigned slots_left(const struct slots *s) {
        unsigned taken = s->held + s->reserved;

        return s->total > taken ? s->total - taken : 0;
}

static void account(struct slots *s, struct slot_holder *h) {
        unsigned held = h->running + slots_for(h, h->waiting);

        s->held += held - h->held;
        h->gate->held += held - h->held;
        h->held = held;
}

void slots_change_waiting(struct slots *s, struct slot_holder *h, int change) {
        h->waiting += (unsigned)change;
        account(s, h);
        if (h->waiting > 0)
                listed_enter(&s->busy, &h->busy);
        else
                listed_leave(&s->busy, &h->busy);
}

static void change_running(struct slots *s, struct slot_holder *h, int change) {
        s->running += (unsigned)change;
        h->running += (unsigned)change;
        h->gate->running += (unsigned)change;
        account(s, h);
}

void slots_begin(struct slots *s, struct slot_holder *h, struct place *place) {
        place_take(place, h->gate->places);
        change_running(s, h, 1);
}

void slots_end(struct slots *s, struct slot_holder *h, struct place *place) {
        place_leave(place);
        change_running(s, h, -1);
}

void slots_change_reserved(struct slots *s, struct slot_holder *h, int change) {
        s->reserved += (unsigned)change;
        h->reserved += (unsigned)change;
}
