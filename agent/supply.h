/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there are runners to be had, told to the engine in whose name they work. One that dies before it is ready, or that
 * cannot be started at all, says nothing about the message that it was meant for: while no new ones can be had, only those
 * that are ready get work, and the others are tried without. */
#pragma once

#include "agent/engine.h"
#include "agent/runners.h"
#include "agent/wishes.h"

/* All are borrowed. */
struct supply {
        struct engine *engine;
        struct runners *runners;
        struct wishes *wishes;
};

/* A runner for `work`: a ready one, or a new one. 0; -errno: the engine fails. */
int supply_take(struct supply *s, void *work, struct runner **ret) _must_check_;
/* A runner has done its work and is about to be idle. */
void supply_returned(struct supply *s);
void supply_probe(struct supply *s); /* engine.h */

/* For the pool's handlers. */
void supply_ready(struct supply *s);
void supply_stillborn(struct supply *s, int status);

#define DEATH_TEXT_SIZE 96
const char *supply_describe_death(int status, char text[static DEATH_TEXT_SIZE]); /* returns text */
