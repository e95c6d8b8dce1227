/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow, or an iteration of a Loop, declares under `outputs`: each is rendered and read as its type. */
#pragma once

#include <stddef.h>

#include "common/flow/flow.h"
#include "runner/variables.h"

/* The value of one. Where `required` is false, what fails is logged and null. 0 with an owned value; -EBADMSG with *ret_problem
 * (owned), which names the output; -ENOMEM, without. */
int flow_output_make(struct scope *s, const struct flow_output *o, struct value **ret, char **ret_problem) _must_check_;

/* A map of all by id; *ret stays as it is when none is declared. The same errors. */
int flow_outputs_make(struct scope *s, const struct flow_output *outputs, size_t count, struct value **ret,
                      char **ret_problem) _must_check_;
