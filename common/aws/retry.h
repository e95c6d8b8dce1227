/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a call is made again: the AWS SDKs' "standard" retry mode, pure. Time and randomness are
 * arguments. Which errors are retried is the caller's decision by aws_error.class. */
#pragma once

#include <stdint.h>

#include "common/aws/error.h"

/* Full jitter: a random time in [0, min(cap, base × 2^attempt)), attempt from 0. `random` is uniform over uint32_t.
 * Never below 1 ms, so that no error makes a hot loop (P9). */
uint64_t retry_backoff_usec(unsigned attempt, uint64_t base_usec, uint64_t cap_usec, uint32_t random);

#define RETRY_BASE_USEC UINT64_C(500000)
#define RETRY_CAP_USEC UINT64_C(20000000)

/* The wait after `attempt` failures in a row (from 0) that ended in `e`: jittered backoff with a base for its class
 * (throttling doubles it; errors a person must heal start at 5 s and cap at 60 s), and at least x-amz-retry-after,
 * honoured up to 5 s above the backoff (the SDKs' rule). */
uint64_t retry_delay_usec(const struct aws_error *e, unsigned attempt, uint32_t random);

/* The token bucket that keeps a fleet from retrying into an outage: 500 tokens, a retry costs 5, after a timeout 10; a
 * success gives back what the call's own retry cost, or 1. */
struct retry_bucket {
        unsigned tokens;
};
#define RETRY_TOKENS_MAX 500u
#define RETRY_BUCKET_INIT ((struct retry_bucket){ .tokens = RETRY_TOKENS_MAX })

/* 0 and the cost in *ret_cost, or -EAGAIN when the bucket holds less: a short-lived command gives up, a long-polling
 * consumer sleeps its backoff all the same and goes on. */
int retry_bucket_take(struct retry_bucket *b, const struct aws_error *e, unsigned *ret_cost);
/* After a success; `cost` is that of its last retry, 0 when there was none. */
void retry_bucket_give(struct retry_bucket *b, unsigned cost);
