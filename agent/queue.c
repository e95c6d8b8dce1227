/* SPDX-License-Identifier: Apache-2.0 */
/* One step after the other: client, URL, attributes. Each failure starts the chain again after its backoff, from the
 * step that is not done. A principal that may not read attributes still works. The receives name the visibility timeout
 * themselves, so that the lease is known whatever becomes of the queue's own. */
#include "agent/queue.h"

#include "agent/clients.h"
#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define REFRESH_USEC (5 * USEC_PER_MINUTE)
#define ACCURACY_USEC (100 * USEC_PER_MSEC)
#define VISIBILITY_DEFAULT_SEC 30

static void again_in(struct queue *q, uint64_t delay_usec) {
        sd_event_source_set_time(q->timer, usec_add(clock_monotonic_usec(), delay_usec));
        sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

static void failed(struct queue *q, const struct aws_error *e) {
        uint64_t delay = retry_delay_usec(e, q->failures++, jitter_next(q->jitter));

        again_in(q, delay);
        if (!q->is_ready)
                q->ops->on_failed(q, e);
}

static void ready(struct queue *q) {
        bool first = !q->is_ready;

        q->failures = 0;
        q->is_ready = true;
        if (q->is_visibility_own)
                again_in(q, REFRESH_USEC + jitter_next(q->jitter) % (30 * USEC_PER_SEC));
        if (first)
                q->ops->on_ready(q);
}

static void on_attributes(const struct aws_error *error, const struct sqs_queue_attributes *a, void *userdata) {
        struct queue *q = userdata;

        q->call = NULL;
        if (error && (error->class != AWS_ERROR_DENIED || q->is_ready)) {
                failed(q, error);
                return;
        }
        q->is_visibility_own = !error && a->visibility_timeout_seconds > 0;
        /* else it may not be asked, or its messages never hide */
        q->visibility_sec = q->is_visibility_own ? a->visibility_timeout_seconds : VISIBILITY_DEFAULT_SEC;
        ready(q);
}

static void on_url(const struct aws_error *error, const char *url, void *userdata) {
        struct queue *q = userdata;

        q->call = NULL;
        if (!error && text_replace(&q->url, url) == 0)
                queue_start(q);
        else if (error)
                failed(q, error);
        else
                again_in(q, RETRY_CAP_USEC);
}

static void could_not(struct queue *q, int r, const char *why) {
        struct aws_error e = aws_error_from_errno(r, why);

        failed(q, &e);
}

void queue_start(struct queue *q) {
        const struct trigger_config *config = q->config;
        const char *why = "the request could not be made";
        int r = 0;

        if (q->call)
                return;
        if (!q->client)
                r = clients_get(q->services->clients, &config->aws, config->queue_url, &q->client, &why);
        if (r >= 0 && !q->url && config->queue_url)
                r = text_replace(&q->url, config->queue_url);
        if (r < 0)
                could_not(q, r, why);
        else if (!q->url)
                r = sqs_get_queue_url(q->client, config->queue_name, NULL, on_url, q, &q->call);
        else if (config->visibility_sec == 0)
                r = sqs_get_queue_attributes(q->client, q->url, on_attributes, q, &q->call);
        else {
                q->visibility_sec = config->visibility_sec;
                ready(q);
        }
        if (r < 0 && q->client)
                could_not(q, r, why);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        queue_start(userdata);
        return 0;
}

int queue_init(struct queue *q, struct services *services, const struct trigger_config *config, struct jitter *jitter,
               const struct queue_ops *ops) {
        int r;

        *q = (struct queue){ .ops = ops, .services = services, .config = config, .jitter = jitter };
        r = sd_event_add_time(services->event, &q->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_timer, q);
        if (r >= 0)
                r = sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

void queue_stop(struct queue *q) {
        q->call = sqs_cancel(q->call);
        if (q->timer)
                sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
}

void queue_done(struct queue *q) {
        queue_stop(q);
        sd_event_source_unref(q->timer);
        free(q->url);
        *q = (struct queue){ 0 };
}
