/* SPDX-License-Identifier: Apache-2.0 */
/* One list per queue, given back from its end (in a FIFO group the later message goes back before the earlier one), up
 * to ten at a time. A call that fails is repeated with backoff for about a minute. */
#include "agent/recovery.h"

#include <errno.h>
#include <utlist.h>

#include "agent/clients.h"
#include "agent/held.h"
#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/store/store.h"

#define ATTEMPTS_MAX 8

/* A message that the last agent left. */
struct left {
        char *receipt_handle;
        uint32_t place;         /* in held.h: kept until it was given back, in case this process dies before */
};

struct recovery_queue {
        struct recovery_queue *next;
        struct recovery *recovery;
        char *url;
        struct left *left;      /* in the order of arrival */
        size_t count, done;
        size_t under_way;
        unsigned failures;
        struct sqs_client *client;
        struct sqs_call *call;
        sd_event_source *timer;
        bool is_over;
};

struct recovery {
        struct services *services;
        recovery_func on_over;
        void *userdata;
        struct recovery_queue *queues;
        uint64_t recorded;      /* the last execution that was looked at */
};

static void release_some(struct recovery_queue *q);

bool recovery_is_pending(const struct recovery *r, const char *queue_url) {
        const struct recovery_queue *q;

        if (r)
                for (q = r->queues; q; q = q->next)
                        if (!q->is_over && text_eq(q->url, queue_url))
                                return true;
        return false;
}

/* The next `count` of the queue, from the end, are dealt with. */
static void drop(struct recovery_queue *q, size_t count) {
        for (size_t i = 0; i < count; i++)
                held_drop(q->recovery->services->held, q->left[q->count - 1 - q->done - i].place);
        q->done += count;
}

static void over(struct recovery_queue *q) {
        size_t done = q->done, left = q->count - done;

        drop(q, left);
        q->is_over = true;
        log_write(left > 0 ? LOG_WARNING : LOG_NOTICE, 0, LOG_FIELDS({ "SQSFLOW_QUEUE", q->url }),
                  "After the last end: %zu messages that were held then were given back%s, %zu were not", done,
                  done > 0 ? " at once" : "", left);
        q->recovery->on_over(q->recovery->userdata, q->url);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        release_some(userdata);
        return 0;
}

