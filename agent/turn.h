/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a loop turn: what was received is started, what was recorded is committed, and only then are deletes sent to
 * SQS. All of it in one place, so that the order that P1 rests on can be read there. */
#pragma once

#include "agent/dispatch.h"
#include "agent/services.h"
#include "common/base/cleanup.h"

struct turn;

/* `after` is called when a turn is over: the place to look whether something became quiet. */
int turn_new(struct services *services, struct dispatch *dispatch, void (*after)(void *userdata), void *userdata,
             struct turn **ret) _must_check_;
/* Now, for who may not wait for the end of the turn: 0, also when nothing was queued; -errno, and then it is tried again by
 * itself until it goes through. */
int turn_commit(struct turn *t);
struct turn *turn_free(struct turn *t);
DEFINE_CLEANUP(struct turn *, turn_free)
