/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts wish of the end of the loop turn, without knowing what that does: turn.c reads it there. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "agent/listed.h"

struct wishes {
        sd_event_source *turn_source; /* of turn.c */
        bool turn;
        struct listed *receives;      /* triggers that might open another receive */
        struct listed *flushes;       /* leases with deletes or releases to send */
};

/* Asks for an end of turn after the events that are pending now. Cheap, and idempotent. */
static inline void wish_turn(struct wishes *w) {
        if (w->turn)
                return;
        w->turn = true;
        sd_event_source_set_enabled(w->turn_source, SD_EVENT_ONESHOT);
}

static inline void wish_receives(struct wishes *w, struct listed *l) {
        listed_enter(&w->receives, l);
        wish_turn(w);
}

static inline void wish_no_receives(struct wishes *w, struct listed *l) {
        listed_leave(&w->receives, l);
}

static inline void wish_flush(struct wishes *w, struct listed *l) {
        listed_enter(&w->flushes, l);
        wish_turn(w);
}

static inline void wish_no_flush(struct wishes *w, struct listed *l) {
        listed_leave(&w->flushes, l);
}
