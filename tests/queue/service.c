/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request: find the operation, the queue and the faults that hit it; run it; put the faults on top that
 * follow an operation. A request that has to wait (a long poll, a fault) is parked with a timer and completed later. */
#include "tests/queue/service.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/operation.h"

#define SKEW_MAX_USEC (15 * USEC_PER_MINUTE)
#define HANG_USEC (15 * USEC_PER_MINUTE)

void service_init(struct service *s, uint64_t now_usec, uint64_t seed) {
        *s = (struct service){ .faults.random_state = seed };
        broker_init(&s->broker, now_usec, seed);
}

void service_done(struct service *s) {
        faults_clear(&s->faults);
        s->persist = persist_close(s->persist);
        broker_done(&s->broker);
        s->oplog = oplog_close(s->oplog);
}

static int read_amz_date(const char *text, uint64_t *ret_usec) {
        struct tm tm = { 0 };
        const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);

        if (!end || *end)
                return -EINVAL;
        *ret_usec = (uint64_t)timegm(&tm) * USEC_PER_SEC;
        return 0;
}

/* SQS compares the signing time with its own clock before it looks at the signature. */
static int check_date(struct request *r) {
        uint64_t signed_usec, now_usec = r->now_usec + (uint64_t)r->service->clock_offset_usec;

        if (!r->amz_date || read_amz_date(r->amz_date, &signed_usec) < 0)
                return 0;
        if (signed_usec + SKEW_MAX_USEC < now_usec)
                return failure_set(&r->failure, FAILURE_INVALID_SIGNATURE,
                                   "Signature expired: %s is now earlier than the server's time minus 15 min.",
                                   r->amz_date);
        if (signed_usec > now_usec + SKEW_MAX_USEC)
                return failure_set(&r->failure, FAILURE_INVALID_SIGNATURE,
                                   "Signature not yet current: %s is still later than the server's time plus 15 min.",
                                   r->amz_date);
        return 0;
}

/* Host and account are not looked at: whoever reaches this server means its queues. */
static int find_queue(struct request *r) {
        const char *url = NULL;
        int failed = param_text(r, r->params, "QueueUrl", true, &url);
        if (failed)
                return failed;

        const char *slash = strrchr(url, '/'), *name = slash ? slash + 1 : url;
        r->queue = broker_find(&r->service->broker, name, strlen(name));
        return r->queue ? 0 : failure_plain(&r->failure, FAILURE_QUEUE_DOES_NOT_EXIST);
}

static int parse_params(struct request *r, const char *body, size_t len) {
        const char *reason = NULL;
        int failed = json_parse(body, len, &r->params, &reason, NULL);

        if (failed < 0 && memmem(body, len, "\\u0000", 6))
                return failure_plain(&r->failure, FAILURE_INVALID_MESSAGE_CONTENTS);
        if (failed < 0)
                return failure_set(&r->failure, FAILURE_SERIALIZATION, "%s", reason ? reason : "");
        if (value_type(r->params) != VALUE_MAP)
                return failure_set(&r->failure, FAILURE_SERIALIZATION, "The body must be a JSON object.");
        return 0;
}

static int prepare(struct request *r, const char *body, size_t len) {
        const char *name = r->target ? text_after(r->target, "AmazonSQS.") : NULL;

        r->operation = name ? operation_find(name) : NULL;
        if (!r->operation)
                return failure_plain(&r->failure, FAILURE_UNKNOWN_OPERATION);
        r->service->calls[operation_index(r->operation)]++;
        int failed = check_date(r);
        if (!failed)
                failed = parse_params(r, body, len);
        if (!failed && r->operation->needs_queue)
                failed = find_queue(r);
        return failed;
}

static void roll_faults(struct request *r) {
        r->faults = faults_roll(&r->service->faults, r->operation->name, r->queue ? r->queue->name : NULL);
        for (int kind = 0; r->faults.kinds && kind < FAULT_KIND_COUNT; kind++)
                if (fault_hit(&r->faults, (enum fault_kind)kind))
                        oplog_write(r->service->oplog, r->now_usec,
                                    &(struct oplog_event){ .op = "fault",
                                                           .queue = r->queue ? r->queue->name : NULL,
                                                           .result = fault_name((enum fault_kind)kind) });
}

