/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones by name, from the host's time zone database through the C library. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ZONE_NAME_MAX 64

struct zone {
        char name[ZONE_NAME_MAX]; /* "Europe/Paris"; "" is the host's own zone; "+02:00" or "Z" when fixed */
        int fixed;                /* the offset holds for every time */
        int32_t offset;           /* seconds east of UTC, when fixed */
};

/* NULL is the host's own zone; "Z", "UTC", "GMT", "+02:00", "UTC+2" are fixed. 0; -EINVAL unknown. */
int zone_find(const char *name, struct zone *ret);
void zone_fixed(int32_t offset, struct zone *ret);

/* Seconds east of UTC at that time (seconds since 1970). */
int32_t zone_offset(const struct zone *z, int64_t utc);

/* The time at which the zone's clocks show `local` (seconds since 1970 as if it were UTC). A time that is skipped moves
 * on by what is skipped, one that comes twice is the first: Java's rules. */
int64_t zone_to_utc(const struct zone *z, int64_t local);

/* "CEST" at that time; "Z" stays "Z". `out` must hold ZONE_NAME_MAX bytes. */
char *zone_abbreviation(const struct zone *z, int64_t utc, char out[ZONE_NAME_MAX]);
