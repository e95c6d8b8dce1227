/* SPDX-License-Identifier: Apache-2.0 */
/* The recorded input of an execution, made into what a runner gets. There are two forms: the agent's, a list of messages as
 * SQS gave them (agent/message_json.h), and that of `sqsflow run`:
 *
 *   {"file": "/home/ada/orders.yaml", "batch": false, "json": true, "messages": [… as SQS gives them], "inputs": {…}} */
#pragma once

#include "common/aws/sqs_message.h"
#include "common/base/buf.h"
#include "common/link/protocol.h"

struct replay_input {
        struct sqs_message **messages;
        size_t count;
        struct frame_message *frames; /* of these; borrow from all the others */
        struct buf texts;
        char *inputs;                 /* JSON object; NULL: none */
        char *file;                   /* the flow's; NULL: not known */
        bool is_own;                  /* the second form: `batch` and `json` are known */
        bool batch, json;
};

/* `queue_url` (may be NULL) is borrowed for the input's life. 0; -EBADMSG when the text is neither form; -ENOMEM. */
int replay_input_read(struct replay_input *in, const char *text, const char *queue_url) _must_check_;
void replay_input_done(struct replay_input *in);
