/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define MESSAGE_BYTES_MAX ((size_t)64 * 1024 * 1024) /* more than SQS takes, for trying things out */
#define ID_SIZE 32
#define RECORD_BYTES_MAX ((size_t)4 * 1024 * 1024) /* as the agent's */

static int out_of_memory(void) {
        return complain("run", EXIT_FAILED, "out of memory");
}

/* --- messages -------------------------------------------------------------------------------------------------------- */

static int read_message(struct run_input *in, size_t i) {
        const char *name = in->message_files[i];
        bool is_stdin = strcmp(name, "-") == 0;
        char *id = in->ids + i * ID_SIZE;
        size_t len;
        int r = file_read(is_stdin ? "/dev/stdin" : name, MESSAGE_BYTES_MAX, &in->bodies[i], &len);

        if (r < 0)
                return complain("run", EXIT_WRONG, "%s: %s", is_stdin ? "stdin" : name, strerror(-r));
        (void)snprintf(id, ID_SIZE, "by-hand-%zu", i + 1);
        in->messages[i] = (struct frame_message){
                .body = { in->bodies[i], len },
                .message_id = { id, strlen(id) },
                .message_attributes = { in->attributes_json.data, in->attributes_json.len },
                .sent_usec = clock_realtime_usec(),
                .receive_count = 1,
        };
        return 0;
}

static int read_messages(struct run_input *in) {
        int r = 0;

        in->messages = calloc(in->message_count + 1, sizeof(*in->messages));
        in->bodies = calloc(in->message_count + 1, sizeof(char *));
        in->ids = calloc(in->message_count + 1, ID_SIZE);
        if (!in->messages || !in->bodies || !in->ids ||
            attributes_write(in->attributes->items, in->attributes->count, &in->attributes_json) < 0)
                return out_of_memory();
        for (size_t i = 0; r == 0 && i < in->message_count; i++)
                r = read_message(in, i);
        return r;
}

/* --- inputs ---------------------------------------------------------------------------------------------------------- */

static const struct flow_input *find_input(const struct flow *flow, const char *id) {
        for (size_t i = 0; i < flow->input_count; i++)
                if (text_eq(flow->inputs[i].id, id))
                        return &flow->inputs[i];
        return NULL;
}

static int complain_input(const struct flow *flow, const char *id) {
        _cleanup_free_ const char **ids = calloc(flow->input_count + 1, sizeof(char *));
        const char *nearest;

        if (!ids)
                return out_of_memory();
        for (size_t i = 0; i < flow->input_count; i++)
                ids[i] = flow->inputs[i].id;
        nearest = text_nearest(id, ids, flow->input_count);
        if (nearest)
                return complain("run", EXIT_WRONG, "the flow has no input '%s'; did you mean '%s'?", id, nearest);
        return complain("run", EXIT_WRONG, "the flow has no input '%s'", id);
}

/* Types whose values are texts; the others are written as JSON. */
static bool is_text_type(const char *type) {
        static const char *const json_types[] = { "INT", "FLOAT", "BOOLEAN", "BOOL", "JSON", "ARRAY", "MULTISELECT" };

        for (size_t i = 0; i < ARRAY_SIZE(json_types); i++)
                if (text_eq(type, json_types[i]))
                        return false;
        return true;
}

static int add_input(struct value *map, const struct flow *flow, const char *text) {
        const char *equals = strchr(text, '=');
        _cleanup_free_ char *id = equals ? text_dup_n(text, (size_t)(equals - text)) : NULL;
        const struct flow_input *input;
        struct value *v = NULL;

        if (!equals)
                return complain_usage("run", "'%s' is not NAME=VALUE", text);
        if (!id)
                return out_of_memory();
        input = find_input(flow, id);
        if (!input)
                return complain_input(flow, id);
        if (is_text_type(input->type))
                v = value_new_string(equals + 1);
        else if (json_parse(equals + 1, strlen(equals + 1), &v, NULL, NULL) == -EBADMSG)
                return complain("run", EXIT_WRONG, "the input '%s' is of type %s, and '%s' is none", id, input->type, equals + 1);
        return value_map_put(map, id, v) < 0 ? out_of_memory() : 0;
}

static int read_inputs(struct run_input *in, const struct flow *flow) {
        _cleanup_value_ struct value *map = value_new_map();
        int r = map ? 0 : out_of_memory();

        for (size_t i = 0; r == 0 && i < in->input_count; i++)
                r = add_input(map, flow, in->inputs[i]);
        if (r != 0 || in->input_count == 0)
                return r;
        in->inputs_json = json_to_text(map, JSON_COMPACT);
        return in->inputs_json ? 0 : out_of_memory();
}