static void try_later(struct recovery_queue *q, const struct aws_error *e) {
        uint32_t random = 0;

        if (++q->failures >= ATTEMPTS_MAX) {
                over(q);
                return;
        }
        (void)!random_bytes(&random, sizeof random);
        sd_event_source_set_time(q->timer, usec_add(clock_monotonic_usec(), retry_delay_usec(e, q->failures - 1, random)));
        sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

/* An entry that fails for a reason of its own (the handle expired) is done: its message is visible already. */
static bool is_settled(const struct sqs_batch_result *result) {
        return result->ok || result->sender_fault || result->class == AWS_ERROR_STALE_HANDLE;
}

/* Of those under way, what is to be tried again comes to stand before what is done with, each in its order. How many are. */
static size_t sort_out(struct recovery_queue *q, const struct sqs_batch_result *results) {
        struct left *under_way = q->left + (q->count - q->done - q->under_way), settled[SQS_BATCH_MAX];
        size_t settled_count = 0, kept_count = 0;

        for (size_t i = 0; i < q->under_way; i++)
                if (is_settled(&results[q->under_way - 1 - i])) /* they were asked for from the end */
                        settled[settled_count++] = under_way[i];
                else
                        under_way[kept_count++] = under_way[i];
        for (size_t i = 0; i < settled_count; i++)
                under_way[kept_count + i] = settled[i];
        return settled_count;
}

static void on_released(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                        void *userdata) {
        struct recovery_queue *q = userdata;
        struct aws_error again;
        size_t settled;

        q->call = NULL;
        if (error) {
                try_later(q, error);
                return;
        }
        settled = sort_out(q, results);
        drop(q, settled);
        if (settled > 0)
                q->failures = 0;
        if (settled < q->under_way) {
                again = aws_error_from_errno(-EAGAIN, "entries of the batch failed");
                try_later(q, &again);
        } else
                release_some(q);
}

static void release_some(struct recovery_queue *q) {
        struct sqs_visibility entries[SQS_BATCH_MAX];
        struct aws_error e;
        int r;

        q->under_way = MIN(q->count - q->done, (size_t)SQS_BATCH_MAX);
        if (q->under_way == 0) {
                over(q);
                return;
        }
        for (size_t i = 0; i < q->under_way; i++)
                entries[i] = (struct sqs_visibility){ .receipt_handle = q->left[q->count - 1 - q->done - i].receipt_handle };
        r = sqs_change_visibility_batch(q->client, q->url, entries, q->under_way, 0, on_released, q, &q->call);
        if (r < 0) {
                e = aws_error_from_errno(r, "the request could not be made");
                try_later(q, &e);
        }
}

static struct recovery_queue *queue_get(struct recovery *r, const char *url) {
        struct recovery_queue *q;

        for (q = r->queues; q; q = q->next)
                if (text_eq(q->url, url))
                        return q;
        q = calloc(1, sizeof *q);
        if (!q)
                return NULL;
        q->recovery = r;
        q->url = text_dup(url);
        q->is_over = true;
        LL_PREPEND(r->queues, q);
        return q;
}

/* An execution whose start had not reached the store yet. */
static int record_killed(struct store *store, const struct held_message *m) {
        const struct store_message message = { m->message_id, m->group_id, m->receive_count };
        const struct store_execution started = {
                .id = m->execution_id, .flow = m->flow, .flow_revision = m->flow_revision, .trigger = m->trigger,
                .queue_url = m->queue_url, .start_usec = m->start_usec, .messages = &message, .message_count = 1,
        };
        const struct store_end end = {
                .execution_id = m->execution_id, .state = RUN_KILLED, .end_usec = clock_realtime_usec(),
                .error = STORE_ORPHAN_ERROR,
        };
        int r = store_execution_started(store, &started);

        return r < 0 ? r : store_execution_ended(store, &end, NULL, NULL);
}

static int add_left(struct recovery_queue *q, uint32_t place, const char *receipt_handle) {
        struct left *longer = reallocarray(q->left, q->count + 1, sizeof *longer);

        if (!longer)
                return -ENOMEM;
        q->left = longer;
        q->left[q->count] = (struct left){ text_dup(receipt_handle), place };
        return q->left[q->count].receipt_handle ? (q->count++, 0) : -ENOMEM;
}

static int on_held(void *userdata, uint32_t place, const struct held_message *m) {
        struct recovery *recovery = userdata;
        struct recovery_queue *q = queue_get(recovery, m->queue_url);
        int r = q ? add_left(q, place, m->receipt_handle) : -ENOMEM;

        if (r < 0)
                return r;
        if (m->execution_id == 0 || m->execution_id == recovery->recorded)
                return 0;
        recovery->recorded = m->execution_id; /* of a batch, the first message speaks for all */
        r = store_has_execution(recovery->services->store, m->execution_id);
        return r == 0 ? record_killed(recovery->services->store, m) : r;
}

/* The settings of a trigger on that queue, else the agent's. */
static const struct config_aws *settings_for(const struct config *config, const char *url) {
        for (size_t i = 0; i < config->trigger_count; i++)
                if (text_eq(config->triggers[i].queue_url, url))
                        return &config->triggers[i].aws;
        return &config->aws;
}

static int begin(struct recovery_queue *q) {
        struct services *s = q->recovery->services;
        const char *why;
        int r = clients_get(s->clients, settings_for(s->config, q->url), q->url, &q->client, &why);

        if (r < 0) {
                log_warning(r, "Messages that were held at the last end cannot be given back to %s: %s", q->url, why);
                drop(q, q->count);
                return 0;
        }
        r = sd_event_add_time(s->event, &q->timer, CLOCK_MONOTONIC, 0, 10 * USEC_PER_MSEC, on_timer, q);
        if (r >= 0)
                r = sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        q->is_over = false;
        release_some(q);
        return 0;
}

int recovery_new(struct services *services, recovery_func on_over, void *userdata, struct recovery **ret) {
        _cleanup_(recovery_freep) struct recovery *r = calloc(1, sizeof *r);
        struct recovery_queue *q;
        int error;

        if (!r)
                return -ENOMEM;
        r->services = services;
        r->on_over = on_over;
        r->userdata = userdata;
        error = store_kill_orphans(services->store, clock_realtime_usec());
        if (error >= 0)
                error = held_each(services->held, on_held, r);
        if (error >= 0)
                error = store_commit(services->store);
        for (q = r->queues; q; q = q->next)
                if (error >= 0)
                        error = begin(q);
        if (error < 0)
                return error;
        *ret = TAKE_PTR(r);
        return 0;
}

struct recovery *recovery_free(struct recovery *r) {
        struct recovery_queue *q;

        if (!r)
                return NULL;
        while ((q = r->queues)) {
                r->queues = q->next;
                sqs_cancel(q->call);
                sd_event_source_unref(q->timer);
                for (size_t i = 0; i < q->count; i++)
                        free(q->left[i].receipt_handle);
                free(q->left);
                free(q->url);
                free(q);
        }
        free(r);
        return NULL;
}
