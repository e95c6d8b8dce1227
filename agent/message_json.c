/* SPDX-License-Identifier: Apache-2.0 */
/* Attribute texts of all messages of an execution share one buffer, which may move while it grows: places in it are
 * kept as offsets until everything is written. */
#include "agent/message_json.h"

#include <errno.h>
#include <strings.h>

#include "agent/delivery.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define INPUT_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define KEPT_BYTES_MAX ((size_t)256 * 1024) /* a buffer that grew beyond is given back */

static void buf_slim(struct buf *b, size_t max) {
        if (b->cap > KEPT_BYTES_MAX)
                buf_done(b);
        buf_reset(b);
        b->max = max;
}

void message_json_done(struct message_json *j) {
        buf_done(&j->attributes);
        buf_done(&j->input);
        free(j->frames);
        *j = (struct message_json){ 0 };
}

/* {"name": {"type": "String", "value": "…"}}; a binary value is base64. */
static int write_message_attributes(struct buf *b, const struct sqs_message *m) {
        buf_append_char(b, '{');
        for (size_t i = 0; i < m->message_attribute_count; i++) {
                const struct sqs_attribute *a = &m->message_attributes[i];

                if (i > 0)
                        buf_append_char(b, ',');
                json_write_string(b, a->name, strlen(a->name));
                buf_append_str(b, ":{\"type\":");
                json_write_string(b, a->data_type, strlen(a->data_type));
                buf_append_str(b, ",\"value\":");
                if (sqs_attribute_is_binary(a)) {
                        buf_append_char(b, '"');
                        base64_encode(b, a->value, a->len);
                        buf_append_char(b, '"');
                } else
                        json_write_string(b, a->value, a->len);
                buf_append_char(b, '}');
        }
        buf_append_char(b, '}');
        return buf_error(b);
}

static struct bytes bytes_of(const char *text) {
        return (struct bytes){ text, text ? strlen(text) : 0 };
}

static struct bytes find_traceparent(const struct sqs_message *m) {
        for (size_t i = 0; i < m->message_attribute_count; i++)
                if (strcasecmp(m->message_attributes[i].name, "traceparent") == 0)
                        return (struct bytes){ m->message_attributes[i].value, m->message_attributes[i].len };
        return (struct bytes){ 0 };
}

static int write_texts(struct message_json *j, struct delivery *const *deliveries, size_t count) {
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                struct frame_message *f = &j->frames[i];
                size_t start = j->attributes.len;

                r = json_write(&j->attributes, deliveries[i]->message->attributes, JSON_COMPACT);
                f->attributes.len = j->attributes.len - start;
                start = j->attributes.len;
                if (r >= 0)
                        r = write_message_attributes(&j->attributes, deliveries[i]->message);
                f->message_attributes.len = j->attributes.len - start;
        }
        return r;
}

int message_json_frames(struct message_json *j, struct delivery *const *deliveries, size_t count, const char *queue_url,
                        const struct frame_message **ret) {
        size_t at = 0;
        int r;

        if (count > j->frame_cap) {
                void *grown = reallocarray(j->frames, count, sizeof *j->frames);
                if (!grown)
                        return -ENOMEM;
                j->frames = grown;
                j->frame_cap = count;
        }
        buf_slim(&j->attributes, FRAME_BYTES_MAX);
        r = write_texts(j, deliveries, count);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++) {
                const struct sqs_message *m = deliveries[i]->message;
                struct bytes attributes = { j->attributes.data + at, j->frames[i].attributes.len };
                struct bytes own = { attributes.data + attributes.len, j->frames[i].message_attributes.len };

                j->frames[i] = (struct frame_message){
                        .body = { m->body, m->body_len },
                        .message_id = bytes_of(m->message_id),
                        .group_id = bytes_of(m->group_id),
                        .queue_url = bytes_of(queue_url),
                        .trace_header = bytes_of(m->trace_header),
                        .traceparent = find_traceparent(m),
                        .attributes = attributes,
                        .message_attributes = own,
                        .sent_usec = m->sent_usec,
                        .receive_count = m->receive_count,
                };
                at += attributes.len + own.len;
        }
        *ret = j->frames;
        return 0;
}

/* The message as SQS gave it, but for the receipt handle: who has that can delete the message. */
static void write_message(struct buf *b, const struct value *source) {
        bool first = true;

        buf_append_char(b, '{');
        for (size_t i = 0; i < value_count(source); i++) {
                const char *key = value_map_key_at(source, i);

                if (text_eq(key, "ReceiptHandle"))
                        continue;
                if (!first)
                        buf_append_char(b, ',');
                first = false;
                json_write_string(b, key, strlen(key));
                buf_append_char(b, ':');
                json_write(b, value_map_at(source, i), JSON_COMPACT);
        }
        buf_append_char(b, '}');
}

const char *message_json_input(struct message_json *j, struct delivery *const *deliveries, size_t count) {
        buf_slim(&j->input, INPUT_BYTES_MAX);
        buf_append_char(&j->input, '[');
        for (size_t i = 0; i < count; i++) {
                if (i > 0)
                        buf_append_char(&j->input, ',');
                write_message(&j->input, deliveries[i]->message->source);
        }
        buf_append_char(&j->input, ']');
        return buf_error(&j->input) < 0 ? NULL : j->input.data;
}
