/* SPDX-License-Identifier: Apache-2.0 */
/* An execution as a chart of characters: a row per task run, its bar where it ran between the execution's start and end.
 *
 *                  0s                              12.4s
 *   fetch       ✔  ██████                           2.1s
 *   work        ✘        ████████████████████████   9.8s
 *     part = 1  ✔        ████████████               4.9s
 *   tidy        ○                                SKIPPED
 *
 * Pure. */
#pragma once

#include "cli/progress.h"
#include "cli/terminal.h"

struct gantt_row {
        const char *name;              /* cleaned when it is written */
        unsigned depth;
        enum run_state state;
        uint64_t start_usec, end_usec; /* start 0: it did not run; end 0: it still runs */
};

/* Appends the chart of what happened from `start_usec` to `end_usec`. A narrow canvas cuts names, then leaves the bars
 * out; without a width, it is made for 80 columns. Nothing without rows. 0 or the buffer's error. */
int gantt_write(const struct gantt_row *rows, size_t count, uint64_t start_usec, uint64_t end_usec,
                const struct canvas *canvas, struct buf *out);
/* The same of an execution's task runs, in the order of their tree; attempts after the first are told with the name. */
int gantt_write_progress(const struct progress *p, uint64_t end_usec, const struct canvas *canvas, struct buf *out);
