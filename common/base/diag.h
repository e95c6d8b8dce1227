/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a file that a person wrote: "orders.yaml:12:7: unknown property 'tmeout'; did you mean 'timeout'?"
 * (P12). A reader collects as many as it can before it gives up, and the caller decides where they are shown. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"

#define DIAG_COUNT_MAX 50 /* more are counted, not kept */

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag_entry {
        enum diag_level level;
        char *file;
        unsigned line, column; /* 0: the file as a whole */
        char *message;
};

struct diag {
        struct diag_entry entries[DIAG_COUNT_MAX];
        size_t count;
        size_t error_count; /* also those that were not kept */
};

#define DIAG_INIT ((struct diag){ 0 })
void diag_done(struct diag *d);

/* Adds a finding. Never fails: when memory is out, the error is still counted. */
void diag_add(struct diag *d, enum diag_level level, const char *file, unsigned line, unsigned column,
              const char *fmt, ...) _printf_(6, 7);

/* Appends one line per finding, "file:line:column: message" ("file: message" when line is 0), warnings marked with
 * "warning: ", and steering no terminal. */
int diag_write(const struct diag *d, struct buf *out);
