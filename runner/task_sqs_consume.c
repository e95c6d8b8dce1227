/* SPDX-License-Identifier: Apache-2.0 */
/* Consume: one long poll after another until there are enough records, the time is over, or the queue is empty. Each body
 * is a line of a file that the execution keeps; the messages themselves are consumed.h's from then on. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/consumed.h"
#include "runner/execution.h"
#include "runner/files.h"
#include "runner/render.h"
#include "runner/sqs_connection.h"
#include "runner/task_run.h"
#include "runner/value_text.h"

#define WAIT_MAX_SEC 20
#define VISIBILITY_DEFAULT_SEC 30
#define VISIBILITY_MAX_SEC 43200
#define TRIES_MAX 5 /* receives that fail in a row */
#define RECORDS_FILE "records.jsonl"

struct consume_work {
        struct sqs_client *client;        /* the execution's */
        char *queue_url;
        struct consumed *consumed;
        uint64_t max_records;             /* 0: no limit */
        uint64_t end_usec;                /* monotonic; USEC_INFINITY: no limit */
        unsigned visibility_sec, wait_sec;
        bool json, auto_delete;
        char *uri;
        int fd;
        uint64_t count;
        unsigned failures;
        uint64_t sent_usec;               /* boot time, of the receive that is under way */
        struct sqs_call *call;
        sd_event_source *timer;
};

static void receive(struct task_run *run);

/* --- the end --------------------------------------------------------------------------------------------------------- */

static void finish(struct task_run *run) {
        struct consume_work *w = run->work;
        _cleanup_value_ struct value *outputs = value_new_map();

        if (!outputs || value_map_put(outputs, "uri", value_new_string(w->uri)) < 0 ||
            value_map_put(outputs, "count", value_new_int((int64_t)w->count)) < 0) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        if (!run->timed_out) { /* else the attempt has failed, whatever it looks like */
                consumed_keep(TAKE_PTR(w->consumed));
                free(TAKE_PTR(w->uri));
        }
        task_run_succeed(run, TAKE_PTR(outputs));
}

/* --- records --------------------------------------------------------------------------------------------------------- */

/* Appends the body as one line. 0; -EBADMSG: it is no JSON. */
static int put_record(struct consume_work *w, struct buf *lines, const struct sqs_message *m) {
        _cleanup_value_ struct value *parsed = NULL;
        int r = w->json ? json_parse(m->body, m->body_len, &parsed, NULL, NULL) : 0;

        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        if (parsed)
                json_write(lines, parsed, JSON_COMPACT);
        else
                json_write_string(lines, m->body, m->body_len);
        return buf_append_char(lines, '\n');
}

/* Takes one message into the set and its record into `lines`. -EBADMSG: the attempt has been failed. */
static int take(struct task_run *run, const struct sqs_message *m, const struct lease_terms *terms, struct buf *lines) {
        struct consume_work *w = run->work;
        int r;

        if (m->damage != SQS_INTACT) {
                execution_logf(run->execution, run, LOG_WARNING, "message %s arrived damaged (MD5), and is left in the queue",
                               m->message_id);
                return 0;
        }
        r = consumed_add(w->consumed, m, terms);
        if (r <= 0)
                return r;
        w->count++;
        r = put_record(w, lines, m);
        if (r == -EBADMSG)
                task_run_fail(run, NULL, "message %s is no JSON (serdeType)", m->message_id);
        return r;
}

static int write_records(struct task_run *run, const struct buf *lines) {
        struct consume_work *w = run->work;
        int r = files_charge(run->execution, lines->len);

        return r < 0 ? r : fd_write_all(w->fd, lines->data, lines->len);
}

static int take_all(struct task_run *run, struct sqs_message **messages, size_t count) {
        struct consume_work *w = run->work;
        const struct lease_terms terms = lease_received(w->sent_usec, clock_boottime_usec(), w->wait_sec, w->visibility_sec);
        _cleanup_(buf_done) struct buf lines = BUF_INIT(0);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < count; i++)
                r = take(run, messages[i], &terms, &lines);
        if (r == -EBADMSG)
                return r;
        if (r >= 0 && lines.len > 0)
                r = write_records(run, &lines);
        if (r < 0)
                task_run_fail(run, NULL, "the records cannot be kept: %s", files_problem(r));
        return r;
}

