/* SPDX-License-Identifier: Apache-2.0 */
/* A message's body is data. Here it becomes the value of `trigger.data`, or a file that holds it byte for byte. */
#include "runner/trigger_value.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/execution.h"

#define MESSAGE_FILE "message"
#define MESSAGES_FILE "messages.jsonl"
#define MESSAGES_BYTES_MAX FRAME_BYTES_MAX

static int put(int r, struct value *map, const char *key, struct value *v) {
        int k = value_map_put(map, key, v);

        return r < 0 ? r : k;
}

static struct value *of_bytes(struct bytes b) {
        return b.len > 0 ? value_new_string_n(b.data, b.len) : value_new_null();
}

static int put_json(struct value *map, const char *key, struct bytes b, char **ret_problem) {
        struct value *v = NULL;
        const char *why = "";
        size_t offset;
        int r;

        if (b.len == 0)
                return value_map_put(map, key, value_new_map());
        r = json_parse(b.data, b.len, &v, &why, &offset);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                *ret_problem = text_printf("the message's %s cannot be read: %s", key, why);
                return -EBADMSG;
        }
        return value_map_put(map, key, v);
}

static int body_value(struct bytes body, bool json, struct value **ret, char **ret_problem) {
        const char *why = "";
        size_t offset = 0;
        int r;

        if (body.len > 0 && memchr(body.data, '\0', body.len)) {
                *ret_problem = text_dup("the message holds a NUL byte, which no expression can carry; read the message "
                                        "file instead");
                return -EBADMSG;
        }
        if (!json) {
                *ret = value_new_string_n(body.len > 0 ? body.data : "", body.len);
                return *ret ? 0 : -ENOMEM;
        }
        r = json_parse(body.len > 0 ? body.data : "", body.len, ret, &why, &offset);
        if (r == 0 || r == -ENOMEM)
                return r;
        *ret_problem = text_printf("the message's body is not JSON: %s at byte %zu", why, offset);
        return -EBADMSG;
}

int message_value(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        _cleanup_value_ struct value *map = value_new_map();
        struct value *data = NULL;
        char sent[TIMESTAMP_MAX];
        int r;

        if (!map)
                return -ENOMEM;
        r = body_value(m->body, json, &data, ret_problem);
        if (r < 0)
                return r;
        r = put(0, map, "data", data);
        r = put(r, map, "messageId", of_bytes(m->message_id));
        r = put(r, map, "receiveCount", value_new_int(m->receive_count));
        r = put(r, map, "queueUrl", of_bytes(m->queue_url));
        r = put(r, map, "groupId", of_bytes(m->group_id));
        r = put(r, map, "sentAt", m->sent_usec > 0 ? value_new_string(timestamp_format(m->sent_usec, sent)) :
                                                     value_new_null());
        if (r == 0)
                r = put_json(map, "attributes", m->attributes, ret_problem);
        if (r == 0)
                r = put_json(map, "messageAttributes", m->message_attributes, ret_problem);
        if (r == 0)
                *ret = TAKE_PTR(map);
        return r;
}

int trigger_value_check(struct execution *e, char **ret_problem) {
        const struct frame_execute *q = e->request;

        for (size_t i = 0; q->json_data && i < q->message_count; i++) {
                _cleanup_value_ struct value *data = NULL;
                int r = body_value(q->messages[i].body, true, &data, ret_problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The expression that asked only learns that `trigger` cannot be read. */
static void tell(struct execution *e, const char *problem) {
        if (problem)
                execution_logf(e, NULL, LOG_ERR, "%s", problem);
}

static int fill_batch(struct execution *e, struct value *map) {
        const struct frame_execute *q = e->request;
        _cleanup_value_ struct value *list = value_new_list();
        _cleanup_free_ char *problem = NULL, *uri = NULL;
        const char *path;
        int r;

        r = trigger_file(e, &path);
        if (r < 0)
                return r;
        uri = text_printf("file://%s", path);
        for (size_t i = 0; r == 0 && list && i < q->message_count; i++) {
                struct value *m = NULL;

                r = message_value(&q->messages[i], q->json_data, &m, &problem);
                if (r == 0)
                        r = value_list_add(list, m);
        }
        tell(e, problem);
        r = put(r, map, "uri", uri ? value_new_string(uri) : NULL);
        r = put(r, map, "count", value_new_int((int64_t)q->message_count));
        return put(r, map, "messages", TAKE_PTR(list));
}

int trigger_value_fill(struct execution *e, struct value *map) {
        const struct frame_execute *q = e->request;
        _cleanup_value_ struct value *message = NULL;
        _cleanup_free_ char *problem = NULL;
        int r;

        if (q->trigger_kind == TRIGGER_BATCH)
                return fill_batch(e, map);
        if (q->trigger_kind == TRIGGER_NONE || q->message_count == 0)
                return -ENOENT;
        r = message_value(&q->messages[0], q->json_data, &message, &problem);
        tell(e, problem);
        for (size_t i = 0; r == 0 && i < value_count(message); i++)
                r = value_map_put(map, value_map_key_at(message, i), value_ref(value_map_at(message, i)));
        return r;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

static int write_batch(struct execution *e) {
        const struct frame_execute *q = e->request;
        _cleanup_(buf_done) struct buf lines = BUF_INIT(MESSAGES_BYTES_MAX);
        _cleanup_free_ char *problem = NULL;

        for (size_t i = 0; i < q->message_count; i++) {
                _cleanup_value_ struct value *m = NULL;
                int r = message_value(&q->messages[i], q->json_data, &m, &problem);
                if (r < 0)
                        return r;
                json_write(&lines, m, JSON_COMPACT);
                buf_append_char(&lines, '\n');
        }
        if (buf_error(&lines) < 0)
                return buf_error(&lines);
        return folder_write_message(&e->folder, MESSAGES_FILE, lines.data, lines.len);
}

int trigger_file(struct execution *e, const char **ret) {
        const struct frame_execute *q = e->request;
        bool batch = q->trigger_kind == TRIGGER_BATCH;
        int r;

        if (e->folder.message_file || q->trigger_kind == TRIGGER_NONE || (!batch && q->message_count == 0)) {
                *ret = e->folder.message_file;
                return 0;
        }
        r = folder_make(&e->folder);
        if (r < 0)
                return r;
        r = batch ? write_batch(e) :
                    folder_write_message(&e->folder, MESSAGE_FILE, q->messages[0].body.data, q->messages[0].body.len);
        if (r < 0)
                return r;
        *ret = e->folder.message_file;
        return 0;
}
