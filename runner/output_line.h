/* SPDX-License-Identifier: Apache-2.0 */
/* The lines by which a task process hands outputs over: "::{"outputs": {…}, "metrics": […], "logs": […]}::". Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/value.h"

struct output_line {
        struct value *outputs; /* map; NULL: none */
        struct value *metrics; /* list of maps; NULL: none */
        struct value *logs;    /* list of maps; NULL: none */
};

/* True when the bytes begin like such a line: what a reader keeps longer than a log line. */
bool output_line_begins(const char *text, size_t len);

/* 0 with the parts, all owned (output_line_done); 1 when the line is an ordinary log line; -EBADMSG when it has the
 * form but not the content, *ret_problem is then a static phrase; -ENOMEM. */
int output_line_parse(const char *text, size_t len, struct output_line *ret, const char **ret_problem) _must_check_;
void output_line_done(struct output_line *l);
