/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/attributes.h"
#include "cli/peek.h"
#include "cli/records.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"

#define LABEL_COLUMNS 12

enum peek_verdict peek_judge(unsigned receive_count, unsigned max_receive_count) {
        if (max_receive_count == 0 || receive_count + 1 < max_receive_count)
                return PEEK_HARMLESS;
        return receive_count < max_receive_count ? PEEK_ONE_LEFT : PEEK_LAST;
}

/* A label, and what fits of a text that anybody may have written. */
static void put_line(struct buf *out, const struct canvas *canvas, const char *label, const char *text, size_t len) {
        size_t room = canvas->columns > LABEL_COLUMNS ? canvas->columns - LABEL_COLUMNS : 1;

        fit_put(out, canvas, label, strlen(label), LABEL_COLUMNS, true);
        if (canvas->columns > 0)
                fit_put(out, canvas, text, len, room, false);
        else
                clean_put(out, text, len);
        buf_append_char(out, '\n');
}

static void put_field(struct buf *out, const struct canvas *canvas, const char *label, const char *text) {
        if (text)
                put_line(out, canvas, label, text, strlen(text));
}

static void put_attribute(struct buf *out, const struct canvas *canvas, const struct sqs_attribute *a) {
        struct buf line = BUF_INIT(0);

        buf_appendf(&line, "%s (%s): ", a->name, a->data_type);
        if (sqs_attribute_is_binary(a))
                base64_encode(&line, a->value, a->len);
        else
                buf_append(&line, a->value, a->len);
        if (buf_error(&line) == 0)
                put_line(out, canvas, "attribute", line.data, line.len);
        else
                out->error = line.error;
        buf_done(&line);
}

static void put_times(struct buf *out, const struct canvas *canvas, const struct sqs_message *m, uint64_t now_usec) {
        char stamp[TIMESTAMP_MAX], age[DURATION_MAX], text[TIMESTAMP_MAX + DURATION_MAX + 8];

        if (m->sent_usec == 0)
                return;
        (void)snprintf(text, sizeof(text), "%s, %s ago", timestamp_format(m->sent_usec, stamp),
                       duration_format_human(usec_sub(now_usec, m->sent_usec), age));
        put_field(out, canvas, "sent", text);
}

static void put_receives(struct buf *out, const struct canvas *canvas, const struct sqs_message *m, unsigned max) {
        static const char *const notes[] = {
                [PEEK_HARMLESS] = "",
                [PEEK_ONE_LEFT] = ": one receive is left before the dead-letter queue",
                [PEEK_LAST] = ": its next receive moves it to the dead-letter queue",
        };
        char text[128], of[24] = "";

        if (max > 0)
                (void)snprintf(of, sizeof(of), " of %u", max);
        (void)snprintf(text, sizeof(text), "%u%s, this look included%s", m->receive_count, of,
                       notes[peek_judge(m->receive_count, max)]);
        put_field(out, canvas, "received", text);
}

static const char *damage_text(const struct sqs_message *m) {
        if (m->damage == SQS_INTACT)
                return NULL;
        return m->damage == SQS_DAMAGED_BODY ? "the body is not that of its checksum (MD5)"
                                             : "the attributes are not those of their checksum (MD5)";
}

int peek_write(const struct sqs_message *m, unsigned number, unsigned max_receive_count, uint64_t now_usec,
               const struct canvas *canvas, struct buf *out) {
        char bytes[32], title[16];

        (void)snprintf(title, sizeof(title), "message %u", number);
        put_field(out, canvas, title, m->message_id);
        put_times(out, canvas, m, now_usec);
        put_receives(out, canvas, m, max_receive_count);
        put_field(out, canvas, "group", m->group_id);
        put_field(out, canvas, "dedup", m->deduplication_id);
        put_field(out, canvas, "from", value_map_string(m->attributes, "DeadLetterQueueSourceArn"));
        put_field(out, canvas, "trace", m->trace_header);
        for (size_t i = 0; i < m->message_attribute_count; i++)
                put_attribute(out, canvas, &m->message_attributes[i]);
        put_field(out, canvas, "damaged", damage_text(m));
        (void)snprintf(bytes, sizeof(bytes), "%zu bytes", m->body_len);
        put_field(out, canvas, "body", bytes);
        if (canvas->columns > 0)
                fit_put(out, canvas, m->body, m->body_len, canvas->columns, false);
        else
                clean_put(out, m->body, m->body_len);
        return buf_append_char(out, '\n');
}

struct value *peek_json(const struct sqs_message *m) {
        struct value *v = value_new_map();
        struct buf attributes = BUF_INIT(0);

        if (v && attributes_write(m->message_attributes, m->message_attribute_count, &attributes) == 0) {
                value_map_put(v, "messageId", text_json(m->message_id));
                value_map_put(v, "body", value_ref(m->body_value));
                value_map_put(v, "receiveCount", value_new_int(m->receive_count));
                value_map_put(v, "sentAt", time_json(m->sent_usec));
                value_map_put(v, "groupId", text_json(m->group_id));
                value_map_put(v, "deduplicationId", text_json(m->deduplication_id));
                value_map_put(v, "damaged", value_new_bool(m->damage != SQS_INTACT));
                value_map_put(v, "attributes", parsed_json(attributes.data));
                value_map_put(v, "systemAttributes", value_ref(m->attributes));
        }
        buf_done(&attributes);
        return v;
}
