/* SPDX-License-Identifier: Apache-2.0 */
/* The engine that runs flows on this host, in runner processes. */
#pragma once

#include "agent/engine.h"
#include "agent/services.h"

struct engine_local;

int engine_local_new(struct services *services, struct engine_local **ret) _must_check_;
/* Kills what runs, without execution_end(). */
struct engine_local *engine_local_free(struct engine_local *e);
DEFINE_CLEANUP(struct engine_local *, engine_local_free)

struct engine *engine_local_engine(struct engine_local *e);

/* A reload: new runners are started from the running configuration. */
void engine_local_reconfigure(struct engine_local *e);
