/* SPDX-License-Identifier: Apache-2.0 */
/* Execution ids: 63 bits, the milliseconds since 1970 in front, then a random part, so that they sort by time and
 * serve as the store's integer key. People see 13 characters of Crockford's base32 in lower case: "1k3x9p2m7q4ab". */
#pragma once

#include <stdint.h>

#define IDENT_TEXT_SIZE 14

/* A new id; strictly greater than every id this process made before. `realtime_usec` and `random` are arguments so
 * that tests decide them. */
uint64_t ident_make(uint64_t realtime_usec, uint32_t random);
/* ident_make with the real clock and getrandom. */
uint64_t ident_new(void);

char *ident_format(uint64_t id, char out[IDENT_TEXT_SIZE]); /* returns out */
int ident_parse(const char *s, uint64_t *ret);              /* 0 or -EINVAL */
uint64_t ident_time_usec(uint64_t id);                      /* to the millisecond */
