/* SPDX-License-Identifier: Apache-2.0 */
/* After a crash: the executions that ran are KILLED, and every message that was held goes back at once by the handle that
 * held.h kept (P8a), before its queue is polled. Best effort: what cannot be given back waits for its visibility
 * timeout. */
#pragma once

#include <stdbool.h>

#include "agent/services.h"
#include "common/base/cleanup.h"

struct recovery;

/* Nothing of this queue is on its way back any more: it may be polled. */
typedef void (*recovery_func)(void *userdata, const char *queue_url);

/* Marks the executions in the store and begins to give their messages back. The clients of `services->config` are used.
 * `on_over` is called once for each queue that has such messages, maybe before this returns. 0 or -errno (the store). */
int recovery_new(struct services *services, recovery_func on_over, void *userdata, struct recovery **ret) _must_check_;
struct recovery *recovery_free(struct recovery *r);
DEFINE_CLEANUP(struct recovery *, recovery_free)

/* Messages of this queue are still on their way back. NULL is legal. */
bool recovery_is_pending(const struct recovery *r, const char *queue_url);
