/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are written straight into the buffer, without a tree of values: a batch of ten deletes is one pass over ten
 * strings. The buffer's sticky error makes a check per write unnecessary. */
#include <errno.h>
#include <string.h>

#include "common/aws/sqs_codec.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"

static void put_text(struct buf *b, const char *s) {
        (void)json_write_string(b, s, strlen(s));
}

/* ,"key":"value" for what is set. */
static void put_optional(struct buf *b, const char *key, const char *value) {
        if (!value)
                return;
        buf_append_str(b, ",\"");
        buf_append_str(b, key);
        buf_append_str(b, "\":");
        put_text(b, value);
}

static void begin(struct buf *b, const char *queue_url) {
        buf_append_str(b, "{\"QueueUrl\":");
        put_text(b, queue_url);
}

/* AttributeNames is the older name of MessageSystemAttributeNames; some servers know only one of them, AWS both. */
int sqs_encode_receive(struct buf *b, const struct sqs_receive *r) {
        if (r->max_messages < 1 || r->max_messages > 10 || r->wait_seconds > 20 || r->visibility_seconds > 43200)
                return -EINVAL;
        begin(b, r->queue_url);
        buf_appendf(b,
                    ",\"MaxNumberOfMessages\":%u,\"WaitTimeSeconds\":%u,\"AttributeNames\":[\"All\"],"
                    "\"MessageSystemAttributeNames\":[\"All\"],\"MessageAttributeNames\":[\"All\"]",
                    r->max_messages, r->wait_seconds);
        if (r->visibility_seconds >= 0)
                buf_appendf(b, ",\"VisibilityTimeout\":%d", r->visibility_seconds);
        put_optional(b, "ReceiveRequestAttemptId", r->attempt_id);
        return buf_append_char(b, '}');
}

static int begin_batch(struct buf *b, const char *queue_url, size_t count) {
        if (count > SQS_BATCH_MAX)
                return -E2BIG;
        if (count == 0)
                return -EINVAL;
        begin(b, queue_url);
        return buf_append_str(b, ",\"Entries\":[");
}

/* The id is the index, which has one digit. */
static void begin_entry(struct buf *b, size_t i) {
        buf_append_str(b, i > 0 ? ",{\"Id\":\"" : "{\"Id\":\"");
        buf_append_char(b, (char)('0' + i));
        buf_append_char(b, '"');
}

int sqs_encode_delete_batch(struct buf *b, const char *queue_url, const char *const *receipt_handles, size_t count) {
        int r = begin_batch(b, queue_url, count);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++) {
                begin_entry(b, i);
                put_optional(b, "ReceiptHandle", receipt_handles[i]);
                buf_append_char(b, '}');
        }
        return buf_append_str(b, "]}");
}

int sqs_encode_visibility_batch(struct buf *b, const char *queue_url, const struct sqs_visibility *e, size_t count) {
        int r = begin_batch(b, queue_url, count);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++) {
                if (e[i].visibility_seconds > 43200)
                        return -EINVAL;
                begin_entry(b, i);
                put_optional(b, "ReceiptHandle", e[i].receipt_handle);
                buf_appendf(b, ",\"VisibilityTimeout\":%u}", e[i].visibility_seconds);
        }
        return buf_append_str(b, "]}");
}

/* --- sends -------------------------------------------------------------------------------------------------------- */

static size_t payload_bytes(const struct sqs_send *s) {
        size_t total = s->body_len;
        for (size_t i = 0; i < s->attribute_count; i++)
                total += strlen(s->attributes[i].name) + strlen(s->attributes[i].data_type) + s->attributes[i].len;
        return total;
}

static int check_send(const struct sqs_send *s) {
        if (s->delay_seconds > 900 || s->attribute_count > SQS_ATTRIBUTE_MAX || !text_is_utf8(s->body, s->body_len))
                return -EINVAL;
        return payload_bytes(s) > SQS_PAYLOAD_MAX_BYTES ? -E2BIG : 0;
}

