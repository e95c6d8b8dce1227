/* SPDX-License-Identifier: Apache-2.0 */
/* The other flows that a flow run by `sqsflow run` may call: those of the folder that its file stands in, loaded when one
 * is asked for. */
#pragma once

#include "common/flow/flow.h"
#include "common/link/runner_link.h"

struct run_flows {
        const struct flow_load_options *options; /* borrowed, as the folder is */
        char *folder;
        struct flow_set set;
        bool loaded;
        char *problem;                           /* why there are none; NULL */
};

/* `flow` is the one that is run. 0 or -ENOMEM. */
int run_flows_init(struct run_flows *f, const struct flow *flow, const struct flow_load_options *options) _must_check_;
/* Answers a FLOW_WANTED. 0 or -errno. */
int run_flows_answer(struct run_flows *f, struct runner_link *link, const struct frame_flow *wanted) _must_check_;
void run_flows_done(struct run_flows *f);
