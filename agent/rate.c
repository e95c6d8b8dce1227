/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rate.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"

static double burst(const struct rate *r) {
        return r->per_sec > 1 ? r->per_sec : 1;
}

void rate_init(struct rate *r, double per_sec, uint64_t now_usec) {
        *r = (struct rate){ .per_sec = per_sec, .tokens = per_sec > 1 ? per_sec : 1, .filled_usec = now_usec };
}

unsigned rate_available(struct rate *r, uint64_t now_usec) {
        if (r->per_sec <= 0)
                return UINT32_MAX;
        r->tokens += (double)usec_sub(now_usec, r->filled_usec) / (double)USEC_PER_SEC * r->per_sec;
        r->tokens = MIN(r->tokens, burst(r));
        r->filled_usec = now_usec;
        return r->tokens >= 1 ? (unsigned)r->tokens : 0;
}

void rate_take(struct rate *r, unsigned count) {
        if (r->per_sec > 0)
                r->tokens -= count;
}

uint64_t rate_next_usec(const struct rate *r) {
        return usec_add(r->filled_usec, (uint64_t)((1 - r->tokens) / r->per_sec * (double)USEC_PER_SEC) + 1);
}
