/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of one execution: its task runs with texts of their own, the last line that each logged, and the log as far
 * as it is kept. Filled from a runner's frames while it runs, or from the store afterwards; shown and recorded by others.
 * Pure memory. */
#pragma once

#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/link/protocol.h"
#include "common/store/store.h"

struct progress_task {
        struct store_task_run run; /* the texts are owned */
        char *last_line;           /* NULL: it logged nothing */
        bool is_known;             /* else a gap in the indexes */
        bool is_recorded;          /* as it is now: run_record.h */
};

struct progress {
        uint64_t id, start_usec;
        struct progress_task *tasks; /* by index */
        size_t task_count;
        struct store_log *logs;      /* in the order they came; the texts are owned */
        size_t log_count, log_capacity;
        uint64_t log_budget;         /* bytes of log text that may still be kept */
        bool is_log_cut;             /* something was not */
};

void progress_done(struct progress *p);

/* A task run is new or has changed; absent texts keep what they were. 0 or -ENOMEM. */
int progress_put(struct progress *p, const struct store_task_run *run);
int progress_frame_task_run(struct progress *p, const struct frame_task_run *f);
int progress_frame_log(struct progress *p, const struct frame_log *f);

/* NULL when there is no such task run, as for FRAME_NO_PARENT. */
const struct progress_task *progress_task(const struct progress *p, uint32_t index);
/* "id" or "id = value", cleaned; "flow" for the execution itself. 0 or -ENOMEM. */
int progress_name(const struct progress *p, uint32_t index, struct buf *out);

/* A task run's place in the tree that parents make. */
struct progress_place {
        uint32_t index;
        unsigned depth;
};
/* All known task runs, each behind its parent, siblings in the order they started. Owned; NULL when memory is out. */
struct progress_place *progress_order(const struct progress *p, size_t *ret_count);
