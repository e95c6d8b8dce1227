/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of polling, apart from the receives themselves (poller.c). */
#include "agent/poll_plan.h"

#include "common/aws/retry.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"

#define EARLY_BASE_USEC (250 * USEC_PER_MSEC)
#define EARLY_MARGIN_USEC USEC_PER_SEC
#define EARLY_CAP_USEC (20 * USEC_PER_SEC)

/* Enough for a receive of a busy queue: ten, but never so many that work stands still while it comes. */
static unsigned enough(unsigned size_max) {
        return MIN((size_max + 1) / 2, POLL_SIZE_MAX);
}

/* A busy queue waits a few milliseconds for that many slots instead of asking for each that frees. */
static bool lingers(struct poll_state *s, unsigned capacity, unsigned size_max, uint64_t now_usec,
                    uint64_t *ret_again_usec) {
        if (!s->hot || capacity >= enough(size_max)) {
                s->starved_usec = 0;
                return false;
        }
        if (s->starved_usec == 0)
                s->starved_usec = now_usec;
        *ret_again_usec = usec_add(s->starved_usec, POLL_LINGER_USEC);
        return now_usec < *ret_again_usec;
}

bool poll_is_starved(const struct poll_state *s) {
        return s->starved_usec != 0;
}

unsigned poll_next(struct poll_state *s, unsigned capacity, unsigned size_max, uint64_t now_usec,
                   uint64_t *ret_again_usec) {
        *ret_again_usec = USEC_INFINITY;
        if (capacity == 0)
                return 0;
        if (s->open >= s->heat || now_usec < s->not_before_usec) {
                s->starved_usec = 0;
                if (s->open < s->heat)
                        *ret_again_usec = s->not_before_usec;
                return 0;
        }
        if (lingers(s, capacity, size_max, now_usec, ret_again_usec))
                return 0;
        s->starved_usec = 0;
        *ret_again_usec = USEC_INFINITY;
        capacity = MIN(capacity, size_max);
        return MIN(capacity, POLL_SIZE_MAX);
}

unsigned poll_reserved(bool was_hot, unsigned size, uint64_t sent_usec, uint64_t now_usec) {
        return was_hot && now_usec < usec_add(sent_usec, POLL_RESERVE_USEC) ? size : 0;
}

void poll_answered(struct poll_state *s, unsigned size, unsigned count, uint64_t took_usec, unsigned wait_sec,
                   uint64_t now_usec, uint32_t random) {
        uint64_t wait = wait_sec * USEC_PER_SEC;

        s->failures = 0;
        s->not_before_usec = 0;
        s->hot = count >= size;
        if (s->hot)
                s->heat = MIN(s->heat * 2, POLL_OPEN_MAX);
        else
                s->heat = count > 0 ? MAX(s->heat / 2, 1u) : 1;
        if (count > 0 || (wait_sec > 0 && usec_add(took_usec, MIN(EARLY_MARGIN_USEC, wait / 2)) >= wait)) {
                s->early_empties = 0;
                return;
        }
        s->not_before_usec = usec_add(now_usec, EARLY_BASE_USEC / 2 +
                                      retry_backoff_usec(s->early_empties++, EARLY_BASE_USEC, EARLY_CAP_USEC, random));
}

void poll_failed(struct poll_state *s, uint64_t delay_usec, uint64_t now_usec) {
        s->failures++;
        s->hot = false;
        s->heat = 1;
        s->not_before_usec = usec_add(now_usec, delay_usec);
}
