/* SPDX-License-Identifier: Apache-2.0 */
/* Execution slots, and who gets them: what waits is started, and what is free is asked for, by the trigger that has least
 * of its share (held slots by weight). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/services.h"
#include "agent/trigger.h"

/* What the triggers of one flow share: its `concurrency.limit`. */
struct flow_gate {
        UT_hash_handle hh;
        unsigned running, held;
        char flow_id[];
};

struct dispatch {
        struct services *services;
        unsigned slots;                 /* limits.executions */
        unsigned running;               /* executions */
        unsigned held;                  /* slots: running and needed by what waits */
        unsigned reserved;              /* slots that open receives of busy queues speak for */
        struct flow_gate *gates;
        struct trigger *busy;           /* something waits */
        struct trigger *hungry;         /* might open another receive */
        struct trigger *flush;          /* leases with something to send */
        uint64_t engine_not_before_usec; /* an execution could not be started: monotonic */
        unsigned engine_failures;
        uint64_t round;                 /* of dispatch_receive() */
};

void dispatch_init(struct dispatch *d, struct services *services, unsigned slots);
void dispatch_done(struct dispatch *d);

/* The gate of a flow, made when it is new; lives as long as the dispatch. NULL: out of memory. */
struct flow_gate *dispatch_gate(struct dispatch *d, const char *flow_id);

void dispatch_list(struct trigger **list, struct trigger *t, struct trigger_link *link);
void dispatch_unlist(struct trigger **list, struct trigger *t, struct trigger_link *link);
void dispatch_forget(struct dispatch *d, struct trigger *t); /* takes it from every list */

/* Counts the slots of a trigger anew, after anything of it changed. */
void dispatch_account(struct dispatch *d, struct trigger *t);
void dispatch_reserve(struct dispatch *d, struct trigger *t, int count);
void dispatch_running(struct dispatch *d, struct trigger *t, int change);

/* The three steps of an end of turn. */
void dispatch_start(struct dispatch *d);
void dispatch_receive(struct dispatch *d);
void dispatch_flush(struct dispatch *d);
