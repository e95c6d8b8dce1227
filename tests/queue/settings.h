/* SPDX-License-Identifier: Apache-2.0 */
/* A queue's attributes: the table of those that exist, their limits, and what the queue itself needs of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/value.h"
#include "tests/queue/failure.h"

#define QUEUE_NAME_MAX 80
#define QUEUE_ACCOUNT "000000000000"
#define QUEUE_REGION "us-east-1"
#define QUEUE_ARN_PREFIX "arn:aws:sqs:" QUEUE_REGION ":" QUEUE_ACCOUNT ":"
#define MESSAGE_BYTES_MAX 1048576u
#define VISIBILITY_SECONDS_MAX 43200u

struct settings {
        uint32_t delay_seconds;
        uint32_t maximum_bytes;
        uint32_t retention_seconds;
        uint32_t wait_seconds;
        uint32_t visibility_seconds;
        uint32_t max_receive_count; /* 0: no redrive */
        char dead_letter_queue[QUEUE_NAME_MAX + 1];
        bool fifo, content_deduplication, group_deduplication;
};

/* What a new queue has before its attributes are applied. */
struct settings settings_default(void);

/* Checks the attributes of CreateQueue (`creating`) or SetQueueAttributes and applies them to *settings. A NULL map is
 * an empty one. 0 or FAILED with the reason; *settings is untouched on failure. */
int settings_apply(const struct value *attributes, bool creating, struct settings *settings,
                   struct failure *f) _must_check_;

/* The names a queue can be asked for that it was or could be told, in the table's order; NULL at the end. */
const char *settings_name(size_t i);
/* The value that the attribute has when nobody set it; NULL when it is then absent. */
const char *settings_default_text(size_t i);
