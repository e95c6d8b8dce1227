/* SPDX-License-Identifier: Apache-2.0 */
/* Times: the lease of what comes back counts from the request (boot time); liveness and pauses are monotonic. */
#include "agent/poller.h"

#include <errno.h>
#include <stdio.h>
#include <utlist.h>

#include "agent/dispatch.h"
#include "agent/services.h"
#include "agent/trigger.h"
#include "common/aws/retry.h"
#include "common/aws/sqs.h"
#include "common/base/clock.h"
#include "common/base/digest.h"

#define LIVENESS_MARGIN_USEC (30 * USEC_PER_SEC)
#define FURTHER_WAIT_SEC 1u /* of receives beside the first: when a backlog ends, they end soon */
#define ATTEMPT_VALID_USEC (4 * USEC_PER_MINUTE) /* SQS keeps it for five */

struct receive {
        struct receive *prev, *next;
        struct poller *poller;
        struct sqs_call *call;
        struct liveness_entry liveness;
        uint64_t sent_boot_usec, sent_usec;
        unsigned size, reserved, wait_sec;
        char attempt_id[40];
};

void poller_init(struct poller *p, struct trigger *trigger) {
        *p = (struct poller){ .trigger = trigger, .plan = POLL_STATE_INIT };
}

static void unreserve(struct receive *r) {
        r->poller->reserved -= r->reserved;
        dispatch_reserve(r->poller->trigger->services->dispatch, r->poller->trigger, -(int)r->reserved);
        r->reserved = 0;
}

static void receive_free(struct receive *r) {
        struct poller *p = r->poller;

        unreserve(r);
        liveness_forget(&p->trigger->services->liveness, &r->liveness);
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
        struct trigger *t = trigger_ref(p->trigger);
        uint64_t now = clock_monotonic_usec(), sent_boot = r->sent_boot_usec;
        unsigned wait_sec = r->wait_sec;

        if (error) {
                remember_attempt(p, r, error, now);
                poll_failed(&p->plan, retry_delay_usec(error, p->plan.failures, trigger_random(t)), now);
        } else {
                poll_answered(&p->plan, r->size, (unsigned)count, usec_sub(now, r->sent_usec), r->wait_sec, now,
                              trigger_random(t));
        }
        receive_free(r);
        if (error)
                trigger_failed(t, error);
        else
                trigger_received(t, messages, count, sent_boot, wait_sec);
        trigger_wants_receives(t);
        trigger_unref(t);
}

/* A random id, or that of the receive that is repeated. */
static int choose_attempt(struct poller *p, struct receive *r) {
        uint8_t random[16];

        if (!p->trigger->config.fifo)
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

static int send(struct receive *r, const struct trigger *t) {
        struct sqs_receive request = {
                .queue_url = t->queue.url,
                .max_messages = r->size,
                .wait_seconds = r->wait_sec,
                .visibility_seconds = t->queue.set_visibility ? (int)t->queue.visibility_sec : -1,
                .attempt_id = *r->attempt_id ? r->attempt_id : NULL,
        };
        return sqs_receive(t->queue.client, &request, on_received, r, &r->call);
}

int poller_open(struct poller *p, unsigned size) {
        struct trigger *t = p->trigger;
        struct receive *r = calloc(1, sizeof *r);
        int error;

        if (!r)
                return -ENOMEM;
        r->poller = p;
        r->size = size;
        r->wait_sec = p->receives ? MIN(t->config.wait_sec, FURTHER_WAIT_SEC) : t->config.wait_sec;
        r->sent_boot_usec = clock_boottime_usec();
        r->sent_usec = clock_monotonic_usec();
        DL_APPEND(p->receives, r);
        p->plan.open++;
        error = choose_attempt(p, r);
        p->asked += r->size;
        if (error >= 0)
                error = send(r, t);
        if (error < 0) {
                receive_free(r);
                return error;
        }
        if (p->plan.hot && t->config.batch_records == 0) {
                r->reserved = r->size;
                p->reserved += r->size;
                dispatch_reserve(t->services->dispatch, t, (int)r->size);
        }
        liveness_watch(&t->services->liveness, &r->liveness, "receive",
                       usec_add(r->sent_usec, r->wait_sec * USEC_PER_SEC + LIVENESS_MARGIN_USEC));
        return 0;
}
