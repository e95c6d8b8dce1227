/* SPDX-License-Identifier: Apache-2.0 */
/* A message's body is data. Here it becomes the value of `trigger.data`, or a file that holds it byte for byte.
 *
 * Most expressions read one member of the trigger, and the others cost more than the rest of a short execution, so each
 * is made when it is asked for. The whole is made of them. */
#include "runner/trigger_value.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/execution.h"

#define MESSAGES_BYTES_MAX FRAME_BYTES_MAX

static int put(int r, struct value *map, const char *key, struct value *v) {
        int k = value_map_put(map, key, v);

        return r < 0 ? r : k;
}

static int give(struct value *v, struct value **ret) {
        if (!v)
                return -ENOMEM;
        *ret = v;
        return 0;
}

/* --- the members of a message --------------------------------------------------------------------------------------- */

static int of_bytes(struct bytes b, struct value **ret) {
        return give(b.len > 0 ? value_new_string_n(b.data, b.len) : value_new_null(), ret);
}

static int of_json(struct bytes b, const char *what, struct value **ret, char **ret_problem) {
        const char *why = "";
        size_t offset;
        int r;

        if (b.len == 0)
                return give(value_new_map(), ret);
        r = json_parse(b.data, b.len, ret, &why, &offset);
        if (r == 0 || r == -ENOMEM)
                return r;
        *ret_problem = text_printf("the message's %s cannot be read: %s", what, why);
        return -EBADMSG;
}

static int make_data(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        const char *why = "", *text = m->body.len > 0 ? m->body.data : "";
        size_t offset = 0;
        int r;

        if (memchr(text, '\0', m->body.len)) {
                *ret_problem = text_dup("the message holds a NUL byte, which no expression can carry; read the message "
                                        "file instead");
                return -EBADMSG;
        }
        if (!json)
                return give(value_new_string_n(text, m->body.len), ret);
        r = json_parse(text, m->body.len, ret, &why, &offset);
        if (r == 0 || r == -ENOMEM)
                return r;
        *ret_problem = text_printf("the message's body is not JSON: %s at byte %zu", why, offset);
        return -EBADMSG;
}

static int make_id(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        return of_bytes(m->message_id, ret);
}

static int make_receive_count(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        return give(value_new_int(m->receive_count), ret);
}

static int make_queue_url(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        return of_bytes(m->queue_url, ret);
}

static int make_group_id(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        return of_bytes(m->group_id, ret);
}

static int make_sent_at(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        char sent[TIMESTAMP_MAX];

        return give(m->sent_usec > 0 ? value_new_string(timestamp_format(m->sent_usec, sent)) : value_new_null(), ret);
}

static int make_attributes(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        return of_json(m->attributes, "attributes", ret, ret_problem);
}

static int make_message_attributes(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        return of_json(m->message_attributes, "messageAttributes", ret, ret_problem);
}

/* `json`: data is the parsed body. -EBADMSG with *ret_problem (owned) when the member cannot be decoded. */
static const struct {
        const char *name;
        int (*make)(const struct frame_message *m, bool json, struct value **ret, char **ret_problem);
} members[MESSAGE_MEMBER_COUNT] = {
        [MESSAGE_DATA] = { "data", make_data },
        [MESSAGE_ID] = { "messageId", make_id },
        [MESSAGE_RECEIVE_COUNT] = { "receiveCount", make_receive_count },
        [MESSAGE_QUEUE_URL] = { "queueUrl", make_queue_url },
        [MESSAGE_GROUP_ID] = { "groupId", make_group_id },
        [MESSAGE_SENT_AT] = { "sentAt", make_sent_at },
        [MESSAGE_ATTRIBUTES] = { "attributes", make_attributes },
        [MESSAGE_MESSAGE_ATTRIBUTES] = { "messageAttributes", make_message_attributes },
};

static int message_value(const struct frame_message *m, bool json, struct value **ret, char **ret_problem) {
        _cleanup_value_ struct value *map = value_new_map();
        int r = map ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < MESSAGE_MEMBER_COUNT; i++) {
                struct value *v = NULL;

                r = members[i].make(m, json, &v, ret_problem);
                if (r == 0)
                        r = value_map_put(map, members[i].name, v);
        }
        if (r == 0)
                *ret = TAKE_PTR(map);
        return r;
}

