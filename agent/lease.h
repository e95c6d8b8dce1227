/* SPDX-License-Identifier: Apache-2.0 */
/* One queue's leases: extends what is held, deletes what succeeded, gives back what is released, in batches of up to ten.
 * One timer for all of them; one call about a message at a time, so that a heartbeat never crosses a delete. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "agent/listed.h"
#include "agent/liveness.h"
#include "agent/queue.h"
#include "common/aws/lease_plan.h"

struct lease;
struct lease_call;

enum lease_list { LEASE_NOT_LISTED, LEASE_DELETES, LEASE_RELEASES };

/* A message that is held. Embedded in a delivery. */
struct lease_item {
        char *receipt_handle;           /* the newest; owned */
        unsigned handle_version;        /* changes with receipt_handle */
        struct lease_terms terms;
        unsigned release_sec;           /* the visibility that a release sets */
        enum lease_list listed;
        bool is_held;                   /* from lease_hold() to lease_forget() */
        bool is_extended;               /* in time, while it is held */
        bool in_flight;                 /* a call about it is under way: it must stay until on_call_ended() */
        struct lease_item *prev, *next; /* held, in the order of arrival */
        struct lease_item *listed_prev, *listed_next;
};

/* What becomes of an item. Each may do anything with it that is declared here, and free it. */
struct lease_ops {
        bool (*may_release)(const struct lease_item *item); /* false: not yet; asked again with each flush */
        void (*on_released)(struct lease_item *item);       /* or refused: its handle is worth nothing any more */
        void (*on_delete_sent)(struct lease_item *item);    /* one of the two below follows, for certain */
        void (*on_deleted)(struct lease_item *item, const char *refusal); /* NULL, or SQS's code: no repetition helps */
        void (*on_delete_again)(struct lease_item *item, bool failed); /* false: there is a newer handle than the used one */
        void (*on_lost)(struct lease_item *item);           /* SQS says, or time does, that the lease is over */
        void (*on_call_ended)(struct lease_item *item);     /* only of one that was forgotten meanwhile */
        void (*on_answered)(struct lease *l, const struct aws_error *error); /* a call as a whole; NULL: it went through */
};

struct lease {
        const struct lease_ops *ops;
        const struct queue *queue;     /* borrowed */
        struct lease_item *held;       /* every one, in the order of arrival */
        struct lease_item *deletes, *releases;
        struct lease_call *calls;      /* under way */
        unsigned delete_count, release_count;
        uint64_t oldest_delete_usec;
        uint64_t not_before_usec;      /* after a call failed: when deletes and releases are tried again */
        unsigned failures;
        uint64_t armed_usec;           /* USEC_INFINITY: the timer is off */
        sd_event_source *timer;
        struct liveness_entry liveness;
        struct listed flush;           /* of the wishes */
};

/* 0 or -errno. */
int lease_init(struct lease *l, const struct queue *queue, const struct lease_ops *ops) _must_check_;
void lease_done(struct lease *l); /* nothing is held, and no call is under way */

/* A new item, with its handle and terms: extended from here on. */
void lease_hold(struct lease *l, struct lease_item *item);
/* The message came once more: takes *receipt_handle, which is the newest, and its terms. It is extended from here on. */
void lease_adopt(struct lease *l, struct lease_item *item, char **receipt_handle, const struct lease_terms *terms);
/* It is extended no more. */
void lease_let_go(struct lease_item *item);
void lease_forget(struct lease *l, struct lease_item *item);

/* To the deletes; or to the releases, and extended no more. Sent by lease_flush(), at the end of the loop turn. */
void lease_delete(struct lease *l, struct lease_item *item);
void lease_release(struct lease *l, struct lease_item *item);
void lease_unlist(struct lease *l, struct lease_item *item); /* legal when it is on no list */

void lease_wish_flush(struct lease *l);
/* Sends what is ready: whole batches, lingering rests, releases at once. */
void lease_flush(struct lease *l);

/* The process ends: cancels the calls. */
void lease_cancel_calls(struct lease *l);

/* Nothing is listed and no call is under way. */
static inline bool lease_is_quiet(const struct lease *l) {
        return l->delete_count == 0 && l->release_count == 0 && !l->calls;
}
