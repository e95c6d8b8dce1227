/* SPDX-License-Identifier: Apache-2.0 */
/* The window in which a batch is collected: full, too large for one more, or old enough. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BATCH_BYTES_MAX ((uint64_t)128 * 1024 * 1024) /* half of what a frame to a runner takes (protocol.h) */

struct batch_window {
        unsigned count;
        uint64_t bytes;
        bool is_closed;       /* the next message would be too much */
        uint64_t opened_usec; /* when the first message came */
};

static inline unsigned batch_room(const struct batch_window *w, unsigned max_records) {
        return max_records - w->count;
}

/* False, and the window closes: with so many bytes more it would be too large. The first message always fits. */
bool batch_takes(struct batch_window *w, uint64_t bytes);
void batch_add(struct batch_window *w, uint64_t bytes, uint64_t now_usec);
void batch_remove(struct batch_window *w, uint64_t bytes);
/* When the window closes by age; USEC_INFINITY while it is empty or no age is set. */
uint64_t batch_closes_usec(const struct batch_window *w, uint64_t max_duration_usec);
bool batch_is_ready(const struct batch_window *w, unsigned max_records, uint64_t max_duration_usec, uint64_t now_usec);
