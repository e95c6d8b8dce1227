/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of a flow for one message or one batch: recorded, started, ended, recorded, and its deliveries told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cleanup.h"
#include "common/link/protocol.h"

struct execution;
struct place;
struct trigger;

/* Starts an execution for the trigger's next waiting message / for all of its window. 0; EXECUTION_REFUSED: its flow runs as
 * many as it may and lets no more wait (concurrency.behavior CANCEL, FAIL), so it ended as it began, without a slot or the
 * engine, and its messages go the way of a failure's; -errno: nothing changed. */
enum { EXECUTION_REFUSED = 1 };
int execution_start(struct trigger *t) _must_check_;
int execution_start_batch(struct trigger *t) _must_check_;

uint64_t execution_id(const struct execution *e);
struct trigger *execution_trigger(const struct execution *e);
const char *execution_message_id(const struct execution *e); /* NULL: it has more than one; borrowed */

/* How many bytes of log text it may still record; for the engine to count down. */
uint64_t *execution_log_budget(struct execution *e);

/* Its flow's place. Borrowed; it is left by execution_end(). */
struct place *execution_place(struct execution *e);

/* For the engine: where it keeps what belongs to this execution (borrowed), and the process that works on it. */
void execution_set_engine_data(struct execution *e, void *data, pid_t runner);
void *execution_engine_data(const struct execution *e);

/* Called by the engine when no process of the execution is left. The deliveries follow when the end is on disk (P1). */
void execution_end(struct execution *e, const struct frame_end *end);

/* Asks for the end of every execution of the trigger; their messages then go back at once (P8). */
void executions_cancel_all(struct trigger *t);
/* Whether an execution of that id has not ended; `services` is a struct services. */
bool execution_is_running(void *services, uint64_t id);
/* The process ends: forgets them. */
void executions_abandon(struct trigger *t);
