/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger demands before it polls: those of its flow file's `when` and `conditions` that read nothing of an execution.
 * Asked before each receive and, while it does not hold, once a second (trigger.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/services.h"
#include "common/config/config.h"
#include "common/flow/templates.h"

struct demand {
        const struct trigger_config *config; /* borrowed */
        const struct flow_trigger *trigger;  /* borrowed from the flow; NULL: it demands nothing */
        struct templates *templates;
        bool fails;                     /* as last asked; at first it does not */
        bool is_problem;                /* it could not be evaluated, which counts as failing */
        char *reason;                   /* of `fails`, a sentence */
        char *told;                     /* the last problem that was news */
};

enum demand_news { DEMAND_NO_NEWS, DEMAND_HOLDS_AGAIN, DEMAND_FAILS, DEMAND_PROBLEM };

/* `config`, with its flow, must live as long. */
void demand_init(struct demand *d, const struct trigger_config *config);
void demand_done(struct demand *d);

/* Evaluates it for that time (wall clock), and says what of the outcome is news: a change, or a problem that it did not have
 * when last it had one. */
enum demand_news demand_ask(struct demand *d, const struct services *s, uint64_t now_usec);
