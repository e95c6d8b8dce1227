/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/outgoing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/value_text.h"

#define READ_BYTES (64ul * 1024)
#define DELAY_MAX_SEC 900

/* --- one message ----------------------------------------------------------------------------------------------------- */

static int bad(char **ret_problem, const char *text) {
        *ret_problem = text_dup(text);
        return -EINVAL;
}

static const struct value *member(const struct value *map, const char *name) {
        const struct value *v = value_map_get(map, name);

        return v && value_type(v) != VALUE_NULL ? v : NULL;
}

static int read_optional(const struct value *map, const char *name, char **ret) {
        const struct value *v = member(map, name);

        if (!v)
                return 0;
        *ret = value_text(v);
        return *ret ? 0 : -ENOMEM;
}

static int read_delay(const struct value *map, struct outgoing *o, char **ret_problem) {
        _cleanup_free_ char *text = NULL;
        int64_t seconds;
        int r = read_optional(map, "delaySeconds", &text);

        o->send.delay_seconds = -1;
        if (r < 0 || !text || !*text)
                return r;
        if (text_to_i64(text, 0, DELAY_MAX_SEC, &seconds) < 0)
                return bad(ret_problem, "delaySeconds must be a whole number from 0 to 900");
        o->send.delay_seconds = (int)seconds;
        return 0;
}

/* An attribute is a text, or {type, value} ("dataType" too); a Binary's value is base64. */
static int read_attribute(struct outgoing *o, size_t i, const char *name, const struct value *v, char **ret_problem) {
        bool is_map = value_type(v) == VALUE_MAP;
        const char *type = is_map ? value_map_string(v, "type") : NULL;
        const struct value *content = is_map ? member(v, "value") : v;
        struct sqs_attribute *a = &o->attributes[i];
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(SQS_PAYLOAD_MAX_BYTES);

        if (is_map && !type)
                type = value_map_string(v, "dataType");
        if (!content)
                return bad(ret_problem, "an attribute must be a text or a map with type and value");
        o->attribute_texts[i] = value_text(content);
        if (!o->attribute_texts[i])
                return -ENOMEM;
        *a = (struct sqs_attribute){
                .name = name,
                .data_type = type ? type : value_type(content) == VALUE_NUMBER ? "Number" : "String",
                .value = o->attribute_texts[i],
                .len = strlen(o->attribute_texts[i]),
        };
        if (!sqs_attribute_is_binary(a))
                return 0;
        if (base64_decode(&bytes, a->value, a->len) < 0)
                return bad(ret_problem, "a Binary attribute's value must be base64");
        a->len = bytes.len;
        free(o->attribute_texts[i]);
        o->attribute_texts[i] = bytes.len > 0 ? buf_take(&bytes, NULL) : text_dup("");
        a->value = o->attribute_texts[i];
        return a->value ? 0 : -ENOMEM;
}

static int read_attributes(const struct value *map, struct outgoing *o, char **ret_problem) {
        const struct value *attributes = member(map, "attributes");

        if (!attributes)
                return 0;
        if (value_type(attributes) != VALUE_MAP || value_count(attributes) > SQS_ATTRIBUTE_MAX)
                return bad(ret_problem, "attributes must be a map of at most 10 names");
        for (size_t i = 0; i < value_count(attributes); i++) {
                int r = read_attribute(o, i, value_map_key_at(attributes, i), value_map_at(attributes, i), ret_problem);

                if (r < 0)
                        return r;
                o->size += strlen(o->attributes[i].name) + strlen(o->attributes[i].data_type) + o->attributes[i].len;
        }
        o->send.attributes = o->attributes;
        o->send.attribute_count = value_count(attributes);
        return 0;
}

