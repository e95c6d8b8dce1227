/* SPDX-License-Identifier: Apache-2.0 */
/* The states of one message's life here, and which event leads from which to which. Pure. */
#pragma once

enum delivery_state {
        DELIVERY_RECEIVED,
        DELIVERY_WAITING,   /* for a slot, its FIFO group or its batch; the lease is kept */
        DELIVERY_RUNNING,
        DELIVERY_SUCCEEDED, /* its success is on disk; its delete waits to be sent */
        DELIVERY_DELETING,  /* a DeleteMessageBatch with it is under way */
        DELIVERY_FAILED,    /* its failure is on disk */
        DELIVERY_RELEASING, /* its visibility is being set: 0, or what the retry policy says */
        DELIVERY_LOST,      /* the lease ended while it runs; the run may end, and its success is remembered */
        DELIVERY_GONE,
        DELIVERY_STATE_COUNT,
};

enum delivery_event {
        DELIVERY_ACCEPTED,
        DELIVERY_SETTLED_BEFORE,   /* the ledger knows it (P3) */
        DELIVERY_STARTED,
        DELIVERY_RECORDED_SUCCESS, /* SUCCESS or WARNING was committed (P1) */
        DELIVERY_RECORDED_FAILURE,
        DELIVERY_DELETE_SENT,
        DELIVERY_DELETE_DONE,      /* deleted, or refused in a way that no repetition helps */
        DELIVERY_DELETE_AGAIN,     /* it failed, or a newer handle came meanwhile */
        DELIVERY_GIVE_BACK,        /* set its visibility */
        DELIVERY_GIVEN_BACK,
        DELIVERY_LEAVE,            /* to the visibility timeout */
        DELIVERY_RECEIVED_AGAIN,   /* P4 */
        DELIVERY_LEASE_LOST,
        DELIVERY_EVENT_COUNT,
};

/* The state after `e`, or -1: this event means nothing in that state. */
int delivery_next(enum delivery_state s, enum delivery_event e);

const char *delivery_state_name(enum delivery_state s);
