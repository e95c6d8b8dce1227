/* SPDX-License-Identifier: Apache-2.0 */
/* A message is deleted only after its copy was confirmed, so whatever ends this process leaves it in one queue at least:
 * before the send it comes back by the visibility timeout, between send and delete it is in both. In a FIFO queue the copy's
 * deduplication id is made of the message's id, so that a second attempt within five minutes makes no second copy.
 *
 * Messages go in the order they came. The first that cannot be sent ends it, and goes back with all behind it, so that
 * FIFO groups keep their order. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/redrive.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define VISIBILITY_SECONDS 120 /* for ten sends, each of which may be tried again */
#define WAIT_SECONDS 2
#define TRIES 5
#define PAUSE_USEC (200 * USEC_PER_MSEC)

struct hand {
        struct redrive *r;
        uint64_t start_usec;
        struct value *origins;   /* map: ARN → URL */
        struct sqs_message **messages;
        size_t count;
        const char *targets[SQS_BATCH_MAX];
        bool is_sent[SQS_BATCH_MAX];
};

const char *redrive_arn_name(const char *arn) {
        const char *name = arn && strncmp(arn, "arn:", 4) == 0 ? strrchr(arn, ':') : NULL;

        return name && strstr(arn, ":sqs:") && name[1] ? name + 1 : NULL;
}

char *redrive_dedup(const char *message_id, char out[129]) {
        (void)snprintf(out, 129, "redrive-%s", message_id);
        return out;
}

static bool may_be_tried_again(int result, const struct aws_error *error) {
        return result == SQS_REFUSED && (error->class == AWS_ERROR_TRANSIENT || error->class == AWS_ERROR_THROTTLED);
}

static int pause_before(struct hand *h, unsigned try) {
        return try > 0 ? wait_usec(&h->r->from->session, PAUSE_USEC << try, NULL) : 0;
}

/* --- where to -------------------------------------------------------------------------------------------------------- */

/* The URL of a queue that messages came from; borrowed. NULL after noting the problem, or with a negative *ret_error. */
static const char *url_of_origin(struct hand *h, const char *arn, int *ret_error) {
        const char *known = value_map_string(h->origins, arn), *name = redrive_arn_name(arn);
        _cleanup_free_ char *url = NULL;
        struct aws_error error = { 0 };
        int k;

        if (known)
                return known;
        if (!name) {
                redrive_fail(h->r, EXIT_FAILED, "'%s' is not the ARN of a queue", arn);
                return NULL;
        }
        k = wait_queue_url(&h->r->from->session, name, NULL, &url, &error);
        if (k == 0)
                k = value_map_put(h->origins, arn, value_new_string(url));
        if (k == 0)
                return value_map_string(h->origins, arn);
        *ret_error = redrive_fail_aws(h->r, name, k, &error);
        return NULL;
}

static const char *target_of(struct hand *h, const struct sqs_message *m, int *ret_error) {
        const char *arn = value_map_string(m->attributes, "DeadLetterQueueSourceArn");

        if (h->r->to_url)
                return h->r->to_url;
        if (arn)
                return url_of_origin(h, arn, ret_error);
        redrive_fail(h->r, EXIT_FAILED, "message %s does not tell where it came from: --to QUEUE", m->message_id);
        return NULL;
}

/* How many of the messages can be moved: all before the first that cannot. */
static int choose(struct hand *h, size_t *ret_count) {
        int error = 0;

        for (*ret_count = 0; *ret_count < h->count; ++*ret_count) {
                const struct sqs_message *m = h->messages[*ret_count];

                if (m->damage != SQS_INTACT)
                        redrive_fail(h->r, EXIT_FAILED, "message %s is damaged (MD5)", m->message_id);
                else if (m->sent_usec >= h->start_usec)
                        redrive_fail(h->r, EXIT_FAILED, "stopped at message %s, which was sent after the redrive began",
                                     m->message_id);
                if (h->r->problem[0] || !(h->targets[*ret_count] = target_of(h, m, &error)))
                        break;
        }
        return error;
}

/* --- sending --------------------------------------------------------------------------------------------------------- */

static size_t payload(const struct sqs_message *m) {
        size_t total = m->body_len;

        for (size_t i = 0; i < m->message_attribute_count; i++)
                total += strlen(m->message_attributes[i].name) + strlen(m->message_attributes[i].data_type) +
                         m->message_attributes[i].len;
        return total;
}

/* As many from `from` on as go to one queue in one call; one in a FIFO queue, where a later one must not overtake. */
static size_t run_length(const struct hand *h, size_t from, size_t end) {
        size_t n = 1, bytes = payload(h->messages[from]);

        while (!h->r->from->attributes.is_fifo && from + n < end && text_eq(h->targets[from + n], h->targets[from]) &&
               bytes + payload(h->messages[from + n]) <= SQS_PAYLOAD_MAX_BYTES)
                bytes += payload(h->messages[from + n++]);
        return n;
}

