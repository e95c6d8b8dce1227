/* SPDX-License-Identifier: Apache-2.0 */
/* One queue's receives: how many are open is decided by poll_plan.c, here they are opened and answered. An open receive
 * is never cancelled while the agent lives, since SQS may have handed messages to it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/poll_plan.h"

struct receive;
struct trigger;

struct poller {
        struct trigger *trigger;
        struct poll_state plan;
        struct receive *receives;
        unsigned asked;                 /* messages asked for by open receives */
        unsigned reserved;              /* of these: those that hold slots; counted in the dispatch too */
        char attempt_id[40];            /* FIFO: of a receive that the network lost, to be repeated; "" none */
        unsigned attempt_size;
        uint64_t attempt_usec;
};

void poller_init(struct poller *p, struct trigger *trigger);
/* Cancels what is open: only when the agent ends. */
void poller_done(struct poller *p);

/* Opens one receive for `size` messages. 0 or -errno. */
int poller_open(struct poller *p, unsigned size);

/* Gives up the reservations that are older than POLL_RESERVE_USEC; returns when the next one will be (USEC_INFINITY:
 * none). */
uint64_t poller_expire_reservations(struct poller *p, uint64_t now_usec);
