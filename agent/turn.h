/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a loop turn: what was received is started, what was recorded is committed, and only then do frames go to
 * runners and deletes to SQS. All of it in one place, so that the order that P1 and P8a rest on can be read there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/services.h"
#include "common/base/cleanup.h"

struct turn;

/* `after` is called when a turn is over: the place to look whether something became quiet. */
int turn_new(struct services *services, void (*after)(void *userdata), void *userdata, struct turn **ret) _must_check_;
struct turn *turn_free(struct turn *t);
DEFINE_CLEANUP(struct turn *, turn_free)

/* Asks for an end of turn after the events that are pending now. Cheap, and idempotent. */
void turn_request(struct turn *t);

/* False while the store does not take commits: then nothing is received or started. */
bool turn_store_is_well(const struct turn *t);
