/* SPDX-License-Identifier: Apache-2.0 */
/* A window opens with its first message, so that no message waits longer than maxDuration for company. */
#include "agent/batch.h"

#include "common/base/clock.h"

void batch_add(struct batch_window *w, uint64_t now_usec) {
        if (w->count++ == 0)
                w->opened_usec = now_usec;
}

uint64_t batch_closes_usec(const struct batch_window *w, uint64_t max_duration_usec) {
        return w->count > 0 ? usec_add(w->opened_usec, max_duration_usec) : USEC_INFINITY;
}

bool batch_is_ready(const struct batch_window *w, unsigned max_records, uint64_t max_duration_usec, uint64_t now_usec) {
        return w->count >= max_records || now_usec >= batch_closes_usec(w, max_duration_usec);
}
