/* SPDX-License-Identifier: Apache-2.0 */
/* Receives that wait. They stand in line at their queue, the oldest first; whatever makes a message visible wakes the
 * queue, and the end of the loop's turn serves it, so that messages that arrive together leave together. */
#include <utlist.h>

#include "tests/queue/operation.h"

static void on_wait_end(struct timer *t, uint64_t now_usec) {
        struct request *r = CONTAINER_OF(t, struct request, timer);

        r->now_usec = now_usec;
        buf_append_str(&r->out, "{}");
        request_complete(r, 0);
}

int longpoll_park(struct request *r, uint64_t until_usec) {
        int result = request_park(r, until_usec, on_wait_end);

        if (result == PARKED) {
                r->waiter.queue = r->queue;
                DL_APPEND(r->queue->waiters, &r->waiter);
        }
        return result;
}

void longpoll_leave(struct request *r) {
        if (!r->waiter.queue)
                return;
        DL_DELETE(r->waiter.queue->waiters, &r->waiter);
        r->waiter.queue = NULL;
}

void longpoll_serve(struct service *s, struct queue *q, uint64_t now_usec) {
        struct waiter *w, *next;

        for (w = q->waiters; w && queue_has_visible(q); w = next) {
                next = w->next;
                struct request *r = CONTAINER_OF(w, struct request, waiter);
                r->now_usec = now_usec;
                /* A client that went away must not take messages with it. */
                if (!r->is_alive(r)) {
                        r->closes = true;
                        request_complete(r, 0);
                } else if (receive_again(r)) {
                        request_complete(r, 0);
                }
        }
}

void longpoll_refuse_all(struct queue *q) {
        while (q->waiters) {
                struct request *r = CONTAINER_OF(q->waiters, struct request, waiter);
                r->queue = NULL;
                request_complete(r, failure_plain(&r->failure, FAILURE_QUEUE_DOES_NOT_EXIST));
        }
}