static int read_message(const struct value *v, struct outgoing *o, char **ret_problem) {
        const struct value *data = value_type(v) == VALUE_MAP ? member(v, "data") : v;
        int r;

        if (!data || (value_type(v) != VALUE_MAP && value_type(v) != VALUE_STRING))
                return bad(ret_problem, "it is not a map with data");
        o->body = value_text(data);
        if (!o->body)
                return -ENOMEM;
        if (!*o->body)
                return bad(ret_problem, "its data is empty, which SQS does not take");
        o->size = strlen(o->body);
        o->send.delay_seconds = -1;
        if (value_type(v) == VALUE_MAP) {
                r = read_optional(v, "groupId", &o->group_id);
                if (r == 0)
                        r = read_optional(v, "deduplicationId", &o->deduplication_id);
                if (r == 0)
                        r = read_delay(v, o, ret_problem);
                if (r == 0)
                        r = read_attributes(v, o, ret_problem);
                if (r < 0)
                        return r;
        }
        o->send.body = o->body;
        o->send.body_len = strlen(o->body);
        o->send.group_id = o->group_id;
        o->send.deduplication_id = o->deduplication_id;
        return o->size <= SQS_PAYLOAD_MAX_BYTES ? 0 : bad(ret_problem, "it is bigger than the 1 MiB that SQS takes");
}

int outgoing_make(struct value *source, struct outgoing *ret, char **ret_problem) {
        int r;

        *ret = (struct outgoing){ .source = source };
        r = read_message(source, ret, ret_problem);
        if (r < 0)
                outgoing_done(ret);
        return r;
}

void outgoing_done(struct outgoing *o) {
        for (size_t i = 0; i < SQS_ATTRIBUTE_MAX; i++)
                free(o->attribute_texts[i]);
        free(o->body);
        free(o->group_id);
        free(o->deduplication_id);
        value_unref(o->source);
        *o = (struct outgoing){ 0 };
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

int outgoing_source_of_value(struct outgoing_source *s, struct value *from) {
        _cleanup_value_ struct value *v = value_ref(from), *parsed = NULL;

        if (value_type(v) == VALUE_STRING) {
                if (json_parse(value_string(v), value_string_len(v), &parsed, NULL, NULL) < 0)
                        return -EINVAL;
                value_unref(v);
                v = TAKE_PTR(parsed);
        }
        *s = (struct outgoing_source){ .fd = -1 };
        if (value_type(v) == VALUE_LIST) {
                s->list = TAKE_PTR(v);
                return 0;
        }
        if (value_type(v) != VALUE_MAP)
                return -EINVAL;
        s->list = value_new_list();
        return s->list ? value_list_add(s->list, TAKE_PTR(v)) : -ENOMEM;
}

void outgoing_source_of_file(struct outgoing_source *s, int fd) {
        *s = (struct outgoing_source){ .fd = fd, .in = BUF_INIT(OUTGOING_LINE_BYTES_MAX + READ_BYTES) };
}

/* Reads on until a line end is in the buffer, or the file is over. */
static int read_line(struct outgoing_source *s, char **ret, size_t *ret_len) {
        size_t seen = s->at;

        for (;;) {
                char *end = s->in.len > seen ? memchr(s->in.data + seen, '\n', s->in.len - seen) : NULL, *to;
                ssize_t n;

                if (end || s->over) {
                        *ret = s->in.data ? s->in.data + s->at : NULL;
                        *ret_len = end ? (size_t)(end - *ret) : s->in.len - s->at;
                        s->at += *ret_len + (end ? 1 : 0);
                        return end || *ret_len > 0;
                }
                buf_consume(&s->in, s->at);
                s->at = 0;
                seen = s->in.len;
                to = buf_reserve(&s->in, READ_BYTES);
                if (!to)
                        return buf_error(&s->in);
                n = read(s->fd, to, READ_BYTES);
                if (n < 0 && errno != EINTR)
                        return -errno;
                s->over = n == 0;
                buf_commit(&s->in, n > 0 ? (size_t)n : 0);
        }
}

int outgoing_source_next(struct outgoing_source *s, struct value **ret) {
        char *line = NULL;
        size_t len = 0;
        int r;

        if (s->list) {
                if (s->next == value_count(s->list))
                        return 0;
                *ret = value_ref(value_list_at(s->list, s->next++));
                return 1;
        }
        do {
                r = read_line(s, &line, &len);
                if (r <= 0)
                        return r;
                s->next++;
                while (line && len > 0 && strchr(" \t\r", line[len - 1]))
                        len--;
        } while (len == 0);
        r = json_parse(line, len, ret, NULL, NULL);
        return r < 0 ? r : 1;
}

void outgoing_source_done(struct outgoing_source *s) {
        value_unref(s->list);
        close_fd(s->fd);
        buf_done(&s->in);
        *s = (struct outgoing_source){ .fd = -1 };
}
