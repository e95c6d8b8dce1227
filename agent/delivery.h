/* SPDX-License-Identifier: Apache-2.0 */
/* One message's life here, from the receive response to the confirmed delete, and the index of all of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/delivery_state.h"
#include "agent/fifo.h"
#include "agent/lease_plan.h"
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
        char *receipt_handle;             /* the newest */
        const char *message_id;           /* part of key */
        unsigned handle_version;          /* changes with receipt_handle */
        unsigned receive_count;
        uint64_t sent_usec;               /* SentTimestamp: part of the ledger's key */
        struct lease_terms terms;
        unsigned release_sec;             /* RELEASING: the visibility to set */
        bool in_window;                   /* WAITING: in the batch that is being collected */
        bool in_flight;                   /* a call about it is under way: it must stay */
        bool on_wire_list;                /* in the lease's deletes or releases */
        struct fifo_item fifo;
        struct delivery *prev, *next;             /* trigger: waiting or window */
        struct delivery *held_prev, *held_next;   /* lease: every delivery, in the order of arrival */
        struct delivery *wire_prev, *wire_next;   /* lease: deletes or releases */
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

/* For lease.c: a call about it ended. */
void delivery_call_ended(struct delivery *d);
/* For lease.c, when the process ends: frees it in whichever state. */
void delivery_abandon(struct delivery *d);
