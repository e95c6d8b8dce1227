/* SPDX-License-Identifier: Apache-2.0 */
/* SendMessage and SendMessageBatch. */
#include <errno.h>
#include <stdio.h>

#include "common/base/text.h"
#include "tests/queue/contents.h"
#include "tests/queue/operation.h"

static int too_long(struct request *r) {
        return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                           "One or more parameters are invalid. Reason: Message must be shorter than %u bytes.",
                           r->queue->settings.maximum_bytes);
}

static int not_for_this_queue(struct request *r, const char *name) {
        return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                           "The value of parameter %s is invalid. Reason: The request include parameter that is not "
                           "valid for this queue type.",
                           name);
}

static int read_body(struct request *r, const struct value *params, struct message **ret) {
        _cleanup_(attributes_done) struct attributes attributes = { 0 };
        const char *body = NULL;

        int failed = param_text(r, params, "MessageBody", true, &body);
        if (!failed)
                failed = attributes_parse(value_map_get(params, "MessageAttributes"), &attributes, &r->failure);
        if (failed)
                return failed;

        size_t len = strlen(body);
        if (len + attributes_bytes(&attributes) > r->queue->settings.maximum_bytes)
                return too_long(r);
        if (!contents_are_valid(body, len))
                return failure_plain(&r->failure, FAILURE_INVALID_MESSAGE_CONTENTS);
        return message_new(body, len, &attributes, ret);
}

static int read_system_attributes(struct request *r, const struct value *params, struct message *m) {
        const struct value *map = value_map_get(params, "MessageSystemAttributes");

        for (size_t i = 0; map && value_type(map) == VALUE_MAP && i < value_count(map); i++) {
                const struct value *v = value_map_at(map, i);
                const char *text = value_type(v) == VALUE_MAP ? value_map_string(v, "StringValue") : NULL;
                if (!text_eq(value_map_key_at(map, i), "AWSTraceHeader") || !text)
                        return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                           "Message system attribute name '%s' is invalid.", value_map_key_at(map, i));
                int failed = message_set_trace_header(m, text);
                if (failed)
                        return failed;
        }
        return 0;
}

/* The SHA-256 of the body, in hex: what ContentBasedDeduplication uses. */
static int content_id(const struct message *m, char out[HEX_SIZE(SHA256_BYTES)]) {
        uint8_t sha[SHA256_BYTES];
        int r = digest(DIGEST_SHA256, m->body, m->body_len, sha);

        if (r == 0)
                hex_encode(sha, sizeof(sha), out);
        return r;
}

static int read_group(struct request *r, const struct value *params, struct message *m) {
        const struct settings *s = &r->queue->settings;
        const char *group = NULL, *id = NULL;
        char content[HEX_SIZE(SHA256_BYTES)];

        int failed = param_token(r, params, "MessageGroupId", &group);
        if (!failed)
                failed = param_token(r, params, "MessageDeduplicationId", &id);
        if (failed)
                return failed;
        if (s->fifo && !group)
                return failure_set(&r->failure, FAILURE_MISSING_PARAMETER,
                                   "The request must contain the parameter MessageGroupId.");
        if (!s->fifo && id)
                return not_for_this_queue(r, "MessageDeduplicationId");
        if (s->fifo && !id) {
                if (!s->content_deduplication)
                        return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                           "The queue should either have ContentBasedDeduplication enabled or "
                                           "MessageDeduplicationId provided explicitly");
                failed = content_id(m, content);
                if (failed)
                        return failed;
                id = content;
        }
        failed = text_replace(&m->group, group);
        return failed ? failed : text_replace(&m->deduplication_id, id);
}

static int read_delay(struct request *r, const struct value *params, int64_t *ret) {
        int failed = param_number(r, params, "DelaySeconds", 0, 900, ret);

        if (!failed && *ret > 0 && r->queue->settings.fifo)
                return not_for_this_queue(r, "DelaySeconds");
        if (r->queue->settings.fifo)
                *ret = -1;
        return failed;
}

int op_send_message(struct request *r, const struct value *params, struct buf *out) {
        _cleanup_(message_freep) struct message *m = NULL;
        int64_t delay = -1;

        int failed = read_body(r, params, &m);
        if (!failed)
                failed = read_system_attributes(r, params, m);
        if (!failed)
                failed = read_group(r, params, m);
        if (!failed)
                failed = read_delay(r, params, &delay);
        if (failed)
                return failed;

        write_member(out, "MD5OfMessageBody", m->body_md5);
        if (*m->attributes_md5)
                write_member(out, "MD5OfMessageAttributes", m->attributes_md5);
        if (*m->trace_md5)
                write_member(out, "MD5OfMessageSystemAttributes", m->trace_md5);

        char id[MESSAGE_ID_SIZE], sequence_text[32];
        uint64_t sequence = 0;
        const struct message *sent = m;
        int result = queue_send(r->queue, TAKE_PTR(m), delay, r->now_usec, id, &sequence);
        if (result < 0)
                return result;
        oplog_write(r->service->oplog, r->now_usec,
                    &(struct oplog_event){ .op = "send",
                                           .queue = r->queue->name,
                                           .message = result == 0 ? sent : NULL,
                                           .result = result == 0 ? "sent" : "duplicate" });
        write_member(out, "MessageId", id);
        if (sequence > 0) {
                (void)snprintf(sequence_text, sizeof(sequence_text), "%020llu", (unsigned long long)sequence);
                write_member(out, "SequenceNumber", sequence_text);
        }
        return buf_error(out);
}

/* Binary values count as what they decode to. */
static size_t entry_bytes(const struct value *entry) {
        const struct value *map = value_map_get(entry, "MessageAttributes");
        const char *body = value_map_string(entry, "MessageBody");
        size_t total = body ? strlen(body) : 0;

        for (size_t i = 0; map && value_type(map) == VALUE_MAP && i < value_count(map); i++) {
                const struct value *v = value_map_at(map, i);
                if (value_type(v) != VALUE_MAP)
                        continue;
                const char *type = value_map_string(v, "DataType"), *text = value_map_string(v, "StringValue"),
                           *binary = value_map_string(v, "BinaryValue");
                total += strlen(value_map_key_at(map, i)) + (type ? strlen(type) : 0) + (text ? strlen(text) : 0) +
                         (binary ? strlen(binary) / 4 * 3 : 0);
        }
        return total;
}

int op_send_message_batch(struct request *r) {
        const struct value *entries = NULL;
        size_t total = 0;

        int failed = param_list(r, r->params, "Entries", &entries);
        if (failed)
                return failed;
        for (size_t i = 0; entries && i < value_count(entries); i++)
                if (value_type(value_list_at(entries, i)) == VALUE_MAP)
                        total += entry_bytes(value_list_at(entries, i));
        if (total > MESSAGE_BYTES_MAX)
                return failure_set(&r->failure, FAILURE_BATCH_REQUEST_TOO_LONG,
                                   "Batch requests cannot be longer than %u bytes. You have sent %zu bytes.",
                                   MESSAGE_BYTES_MAX, total);
        return batch_run(r);
}
