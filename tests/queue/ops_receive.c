/* SPDX-License-Identifier: Apache-2.0 */
/* ReceiveMessage: choosing is queue.c's, waiting longpoll.c's; here the request is read and the answer written. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/operation.h"

#define NUMBER_SIZE 32
#define SENDER_ID "AIDASQSFLOWQUEUESENDR"

struct receive {
        int64_t max, visibility_seconds, wait_seconds;
        const char *attempt_id;
        const struct value *names;               /* MessageAttributeNames */
        const struct value *system, *deprecated; /* MessageSystemAttributeNames, AttributeNames */
};

static int read_request(struct request *r, struct receive *ret) {
        const struct settings *s = &r->queue->settings;
        struct receive c = { .max = 1, .visibility_seconds = s->visibility_seconds, .wait_seconds = s->wait_seconds };

        int failed = param_number(r, r->params, "MaxNumberOfMessages", 1, RECEIVE_COUNT_MAX, &c.max);
        if (!failed)
                failed = param_number(r, r->params, "VisibilityTimeout", 0, VISIBILITY_SECONDS_MAX,
                                      &c.visibility_seconds);
        if (!failed)
                failed = param_number(r, r->params, "WaitTimeSeconds", 0, 20, &c.wait_seconds);
        if (!failed)
                failed = param_list(r, r->params, "MessageAttributeNames", &c.names);
        if (!failed)
                failed = param_list(r, r->params, "MessageSystemAttributeNames", &c.system);
        if (!failed)
                failed = param_list(r, r->params, "AttributeNames", &c.deprecated);
        if (!failed)
                failed = param_token(r, r->params, "ReceiveRequestAttemptId", &c.attempt_id);
        if (!failed && c.attempt_id && !s->fifo)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Value %s for parameter ReceiveRequestAttemptId is invalid. Reason: The request "
                                   "include parameter that is not valid for this queue type.",
                                   c.attempt_id);
        if (!failed)
                *ret = c;
        return failed;
}

typedef const char *system_attribute(const struct message *m, char scratch[NUMBER_SIZE]);

static const char *milliseconds(uint64_t usec, char scratch[NUMBER_SIZE]) {
        (void)snprintf(scratch, NUMBER_SIZE, "%" PRIu64, usec / USEC_PER_MSEC);
        return scratch;
}

static const char *sender_id(const struct message *m, char scratch[NUMBER_SIZE]) {
        return SENDER_ID;
}

static const char *sent_timestamp(const struct message *m, char scratch[NUMBER_SIZE]) {
        return milliseconds(m->sent_usec, scratch);
}

static const char *receive_count(const struct message *m, char scratch[NUMBER_SIZE]) {
        (void)snprintf(scratch, NUMBER_SIZE, "%u", m->receive_count);
        return scratch;
}

static const char *first_receive(const struct message *m, char scratch[NUMBER_SIZE]) {
        return milliseconds(m->first_receive_usec, scratch);
}

static const char *sequence_number(const struct message *m, char scratch[NUMBER_SIZE]) {
        if (m->sequence == 0)
                return NULL;
        (void)snprintf(scratch, NUMBER_SIZE, "%020" PRIu64, m->sequence);
        return scratch;
}

static const char *group_id(const struct message *m, char scratch[NUMBER_SIZE]) {
        return m->group;
}

static const char *deduplication_id(const struct message *m, char scratch[NUMBER_SIZE]) {
        return m->deduplication_id;
}

static const char *trace_header(const struct message *m, char scratch[NUMBER_SIZE]) {
        return m->trace_header;
}

static const char *dead_letter_source(const struct message *m, char scratch[NUMBER_SIZE]) {
        return m->dead_letter_source;
}

static const struct {
        const char *name;
        system_attribute *text; /* NULL result: the message has none */
} system_attributes[] = {
        { "SenderId", sender_id },
        { "SentTimestamp", sent_timestamp },
        { "ApproximateReceiveCount", receive_count },
        { "ApproximateFirstReceiveTimestamp", first_receive },
        { "SequenceNumber", sequence_number },
        { "MessageGroupId", group_id },
        { "MessageDeduplicationId", deduplication_id },
        { "AWSTraceHeader", trace_header },
        { "DeadLetterQueueSourceArn", dead_letter_source },
};

static void write_system_attributes(const struct message *m, const struct receive *c, struct buf *out) {
        char scratch[NUMBER_SIZE];
        size_t written = 0;

        for (size_t i = 0; i < ARRAY_SIZE(system_attributes); i++) {
                const char *name = system_attributes[i].name, *text = system_attributes[i].text(m, scratch);
                if (!text || (!attribute_is_wanted(c->system, name) && !attribute_is_wanted(c->deprecated, name)))
                        continue;
                if (written++ == 0)
                        buf_append_str(out, ",\"Attributes\":{");
                write_member(out, name, text);
        }
        if (written > 0)
                buf_append_char(out, '}');
}

static int write_attributes(const struct message *m, const struct receive *c, struct buf *out) {
        char md5[HEX_SIZE(MD5_BYTES)];
        if (m->attributes.count == 0 || !c->names || value_count(c->names) == 0)
                return 0;

        int r = attributes_md5(&m->attributes, c->names, md5);
        if (r < 0 || !*md5)
                return r;
        write_member(out, "MD5OfMessageAttributes", md5);
        buf_append_str(out, ",\"MessageAttributes\":");
        return attributes_write(&m->attributes, c->names, out);
}

