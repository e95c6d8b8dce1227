/* SPDX-License-Identifier: Apache-2.0 */
/* The flows a runner was sent, by revision: at most RUNNER_FLOWS_MAX, the oldest gives way (protocol.h). */
#pragma once

#include <stdint.h>

#include "common/flow/flow.h"
#include "common/link/protocol.h"
#include "common/flow/templates.h"

/* A flow as executions use it. */
struct cached_flow {
        uint64_t revision;
        struct flow *flow;            /* NULL: it could not be loaded, see `problem` */
        struct templates *templates;
        char *problem;
};

struct flow_cache {
        struct cached_flow slots[RUNNER_FLOWS_MAX];
        size_t count; /* ever added; number n is in slot n % RUNNER_FLOWS_MAX */
};

/* What a frame says becomes a flow, or the problem why it is none. `from_message`: as in flow_load(). 0 or -ENOMEM. */
int cached_flow_load(struct cached_flow *c, const struct frame_flow *f, unsigned from_message) _must_check_;
void cached_flow_done(struct cached_flow *c);

/* Loads a flow. A flow that is wrong is kept as such, so that its executions can say why they fail. 0 or -ENOMEM. */
int flow_cache_put(struct flow_cache *c, const struct frame_flow *f) _must_check_;
/* Borrowed until the next flow_cache_put(); NULL when there is none of that revision. */
struct cached_flow *flow_cache_find(struct flow_cache *c, uint64_t revision);
void flow_cache_done(struct flow_cache *c);
