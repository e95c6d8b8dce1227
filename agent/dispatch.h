/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets the execution slots: what waits is started, and what is free is asked for, by the trigger that has least of its
 * share (used slots by weight). Who gets the places of a flow with a `concurrency.limit`: messages and what tasks call stand
 * in one line, as they came; but a message that cannot start for another reason (its trigger's limits, a stop) holds nobody
 * up. Asked at the end of a turn only (turn.c). */
#pragma once

#include <stdint.h>

#include "agent/services.h"
#include "agent/slots.h"

struct dispatch {
        struct services *services;
        struct slots *slots;
        uint64_t engine_failed_usec;    /* when it last did: monotonic */
        uint64_t engine_not_before_usec; /* when it is asked again: monotonic */
        unsigned engine_failures;       /* of the engine, as far as they were seen here */
        unsigned engine_tries;          /* since an execution last could be started */
        uint64_t round;                 /* of dispatch_receive() */
};

void dispatch_init(struct dispatch *d, struct services *services);

void dispatch_start(struct dispatch *d);
void dispatch_receive(struct dispatch *d);
