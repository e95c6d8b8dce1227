/* SPDX-License-Identifier: Apache-2.0 */
/* The window in which a batch is collected: full, or old enough. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct batch_window {
        unsigned count;
        uint64_t opened_usec; /* when the first message came */
};

static inline unsigned batch_room(const struct batch_window *w, unsigned max_records) {
        return max_records - w->count;
}

void batch_add(struct batch_window *w, uint64_t now_usec);
/* When the window closes by age; USEC_INFINITY while it is empty or no age is set. */
uint64_t batch_closes_usec(const struct batch_window *w, uint64_t max_duration_usec);
bool batch_is_ready(const struct batch_window *w, unsigned max_records, uint64_t max_duration_usec, uint64_t now_usec);
