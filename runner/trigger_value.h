/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of an execution as a value (`trigger`) and as files for task processes. */
#pragma once

#include "common/base/value.h"
#include "common/flow/protocol.h"

struct execution;

/* One message: data, messageId, attributes, messageAttributes, receiveCount, queueUrl, groupId, sentAt. `json`: data is
 * the parsed body. 0 with an owned map; -EBADMSG with *ret_problem (owned) when a part cannot be decoded; -ENOMEM. */
int message_value(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) _must_check_;

/* Decodes the messages of an execution whose trigger wants JSON, so that what is not JSON fails it at once. Same
 * returns, no value. */
int trigger_value_check(struct execution *e, char **ret_problem) _must_check_;
/* Fills the map `trigger`. -ENOENT when nothing triggered the execution. */
int trigger_value_fill(struct execution *e, struct value *map);

/* Writes the message file (of a batch: the messages' file) when there is none yet, and tells its path (borrowed from
 * the execution; NULL: no trigger). 0 or -errno. */
int trigger_file(struct execution *e, const char **ret) _must_check_;
