/* SPDX-License-Identifier: Apache-2.0 */
/* After a crash: the executions that ran are KILLED, and their messages go back at once by the handles that were recorded
 * (P8a), before their queues are polled. Best effort: what cannot be given back waits for its visibility timeout. */
#pragma once

#include <stdbool.h>

#include "agent/services.h"
#include "common/base/cleanup.h"

struct recovery;

/* Marks the executions in the store and begins to give their messages back. The clients of `services->config` are used.
 * 0 or -errno (the store). */
int recovery_new(struct services *services, struct recovery **ret) _must_check_;
struct recovery *recovery_free(struct recovery *r);
DEFINE_CLEANUP(struct recovery *, recovery_free)

/* Messages of this queue are still on their way back. NULL is legal. */
bool recovery_is_pending(const struct recovery *r, const char *queue_url);
