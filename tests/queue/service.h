/* SPDX-License-Identifier: Apache-2.0 */
/* The SQS API over the pure core: a request comes in as text, and is answered at once or parked until its answer is
 * ready. Knows nothing of HTTP beyond the names of headers. */
#pragma once

#include "common/base/buf.h"
#include "common/base/value.h"
#include "tests/queue/broker.h"
#include "tests/queue/failure.h"
#include "tests/queue/faults.h"
#include "tests/queue/oplog.h"
#include "tests/queue/persist.h"
#include "tests/queue/queue.h"

struct service {
        struct broker broker;
        struct faults faults;
        struct oplog *oplog;     /* NULL: none */
        struct persist *persist; /* NULL: in memory only */
        int64_t clock_offset_usec;
        uint64_t calls[QUEUE_CALL_KINDS];
        size_t parked_count;
};

struct operation;
struct request;

/* A long poll: its place in the queue's list of waiters, and until when. */
struct waiter {
        struct waiter *prev, *next;
        struct queue *queue; /* NULL: not waiting */
};

struct request {
        struct service *service;
        const char *target, *host, *amz_date; /* headers, borrowed while the request lives; may be NULL */
        uint64_t now_usec;

        const struct operation *operation;
        struct value *params;
        struct queue *queue;
        struct fault_hits faults;

        struct failure failure;
        struct buf out; /* the body of the answer */
        unsigned status;
        bool closes; /* close the connection instead of answering */

        struct waiter waiter;
        struct timer timer;
        /* Called when a parked request is answered. */
        void (*on_answer)(struct request *r);
        /* Is the client still there? Asked before a parked receive is given messages. */
        bool (*is_alive)(struct request *r);
        void *context;
};

/* Starts a service without queues. */
void service_init(struct service *s, uint64_t now_usec, uint64_t seed);
void service_done(struct service *s);

/* Fills r->out, r->status, r->closes. True when answered, false when parked: then on_answer() comes later. */
bool service_submit(struct service *s, struct request *r, const char *body, size_t len, uint64_t now_usec);

/* A request that is no longer wanted leaves the service; frees what it holds. */
void request_done(struct request *r);

/* Fires timers and gives parked receives what became visible. */
void service_turn(struct service *s, uint64_t now_usec);
