/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger demands with `when` and `conditions`, and whether it holds. Demands that read nothing of an execution decide
 * whether the trigger polls, and are asked for by the agent; the others decide whether an execution begins, and are asked for
 * by its runner. Pure: what expressions see comes through the scope. */
#pragma once

#include "common/base/cleanup.h"
#include "common/base/value.h"
#include "common/flow/flow_trigger.h"

enum flow_demand { DEMANDS_BEFORE_POLLING, DEMANDS_OF_EXECUTION };

struct flow_demand_scope {
        void *userdata;
        /* A text of the flow: as a text, or `is_typed` as the value that its one expression has. `trigger.date` is there: now.
         * 0 with an owned value; -EBADMSG or -E2BIG with *ret_problem (owned); -ENOMEM, without. */
        int (*render)(void *userdata, const char *text, bool is_typed, struct value **ret, char **ret_problem);
};

#define FLOW_DEMAND_FAILS 1

/* True when the trigger has such. */
bool flow_demand_exists(const struct flow_trigger *t, enum flow_demand which);
/* 0: all of these hold; FLOW_DEMAND_FAILS with the first that does not, -EBADMSG or -E2BIG with what cannot be evaluated, each
 * an owned sentence in *ret_problem; -ENOMEM, without. */
int flow_demand_check(const struct flow_trigger *t, enum flow_demand which, const struct flow_demand_scope *s,
                      char **ret_problem) _must_check_;
