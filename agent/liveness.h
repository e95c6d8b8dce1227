/* SPDX-License-Identifier: Apache-2.0 */
/* Who must have done something by when (P10). Pure: the watchdog is fed only while nobody is overdue. */
#pragma once

#include <stdint.h>

struct liveness_entry {
        struct liveness_entry *prev, *next;
        const char *name;       /* static: "receive", "lease", … */
        uint64_t deadline_usec; /* CLOCK_MONOTONIC; 0: not watched */
};

struct liveness {
        struct liveness_entry *entries;
};

/* Watches `e`, or moves its deadline. */
void liveness_watch(struct liveness *l, struct liveness_entry *e, const char *name, uint64_t deadline_usec);
void liveness_forget(struct liveness *l, struct liveness_entry *e); /* legal for one that is not watched */

/* The entry that is overdue longest, NULL when none is. */
const struct liveness_entry *liveness_overdue(const struct liveness *l, uint64_t now_usec);
