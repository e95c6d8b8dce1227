/* SPDX-License-Identifier: Apache-2.0 */
/* Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog) with a base and a cap per error class. Errors
 * that only a person can heal are retried as well, for ever, but slowly (P9). */
#include "common/aws/retry.h"

#include <errno.h>

#include "common/base/clock.h"

#define RETRY_AFTER_SLACK_USEC (5 * USEC_PER_SEC)
#define DELAY_MIN_USEC USEC_PER_MSEC

struct pace {
        uint64_t base_usec;
        uint64_t cap_usec;
};

static const struct pace paces[_AWS_ERROR_CLASS_COUNT] = {
        [AWS_ERROR_TRANSIENT] = { RETRY_BASE_USEC, RETRY_CAP_USEC },
        [AWS_ERROR_THROTTLED] = { 2 * RETRY_BASE_USEC, RETRY_CAP_USEC },
        [AWS_ERROR_EXPIRED] = { RETRY_BASE_USEC, RETRY_CAP_USEC },
        [AWS_ERROR_CLOCK] = { RETRY_BASE_USEC, RETRY_CAP_USEC },
        [AWS_ERROR_NO_CREDENTIALS] = { 5 * USEC_PER_SEC, USEC_PER_MINUTE },
        [AWS_ERROR_DENIED] = { 5 * USEC_PER_SEC, USEC_PER_MINUTE },
        [AWS_ERROR_NO_QUEUE] = { 5 * USEC_PER_SEC, USEC_PER_MINUTE },
        [AWS_ERROR_STALE_HANDLE] = { RETRY_BASE_USEC, RETRY_CAP_USEC },
        [AWS_ERROR_REQUEST] = { 5 * USEC_PER_SEC, USEC_PER_MINUTE },
        [AWS_ERROR_PROTOCOL] = { RETRY_BASE_USEC, RETRY_CAP_USEC },
};

uint64_t retry_backoff_usec(unsigned attempt, uint64_t base_usec, uint64_t cap_usec, uint32_t random) {
        uint64_t top = cap_usec;
        if (attempt < 32 && base_usec <= cap_usec >> attempt)
                top = base_usec << attempt;
        uint64_t delay = (uint64_t)(((unsigned __int128)top * random) >> 32);
        return delay < DELAY_MIN_USEC ? DELAY_MIN_USEC : delay;
}

uint64_t retry_delay_usec(const struct aws_error *e, unsigned attempt, uint32_t random) {
        const struct pace *pace = &paces[e->class];
        uint64_t delay = retry_backoff_usec(attempt, pace->base_usec, pace->cap_usec, random);
        uint64_t most = usec_add(delay, RETRY_AFTER_SLACK_USEC);
        uint64_t asked = MIN(e->retry_after_usec, most);
        return MAX(delay, asked);
}

int retry_bucket_take(struct retry_bucket *b, const struct aws_error *e, unsigned *ret_cost) {
        unsigned cost = e->error == -ETIMEDOUT ? 10 : 5;
        if (b->tokens < cost)
                return -EAGAIN;
        b->tokens -= cost;
        *ret_cost = cost;
        return 0;
}

void retry_bucket_give(struct retry_bucket *b, unsigned cost) {
        b->tokens = MIN(RETRY_TOKENS_MAX, b->tokens + (cost ? cost : 1));
}
