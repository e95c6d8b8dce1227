/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that wait to be printed in the order of their times. A runner tells in one go what happened in one turn of its
 * loop, and not in the order it happened; whoever prints puts it in order. */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"

struct line_queue {
        struct queued_line *lines;
        size_t count, capacity;
};

/* Takes the text over, whatever the result, without blanks at its end. 0 or -ENOMEM. */
int line_queue_add(struct line_queue *q, uint64_t usec, struct buf *text);
/* Prints all to stdout, flushed, and empties the queue. */
void line_queue_print(struct line_queue *q);
void line_queue_done(struct line_queue *q);
