/* SPDX-License-Identifier: Apache-2.0 */
/* What executions leave whose runner was killed: it could not do what history.keep and history.folders say about their
 * folders (runner/execution.c: close_up). Such an execution has failed. Everything happens while the caller waits. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/flow/state.h"

struct config;
struct held;

/* Does it for one execution and its runner, which is gone with all its tasks. `execution` 0: it was at none, and its folder
 * only goes. */
void leftovers_settle(const struct config *config, pid_t runner, uint64_t execution, enum run_state state);
/* The same after the end of an agent, for the executions that it held, and removes every other folder that no runner has
 * locked. For the start. */
void leftovers_settle_all(const struct config *config, struct held *held);
