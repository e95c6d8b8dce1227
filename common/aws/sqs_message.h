/* SPDX-License-Identifier: Apache-2.0 */
/* A message as SQS delivered it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/value.h"

/* A message attribute, of a received message or of one to send. */
struct sqs_attribute {
        const char *name;
        const char *data_type; /* "String", "Number", "Binary", or with a suffix: "Binary.png" */
        const char *value;     /* text, or the decoded bytes of a Binary (NUL-terminated beyond len) */
        size_t len;
};
bool sqs_attribute_is_binary(const struct sqs_attribute *a); /* data type Binary or Binary.… */

enum sqs_damage {
        SQS_INTACT,
        SQS_DAMAGED_BODY,       /* MD5OfBody does not fit: must not be run; the message stays in the queue */
        SQS_DAMAGED_ATTRIBUTES, /* the same for MD5OfMessageAttributes */
};

/* One heap object with one owner. The strings are borrowed from `source`, a reference to the message's own JSON, except
 * receipt_handle, which the message owns alone so that a newer one can be adopted with text_replace(). */
struct sqs_message {
        const char *message_id;
        char *receipt_handle;
        const char *body;               /* UTF-8, NUL-terminated, never NULL */
        size_t body_len;
        struct value *body_value;       /* the same bytes as a string value; value_ref() it to keep or embed it */
        enum sqs_damage damage;
        unsigned receive_count;         /* ApproximateReceiveCount; 0 when the server did not say */
        uint64_t sent_usec;             /* SentTimestamp, wall clock; 0: unknown */
        uint64_t first_receive_usec;    /* ApproximateFirstReceiveTimestamp; 0: unknown */
        const char *group_id;           /* MessageGroupId; NULL: none. Standard queues may have one too (fair queues) */
        const char *deduplication_id;   /* NULL: none */
        const char *sequence_number;    /* NULL: not a FIFO queue */
        const char *trace_header;       /* AWSTraceHeader; NULL: none */
        struct value *attributes;       /* map of all system attributes, unknown ones too; owned, never NULL */
        struct sqs_attribute *message_attributes; /* in the server's order; owned */
        size_t message_attribute_count;
        struct value *source;           /* owned reference */
};

struct sqs_message *sqs_message_free(struct sqs_message *m); /* returns NULL */
DEFINE_CLEANUP(struct sqs_message *, sqs_message_free)

/* Frees the messages that are left (elements may be NULL) and the array. Returns NULL. */
struct sqs_message **sqs_messages_free(struct sqs_message **messages, size_t count);
