/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions where there is no execution: in what a flow's trigger says of its connection, which are evaluated once, when the
 * configuration is read; and in what it demands before it polls. They know secret(), `envs` and env(), `flow` and `vars`, the
 * latter also `labels` and `trigger.date`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/flow/flow.h"
#include "common/flow/templates.h"

struct config_scope {
        const struct flow *flow;      /* borrowed */
        const char *secrets;          /* folder; borrowed */
        bool secrets_elsewhere;       /* not being found here proves nothing: see struct config */
        bool is_incomplete;           /* set when that was of use */
        uint64_t now_usec;            /* wall clock: what trigger.date is; 0: there are no trigger and no labels */
        const struct value *labels;   /* of the trigger, beside the flow's; borrowed, NULL: none */
        struct templates **templates; /* of texts that live as long as they do; NULL: nothing is kept */
};

#define CONFIG_SECRET_ELSEWHERE 1
/* 0 with an owned text, to be wiped with secret_free(); CONFIG_SECRET_ELSEWHERE or -EBADMSG with *ret_problem: an owned
 * sentence, never with a secret in it; -ENOMEM. */
int config_render(struct config_scope *s, const char *text, char **ret, char **ret_problem) _must_check_;

/* Of a flow's trigger, what it demands before it polls (flow_demand.h). Returns as flow_demand_check() does. */
int config_demand_check(struct config_scope *s, const struct flow_trigger *t, char **ret_problem) _must_check_;
