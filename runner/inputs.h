/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of an execution: what it was given, then the flow's defaults. */
#pragma once

#include "common/base/value.h"

struct execution;

/* 0; -EBADMSG with *ret_problem (owned) when a required input is missing, or what was given is not a map or not what the
 * flow's inputs may be (input_value.h); -ENOMEM. */
int inputs_check(struct execution *e, char **ret_problem) _must_check_;
/* Fills the map `inputs`. A default that is not what its input may be is logged, and an error. */
int inputs_fill(struct execution *e, struct value *map);
