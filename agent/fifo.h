/* SPDX-License-Identifier: Apache-2.0 */
/* The order of FIFO message groups. Pure, without time: within a group one holder at a time, in the order of arrival.
 *
 * A holder is whatever runs messages of a group together: an execution, or the batch that is being collected (the
 * collector), which may take several messages of one group, in order. When a holder fails, what waits behind it is
 * handed back to the queue (P7). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fifo_group;

/* Embedded in a delivery; all zero before fifo_add(). */
struct fifo_item {
        struct fifo_group *group; /* NULL: in none */
        struct fifo_item *prev, *next;
        bool waiting, taken, releasing;
};

struct fifo {
        struct fifo_group *by_id; /* uthash */
        struct fifo_group *ready; /* groups whose next message may be taken, longest waiting first */
        const void *collector;    /* NULL: messages run one by one */
};

/* Puts an item at its group's end. 0 or -ENOMEM. */
int fifo_add(struct fifo *f, struct fifo_item *item, const char *group_id);

/* The next message that may be taken: of a free group, or of one that the collector holds. NULL: none. */
struct fifo_item *fifo_peek(const struct fifo *f);
/* Takes what fifo_peek() gave: `holder` holds its group until fifo_end() was called for each message it took. */
void fifo_take(struct fifo *f, struct fifo_item *item, const void *holder);
/* A collected batch became an execution: the group of this taken message changes hands. */
void fifo_hand_over(struct fifo *f, struct fifo_item *item, const void *holder);
/* A taken message ended. */
void fifo_end(struct fifo *f, struct fifo_item *item);
/* Takes a waiting message out of its group. */
void fifo_remove(struct fifo *f, struct fifo_item *item);

/* The last message that waits in this item's group, NULL when none does: for handing back, last first. */
struct fifo_item *fifo_last_waiting(const struct fifo_item *item);

/* A message (waiting, taken or already ended in this group) starts on its way back to the queue. */
void fifo_release_begin(struct fifo *f, struct fifo_item *item);
/* The message that began last, which is the group's first, must stay until the others arrived: else it could be
 * received and run while a later one is still here. */
bool fifo_release_may_go(const struct fifo_item *item);
void fifo_release_end(struct fifo *f, struct fifo_item *item);
