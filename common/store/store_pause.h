/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers that take nothing until they are resumed: a pause is kept whatever ends the process, also over a power cut, and
 * whether the trigger is configured or not. */
#pragma once

#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/flow/state.h"

struct store;

struct store_pause {
        uint64_t since_usec;    /* wall clock; 0: it is not paused */
        enum run_state after;   /* an execution that ended so paused it (stopAfter); RUN_CREATED: a person did */
};

/* Queues it for the next store_commit(), with what else is queued in one transaction: a pause (one that is there stays as it
 * is), or with since_usec 0 its end. 0 or -ENOMEM. */
int store_pause_set(struct store *s, const char *trigger, const struct store_pause *pause);
/* 1 and *ret; 0: it is not paused, and *ret says so; -errno. Does not look at what is queued. */
int store_pause_find(struct store *s, const char *trigger, struct store_pause *ret) _must_check_;
