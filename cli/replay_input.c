/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_input.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cli/attributes.h"
#include "common/aws/sqs_codec.h"
#include "common/base/json.h"
#include "common/base/text.h"

static struct bytes bytes_of(const char *text) {
        return (struct bytes){ text, text ? strlen(text) : 0 };
}

static struct bytes find_traceparent(const struct sqs_message *m) {
        for (size_t i = 0; i < m->message_attribute_count; i++)
                if (strcasecmp(m->message_attributes[i].name, "traceparent") == 0)
                        return (struct bytes){ m->message_attributes[i].value, m->message_attributes[i].len };
        return (struct bytes){ 0 };
}

/* A record has no receipt handles, and the decoder wants one. */
static int add_handles(const struct value *messages) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < value_count(messages); i++) {
                struct value *message = value_list_at(messages, i);

                if (value_type(message) == VALUE_MAP && !value_map_get(message, "ReceiptHandle"))
                        r = value_map_put(message, "ReceiptHandle", value_new_string(""));
        }
        return r;
}

/* The decoder of receives reads them, so they are given to it as an answer. */
static int decode(struct replay_input *in, const struct value *messages) {
        struct buf answer = BUF_INIT(0);
        int r = add_handles(messages);

        if (r < 0)
                return r;
        buf_append_str(&answer, "{\"Messages\":");
        json_write(&answer, messages, JSON_COMPACT);
        r = buf_append_char(&answer, '}');
        if (r == 0)
                r = sqs_decode_receive(answer.data, answer.len, &in->messages, &in->count);
        buf_done(&answer);
        return r;
}

/* Attribute texts of all messages share one buffer, which moves while it grows: first lengths, then places. */
static int write_attributes(struct replay_input *in) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < in->count; i++) {
                const struct sqs_message *m = in->messages[i];
                size_t start = in->texts.len;

                r = json_write(&in->texts, m->attributes, JSON_COMPACT);
                in->frames[i].attributes.len = in->texts.len - start;
                start = in->texts.len;
                if (r == 0)
                        r = attributes_write(m->message_attributes, m->message_attribute_count, &in->texts);
                in->frames[i].message_attributes.len = in->texts.len - start;
        }
        return r;
}

static int make_frames(struct replay_input *in, const char *queue_url) {
        const char *at;
        int r;

        in->frames = calloc(in->count + 1, sizeof(*in->frames));
        r = in->frames ? write_attributes(in) : -ENOMEM;
        if (r < 0)
                return r;
        at = in->texts.data;
        for (size_t i = 0; i < in->count; i++) {
                const struct sqs_message *m = in->messages[i];
                struct frame_message *f = &in->frames[i];

                f->body = (struct bytes){ m->body, m->body_len };
                f->message_id = bytes_of(m->message_id);
                f->group_id = bytes_of(m->group_id);
                f->queue_url = bytes_of(queue_url);
                f->trace_header = bytes_of(m->trace_header);
                f->traceparent = find_traceparent(m);
                f->sent_usec = m->sent_usec;
                f->receive_count = m->receive_count;
                f->attributes.data = at;
                f->message_attributes.data = at + f->attributes.len;
                at = f->message_attributes.data + f->message_attributes.len;
        }
        return 0;
}

static bool is_true(const struct value *map, const char *key) {
        const struct value *v = value_map_get(map, key);

        return v && value_type(v) == VALUE_BOOL && value_bool(v);
}

/* What only `sqsflow run` records. */
static int read_own(struct replay_input *in, const struct value *map) {
        const struct value *inputs = value_map_get(map, "inputs");
        const char *file = value_map_string(map, "file");

        in->is_own = true;
        in->batch = is_true(map, "batch");
        in->json = is_true(map, "json");
        if (file && *file && !(in->file = text_dup(file)))
                return -ENOMEM;
        if (!inputs || value_type(inputs) != VALUE_MAP || value_count(inputs) == 0)
                return 0;
        in->inputs = json_to_text(inputs, JSON_COMPACT);
        return in->inputs ? 0 : -ENOMEM;
}

int replay_input_read(struct replay_input *in, const char *text, const char *queue_url) {
        _cleanup_value_ struct value *v = NULL;
        const struct value *messages;
        int r = json_parse(text, strlen(text), &v, NULL, NULL);

        *in = (struct replay_input){ 0 };
        if (r < 0)
                return r == -E2BIG ? -EBADMSG : r;
        messages = value_type(v) == VALUE_MAP ? value_map_get(v, "messages") : v;
        if (!messages || value_type(messages) != VALUE_LIST)
                return -EBADMSG;
        r = value_type(v) == VALUE_MAP ? read_own(in, v) : 0;
        if (r == 0)
                r = decode(in, messages);
        if (r == 0)
                r = make_frames(in, queue_url);
        if (r < 0)
                replay_input_done(in);
        return r;
}

void replay_input_done(struct replay_input *in) {
        sqs_messages_free(in->messages, in->count);
        free(in->frames);
        buf_done(&in->texts);
        free(in->inputs);
        free(in->file);
        *in = (struct replay_input){ 0 };
}
