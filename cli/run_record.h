/* SPDX-License-Identifier: Apache-2.0 */
/* The record of what `sqsflow run` executed, in the person's own store.
 *
 * The store takes one writer at a time, and an execution may take hours: so nobody keeps it. The start is written in a
 * moment, so is the end, and in between once a second what is new, for those who look on; whoever comes while another
 * writes waits for that moment. A lock file beside the store, held for as long as this process lives, tells the others that the
 * execution really runs: a start without one is the work of a process that was killed, and the next one to write ends it.
 *
 * The end is written before messages that the execution consumed are deleted (P1); what afterExecution does behind it is
 * added by a second write.
 *
 * That nothing can be recorded keeps nobody from running a flow: it is said, once. */
#pragma once

#include <systemd/sd-event.h>

#include "cli/progress.h"

struct run_record;

/* Records the start. `start` is copied, `progress` borrowed: what of it is recorded is noted there. `state`: the folder.
 * NULL when memory is out. What fails is kept for run_record_problem(), and tried again at the end. */
struct run_record *run_record_begin(const char *state, const struct store_execution *start, struct progress *progress,
                                    sd_event *event);
/* Something in the progress is new: it is recorded within a second or so, when the store can be had. NULL is legal. */
void run_record_changed(struct run_record *r);
/* Records the end and what is new in the progress; later calls add what came since. 0: it is on disk; -errno, and then the
 * next call tries all of it. */
int run_record_end(struct run_record *r, const struct store_end *end) _must_check_;
/* Takes away, a piece at a time, records of executions that ended before, and the folders of those in `executions` (NULL:
 * none) that are as old and do not run. */
void run_record_retain(struct run_record *r, const char *executions, uint64_t before_usec);
/* Who has that execution, which the records in the folder `state` show as running. Look at the records after this: it may
 * have ended before. */
enum run_owner {
        RUN_OWNER_LIVES,        /* or nothing is known of it */
        RUN_OWNER_RUN_DIED,     /* it was a `sqsflow run` */
        RUN_OWNER_AGENT_DIED,   /* nobody writes to the store */
};
enum run_owner run_record_owner(const char *state, uint64_t id);
/* A sentence; NULL: all is well. Borrowed. */
const char *run_record_problem(const struct run_record *r);
const char *run_record_store(const struct run_record *r); /* its path; borrowed */
/* Without run_record_end() before, the execution counts as killed. */
struct run_record *run_record_free(struct run_record *r);
DEFINE_CLEANUP(struct run_record *, run_record_free)
