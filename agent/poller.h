/* SPDX-License-Identifier: Apache-2.0 */
/* One queue's receives: how many are open is decided by poll_plan.c, here they are opened and answered. An open receive
 * is never cancelled while the agent lives, since SQS may have handed messages to it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/poll_plan.h"
#include "agent/queue.h"
#include "agent/slots.h"

struct poller;
struct receive;

/* Each is called when the receive is no longer counted; the poller may be asked for another one in it. */
struct poller_ops {
        /* The messages are borrowed; what is taken of them is set to NULL. The others are the request's: when it was sent (boot
         * time), how long it might wait, and the lease that it took. */
        void (*on_received)(struct poller *p, struct sqs_message **messages, size_t count, uint64_t sent_boot_usec,
                            unsigned wait_sec, unsigned visibility_sec);
        void (*on_failed)(struct poller *p, const struct aws_error *error);
};

struct poller {
        const struct poller_ops *ops;
        const struct queue *queue;      /* borrowed: what is asked */
        struct slot_holder *slots;      /* borrowed: on whose account slots are reserved */
        struct poll_state plan;
        struct receive *receives;
        unsigned asked;                 /* messages asked for by open receives */
        bool may_take_back;             /* a message was made visible while a receive was open: it may come here again */
        char attempt_id[40];            /* FIFO: of a receive that the network lost, to be repeated; "" none */
        unsigned attempt_size;
        uint64_t attempt_usec;
};

void poller_init(struct poller *p, const struct queue *queue, struct slot_holder *slots, const struct poller_ops *ops);
/* Cancels what is open: only when the agent ends. */
void poller_done(struct poller *p);

/* Opens one receive for `size` messages. 0 or -errno. */
int poller_open(struct poller *p, unsigned size);

/* Gives up the reservations that are older than POLL_RESERVE_USEC; returns when the next one will be (USEC_INFINITY:
 * none). */
uint64_t poller_expire_reservations(struct poller *p, uint64_t now_usec);
