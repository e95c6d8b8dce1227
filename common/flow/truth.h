/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as true where a flow decides: runIf, when, If, conditions. */
#pragma once

#include <stdbool.h>

#include "common/base/value.h"

/* False are: false, "false", 0, "0", "-0", "", null; a text without the white space around it. */
bool truth_of_value(const struct value *v);
bool truth_of_text(const char *text);
