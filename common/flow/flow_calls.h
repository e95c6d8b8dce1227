/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that call other flows (Subflow): what can be said before anything runs. Names that hold expressions other than
 * of `flow` are known only when the task runs. */
#pragma once

#include "common/flow/flow.h"

/* Every called flow is in the set, and takes safely what it is handed of a message (P11). 0, -EBADMSG with findings,
 * -ENOMEM. */
int flow_calls_check(const struct flow_set *set, const struct flow_load_options *options, struct diag *diag) _must_check_;

/* The full id nearest to a wrong one; NULL when none is near, or memory is out. Owned. */
char *flow_calls_nearest(const struct flow_set *set, const char *full_id);