static void put_attributes(struct buf *b, const struct sqs_send *s) {
        if (s->attribute_count == 0)
                return;
        buf_append_str(b, ",\"MessageAttributes\":{");
        for (size_t i = 0; i < s->attribute_count; i++) {
                const struct sqs_attribute *a = &s->attributes[i];
                if (i > 0)
                        buf_append_char(b, ',');
                put_text(b, a->name);
                buf_append_str(b, ":{\"DataType\":");
                put_text(b, a->data_type);
                if (sqs_attribute_is_binary(a)) {
                        buf_append_str(b, ",\"BinaryValue\":\"");
                        (void)base64_encode(b, a->value, a->len);
                        buf_append_str(b, "\"}");
                } else {
                        buf_append_str(b, ",\"StringValue\":");
                        (void)json_write_string(b, a->value, a->len);
                        buf_append_char(b, '}');
                }
        }
        buf_append_char(b, '}');
}

/* The members that SendMessage and an entry of SendMessageBatch share, each behind a comma. */
static void put_send(struct buf *b, const struct sqs_send *s) {
        buf_append_str(b, ",\"MessageBody\":");
        (void)json_write_string(b, s->body, s->body_len);
        if (s->delay_seconds >= 0)
                buf_appendf(b, ",\"DelaySeconds\":%d", s->delay_seconds);
        put_optional(b, "MessageGroupId", s->group_id);
        put_optional(b, "MessageDeduplicationId", s->deduplication_id);
        put_attributes(b, s);
        if (s->trace_header) {
                buf_append_str(b, ",\"MessageSystemAttributes\":{\"AWSTraceHeader\":{\"DataType\":\"String\"");
                put_optional(b, "StringValue", s->trace_header);
                buf_append_str(b, "}}");
        }
}

int sqs_encode_send(struct buf *b, const char *queue_url, const struct sqs_send *s) {
        int r = check_send(s);
        if (r < 0)
                return r;
        begin(b, queue_url);
        put_send(b, s);
        return buf_append_char(b, '}');
}

int sqs_encode_send_batch(struct buf *b, const char *queue_url, const struct sqs_send *s, size_t count) {
        size_t total = 0;
        int r = begin_batch(b, queue_url, count);
        for (size_t i = 0; i < count && r == 0; i++) {
                r = check_send(&s[i]);
                if (r < 0)
                        return r;
                total += payload_bytes(&s[i]);
                begin_entry(b, i);
                put_send(b, &s[i]);
                r = buf_append_char(b, '}');
        }
        if (r < 0)
                return r;
        return total > SQS_PAYLOAD_MAX_BYTES ? -E2BIG : buf_append_str(b, "]}");
}

/* --- queues ------------------------------------------------------------------------------------------------------- */

int sqs_encode_get_queue_attributes(struct buf *b, const char *queue_url) {
        begin(b, queue_url);
        return buf_append_str(b, ",\"AttributeNames\":[\"All\"]}");
}

int sqs_encode_get_queue_url(struct buf *b, const char *name, const char *account) {
        buf_append_str(b, "{\"QueueName\":");
        put_text(b, name);
        put_optional(b, "QueueOwnerAWSAccountId", account);
        return buf_append_char(b, '}');
}

/* --- move tasks --------------------------------------------------------------------------------------------------- */

int sqs_encode_start_move(struct buf *b, const char *source_arn, const char *destination_arn) {
        buf_append_str(b, "{\"SourceArn\":");
        put_text(b, source_arn);
        put_optional(b, "DestinationArn", destination_arn);
        return buf_append_char(b, '}');
}

int sqs_encode_list_moves(struct buf *b, const char *source_arn) {
        buf_append_str(b, "{\"SourceArn\":");
        put_text(b, source_arn);
        return buf_append_str(b, ",\"MaxResults\":1}");
}

int sqs_encode_cancel_move(struct buf *b, const char *handle) {
        buf_append_str(b, "{\"TaskHandle\":");
        put_text(b, handle);
        return buf_append_char(b, '}');
}
