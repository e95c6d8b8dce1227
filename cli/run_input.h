/* SPDX-License-Identifier: Apache-2.0 */
/* What `sqsflow run` hands to a flow: messages from files and inputs from the command line. */
#pragma once

#include "cli/attributes.h"
#include "common/flow/flow.h"
#include "common/link/protocol.h"

struct run_input {
        const char *const *message_files; /* "-": stdin */
        size_t message_count;
        bool batch;                       /* as a batch trigger would start it; else one message at most */
        const char *serde;                /* "JSON", "STRING"; NULL: as the flow's own trigger has it, else STRING */
        const struct attributes *attributes;
        char *const *inputs;              /* "NAME=VALUE" */
        size_t input_count;

        /* made by run_input_read(), freed by run_input_done() */
        struct frame_message *messages;
        char **bodies;
        char *ids;                        /* message ids, one behind the other */
        struct buf attributes_json;
        char *inputs_json;
};

/* Reads the files and makes what an execute frame needs. 0 or an exit code, after complaining. */
int run_input_read(struct run_input *in, const struct flow *flow) _must_check_;
void run_input_done(struct run_input *in);
/* Fills the frame's trigger and inputs; they are borrowed from `in`. */
void run_input_fill(const struct run_input *in, const struct flow *flow, struct frame_execute *frame);
/* The record of it, for `sqsflow executions replay` (replay_input.h): JSON, owned. NULL when memory is out, when it would
 * be too large to keep, or when a body is no text. */
char *run_input_record(const struct run_input *in, const struct flow *flow);
