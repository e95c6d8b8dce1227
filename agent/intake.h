/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger's poller brings becomes deliveries; and what waits goes back when the trigger takes nothing more. */
#pragma once

#include "agent/poller.h"
#include "common/flow/state.h"

struct trigger;

/* For trigger_new(): what receives bring is looked up in the ledger (P3), joined to what is here (P4), or begun. */
extern const struct poller_ops intake_poller_ops;

/* No new receives; what waits goes back now (P8). Running executions go on. Idempotent. */
void intake_stop(struct trigger *t);
/* By hand, until it is resumed, also over restarts: no new receives; what waits, and what an open long poll still brings,
 * goes back at once. Running executions go on. It is so from here on, and in the store with the next commit. True: it was
 * not so before. */
bool intake_pause(struct trigger *t);
bool intake_resume(struct trigger *t);
/* The same pause, when an execution ended in a state that its trigger's stopAfter names: also of the trigger of that id that
 * a reload put in its place. Goes before the commit that records the end. */
void intake_stop_after(struct trigger *t, enum run_state state);