static int write_message(struct request *r, const struct message *m, const struct receive *c) {
        struct buf *out = &r->out;
        bool wrong_md5 =
                fault_hit(&r->faults, FAULT_BAD_MD5) && faults_chance(&r->service->faults, r->faults.entry_probability);

        buf_append_char(out, '{');
        write_member(out, "MessageId", m->id);
        buf_append_str(out, ",\"ReceiptHandle\":\"");
        receipt_write(out, m);
        buf_append_char(out, '"');
        write_member(out, "MD5OfBody", wrong_md5 ? "00000000000000000000000000000000" : m->body_md5);
        buf_append_str(out, ",\"Body\":");
        json_write_string(out, m->body, m->body_len);
        write_system_attributes(m, c, out);
        int failed = write_attributes(m, c, out);
        return failed < 0 ? failed : buf_append_char(out, '}');
}

static void record(struct request *r, const struct message *m, const char *result) {
        oplog_write(
                r->service->oplog, r->now_usec,
                &(struct oplog_event){ .op = "receive",
                                       .queue = r->queue->name,
                                       .message = m,
                                       .visible_usec = m->state == MESSAGE_IN_FLIGHT ? m->timer.at_usec : r->now_usec,
                                       .result = result });
}

static int write_answer(struct request *r, const struct receive *c, struct message *const *messages, size_t count) {
        buf_append_str(&r->out, "{\"Messages\":[");
        for (size_t i = 0; i < count; i++) {
                if (i > 0)
                        buf_append_char(&r->out, ',');
                int failed = write_message(r, messages[i], c);
                if (failed < 0)
                        return failed;
        }
        return buf_append_str(&r->out, "]}");
}

/* The same messages and handles as the attempt before, with a new visibility; none when one of them was changed or
 * deleted since. */
static size_t repeat_attempt(struct request *r, const struct receive *c, uint64_t visible_usec, struct message **out) {
        const struct fifo_attempt *a = fifo_attempt_find(&r->queue->fifo, c->attempt_id, r->now_usec);

        for (size_t i = 0; a && i < a->count; i++) {
                out[i] = queue_find(r->queue, a->numbers[i]);
                if (!out[i] || out[i]->receipt != a->receipts[i] || out[i]->visibility_changed ||
                    out[i]->state != MESSAGE_IN_FLIGHT)
                        return 0;
        }
        for (size_t i = 0; a && i < a->count; i++) {
                queue_set_state(out[i], MESSAGE_IN_FLIGHT, visible_usec);
                record(r, out[i], "repeated");
        }
        return a ? a->count : 0;
}

/* Adds messages that are in flight already, the first and then about every second one, to what a receive returns. */
static size_t add_duplicates(struct request *r, size_t max, uint64_t visible_usec, struct message **out) {
        size_t candidates = r->queue->counts[MESSAGE_IN_FLIGHT], n = 0;
        struct message *m, *next;

        for (m = r->queue->lists[MESSAGE_IN_FLIGHT]; m && n < max && candidates > 0; m = next, candidates--) {
                next = m->next;
                if (n > 0 && !faults_chance(&r->service->faults, 0.5))
                        continue;
                queue_take(m, visible_usec, r->now_usec);
                record(r, m, "duplicate");
                faults_count_duplicate(&r->service->faults, FAULT_DUPLICATE_INFLIGHT);
                out[n++] = m;
        }
        return n;
}

static size_t receive(struct request *r, const struct receive *c, struct message **out) {
        uint64_t visible = r->now_usec + (uint64_t)c->visibility_seconds * USEC_PER_SEC;
        size_t n = 0, max = (size_t)c->max;

        if (c->attempt_id)
                n = repeat_attempt(r, c, visible, out);
        if (n > 0)
                return n;
        if (fault_hit(&r->faults, FAULT_DUPLICATE_INFLIGHT) && !r->queue->settings.fifo)
                n = add_duplicates(r, max, visible, out);
        size_t fresh = queue_receive(r->queue, max - n, visible, r->now_usec, out + n);
        for (size_t i = 0; i < fresh; i++)
                record(r, out[n + i], "received");
        n += fresh;
        if (c->attempt_id && n > 0)
                fifo_attempt_save(&r->queue->fifo, c->attempt_id, out, n, r->now_usec);
        return n;
}

bool receive_again(struct request *r) {
        struct message *messages[RECEIVE_COUNT_MAX];
        struct receive c;

        if (read_request(r, &c) != 0) /* it was valid when it came; the queue's settings do not change that */
                return true;
        size_t n = receive(r, &c, messages);
        if (n > 0)
                (void)write_answer(r, &c, messages, n);
        return n > 0;
}

static int wait_for_messages(struct request *r, const struct receive *c) {
        oplog_write(
                r->service->oplog, r->now_usec,
                &(struct oplog_event){
                        .op = "poll", .queue = r->queue->name, .wait_seconds = c->wait_seconds, .result = "waiting" });
        return longpoll_park(r, r->now_usec + (uint64_t)c->wait_seconds * USEC_PER_SEC);
}

int op_receive_message(struct request *r) {
        struct message *messages[RECEIVE_COUNT_MAX];
        struct receive c;

        int failed = read_request(r, &c);
        if (failed)
                return failed;
        size_t n = receive(r, &c, messages);
        if (n > 0)
                return write_answer(r, &c, messages, n);
        if (c.wait_seconds > 0 && !fault_hit(&r->faults, FAULT_SHORT_POLL))
                return wait_for_messages(r, &c);
        if (r->queue->counts[MESSAGE_IN_FLIGHT] >= IN_FLIGHT_MAX && !r->queue->settings.fifo)
                return failure_plain(&r->failure, FAILURE_OVER_LIMIT);
        return buf_append_str(&r->out, "{}");
}
