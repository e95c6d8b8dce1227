/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the three clocks, and the arithmetic that saturates: USEC_INFINITY means "never" and stays so. The text forms
 * are in duration.c and timestamp.c. */
#include "common/base/clock.h"

#include <time.h>

static uint64_t read_usec(clockid_t id) {
        struct timespec ts;

        /* These clocks exist since Linux 2.6.39 and the call cannot fail with a valid pointer. */
        (void)clock_gettime(id, &ts);
        return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_boottime_usec(void) {
        return read_usec(CLOCK_BOOTTIME);
}

uint64_t clock_monotonic_usec(void) {
        return read_usec(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_usec(void) {
        return read_usec(CLOCK_REALTIME);
}

uint64_t usec_add(uint64_t a, uint64_t b) {
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

uint64_t usec_sub(uint64_t a, uint64_t b) {
        if (a == USEC_INFINITY)
                return USEC_INFINITY;
        return a > b ? a - b : 0;
}
