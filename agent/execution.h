/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of a flow for one message or one batch: recorded, started, ended, recorded, and its deliveries told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/flow/protocol.h"

struct delivery;
struct execution;
struct trigger;

/* Starts an execution for this waiting message / for all of the trigger's window. 0, or -errno: nothing changed. */
int execution_start(struct trigger *t, struct delivery *d) _must_check_;
int execution_start_batch(struct trigger *t) _must_check_;

uint64_t execution_id(const struct execution *e);
struct trigger *execution_trigger(const struct execution *e);

/* How many bytes of log text it may still record; for the engine to count down. */
uint64_t *execution_log_budget(struct execution *e);

/* For the engine: where it keeps what belongs to this execution (borrowed). */
void execution_set_engine_data(struct execution *e, void *data);
void *execution_engine_data(const struct execution *e);

/* Called by the engine when no process of the execution is left. The deliveries follow when the end is on disk (P1). */
void execution_end(struct execution *e, const struct frame_end *end);

/* Asks for the end of every execution of the trigger; their messages then go back at once (P8). */
void executions_cancel_all(struct trigger *t);
/* The process ends: forgets them. */
void executions_abandon(struct trigger *t);
