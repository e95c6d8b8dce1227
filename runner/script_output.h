/* SPDX-License-Identifier: Apache-2.0 */
/* What a task process prints: log lines, and the outputs, metrics and logs of its "::{…}::" lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/value.h"

#define SCRIPT_OUTPUT_BYTES_MAX (4ul * 1024 * 1024) /* of "::{…}::" lines per attempt; more are refused with a log line */

struct task_run;

struct script_output {
        struct value *vars; /* map; NULL: none yet */
        size_t bytes;
        bool full;
};

/* Takes one line. `level` is the log's for an ordinary line. */
void script_output_line(struct script_output *o, struct task_run *run, int level, const char *text, size_t len,
                        bool cut);
/* Hands the collected outputs over, an empty map when there were none. NULL: out of memory. */
struct value *script_output_take(struct script_output *o);
void script_output_done(struct script_output *o);
