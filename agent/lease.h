/* SPDX-License-Identifier: Apache-2.0 */
/* One queue's leases: extends what is held, deletes what succeeded, gives back what is released, in batches of up to ten.
 * One timer for all of them; one call about a message at a time, so that a heartbeat never crosses a delete. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "agent/delivery.h"
#include "agent/liveness.h"

struct lease {
        struct trigger *trigger;       /* whose part this is */
        struct delivery *held;         /* every delivery, in the order of arrival */
        struct delivery *deletes, *releases;
        struct lease_call *calls;      /* under way */
        unsigned delete_count, release_count;
        uint64_t oldest_delete_usec;
        uint64_t not_before_usec;      /* after a call failed: when deletes and releases are tried again */
        unsigned failures;
        uint64_t armed_usec;           /* USEC_INFINITY: the timer is off */
        sd_event_source *timer;
        struct liveness_entry liveness;
};

int lease_init(struct lease *l, struct trigger *trigger) _must_check_;
void lease_done(struct lease *l); /* nothing is held, and no call is under way */

void lease_hold(struct lease *l, struct delivery *d);
void lease_hold_again(struct lease *l, struct delivery *d); /* its terms changed */
void lease_forget(struct lease *l, struct delivery *d);

/* SUCCEEDED: to the deletes. RELEASING: to the releases. Sent by lease_flush(), at the end of the loop turn. */
void lease_queue(struct lease *l, struct delivery *d);
void lease_unqueue(struct lease *l, struct delivery *d); /* legal when it is not queued */

/* The process ends: cancels the calls and frees every delivery, whatever its state. */
void lease_abandon(struct lease *l);

/* Sends what is ready: whole batches, lingering rests, releases at once. */
void lease_flush(struct lease *l);

/* Nothing is queued and no call is under way. */
static inline bool lease_is_quiet(const struct lease *l) {
        return l->delete_count == 0 && l->release_count == 0 && !l->calls;
}