static int send_run(struct hand *h, size_t from, size_t count) {
        struct sqs_send entries[SQS_BATCH_MAX];
        struct entry_result results[SQS_BATCH_MAX];
        char dedup[SQS_BATCH_MAX][129];
        struct aws_error error = { 0 };
        int k = SQS_REFUSED;

        for (size_t i = 0; i < count; i++) {
                const struct sqs_message *m = h->messages[from + i];

                entries[i] = (struct sqs_send){
                        .body = m->body,
                        .body_len = m->body_len,
                        .delay_seconds = -1,
                        .group_id = m->group_id,
                        .deduplication_id = h->r->from->attributes.is_fifo ? redrive_dedup(m->message_id, dedup[i]) : NULL,
                        .trace_header = m->trace_header,
                        .attributes = m->message_attributes,
                        .attribute_count = m->message_attribute_count,
                };
        }
        for (unsigned try = 0; try < TRIES && (try == 0 || may_be_tried_again(k, &error)); try++) {
                k = pause_before(h, try);
                if (k == 0)
                        k = wait_send(&h->r->from->session, h->targets[from], entries, count, results, &error);
        }
        if (k != 0)
                return redrive_fail_aws(h->r, "sending", k, &error);
        for (size_t i = 0; i < count; i++) {
                h->is_sent[from + i] = results[i].ok;
                if (!results[i].ok)
                        redrive_fail(h->r, EXIT_FAILED, "message %s could not be sent: %s", h->messages[from + i]->message_id,
                                     results[i].problem);
        }
        return 0;
}

static int send_all(struct hand *h, size_t count) {
        for (size_t from = 0, n; from < count; from += n) {
                int k;

                n = run_length(h, from, count);
                k = send_run(h, from, n);
                if (k < 0 || h->r->problem[0])
                        return k;
        }
        return 0;
}

/* --- settling -------------------------------------------------------------------------------------------------------- */

/* The receipt handles of those that were sent, or of those that were not. */
static size_t handles_of(const struct hand *h, bool is_sent, const char *out[SQS_BATCH_MAX]) {
        size_t count = 0;

        for (size_t i = 0; i < h->count; i++)
                if (h->is_sent[i] == is_sent)
                        out[count++] = h->messages[i]->receipt_handle;
        return count;
}

/* Deletes what was sent; what cannot be deleted is in both queues. */
static int delete_sent(struct hand *h) {
        const char *handles[SQS_BATCH_MAX];
        struct entry_result results[SQS_BATCH_MAX];
        struct aws_error error = { 0 };
        size_t sent = handles_of(h, true, handles), left = sent;
        int k = 0;

        for (unsigned try = 0; left > 0 && try < TRIES; try++) {
                size_t still = 0;

                k = pause_before(h, try);
                if (k == 0)
                        k = wait_delete(&h->r->from->session, h->r->from->url, handles, left, results, &error);
                if (k < 0 || (k == SQS_REFUSED && !may_be_tried_again(k, &error)))
                        break;
                for (size_t i = 0; k == 0 && i < left; i++)
                        if (!results[i].ok)
                                handles[still++] = handles[i];
                if (k == 0)
                        left = still;
        }
        h->r->moved += sent;
        h->r->doubled += left;
        if (k != 0)
                return redrive_fail_aws(h->r, "deleting what was sent", k, &error);
        if (left > 0)
                redrive_fail(h->r, EXIT_FAILED, "%zu were sent and could not be deleted", left);
        return 0;
}

/* What is not given back comes back by itself. From the last to the first: a group's head comes last, so that none behind it
 * can be received before. */
static int give_back(struct hand *h) {
        const char *handles[SQS_BATCH_MAX];
        struct sqs_visibility entries[SQS_BATCH_MAX];
        struct entry_result ignored[SQS_BATCH_MAX];
        struct aws_error error;
        size_t count = handles_of(h, false, handles);
        int k = 0;

        for (size_t i = 0; i < count; i++)
                entries[i] = (struct sqs_visibility){ handles[count - 1 - i], 0 };
        if (count > 0)
                k = wait_visibility(&h->r->from->session, h->r->from->url, entries, count, ignored, &error);
        return k < 0 ? k : 0;
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

static int receive(struct hand *h) {
        uint64_t left = h->r->limit > 0 ? h->r->limit - h->r->moved : SQS_BATCH_MAX;
        unsigned most = left < SQS_BATCH_MAX ? (unsigned)left : SQS_BATCH_MAX;
        struct sqs_receive request = { .queue_url = h->r->from->url, .max_messages = most,
                                       .wait_seconds = WAIT_SECONDS, .visibility_seconds = VISIBILITY_SECONDS };
        struct aws_error error = { 0 };
        int k = SQS_REFUSED;

        for (unsigned try = 0; try < TRIES && (try == 0 || may_be_tried_again(k, &error)); try++) {
                k = pause_before(h, try);
                if (k == 0)
                        k = wait_receive(&h->r->from->session, &request, &h->messages, &h->count, &error);
        }
        return k != 0 ? redrive_fail_aws(h->r, "receiving", k, &error) : 0;
}

static int move_batch(struct hand *h) {
        size_t chosen = 0;
        int k = choose(h, &chosen), e;

        memset(h->is_sent, 0, sizeof(h->is_sent));
        if (k == 0)
                k = send_all(h, chosen);
        e = delete_sent(h);
        k = k < 0 ? k : e;
        e = give_back(h);
        return k < 0 ? k : e;
}

static bool is_wanted(const struct redrive *r) {
        return !r->problem[0] && !r->is_interrupted && (r->limit == 0 || r->moved < r->limit);
}

int redrive_by_hand(struct redrive *r) {
        struct hand h = { .r = r, .start_usec = clock_realtime_usec(), .origins = value_new_map() };
        int k = h.origins ? 0 : -ENOMEM;

        while (k == 0 && is_wanted(r)) {
                k = receive(&h);
                if (k < 0 || h.count == 0)
                        break;
                k = move_batch(&h);
                h.messages = sqs_messages_free(h.messages, h.count);
                h.count = 0;
                redrive_show(r, -1);
        }
        if (k == 0 && r->is_interrupted)
                redrive_fail(r, EXIT_FAILED, "interrupted");
        value_unref(h.origins);
        return k;
}
