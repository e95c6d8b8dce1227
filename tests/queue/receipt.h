/* SPDX-License-Identifier: Apache-2.0 */
/* Receipt handles: opaque to the client, self-contained for the server. */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"
#include "tests/queue/queue.h"

struct receipt {
        uint64_t queue_number, message_number, number;
};

/* Appends the handle (base64) of the message's latest receive. */
int receipt_write(struct buf *out, const struct message *m);

/* 0, or -EINVAL for what this server never gave out. */
int receipt_read(const char *handle, struct receipt *ret) _must_check_;
