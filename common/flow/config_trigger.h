/* SPDX-License-Identifier: Apache-2.0 */
/* The trigger part of a configuration: used by config*.c only. */
#pragma once

#include "common/flow/config.h"
#include "common/flow/config_table.h"

#define BATCH_RECORDS_MAX 10000

extern const struct property config_aws_properties[]; /* of a struct config_aws */

/* Reads one element of agent.yaml's `triggers` into *ret, whose file, line and aws are set; what is not said stays at its
 * default. Findings go to diag. *ret must be undone also on failure. 0 or -ENOMEM. */
int trigger_config_read(const struct place *p, const struct config_aws *aws, struct diag *diag,
                        struct trigger_config *ret) _must_check_;
/* The same for a trigger that stands in a flow file; its id becomes "namespace.flow.trigger". */
int trigger_config_from_flow(struct flow *flow, const struct flow_trigger *t, const struct config_aws *aws,
                             struct diag *diag, struct trigger_config *ret) _must_check_;
