/* SPDX-License-Identifier: Apache-2.0 */
/* Publish: batches of up to ten messages and 1 MiB, one after another, so that what a FIFO queue orders stays in order.
 * What failed for a passing reason is sent again a few times, alone; an entry that SQS refuses fails the task. */
#include <errno.h>
#include <string.h>

#include "common/aws/retry.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/execution.h"
#include "runner/files.h"
#include "runner/outgoing.h"
#include "runner/render.h"
#include "runner/sqs_connection.h"
#include "runner/task_run.h"

#define TRIES_MAX 4 /* of one batch */

struct publish_work {
        struct sqs_client *client; /* the execution's */
        char *queue_url;
        struct outgoing_source source;
        struct outgoing batch[SQS_BATCH_MAX + 1]; /* the last one may wait: it did not fit */
        size_t numbers[SQS_BATCH_MAX + 1];        /* from 1, in the order of `from` */
        size_t count;                             /* in the batch */
        bool waits;                               /* batch[count] is there */
        size_t taken, sent;
        unsigned tries;
        struct sqs_call *call;
        sd_event_source *timer;
};

static void send_batch(struct task_run *run);

static void fail(struct task_run *run, size_t number, const char *why) {
        struct publish_work *w = run->work;

        if (number > 0)
                task_run_fail(run, NULL, "message %zu cannot be sent: %s (%zu were sent before)", number, why, w->sent);
        else
                task_run_fail(run, NULL, "%s (%zu messages were sent before)", why, w->sent);
}

/* --- batches --------------------------------------------------------------------------------------------------------- */

/* Takes the next message to the place behind the batch. 1, 0 at the end; negative: the attempt has been failed. */
static int take_next(struct task_run *run) {
        struct publish_work *w = run->work;
        _cleanup_free_ char *problem = NULL;
        struct value *v = NULL;
        int r = outgoing_source_next(&w->source, &v);

        if (r == 0)
                return 0;
        w->taken++;
        if (r > 0)
                r = outgoing_make(v, &w->batch[w->count], &problem);
        if (r < 0) {
                fail(run, w->taken, problem ? problem : r == -EBADMSG ? "the line is no JSON" : strerror(-r));
                return r;
        }
        w->numbers[w->count] = w->taken;
        return 1;
}

/* 0, also when there is none left; negative: the attempt has been failed. */
static int fill_batch(struct task_run *run) {
        struct publish_work *w = run->work;
        size_t size = 0;

        while (w->count < SQS_BATCH_MAX) {
                int r = w->waits ? 1 : take_next(run);

                if (r <= 0)
                        return r;
                w->waits = size + w->batch[w->count].size > SQS_PAYLOAD_MAX_BYTES;
                if (w->waits)
                        return 0;
                size += w->batch[w->count++].size;
        }
        return 0;
}

/* Removes entry i; the order of the others stays. */
static void remove_entry(struct publish_work *w, size_t i) {
        outgoing_done(&w->batch[i]);
        for (; i + 1 < w->count + w->waits; i++) {
                w->batch[i] = w->batch[i + 1];
                w->batch[i].send.attributes = w->batch[i].attributes; /* it moved along */
                w->numbers[i] = w->numbers[i + 1];
        }
        w->batch[i] = (struct outgoing){ 0 };
        w->count--;
}

