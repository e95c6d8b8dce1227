/* SPDX-License-Identifier: Apache-2.0 */
/* A value as the text that a process sees: texts as they are, numbers by their digits, null as nothing, lists and maps
 * as JSON. */
#pragma once

#include "common/base/value.h"

/* Owned; NULL when memory is out. */
char *value_text(const struct value *v);
