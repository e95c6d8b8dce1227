/* SPDX-License-Identifier: Apache-2.0 */
/* What `sqsflow peek` makes of messages it looked at. */
#pragma once

#include "cli/terminal.h"
#include "common/aws/sqs.h"

enum peek_verdict {
        PEEK_HARMLESS,
        PEEK_ONE_LEFT, /* another look would take the last receive before the dead-letter queue */
        PEEK_LAST,     /* this was the last: its next receive moves it there */
};

/* Of a message that was received `receive_count` times, this time included; `max_receive_count` 0: no redrive. Pure. */
enum peek_verdict peek_judge(unsigned receive_count, unsigned max_receive_count);

/* Appends a message for people, with its number. Lines are cut to the canvas. 0 or the buffer's error. */
int peek_write(const struct sqs_message *m, unsigned number, unsigned max_receive_count, uint64_t now_usec,
               const struct canvas *canvas, struct buf *out);
/* The message as JSON; NULL: out of memory. */
struct value *peek_json(const struct sqs_message *m);
