/* SPDX-License-Identifier: Apache-2.0 */
/* A window opens with its first message, so that no message waits longer than maxDuration for company. */
#include "agent/batch.h"

#include "common/base/clock.h"

bool batch_takes(struct batch_window *w, uint64_t bytes) {
        if (w->count > 0 && w->bytes + bytes > BATCH_BYTES_MAX)
                w->is_closed = true;
        return !w->is_closed;
}

void batch_add(struct batch_window *w, uint64_t bytes, uint64_t now_usec) {
        if (w->count++ == 0)
                w->opened_usec = now_usec;
        w->bytes += bytes;
}

void batch_remove(struct batch_window *w, uint64_t bytes) {
        w->count--;
        w->bytes -= bytes;
        w->is_closed = false;
}

uint64_t batch_closes_usec(const struct batch_window *w, uint64_t max_duration_usec) {
        return w->count > 0 ? usec_add(w->opened_usec, max_duration_usec) : USEC_INFINITY;
}

bool batch_is_ready(const struct batch_window *w, unsigned max_records, uint64_t max_duration_usec, uint64_t now_usec) {
        return w->is_closed || w->count >= max_records || now_usec >= batch_closes_usec(w, max_duration_usec);
}
