/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's status for people. Triggers in trouble come first, marked, each with its reason in full in lines of its own;
 * of the columns, those that matter least are left out until the table fits the canvas. Pure. */
#pragma once

#include "cli/terminal.h"
#include "common/base/value.h"

/* False when the store cannot be used, no further execution can be started, or a trigger is in trouble. */
bool status_is_well(const struct value *status);

/* Appends it as lines that end in "\n"; with canvas->rows, only as many of them as fit, and the last says how many triggers
 * are not shown. *ret_rows (may be NULL): how many lines. 0 or the buffer's error. */
int status_write(const struct value *status, uint64_t now_usec, const struct canvas *canvas, struct buf *out,
                 unsigned *ret_rows);
