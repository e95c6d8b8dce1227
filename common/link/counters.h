/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent counts of each trigger, in messages, and what it is called: as the keys of the status document, and in
 * sentences.
 *
 * The books balance: each message received is in flight, or in one of the five that follow. */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"

enum counter {
        COUNTER_RECEIVED,
        COUNTER_REPEATED,        /* came again while it was here, or after its success */
        COUNTER_RETURNED,        /* went back without an end of its own: a stop, a pause, a lost lease, a damaged body */
        COUNTER_SUCCEEDED,
        COUNTER_FAILED,
        COUNTER_CANCELLED,       /* a condition that did not hold, one more than the flow's limit: no failures */
        COUNTER_DELETED,
        COUNTER_DELETE_FAILURES,
        COUNTER_COUNT,
};

struct counters {
        uint64_t of[COUNTER_COUNT];
};

void counters_add(struct counters *sum, const struct counters *c);
const char *counter_key(enum counter c); /* "deleteFailures" */
/* Appends "7 received, 5 succeeded, …"; those that are rare only when there are any. 0 or the buffer's error. */
int counters_write(struct buf *out, const struct counters *c);