/* --- receives -------------------------------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        receive(userdata);
        return 0;
}

static bool try_again(struct task_run *run, const struct aws_error *e) {
        struct consume_work *w = run->work;
        uint32_t random = 0;

        if ((e->class != AWS_ERROR_TRANSIENT && e->class != AWS_ERROR_THROTTLED) || ++w->failures >= TRIES_MAX)
                return false;
        (void)!random_bytes(&random, sizeof(random));
        w->timer = sd_event_source_disable_unref(w->timer);
        return sd_event_add_time_relative(run->execution->shop.event, &w->timer, CLOCK_MONOTONIC,
                                          retry_delay_usec(e, w->failures - 1, random), 1000, on_timer, run) >= 0;
}

static void on_received(const struct aws_error *error, struct sqs_message **messages, size_t count, void *userdata) {
        struct task_run *run = userdata;
        struct consume_work *w = run->work;
        _cleanup_(buf_done) struct buf why = BUF_INIT(0);

        w->call = NULL;
        if (error) {
                if (!try_again(run, error))
                        task_run_fail(run, NULL, "%s", aws_error_write(&why, error) == 0 ? why.data : "out of memory");
                return;
        }
        w->failures = 0;
        if (take_all(run, messages, count) < 0)
                return;
        if ((w->max_records > 0 && w->count >= w->max_records) || clock_monotonic_usec() >= w->end_usec ||
            (count == 0 && w->end_usec == USEC_INFINITY))
                finish(run);
        else
                receive(run);
}

static void receive(struct task_run *run) {
        struct consume_work *w = run->work;
        uint64_t left_sec = (usec_sub(w->end_usec, clock_monotonic_usec()) / USEC_PER_MSEC + 999) / 1000;
        uint64_t wanted = w->max_records > 0 ? w->max_records - w->count : SQS_BATCH_MAX;
        int r;

        w->wait_sec = (unsigned)MAX(MIN(left_sec, (uint64_t)WAIT_MAX_SEC), (uint64_t)1);
        w->sent_usec = clock_boottime_usec();
        const struct sqs_receive request = {
                .queue_url = w->queue_url,
                .max_messages = wanted < SQS_BATCH_MAX ? (unsigned)wanted : SQS_BATCH_MAX,
                .wait_seconds = w->wait_sec,
                .visibility_seconds = (int)w->visibility_sec,
        };
        r = sqs_receive(w->client, &request, on_received, run, &w->call);
        if (r < 0)
                task_run_fail(run, NULL, "the queue cannot be asked: %s", strerror(-r));
}

/* --- the start ------------------------------------------------------------------------------------------------------- */

/* A whole number from `min` to `max`; absent: *ret stays. On failure the attempt has been failed. */
static int read_number(struct task_run *run, const char *name, int64_t min, int64_t max, uint64_t *ret) {
        _cleanup_value_ struct value *v = NULL;
        _cleanup_free_ char *text = NULL;
        int64_t number;
        int r = render_property(run, name, RENDER_TEXT, &v);

        if (r < 0 || !v)
                return r;
        text = value_text(v);
        if (text && text_to_i64(text, min, max, &number) == 0) {
                *ret = (uint64_t)number;
                return 0;
        }
        task_run_fail(run, NULL, "%s must be a whole number from %lld to %lld", name, (long long)min, (long long)max);
        return -EINVAL;
}

static int read_text(struct task_run *run, const char *name, char **ret) {
        _cleanup_value_ struct value *v = NULL;
        int r = render_property(run, name, RENDER_TEXT, &v);

        if (r < 0 || !v)
                return r;
        *ret = value_text(v);
        if (!*ret)
                task_run_fail(run, NULL, "out of memory");
        return *ret ? 0 : -ENOMEM;
}

/* On failure the attempt has been failed. */
static int read_properties(struct task_run *run) {
        struct consume_work *w = run->work;
        _cleanup_free_ char *duration = NULL, *serde = NULL, *auto_delete = NULL;
        uint64_t visibility = VISIBILITY_DEFAULT_SEC, usec = USEC_INFINITY;
        int r = read_number(run, "maxRecords", 1, INT32_MAX, &w->max_records);

        if (r == 0)
                r = read_number(run, "visibilityTimeout", 1, VISIBILITY_MAX_SEC, &visibility);
        if (r == 0)
                r = read_text(run, "maxDuration", &duration);
        if (r == 0)
                r = read_text(run, "serdeType", &serde);
        if (r == 0)
                r = read_text(run, "autoDelete", &auto_delete);
        if (r < 0)
                return r;
        if (duration && duration_parse(duration, &usec) < 0) {
                task_run_fail(run, NULL, "maxDuration: '%s' is not a duration such as PT30S", duration);
                return -EINVAL;
        }
        if (!duration && w->max_records == 0) {
                task_run_fail(run, NULL, "maxRecords or maxDuration is needed");
                return -EINVAL;
        }
        w->visibility_sec = (unsigned)visibility;
        w->end_usec = duration ? usec_add(clock_monotonic_usec(), usec) : USEC_INFINITY;
        w->json = serde && strcasecmp(serde, "JSON") == 0;
        w->auto_delete = !auto_delete || strcasecmp(auto_delete, "false") != 0;
        return 0;
}

static int open_records(struct task_run *run) {
        struct consume_work *w = run->work;
        int r = files_create(run->execution, RECORDS_FILE, &w->uri, &w->fd);

        if (r < 0)
                task_run_fail(run, NULL, "the records cannot be kept: %s", files_problem(r));
        return r;
}

void task_sqs_consume_start(struct task_run *run) {
        struct consume_work *w = calloc(1, sizeof(*w));

        run->work = w;
        if (!w) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        w->fd = -1;
        if (read_properties(run) < 0 || sqs_connection_get(run, &w->client, &w->queue_url) < 0 || open_records(run) < 0)
                return;
        w->consumed = consumed_new(run, w->client, w->queue_url, w->visibility_sec, w->auto_delete);
        if (!w->consumed)
                task_run_fail(run, NULL, "out of memory");
        else
                receive(run);
}

void task_sqs_consume_cancel(struct task_run *run) {
        struct consume_work *w = run->work;

        w->call = sqs_cancel(w->call); /* what it may have taken is left to its visibility timeout */
        w->timer = sd_event_source_disable_unref(w->timer);
        task_run_fail(run, NULL, "cancelled");
}

void task_sqs_consume_free(struct task_run *run) {
        struct consume_work *w = run->work;

        if (!w)
                return;
        sqs_cancel(w->call);
        sd_event_source_disable_unref(w->timer);
        if (w->consumed)
                consumed_give_back(w->consumed);
        close_fd(w->fd);
        if (w->uri)
                files_discard(run->execution, w->uri);
        free(w->uri);
        free(w->queue_url);
        free(w);
        run->work = NULL;
}
