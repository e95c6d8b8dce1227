/* SPDX-License-Identifier: Apache-2.0 */
/* One message's life here, from the receive response to the confirmed delete, and the index of all of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/delivery_state.h"
#include "agent/lease.h"
#include "agent/waiting.h"
#include "common/aws/sqs_message.h"
#include "common/base/cleanup.h"
#include "common/base/hashmap.h"

struct execution;
struct trigger;

struct delivery {
        enum delivery_state state;
        struct trigger *trigger;          /* referenced */
        struct execution *execution;      /* while it runs */
        struct sqs_message *message;      /* owned until its execution started */
        const char *message_id;           /* part of key */
        unsigned receive_count;
        uint64_t sent_usec;               /* SentTimestamp: part of the ledger's key */
        uint32_t held_place;              /* in services->held */
        struct lease_item lease;          /* in its trigger's */
        struct waiting_item waiting;      /* the same */
        UT_hash_handle hh;
        size_t key_len;
        char key[];                       /* message id, NUL, queue URL */
};

struct deliveries {
        struct delivery *by_key;
        unsigned count;
};

/* The delivery of this message, NULL when none lives. */
struct delivery *deliveries_find(struct deliveries *all, const char *queue_url, const char *message_id);

/* A new one in RECEIVED, in the index and in the trigger's lease. Takes *message (and leaves NULL) on success.
 * 0 or -ENOMEM. */
int delivery_new(struct trigger *trigger, struct sqs_message **message, const struct lease_terms *terms,
                 struct delivery **ret) _must_check_;

/* Moves on by the table of delivery_state.h and does what belongs to the move: the one setter. False: the event means
 * nothing in this state, and nothing happened. In GONE the delivery is freed, unless a call about it is under way. */
bool delivery_apply(struct delivery *d, enum delivery_event event);

/* The same message came once more: adopts the newest handle and lease (P4). True: it joined, *message is freed. False:
 * that life is over, the caller begins a new one. */
bool delivery_join(struct delivery *d, struct sqs_message **message, const struct lease_terms *terms);

/* Sends it back to its queue, to be visible after `visibility_sec`. False: not possible in its state. */
bool delivery_give_back(struct delivery *d, unsigned visibility_sec);

/* For trigger_new(): what the lease tells of a delivery becomes the next move of it. */
extern const struct lease_ops delivery_lease_ops;

/* The process ends: cancels the calls about the trigger's deliveries and frees every one, whatever its state. */
void deliveries_abandon(struct trigger *t);
