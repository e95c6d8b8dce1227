/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an execution may begin: what the trigger in the flow's file that started it demands of an execution with `when` and
 * `conditions`. Of any other trigger nothing is known, and nothing demanded. */
#pragma once

#include "common/flow/flow_demand.h"

struct execution;

/* Returns as flow_demand_check() does; 0: it may. */
int trigger_condition_check(struct execution *e, char **ret_problem) _must_check_;
