/* SPDX-License-Identifier: Apache-2.0 */
/* A message move task: takes the visible messages of a dead-letter queue to another queue, or each to where it came from,
 * one at a time at a rate. What it moves are new messages: they get an id, a time of sending and a receive count of their
 * own. A queue remembers its last task; a restart of the server forgets it. */
#pragma once

#include <stdint.h>

#include "tests/queue/message.h"
#include "tests/queue/timers.h"

#define MOVE_RATE_MAX 500 /* messages per second; also the default */

enum move_status { MOVE_RUNNING, MOVE_COMPLETED, MOVE_CANCELLED, MOVE_FAILED };

struct move {
        char handle[MESSAGE_ID_SIZE];
        enum move_status status;
        char *target;           /* name; NULL: where each message came from */
        const char *failure;    /* NULL: none */
        uint64_t interval_usec, started_usec;
        uint64_t moved_count, to_move_count;
        struct queue *queue;
        struct timer timer;
};

/* Replaces the queue's last task, which must not be running. `target` (borrowed) may be NULL. 0 or -ENOMEM. */
int move_start(struct queue *q, const char *target, uint64_t rate, uint64_t now_usec) _must_check_;
/* Of a task that runs. */
void move_cancel(struct move *m);
/* Returns NULL. */
struct move *move_free(struct move *m);
