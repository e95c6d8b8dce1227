/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sending.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/sqs_wait.h"
#include "common/base/ident.h"
#include "common/base/text.h"

#define BATCHES_AT_ONCE 8

static void note_problem(struct sending *s, const char *text, int code) {
        if (s->problem)
                return;
        s->problem = text_dup(text);
        s->code = code;
}

static void note_error(struct sending *s, const struct aws_error *error) {
        struct buf text = BUF_INIT(0);

        if (aws_error_write(&text, error) == 0)
                note_problem(s, text.data, exit_code_of(error));
        else
                note_problem(s, "out of memory", EXIT_FAILED);
        buf_done(&text);
}

static void note_result(struct sending *s, const struct sqs_batch_result *result) {
        _cleanup_free_ char *text = NULL;

        if (result->ok && !result->damaged) {
                (void)value_list_add(s->ids, value_new_string(result->message_id ? result->message_id : ""));
                return;
        }
        text = result->ok ? text_dup("the server received other bytes than were sent (MD5)")
                          : text_printf("%s: %s", result->code, result->message ? result->message : "");
        note_problem(s, text ? text : "out of memory", EXIT_FAILED);
}

static void send_more(struct sending *s);

static void on_sent(const struct aws_error *error, const struct sqs_batch_result *results, size_t count, void *userdata) {
        struct sending *s = userdata;

        s->batches--;
        if (error)
                note_error(s, error);
        for (size_t i = 0; !error && i < count; i++)
                note_result(s, &results[i]);
        send_more(s);
}

/* A FIFO queue takes a message once per deduplication id, so copies get a number behind theirs. */
static const char *make_dedup(const struct sending *s, uint64_t n, char out[160]) {
        char id[IDENT_TEXT_SIZE];

        if (!s->is_fifo)
                return NULL;
        if (!s->dedup)
                (void)snprintf(out, 160, "sqsflow-%s", ident_format(ident_new(), id));
        else if (s->count == 1)
                (void)snprintf(out, 160, "%s", s->dedup);
        else
                (void)snprintf(out, 160, "%s-%llu", s->dedup, (unsigned long long)n);
        return out;
}

static int send_batch(struct sending *s, size_t count) {
        struct sqs_send entries[SQS_BATCH_MAX];
        char dedup[SQS_BATCH_MAX][160];

        for (size_t i = 0; i < count; i++)
                entries[i] = (struct sqs_send){
                        .body = s->body,
                        .body_len = s->body_len,
                        .delay_seconds = s->is_fifo ? -1 : s->delay_seconds,
                        .group_id = s->group,
                        .deduplication_id = make_dedup(s, s->started + i + 1, dedup[i]),
                        .attributes = s->attributes->items,
                        .attribute_count = s->attributes->count,
                };
        return count == 1 ? sqs_send(s->session->sqs, s->queue_url, &entries[0], on_sent, s, NULL)
                          : sqs_send_batch(s->session->sqs, s->queue_url, entries, count, on_sent, s, NULL);
}

/* As many as fit ten messages and SQS's total. */
static size_t batch_size(const struct sending *s) {
        uint64_t left = s->count - s->started, most = MIN(left, (uint64_t)SQS_BATCH_MAX);
        size_t one = s->body_len + 1, fitting;

        for (size_t i = 0; i < s->attributes->count; i++)
                one += strlen(s->attributes->items[i].name) + strlen(s->attributes->items[i].data_type) +
                       s->attributes->items[i].len;
        fitting = SQS_PAYLOAD_MAX_BYTES / one;
        if (fitting == 0)
                return 1; /* SQS will say that it is too large */
        return MIN((size_t)most, fitting);
}

static void send_more(struct sending *s) {
        while (s->batches < (s->is_fifo ? 1 : BATCHES_AT_ONCE) && s->started < s->count && !s->problem) {
                size_t count = batch_size(s);
                int r = send_batch(s, count);

                if (r < 0) {
                        note_problem(s, r == -E2BIG || r == -EINVAL
                                                ? "the message is larger than SQS takes (1 MiB), or not UTF-8"
                                                : strerror(-r), EXIT_FAILED);
                        break;
                }
                s->batches++;
                s->started += count;
        }
        if (s->batches == 0)
                sd_event_exit(s->session->event, 0);
}

int sending_run(struct sending *s) {
        s->ids = value_new_list();
        if (!s->ids)
                return -ENOMEM;
        send_more(s);
        return session_run(s->session);
}

void sending_done(struct sending *s) {
        value_unref(s->ids);
        free(s->problem);
}
