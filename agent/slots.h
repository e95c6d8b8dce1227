/* SPDX-License-Identifier: Apache-2.0 */
/* Execution slots. They are counted, not handed around: a holder (a trigger) holds as many as it runs executions plus as
 * many as what waits in it will need, so that a receive (P6) and a start see the same number. Who gets the next one is
 * decided by dispatch.c. Pure. */
#pragma once

#include <stdbool.h>

#include "agent/listed.h"
#include "common/base/cleanup.h"
#include "common/base/hashmap.h"
#include "common/link/places.h"

/* What the holders of one flow share. Its `concurrency.limit` counts also what tasks call: those have places, but no slot
 * here, since they run inside of one that has. */
struct flow_gate {
        UT_hash_handle hh;
        unsigned running, held;
        struct place_flow *places;
        char flow_id[];
};

struct slots {
        unsigned total;                 /* limits.executions */
        unsigned running;               /* executions */
        unsigned held;                  /* running and needed by what waits */
        unsigned reserved;              /* that open receives of busy queues speak for */
        struct listed *busy;            /* holders in which something waits */
        struct flow_gate *gates;
        struct places places;           /* of all flows: those of holders, and of what tasks call */
};

struct slot_holder {
        unsigned batch_records;         /* messages that one execution takes; 0: one each */
        unsigned running, held, reserved; /* its part of the counts above */
        unsigned waiting;               /* messages */
        struct flow_gate *gate;         /* borrowed */
        struct listed busy;
};

/* No holder is left. */
void slots_done(struct slots *s);

/* A new holder, all zero before, at the gate of its flow. 0 or -ENOMEM. */
int slots_join(struct slots *s, struct slot_holder *h, const char *flow_id, unsigned batch_records) _must_check_;
void slots_leave(struct slots *s, struct slot_holder *h); /* legal for one that did not join */

/* The executions that so many messages of it need. */
unsigned slots_for(const struct slot_holder *h, unsigned messages);

/* So many executions of its flow run, or more. False: fewer, or the flow has no limit (0). */
bool slots_flow_is_full(const struct slot_holder *h, unsigned limit);
/* How many more of its flow (of which `limit` may run) it may hold. Where calls have all places, one of the holders may hold
 * one more, so that it stands in their line: else who calls that flow all the time would keep its queues from it. */
unsigned slots_flow_left(const struct slot_holder *h, unsigned limit);

/* Neither held nor reserved. */
unsigned slots_left(const struct slots *s);

/* An execution begins and ends, with the flow's place that it takes. */
void slots_begin(struct slots *s, struct slot_holder *h, struct place *place);
void slots_end(struct slots *s, struct slot_holder *h, struct place *place);

/* Each adds `change` to one count and brings the others in line. */
void slots_change_waiting(struct slots *s, struct slot_holder *h, int change);
void slots_change_reserved(struct slots *s, struct slot_holder *h, int change);
