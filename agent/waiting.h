/* SPDX-License-Identifier: Apache-2.0 */
/* What waits in a trigger for its start: a standard queue's messages in their order, a FIFO queue's by their groups, and
 * of either those that the batch window has collected. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/batch.h"
#include "agent/fifo.h"

/* Embedded in a delivery; all zero before waiting_add(). */
struct waiting_item {
        struct fifo_item fifo;          /* its place in a group, until it is back in the queue or ended */
        struct waiting_item *prev, *next;
        uint64_t ticket;                /* smaller than that of who came later (places.h) */
        uint64_t bytes;                 /* what it adds to a batch, at most */
        bool in_window;
};

struct waiting {
        bool is_fifo;
        struct fifo fifo;
        struct waiting_item *items;     /* of a standard queue */
        struct waiting_item *window_items;
        struct batch_window window;
};

/* At the end. Without memory, an item of a FIFO queue gets no group (item->fifo.group is NULL) and is never the next. */
void waiting_add(struct waiting *w, struct waiting_item *item, const char *group_id);
/* It waits no more. Its group, if it has one, is left as it is: fifo.h says what becomes of that. */
void waiting_remove(struct waiting *w, struct waiting_item *item);

/* The next that may start, or be collected; NULL: none. */
struct waiting_item *waiting_next(const struct waiting *w);
/* The ticket of what would start next, in the window or in front of it; UINT64_MAX: nothing would. */
uint64_t waiting_ticket(const struct waiting *w);
/* Moves what may be collected into the window, while that has room. */
void waiting_fill_window(struct waiting *w, unsigned max_records, uint64_t now_usec);
