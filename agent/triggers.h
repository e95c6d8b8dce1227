/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all triggers that live (services->triggers), also of those a reload replaced: joined with what stands above a
 * trigger, and let go of. */
#pragma once

#include "agent/services.h"
#include "agent/trigger.h"

/* Makes and starts a trigger; one that is paused stays so, whether it takes another's place or was gone for a while. 0 or
 * -errno. */
int triggers_add(struct services *services, const struct trigger_config *config) _must_check_;
/* What a crash left of this queue is back in it (recovery.h). */
void triggers_begin_polling(struct services *services, const char *queue_url);
/* Drops those that were stopped and became quiet; what they counted is added to *sum. */
void triggers_drop_quiet(struct services *services, struct counters *sum);
/* The process ends. What is left now is SQS's: its visibility timeouts bring it back. */
void triggers_abandon(struct services *services);
