/* SPDX-License-Identifier: Apache-2.0 */
/* Times: the lease of what comes back counts from the request (boot time); liveness and pauses are monotonic. */
#include "agent/poller.h"

#include <errno.h>
#include <stdio.h>
#include <utlist.h>

#include "agent/fault.h"
#include "common/aws/retry.h"
#include "common/aws/sqs.h"
#include "common/base/clock.h"
#include "common/base/digest.h"

#define LIVENESS_GRACE_USEC (5 * USEC_PER_SEC) /* beyond the call's own limit: a busy loop hears of its end late */
#define FURTHER_WAIT_SEC 1u /* of receives beside the first: when a backlog ends, they end soon */
#define ATTEMPT_VALID_USEC (4 * USEC_PER_MINUTE) /* SQS keeps it for five */

struct receive {
        struct receive *prev, *next;
        struct poller *poller;
        struct sqs_call *call;
        struct liveness_entry liveness;
        uint64_t sent_boot_usec, sent_usec;
        unsigned size, reserved, wait_sec, visibility_sec;
        char attempt_id[40];
};

void poller_init(struct poller *p, const struct queue *queue, struct slot_holder *slots, const struct poller_ops *ops) {
        *p = (struct poller){ .ops = ops, .queue = queue, .slots = slots, .plan = POLL_STATE_INIT };
}

static void unreserve(struct receive *r) {
        struct poller *p = r->poller;

        slots_change_reserved(p->queue->services->slots, p->slots, -(int)r->reserved);
        r->reserved = 0;
}

static void receive_free(struct receive *r) {
        struct poller *p = r->poller;

        unreserve(r);
        liveness_forget(&p->queue->services->liveness, &r->liveness);
        DL_DELETE(p->receives, r);
        p->plan.open--;
        p->asked -= r->size;
        free(r);
}

void poller_done(struct poller *p) {
        while (p->receives) {
                sqs_cancel(p->receives->call);
                receive_free(p->receives);
        }
}

uint64_t poller_expire_reservations(struct poller *p, uint64_t now_usec) {
        uint64_t next = USEC_INFINITY;

        for (struct receive *r = p->receives; r; r = r->next) {
                if (r->reserved == 0)
                        continue;
                if (poll_reserved(true, r->reserved, r->sent_usec, now_usec) == 0)
                        unreserve(r);
                else
                        next = MIN(next, usec_add(r->sent_usec, POLL_RESERVE_USEC));
        }
        return next;
}

/* The network lost a FIFO receive: the same attempt id gives the same messages (ReceiveRequestAttemptId). */
static void remember_attempt(struct poller *p, const struct receive *r, const struct aws_error *e, uint64_t now_usec) {
        if (!*r->attempt_id || e->error == 0 || e->class != AWS_ERROR_TRANSIENT)
                return;
        memcpy(p->attempt_id, r->attempt_id, sizeof p->attempt_id);
        p->attempt_size = r->size;
        p->attempt_usec = r->sent_usec;
}

static void on_received(const struct aws_error *error, struct sqs_message **messages, size_t count, void *userdata) {
        struct receive *r = userdata;
        struct poller *p = r->poller;

        r->call = NULL;
        if (fault_is_on(FAULT_POLL))
                return;
        uint64_t now = clock_monotonic_usec(), sent_boot = r->sent_boot_usec;
        unsigned wait_sec = r->wait_sec, visibility_sec = r->visibility_sec;

        if (error) {
                remember_attempt(p, r, error, now);
                poll_failed(&p->plan, retry_delay_usec(error, p->plan.failures, jitter_next(p->queue->jitter)), now);
        } else {
                poll_answered(&p->plan, r->size, (unsigned)count, usec_sub(now, r->sent_usec), r->wait_sec, now,
                              jitter_next(p->queue->jitter));
        }
        receive_free(r);
        if (error)
                p->ops->on_failed(p, error);
        else
                p->ops->on_received(p, messages, count, sent_boot, wait_sec, visibility_sec);
}

/* A random id, or that of the receive that is repeated. */
static int choose_attempt(struct poller *p, struct receive *r) {
        uint8_t random[16];

        if (!p->queue->config->fifo)
                return 0;
        if (*p->attempt_id && r->sent_usec < usec_add(p->attempt_usec, ATTEMPT_VALID_USEC)) {
                memcpy(r->attempt_id, p->attempt_id, sizeof r->attempt_id);
                r->size = MIN(r->size, p->attempt_size);
        } else if (random_bytes(random, sizeof random) < 0)
                return -EIO;
        else
                hex_encode(random, sizeof random, r->attempt_id);
        p->attempt_id[0] = '\0';
        return 0;
}

static int send(struct receive *r) {
        const struct queue *q = r->poller->queue;
        struct sqs_receive request = {
                .queue_url = q->url,
                .max_messages = r->size,
                .wait_seconds = r->wait_sec,
                .visibility_seconds = (int)r->visibility_sec,
                .attempt_id = *r->attempt_id ? r->attempt_id : NULL,
        };

        return sqs_receive(q->client, &request, on_received, r, &r->call);
}

int poller_open(struct poller *p, unsigned size) {
        const struct trigger_config *config = p->queue->config;
        struct services *s = p->queue->services;
        struct receive *r = calloc(1, sizeof *r);
        int error;

        if (!r)
                return -ENOMEM;
        r->poller = p;
        r->size = size;
        r->visibility_sec = p->queue->visibility_sec;
        r->wait_sec = p->receives ? MIN(config->wait_sec, FURTHER_WAIT_SEC) : config->wait_sec;
        r->sent_boot_usec = clock_boottime_usec();
        r->sent_usec = clock_monotonic_usec();
        DL_APPEND(p->receives, r);
        p->plan.open++;
        error = choose_attempt(p, r);
        p->asked += r->size;
        if (error >= 0)
                error = send(r);
        if (error < 0) {
                receive_free(r);
                return error;
        }
        if (p->plan.hot && config->batch_records == 0) {
                r->reserved = r->size;
                slots_change_reserved(s->slots, p->slots, (int)r->size);
        }
        liveness_watch(&s->liveness, &r->liveness, "receive",
                       usec_add(sqs_call_limit_usec(r->call), LIVENESS_GRACE_USEC));
        return 0;
}
