/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and their text forms. All times are microseconds in uint64_t, named *_usec.
 *
 * Lease deadlines count on CLOCK_BOOTTIME (a suspended host does not stop SQS's clock), timeouts on CLOCK_MONOTONIC;
 * only signing and records use the wall clock. Pure modules take the time as an argument and do not include this. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

uint64_t clock_boottime_usec(void);
uint64_t clock_monotonic_usec(void);
uint64_t clock_realtime_usec(void);

/* Sum and difference that stay within [0, USEC_INFINITY]. */
uint64_t usec_add(uint64_t a, uint64_t b);
uint64_t usec_sub(uint64_t a, uint64_t b);

/* ISO 8601 durations as Kestra writes them: P[nD][T[nH][nM][n[.n]S]], also PnW. 0 or -EINVAL. Negative ones are
 * -EINVAL. */
int duration_parse(const char *s, uint64_t *ret_usec);
/* The shortest ISO form ("PT1M30S", "PT0S"). `out` must hold DURATION_MAX bytes. Returns out. */
#define DURATION_MAX 48
char *duration_format(uint64_t usec, char out[DURATION_MAX]);
/* For people: "850ms", "1.25s", "3m 20s", "2h 5m". Same buffer rule. */
char *duration_format_human(uint64_t usec, char out[DURATION_MAX]);

/* RFC 3339 in UTC with milliseconds: "2026-11-23T08:21:57.123Z"; out must hold TIMESTAMP_MAX bytes. Returns out. */
#define TIMESTAMP_MAX 32
char *timestamp_format(uint64_t realtime_usec, char out[TIMESTAMP_MAX]);
/* RFC 3339 date-time, any offset. 0 or -EINVAL. */
int timestamp_parse(const char *s, uint64_t *ret_realtime_usec);