static int run_operation(struct request *r) {
        if (r->operation->run)
                return r->operation->run(r);
        if (r->operation->is_batch)
                return batch_run(r);

        buf_append_char(&r->out, '{');
        int result = r->operation->entry(r, r->params, &r->out);
        /* Operations without a result answer with an empty body. */
        if (r->out.len == 1)
                buf_reset(&r->out);
        else
                buf_append_char(&r->out, '}');
        return result;
}

static void on_hang_end(struct timer *t, uint64_t now_usec) {
        struct request *r = CONTAINER_OF(t, struct request, timer);

        r->closes = true;
        request_complete(r, 0);
}

static int run_with_faults(struct request *r) {
        roll_faults(r);
        for (int kind = FAULT_REFUSALS; kind < FAULT_KIND_COUNT; kind++)
                if (fault_hit(&r->faults, (enum fault_kind)kind))
                        return failure_plain(&r->failure, fault_refusal((enum fault_kind)kind));
        if (fault_hit(&r->faults, FAULT_HANG))
                return request_park(r, r->now_usec + HANG_USEC, on_hang_end);
        r->closes = fault_hit(&r->faults, FAULT_DROP);
        return r->closes ? 0 : run_operation(r);
}

static void write_failure(struct request *r) {
        const char *message = failure_message(&r->failure);

        buf_reset(&r->out);
        buf_appendf(&r->out, "{\"__type\":\"%s\",\"message\":", failure_kind(r->failure.code)->type);
        json_write_string(&r->out, message, strlen(message));
        buf_append_char(&r->out, '}');
        r->status = failure_kind(r->failure.code)->status;
}

static void on_latency_end(struct timer *t, uint64_t now_usec) {
        struct request *r = CONTAINER_OF(t, struct request, timer);

        timer_done(&r->service->broker.timers, t);
        r->service->parked_count--;
        r->on_answer(r);
}

/* True when the answer can go out, false when it is parked. */
static bool finish(struct request *r, int result) {
        (void)oplog_flush(r->service->oplog); /* its error stays and is looked at once per turn */
        if (result == PARKED)
                return false;
        r->status = 200;
        if (result < 0)
                result = failure_plain(&r->failure, FAILURE_INTERNAL);
        if (result == FAILED)
                write_failure(r);
        if (fault_hit(&r->faults, FAULT_GARBAGE)) {
                buf_reset(&r->out);
                buf_append_str(&r->out, "<html><body>Bad gateway</body></html>");
        }
        r->closes = r->closes || fault_hit(&r->faults, FAULT_DROP_AFTER);
        if (fault_hit(&r->faults, FAULT_LATENCY)) {
                uint64_t delay = r->faults.latency_msec * USEC_PER_MSEC;
                return request_park(r, r->now_usec + delay, on_latency_end) != PARKED;
        }
        return true;
}

int request_park(struct request *r, uint64_t until_usec, timer_on_fire *on_fire) {
        struct timers *timers = &r->service->broker.timers;
        int failed = timer_init(timers, &r->timer, on_fire);
        if (failed < 0)
                return failed;
        timer_set(timers, &r->timer, until_usec);
        r->service->parked_count++;
        return PARKED;
}

static void unpark(struct request *r) {
        if (!r->timer.on_fire)
                return;
        timer_done(&r->service->broker.timers, &r->timer);
        r->service->parked_count--;
        longpoll_leave(r);
}

void request_complete(struct request *r, int result) {
        unpark(r);
        if (finish(r, result))
                r->on_answer(r);
}

bool service_submit(struct service *s, struct request *r, const char *body, size_t len, uint64_t now_usec) {
        r->service = s;
        r->now_usec = now_usec;
        r->out = BUF_INIT(0);

        int result = prepare(r, body, len);
        if (!result && r->queue)
                r->queue->calls[operation_index(r->operation)]++;
        return finish(r, result ? result : run_with_faults(r));
}

void request_done(struct request *r) {
        if (!r->service)
                return;
        unpark(r);
        r->params = value_unref(r->params);
        buf_done(&r->out);
        failure_done(&r->failure);
}

void service_turn(struct service *s, uint64_t now_usec) {
        struct queue *q;

        timers_run(&s->broker.timers, now_usec);
        while ((q = broker_take_awake(&s->broker)))
                longpoll_serve(s, q, now_usec);
}
