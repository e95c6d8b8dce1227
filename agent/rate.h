/* SPDX-License-Identifier: Apache-2.0 */
/* A trigger's rate limit: a token bucket of one second's worth (at least one). Pure. */
#pragma once

#include <stdint.h>

struct rate {
        double per_sec; /* 0: no limit */
        double tokens;
        uint64_t filled_usec;
};

void rate_init(struct rate *r, double per_sec, uint64_t now_usec);
/* Whole messages that may start now; UINT32_MAX without a limit. */
unsigned rate_available(struct rate *r, uint64_t now_usec);
void rate_take(struct rate *r, unsigned count);
/* When the next one may start, at a time when none may. */
uint64_t rate_next_usec(const struct rate *r);