static bool wants_json(const struct run_input *in, const struct flow *flow) {
        const char *serde = in->serde;

        if (!serde && flow->trigger_count > 0)
                serde = value_map_string(flow->triggers[0].properties, "serdeType");
        return text_eq(serde, "JSON");
}

/* --------------------------------------------------------------------------------------------------------------------- */

int run_input_read(struct run_input *in, const struct flow *flow) {
        int r;

        if (in->message_count > 1 && !in->batch)
                return complain_usage("run", "more than one message needs --batch");
        r = read_messages(in);
        return r != 0 ? r : read_inputs(in, flow);
}

void run_input_done(struct run_input *in) {
        for (size_t i = 0; in->bodies && i < in->message_count; i++)
                free(in->bodies[i]);
        free(in->bodies);
        free(in->messages);
        free(in->ids);
        free(in->inputs_json);
        buf_done(&in->attributes_json);
}

void run_input_fill(const struct run_input *in, const struct flow *flow, struct frame_execute *frame) {
        frame->json_data = wants_json(in, flow);
        frame->messages = in->messages;
        frame->message_count = in->message_count;
        if (in->batch)
                frame->trigger_kind = TRIGGER_BATCH;
        else
                frame->trigger_kind = in->message_count > 0 ? TRIGGER_MESSAGE : TRIGGER_NONE;
        if (frame->trigger_kind != TRIGGER_NONE)
                frame->trigger_id = (struct bytes){ "by-hand", strlen("by-hand") };
        if (in->inputs_json)
                frame->inputs = (struct bytes){ in->inputs_json, strlen(in->inputs_json) };
}

/* --- the record ------------------------------------------------------------------------------------------------------ */

static void put_key(struct buf *b, const char *key) {
        buf_appendf(b, "\"%s\":", key);
}

/* As SQS gives them, which is what the agent keeps. */
static void put_attributes(struct buf *b, const struct attributes *a) {
        for (size_t i = 0; i < a->count; i++) {
                const struct sqs_attribute *item = &a->items[i];
                bool is_binary = sqs_attribute_is_binary(item);

                buf_append_str(b, i > 0 ? "," : "");
                json_write_string(b, item->name, strlen(item->name));
                buf_append_str(b, ":{\"DataType\":");
                json_write_string(b, item->data_type, strlen(item->data_type));
                buf_append_str(b, is_binary ? ",\"BinaryValue\":\"" : ",\"StringValue\":");
                if (is_binary)
                        base64_encode(b, item->value, item->len);
                else
                        json_write_string(b, item->value, item->len);
                buf_append_str(b, is_binary ? "\"}" : "}");
        }
}

static void put_message(struct buf *b, const struct run_input *in, size_t i) {
        const struct frame_message *m = &in->messages[i];

        buf_append_str(b, i > 0 ? ",{" : "{");
        put_key(b, "MessageId");
        json_write_string(b, m->message_id.data, m->message_id.len);
        buf_append_char(b, ',');
        put_key(b, "ReceiptHandle");
        buf_append_str(b, "\"\",");
        put_key(b, "Body");
        json_write_string(b, m->body.data, m->body.len);
        buf_appendf(b, ",\"Attributes\":{\"SentTimestamp\":\"%llu\",\"ApproximateReceiveCount\":\"1\"},",
                    (unsigned long long)(m->sent_usec / USEC_PER_MSEC));
        put_key(b, "MessageAttributes");
        buf_append_char(b, '{');
        put_attributes(b, in->attributes);
        buf_append_str(b, "}}");
}

static bool is_text(struct bytes b) {
        return b.len == 0 || (text_is_utf8(b.data, b.len) && !memchr(b.data, '\0', b.len));
}

char *run_input_record(const struct run_input *in, const struct flow *flow) {
        _cleanup_free_ char *file = flow->file ? realpath(flow->file, NULL) : NULL;
        struct buf b = BUF_INIT(RECORD_BYTES_MAX);
        bool is_all_text = true;

        buf_append_char(&b, '{');
        put_key(&b, "file");
        json_write_string(&b, file ? file : "", strlen(file ? file : ""));
        buf_appendf(&b, ",\"batch\":%s,\"json\":%s,\"messages\":[", in->batch ? "true" : "false",
                    wants_json(in, flow) ? "true" : "false");
        for (size_t i = 0; i < in->message_count; i++) {
                is_all_text = is_all_text && is_text(in->messages[i].body);
                put_message(&b, in, i);
        }
        buf_appendf(&b, "],\"inputs\":%s}", in->inputs_json ? in->inputs_json : "{}");
        if (is_all_text)
                return buf_take(&b, NULL);
        buf_done(&b);
        return NULL;
}
