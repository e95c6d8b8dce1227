/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts a stream of bytes into lines of bounded length. Pure, but for memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

#define LINE_BYTES_MAX (64ul * 1024)          /* of a log line; the rest of a longer one is dropped */
#define OUTPUT_LINE_BYTES_MAX (1024ul * 1024) /* of a line that begins as "::{" */

/* The text is borrowed and has no line end ("\n" or "\r\n"). `cut`: the line was longer. */
typedef void (*lines_on_line_t)(void *userdata, const char *text, size_t len, bool cut);

struct lines {
        struct buf partial;  /* the line that has not ended yet */
        bool dropping;       /* the rest of a line that was too long */
};

#define LINES_INIT ((struct lines){ .partial = { .max = OUTPUT_LINE_BYTES_MAX } })

/* Calls on_line for every line that ends in these bytes. 0, or -ENOMEM: then the line at hand is lost. */
int lines_feed(struct lines *l, const char *data, size_t len, lines_on_line_t on_line, void *userdata);
/* The stream ended: a last line without a line end is a line too. */
void lines_end(struct lines *l, lines_on_line_t on_line, void *userdata);
void lines_done(struct lines *l);
