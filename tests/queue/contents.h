/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters a message may hold, by the SendMessage API reference: #x9 | #xA | #xD | #x20 to #xD7FF |
 * #xE000 to #xFFFD | #x10000 to #x10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool contents_are_valid(const char *s, size_t len);
