/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of an execution as a value (`trigger`) and as files for task processes. */
#pragma once

#include "common/base/value.h"
#include "common/link/protocol.h"

struct execution;

/* Names in the execution's folder; those of the message and the records also in the URIs of these files (files.h). */
#define TRIGGER_MESSAGE_FILE "message"          /* the body, byte for byte */
#define TRIGGER_BATCH_FILE "messages.jsonl"     /* each message with all that it has, a JSON object a line */
#define TRIGGER_RECORDS_FILE "records.jsonl"    /* only what their bodies are, a JSON value a line: trigger.uri, as Kestra's */

/* What a message has. */
enum message_member {
        MESSAGE_DATA,
        MESSAGE_ID,
        MESSAGE_RECEIVE_COUNT,
        MESSAGE_QUEUE_URL,
        MESSAGE_GROUP_ID,
        MESSAGE_SENT_AT,
        MESSAGE_ATTRIBUTES,
        MESSAGE_MESSAGE_ATTRIBUTES,
        MESSAGE_MEMBER_COUNT,
};

/* Decodes the messages of an execution whose trigger wants JSON, so that what is not JSON fails it at once. 0; -EBADMSG
 * with *ret_problem (owned); -ENOMEM. */
int trigger_value_check(struct execution *e, char **ret_problem) _must_check_;
/* Fills the map `trigger`. -ENOENT when nothing triggered the execution. */
int trigger_value_fill(struct execution *e, struct value *map);
/* What trigger_value_fill() would put under `name`, made alone: an owned reference. -ENOENT when it is not a member of
 * the one message that triggered the execution. */
int trigger_value_member(struct execution *e, const char *name, struct value **ret) _must_check_;

/* Writes the message file (of a batch: the messages' file) when there is none yet, and tells its path (borrowed from
 * the execution; NULL: no trigger). 0 or -errno. */
int trigger_file(struct execution *e, const char **ret) _must_check_;
/* The same of the batch's records; NULL: no batch. */
int trigger_records(struct execution *e, const char **ret) _must_check_;
