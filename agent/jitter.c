/* SPDX-License-Identifier: Apache-2.0 */
/* xorshift32: jitter needs no more. */
#include "agent/jitter.h"

#include "common/base/digest.h"

int jitter_init(struct jitter *j) {
        int r = random_bytes(&j->state, sizeof j->state);

        j->state |= 1;
        return r;
}

uint32_t jitter_next(struct jitter *j) {
        uint32_t x = j->state;

        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        return j->state = x;
}
