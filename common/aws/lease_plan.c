/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a lease, apart from the calls that carry them out (lease.c). Every time is an argument. */
#include "common/aws/lease_plan.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#define WAY_BACK_MAX_USEC USEC_PER_SEC
#define RETRY_FIRST_USEC (200 * USEC_PER_MSEC)
#define RETRY_LEAST_USEC (50 * USEC_PER_MSEC)
#define CALL_LEAST_USEC USEC_PER_SEC
#define CALL_MOST_USEC (10 * USEC_PER_SEC)

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
        return value < low ? low : value > high ? high : value;
}

struct lease_terms lease_received(uint64_t sent_usec, uint64_t arrived_usec, unsigned wait_sec,
                                  unsigned visibility_sec) {
        uint64_t visibility = visibility_sec * USEC_PER_SEC, took = usec_sub(arrived_usec, sent_usec);
        uint64_t beyond = usec_sub(took, wait_sec * USEC_PER_SEC);
        uint64_t way_back = MIN(visibility / 10, WAY_BACK_MAX_USEC);
        uint64_t margin = usec_add(beyond, MIN(took, way_back));

        return (struct lease_terms){
                .deadline_usec = usec_sub(usec_add(arrived_usec, visibility), margin),
                .due_usec = clamp(usec_add(sent_usec, visibility / 2), usec_add(arrived_usec, visibility / 4),
                                  usec_add(arrived_usec, visibility / 2)),
                .received_usec = sent_usec,
        };
}

unsigned lease_extension_sec(const struct lease_terms *t, uint64_t now_usec, unsigned visibility_sec) {
        uint64_t left_sec = usec_sub(usec_add(t->received_usec, LEASE_CAP_USEC), now_usec) / USEC_PER_SEC;

        return (unsigned)MIN((uint64_t)visibility_sec, left_sec);
}

void lease_extended(struct lease_terms *t, uint64_t sent_usec, unsigned granted_sec, uint32_t random) {
        uint64_t granted = granted_sec * USEC_PER_SEC;

        t->deadline_usec = usec_add(sent_usec, granted);
        t->due_usec = usec_add(sent_usec, granted / 2 - (granted / 8) * (random >> 16) / 65536);
        t->failures = 0;
}

void lease_extension_failed(struct lease_terms *t, uint64_t now_usec, unsigned visibility_sec) {
        uint64_t left = usec_sub(t->deadline_usec, now_usec);
        uint64_t delay = RETRY_FIRST_USEC << (t->failures < 6 ? t->failures : 6);

        t->failures++;
        t->due_usec = usec_add(now_usec, clamp(delay, RETRY_LEAST_USEC, MAX(left / 4, RETRY_LEAST_USEC)));
}

uint64_t lease_call_limit_usec(const struct lease_terms *t, uint64_t now_usec) {
        return clamp(usec_sub(t->deadline_usec, now_usec) / 2, CALL_LEAST_USEC, CALL_MOST_USEC);
}

enum lease_action lease_decide(const struct lease_terms *t, uint64_t now_usec, uint64_t slack_usec,
                               unsigned visibility_sec) {
        if (now_usec >= t->deadline_usec)
                return LEASE_LOST;
        if (usec_add(now_usec, slack_usec) < t->due_usec)
                return LEASE_KEEP;
        return lease_extension_sec(t, now_usec, visibility_sec) > 0 ? LEASE_EXTEND : LEASE_KEEP;
}

size_t lease_batch_ready(size_t count, uint64_t oldest_usec, uint64_t now_usec, uint64_t linger_usec) {
        if (count == 0 || now_usec >= usec_add(oldest_usec, linger_usec))
                return count;
        return count - count % LEASE_BATCH_MAX;
}
