/* SPDX-License-Identifier: Apache-2.0 */
/* Digits that survive jq, whose numbers are doubles: the numbers of an input, to be found again in a result. */
#pragma once

#include "common/base/value.h"

struct jq_numbers;

/* The numbers inside v that a double would not print as they are. 0 or -ENOMEM. */
int jq_numbers_collect(const struct value *v, struct jq_numbers **ret) _must_check_;
struct jq_numbers *jq_numbers_free(struct jq_numbers *n);
DEFINE_CLEANUP(struct jq_numbers *, jq_numbers_free)

/* v with the digits of the input wherever a number of v is, as a double, exactly one of the input's. 0 or -ENOMEM. */
int jq_numbers_restore(const struct jq_numbers *n, struct value *v, struct value **ret) _must_check_;