static void next_batch(struct task_run *run) {
        struct publish_work *w = run->work;
        _cleanup_value_ struct value *outputs = NULL;

        if (fill_batch(run) < 0)
                return;
        if (w->count > 0) {
                w->tries = 0;
                send_batch(run);
                return;
        }
        outputs = value_new_map();
        if (!outputs || value_map_put(outputs, "messagesCount", value_new_int((int64_t)w->sent)) < 0)
                task_run_fail(run, NULL, "out of memory");
        else
                task_run_succeed(run, TAKE_PTR(outputs));
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

static bool is_passing(enum aws_error_class class) {
        return class == AWS_ERROR_TRANSIENT || class == AWS_ERROR_THROTTLED;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        send_batch(userdata);
        return 0;
}

/* True when the batch will be sent again. */
static bool try_again(struct task_run *run, const struct aws_error *e) {
        struct publish_work *w = run->work;
        uint32_t random = 0;
        uint64_t delay;

        if (!is_passing(e->class) || w->tries >= TRIES_MAX)
                return false;
        (void)!random_bytes(&random, sizeof(random));
        delay = retry_delay_usec(e, w->tries - 1, random);
        w->timer = sd_event_source_disable_unref(w->timer);
        return sd_event_add_time_relative(run->execution->shop.event, &w->timer, CLOCK_MONOTONIC, delay, 1000, on_timer, run) >= 0;
}

/* Takes out what was sent; the first of the others decides what follows. */
static void take_results(struct task_run *run, const struct sqs_batch_result *results, size_t count) {
        struct publish_work *w = run->work;
        struct aws_error e = { .class = AWS_ERROR_TRANSIENT };
        _cleanup_free_ char *why = NULL;

        for (size_t i = count; i > 0; i--)
                if (results[i - 1].ok && !results[i - 1].damaged) {
                        remove_entry(w, i - 1);
                        w->sent++;
                }
        if (w->count == 0) {
                next_batch(run);
                return;
        }
        for (size_t i = 0; i < count; i++) {
                const struct sqs_batch_result *result = &results[i];
                bool passing = !result->ok && !result->sender_fault && is_passing(result->class);

                if (result->ok && !result->damaged)
                        continue;
                if (passing && !w->batch[0].group_id && try_again(run, &e))
                        return;
                why = result->damaged ? text_dup("what arrived is not what was sent (MD5)") :
                                        text_printf("%s: %s", result->code && *result->code ? result->code : "no answer",
                                                    result->message ? result->message : "");
                fail(run, w->numbers[0], why ? why : "out of memory");
                return;
        }
}

static void on_sent(const struct aws_error *error, const struct sqs_batch_result *results, size_t count, void *userdata) {
        struct task_run *run = userdata;
        struct publish_work *w = run->work;
        _cleanup_(buf_done) struct buf why = BUF_INIT(0);

        w->call = NULL;
        if (!error)
                take_results(run, results, count);
        else if (!try_again(run, error))
                fail(run, 0, aws_error_write(&why, error) == 0 ? why.data : "out of memory");
}

static void send_batch(struct task_run *run) {
        struct publish_work *w = run->work;
        struct sqs_send entries[SQS_BATCH_MAX];
        int r;

        w->tries++;
        for (size_t i = 0; i < w->count; i++)
                entries[i] = w->batch[i].send;
        r = sqs_send_batch(w->client, w->queue_url, entries, w->count, on_sent, run, &w->call);
        if (r < 0)
                fail(run, w->numbers[0], r == -EINVAL ? "an id, an attribute or the delay is outside of what SQS takes" :
                                                        strerror(-r));
}

/* --- the start ------------------------------------------------------------------------------------------------------- */

static int open_source(struct task_run *run) {
        struct publish_work *w = run->work;
        _cleanup_value_ struct value *from = NULL;
        int r = render_property(run, "from", RENDER_TYPED, &from);

        if (r < 0)
                return r;
        if (from && value_type(from) == VALUE_STRING && execution_file_is_uri(value_string(from))) {
                int fd = files_open(run->execution, value_string(from));

                if (fd < 0)
                        task_run_fail(run, NULL, "from: %s", files_problem(fd));
                else
                        outgoing_source_of_file(&w->source, fd);
                return MIN(fd, 0);
        }
        r = from ? outgoing_source_of_value(&w->source, from) : -EINVAL;
        if (r < 0)
                task_run_fail(run, NULL, r == -EINVAL ? "from is neither a message, a list of messages nor the URI of a file "
                                                        "of this execution" : "out of memory");
        return r;
}

void task_sqs_publish_start(struct task_run *run) {
        struct publish_work *w = calloc(1, sizeof(*w));

        run->work = w;
        if (!w) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        w->source.fd = -1;
        if (sqs_connection_get(run, &w->client, &w->queue_url) == 0 && open_source(run) == 0)
                next_batch(run);
}

void task_sqs_publish_cancel(struct task_run *run) {
        struct publish_work *w = run->work;

        w->call = sqs_cancel(w->call);
        w->timer = sd_event_source_disable_unref(w->timer);
        fail(run, 0, "cancelled");
}

void task_sqs_publish_free(struct task_run *run) {
        struct publish_work *w = run->work;

        if (!w)
                return;
        sqs_cancel(w->call);
        sd_event_source_disable_unref(w->timer);
        for (size_t i = 0; i < w->count + w->waits; i++)
                outgoing_done(&w->batch[i]);
        outgoing_source_done(&w->source);
        free(w->queue_url);
        free(w);
        run->work = NULL;
}
