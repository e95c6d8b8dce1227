/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled expressions of one flow, by the address of their text: a flow is immutable while it is loaded, so every
 * text of it is compiled once, when it is first used. */
#pragma once

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/expr/expr.h"

struct templates; /* NULL is an empty set */

/* The template of `text`, which must live as long as the set does. 0 with a borrowed template; -EBADMSG with `error`;
 * -ENOMEM. */
int templates_get(struct templates **set, const char *text, size_t len, const struct expr_template **ret,
                  struct expr_error *error) _must_check_;
struct templates *templates_free(struct templates *set);
