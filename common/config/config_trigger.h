/* SPDX-License-Identifier: Apache-2.0 */
/* The trigger part of a configuration, and the tables of all of it: used by config*.c, and by what describes the tables. */
#pragma once

#include "common/config/config.h"
#include "common/config/config_table.h"

#define BATCH_RECORDS_MAX 10000

extern const struct property config_properties[];         /* the file's top level */
extern const struct property config_aws_properties[];     /* of a struct config_aws */
extern const struct property config_trigger_properties[]; /* an element of `triggers` */

/* Reads one element of agent.yaml's `triggers` into *ret, whose file, line and aws are set; what is not said stays at its
 * default. Findings go to diag. *ret must be undone also on failure. 0 or -ENOMEM. */
int trigger_config_read(const struct place *p, const struct config_aws *aws, struct diag *diag,
                        struct trigger_config *ret) _must_check_;
/* The same for a trigger that stands in a flow file; its id becomes "namespace.flow.trigger". */
int trigger_config_from_flow(struct flow *flow, const struct flow_trigger *t, const struct config *c,
                             struct diag *diag, struct trigger_config *ret) _must_check_;
