/* SPDX-License-Identifier: Apache-2.0 */
/* One picture of an execution that runs: a head line, then a line per task run with its sign (a spinner while it runs),
 * name, state, time and last log line. Pure: what is drawn, not how a terminal gets it. */
#pragma once

#include "cli/progress.h"
#include "cli/terminal.h"

struct live_frame {
        const struct progress *progress;
        const char *title;          /* "shop.orders" */
        const char *remark;         /* shown behind the title; NULL: none */
        enum run_state state;       /* of the execution */
        uint64_t now_usec;          /* wall clock */
        unsigned tick;              /* of the spinner */
};

/* Appends the picture, lines that end in "\n", none wider than the canvas and no more than canvas->rows - 1 (a row is the
 * cursor's; 0: all are drawn). When not all task runs fit, those that run and what they stand in are drawn first, then the
 * latest; a line tells how many are left out. *ret_rows gets the number of lines. 0 or the buffer's error. */
int live_frame_write(const struct live_frame *f, const struct canvas *canvas, struct buf *out, unsigned *ret_rows);
