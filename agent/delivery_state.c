/* SPDX-License-Identifier: Apache-2.0 */
/* One table decides everything. Two things are worth seeing in it: only RECORDED_SUCCESS and SETTLED_BEFORE lead to
 * SUCCEEDED, which alone leads to DELETING (P1); and a lost lease never stops a delete, since the newest handle may
 * still work and a refusal harms nobody. A message that comes again while it is FAILED or RELEASING ends that life
 * (GONE); the caller begins a new one. */
#include "agent/delivery_state.h"

#include <stddef.h>

/* +1, so that 0 (not set) means "not allowed". */
#define TO(state) (DELIVERY_##state + 1)

static const unsigned char transitions[DELIVERY_STATE_COUNT][DELIVERY_EVENT_COUNT] = {
        [DELIVERY_RECEIVED] = {
                [DELIVERY_ACCEPTED] = TO(WAITING),
                [DELIVERY_SETTLED_BEFORE] = TO(SUCCEEDED),
                [DELIVERY_GIVE_BACK] = TO(RELEASING),
                [DELIVERY_LEAVE] = TO(GONE),
        },
        [DELIVERY_WAITING] = {
                [DELIVERY_STARTED] = TO(RUNNING),
                [DELIVERY_GIVE_BACK] = TO(RELEASING),
                [DELIVERY_RECEIVED_AGAIN] = TO(WAITING),
                [DELIVERY_LEASE_LOST] = TO(GONE),
        },
        [DELIVERY_RUNNING] = {
                [DELIVERY_RECORDED_SUCCESS] = TO(SUCCEEDED),
                [DELIVERY_RECORDED_FAILURE] = TO(FAILED),
                [DELIVERY_RECEIVED_AGAIN] = TO(RUNNING),
                [DELIVERY_LEASE_LOST] = TO(LOST),
        },
        [DELIVERY_SUCCEEDED] = {
                [DELIVERY_DELETE_SENT] = TO(DELETING),
                [DELIVERY_LEAVE] = TO(GONE),
                [DELIVERY_RECEIVED_AGAIN] = TO(SUCCEEDED),
                [DELIVERY_LEASE_LOST] = TO(SUCCEEDED),
        },
        [DELIVERY_DELETING] = {
                [DELIVERY_DELETE_DONE] = TO(GONE),
                [DELIVERY_DELETE_AGAIN] = TO(SUCCEEDED),
                [DELIVERY_RECEIVED_AGAIN] = TO(DELETING),
        },
        [DELIVERY_FAILED] = {
                [DELIVERY_GIVE_BACK] = TO(RELEASING),
                [DELIVERY_LEAVE] = TO(GONE),
                [DELIVERY_RECEIVED_AGAIN] = TO(GONE),
                [DELIVERY_LEASE_LOST] = TO(GONE),
        },
        [DELIVERY_RELEASING] = {
                [DELIVERY_GIVEN_BACK] = TO(GONE),
                [DELIVERY_RECEIVED_AGAIN] = TO(GONE),
                [DELIVERY_LEASE_LOST] = TO(GONE),
        },
        [DELIVERY_LOST] = {
                [DELIVERY_RECORDED_SUCCESS] = TO(GONE),
                [DELIVERY_RECORDED_FAILURE] = TO(GONE),
                [DELIVERY_RECEIVED_AGAIN] = TO(RUNNING),
        },
};

int delivery_next(enum delivery_state s, enum delivery_event e) {
        return (int)transitions[s][e] - 1;
}

const char *delivery_state_name(enum delivery_state s) {
        static const char *const names[DELIVERY_STATE_COUNT] = {
                [DELIVERY_RECEIVED] = "received",   [DELIVERY_WAITING] = "waiting",     [DELIVERY_RUNNING] = "running",
                [DELIVERY_SUCCEEDED] = "succeeded", [DELIVERY_DELETING] = "deleting",   [DELIVERY_FAILED] = "failed",
                [DELIVERY_RELEASING] = "releasing", [DELIVERY_LOST] = "lost",           [DELIVERY_GONE] = "gone",
        };
        return names[s];
}
