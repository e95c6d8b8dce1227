/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as a runner and the store get them. The texts are built in buffers that are used again and again, so that a
 * message costs no allocation here. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/link/protocol.h"

struct delivery;

struct message_json {
        struct buf attributes;      /* JSON texts of the frames, one behind the other */
        struct buf input;
        struct frame_message *frames;
        size_t frame_cap;
};

void message_json_done(struct message_json *j);

/* The messages as frames; all bytes are borrowed from the deliveries and from j, until its next use. 0 or -ENOMEM. */
int message_json_frames(struct message_json *j, struct delivery *const *deliveries, size_t count, const char *queue_url,
                        const struct frame_message **ret) _must_check_;

/* The record of an execution's input: a JSON list of the messages as SQS gave them. NULL when memory is out, or when it
 * would be too large to keep. Borrowed from j. */
const char *message_json_input(struct message_json *j, struct delivery *const *deliveries, size_t count);
