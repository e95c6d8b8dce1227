/* SPDX-License-Identifier: Apache-2.0 */
/* What an input's value must be: its type, and the rules that its flow sets. */
#pragma once

#include "common/flow/flow.h"

/* Reads a value (not null) as the input's type ("42" is the number 42 for an INT) and holds it against the input's rules.
 * 0 with an owned value; -EBADMSG with *ret_problem (owned), which names the input, the value and the rule; -ENOMEM. */
int input_value_read(const struct flow_input *in, const struct value *given, struct value **ret,
                     char **ret_problem) _must_check_;
