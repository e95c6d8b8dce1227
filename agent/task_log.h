/* SPDX-License-Identifier: Apache-2.0 */
/* What tasks print, in the agent's own log (log.tasks). */
#pragma once

#include "common/link/protocol.h"

struct trigger;

/* `message_id` is NULL where the execution has more than one. */
void task_log_write(const struct trigger *t, uint64_t execution_id, const char *message_id, const struct frame_log *line);
