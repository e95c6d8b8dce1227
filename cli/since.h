/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* A point in time as people give it: "30s", "30m", "2h", "7d", an ISO duration (before now), or RFC 3339. 0 or -EINVAL.
 * Pure. */
int since_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec);