/* --- the trigger ---------------------------------------------------------------------------------------------------- */

/* A member of the one message, made once. */
static int member(struct execution *e, enum message_member which, struct value **ret, char **ret_problem) {
        const struct frame_execute *q = e->request;
        struct value **made = &e->variables.message[which];
        int r = *made ? 0 : members[which].make(&q->messages[0], q->json_data, made, ret_problem);

        if (r == 0)
                *ret = value_ref(*made);
        return r;
}

static bool has_one_message(const struct execution *e) {
        return e->request->trigger_kind == TRIGGER_MESSAGE && e->request->message_count > 0;
}

int trigger_value_check(struct execution *e, char **ret_problem) {
        const struct frame_execute *q = e->request;
        int r = 0;

        for (size_t i = 0; r == 0 && q->json_data && i < q->message_count; i++) {
                _cleanup_value_ struct value *data = NULL;

                r = has_one_message(e) ? member(e, MESSAGE_DATA, &data, ret_problem) :
                                         make_data(&q->messages[i], true, &data, ret_problem);
        }
        return r;
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
        int r = 0;

        uri = execution_file_uri(q->execution_id, TRIGGER_RECORDS_FILE); /* written when somebody opens it */
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
        _cleanup_free_ char *problem = NULL;
        int r = 0;

        if (e->request->trigger_kind == TRIGGER_BATCH)
                return fill_batch(e, map);
        if (!has_one_message(e))
                return -ENOENT;
        for (size_t i = 0; r == 0 && i < MESSAGE_MEMBER_COUNT; i++) {
                struct value *v = NULL;

                r = member(e, (enum message_member)i, &v, &problem);
                if (r == 0)
                        r = value_map_put(map, members[i].name, v);
        }
        tell(e, problem);
        return r;
}

int trigger_value_member(struct execution *e, const char *name, struct value **ret) {
        _cleanup_free_ char *problem = NULL;
        size_t which = 0;
        int r;

        while (which < MESSAGE_MEMBER_COUNT && strcmp(members[which].name, name) != 0)
                which++;
        if (which == MESSAGE_MEMBER_COUNT || !has_one_message(e))
                return -ENOENT;
        r = member(e, (enum message_member)which, ret, &problem);
        tell(e, problem);
        return r;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

typedef int (*make_function)(const struct frame_message *m, bool json, struct value **ret, char **ret_problem);

/* A line for each message: what `make` makes of it. */
static int put_lines(const struct execution *e, make_function make, struct buf *lines) {
        const struct frame_execute *q = e->request;
        _cleanup_free_ char *problem = NULL;

        for (size_t i = 0; i < q->message_count; i++) {
                _cleanup_value_ struct value *v = NULL;
                int r = make(&q->messages[i], q->json_data, &v, &problem);
                if (r < 0)
                        return r;
                json_write(lines, v, JSON_COMPACT);
                buf_append_char(lines, '\n');
        }
        return buf_error(lines);
}

static int write_batch(struct execution *e) {
        _cleanup_(buf_done) struct buf lines = BUF_INIT(MESSAGES_BYTES_MAX);
        int r = put_lines(e, message_value, &lines);

        return r < 0 ? r : folder_write_message(&e->folder, TRIGGER_BATCH_FILE, lines.data, lines.len);
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
                    folder_write_message(&e->folder, TRIGGER_MESSAGE_FILE, q->messages[0].body.data, q->messages[0].body.len);
        if (r < 0)
                return r;
        *ret = e->folder.message_file;
        return 0;
}

int trigger_records(struct execution *e, const char **ret) {
        _cleanup_(buf_done) struct buf lines = BUF_INIT(MESSAGES_BYTES_MAX);
        int r = 0;

        if (!e->folder.records_file && e->request->trigger_kind == TRIGGER_BATCH) {
                r = put_lines(e, make_data, &lines);
                if (r == 0)
                        r = folder_make(&e->folder);
                if (r == 0)
                        r = folder_write_records(&e->folder, TRIGGER_RECORDS_FILE, lines.data, lines.len);
        }
        *ret = e->folder.records_file;
        return r;
}
