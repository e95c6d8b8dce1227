/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes are kept decoded and sorted by name, so that digest and answer are one walk each. */
#include "tests/queue/attribute.h"

#include <arpa/inet.h>
#include <errno.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/contents.h"

#define NAME_MAX_BYTES 256

void attributes_done(struct attributes *a) {
        for (size_t i = 0; i < a->count; i++) {
                free(a->items[i].name);
                free(a->items[i].type);
                free(a->items[i].data);
        }
        free(a->items);
        *a = (struct attributes){ 0 };
}

bool attribute_is_binary(const struct attribute *a) {
        return text_after(a->type, "Binary") != NULL;
}

int attributes_add(struct attributes *a, const char *name, const char *type, const void *data, size_t len) {
        struct attribute *items = reallocarray(a->items, a->count + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        a->items = items;

        _cleanup_free_ char *own_name = text_dup(name), *own_type = text_dup(type), *own_data = malloc(len + 1);
        if (!own_name || !own_type || !own_data)
                return -ENOMEM;
        if (len > 0)
                memcpy(own_data, data, len);
        own_data[len] = '\0';

        size_t i = a->count++;
        for (; i > 0 && strcmp(items[i - 1].name, name) > 0; i--)
                items[i] = items[i - 1];
        items[i] = (struct attribute){ TAKE_PTR(own_name), TAKE_PTR(own_type), TAKE_PTR(own_data), len };
        return 0;
}

static bool name_is_valid(const char *name) {
        size_t len = strlen(name);

        return len > 0 && len <= NAME_MAX_BYTES && text_is_name(name, "a-zA-Z0-9_-", "a-zA-Z0-9_.-", NAME_MAX_BYTES) &&
               name[len - 1] != '.' && !strstr(name, "..") && strncasecmp(name, "AWS.", 4) != 0 &&
               strncasecmp(name, "Amazon.", 7) != 0;
}

static bool type_is_valid(const char *type) {
        static const char *const bases[] = { "String", "Number", "Binary" };

        for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
                const char *rest = text_after(type, bases[i]);
                if (rest && (*rest == '\0' || *rest == '.'))
                        return strlen(type) <= NAME_MAX_BYTES;
        }
        return false;
}

static bool is_number(const char *s) {
        char *end = NULL;
        (void)strtod(s, &end);
        return end != s && *end == '\0';
}

static int parse_binary(const char *name, const struct value *v, struct attributes *ret, const char *type,
                        struct failure *f) {
        const char *text = value_map_string(v, "BinaryValue");
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);

        if (!text || !*text)
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name,
                                   type);
        int r = base64_decode(&bytes, text, strlen(text));
        if (r == -EINVAL)
                return failure_set(f, FAILURE_SERIALIZATION, "The value of attribute '%s' is not base64.", name);
        return r < 0 ? r : attributes_add(ret, name, type, bytes.data, bytes.len);
}

static int parse_text(const char *name, const struct value *v, struct attributes *ret, const char *type,
                      struct failure *f) {
        const char *text = value_map_string(v, "StringValue");

        if (!text || !*text)
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name,
                                   type);
        if (text_after(type, "Number") && !is_number(text))
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Can't cast the value of message (user) attribute '%s' to a number.", name);
        if (!contents_are_valid(text, strlen(text)))
                return failure_plain(f, FAILURE_INVALID_MESSAGE_CONTENTS);
        return attributes_add(ret, name, type, text, strlen(text));
}

static int parse_one(const char *name, const struct value *v, struct attributes *ret, struct failure *f) {
        if (!name_is_valid(name))
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Message (user) attribute name '%s' is not valid.", name);
        if (value_type(v) != VALUE_MAP)
                return failure_set(f, FAILURE_SERIALIZATION, "Attribute '%s' must be an object.", name);

        const char *type = value_map_string(v, "DataType");
        if (!type || !type_is_valid(type))
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE,
                                   "The type of message (user) attribute '%s' is invalid. You must use only the "
                                   "following supported type prefixes: Binary, Number, String.",
                                   name);
        return text_after(type, "Binary") ? parse_binary(name, v, ret, type, f) : parse_text(name, v, ret, type, f);
}

int attributes_parse(const struct value *map, struct attributes *ret, struct failure *f) {
        _cleanup_(attributes_done) struct attributes a = { 0 };

        if (map && value_type(map) == VALUE_MAP) {
                if (value_count(map) > ATTRIBUTE_COUNT_MAX)
                        return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE,
                                           "Number of message attributes [%zu] exceeds the allowed maximum [%d].",
                                           value_count(map), ATTRIBUTE_COUNT_MAX);
                for (size_t i = 0; i < value_count(map); i++) {
                        int r = parse_one(value_map_key_at(map, i), value_map_at(map, i), &a, f);
                        if (r != 0)
                                return r;
                }
        }
        *ret = a;
        a = (struct attributes){ 0 };
        return 0;
}

size_t attributes_bytes(const struct attributes *a) {
        size_t total = 0;

        for (size_t i = 0; i < a->count; i++)
                total += strlen(a->items[i].name) + strlen(a->items[i].type) + a->items[i].len;
        return total;
}

bool attribute_is_wanted(const struct value *names, const char *name) {
        for (size_t i = 0; names && i < value_count(names); i++) {
                const struct value *item = value_list_at(names, i);
                if (value_type(item) != VALUE_STRING)
                        continue;
                const char *s = value_string(item);
                if (text_eq(s, "All") || text_eq(s, name))
                        return true;
                if (text_ends_with(s, ".*") && strncmp(s, name, strlen(s) - 2) == 0)
                        return true;
        }
        return false;
}

static int digest_part(struct digest_state *s, const void *data, size_t len) {
        uint32_t length = htonl((uint32_t)len);
        int r = digest_update(s, &length, sizeof(length));
        return r < 0 ? r : digest_update(s, data, len);
}

static int digest_attribute(struct digest_state *s, const struct attribute *a) {
        uint8_t transport = attribute_is_binary(a) ? 2 : 1;
        int r = digest_part(s, a->name, strlen(a->name));
        if (r < 0)
                return r;
        r = digest_part(s, a->type, strlen(a->type));
        if (r < 0)
                return r;
        r = digest_update(s, &transport, 1);
        return r < 0 ? r : digest_part(s, a->data, a->len);
}

int attributes_md5(const struct attributes *a, const struct value *names, char out[HEX_SIZE(MD5_BYTES)]) {
        _cleanup_(digest_freep) struct digest_state *s = digest_new(DIGEST_MD5);
        size_t chosen = 0;
        if (!s)
                return -ENOMEM;

        for (size_t i = 0; i < a->count; i++) {
                if (names && !attribute_is_wanted(names, a->items[i].name))
                        continue;
                int r = digest_attribute(s, &a->items[i]);
                if (r < 0)
                        return r;
                chosen++;
        }

        uint8_t md5[MD5_BYTES];
        int r = digest_final(s, md5);
        if (r < 0)
                return r;
        if (chosen > 0)
                hex_encode(md5, sizeof(md5), out);
        else
                out[0] = '\0';
        return 0;
}

static int write_one(const struct attribute *a, struct buf *out) {
        json_write_string(out, a->name, strlen(a->name));
        buf_append_str(out, ":{\"DataType\":");
        json_write_string(out, a->type, strlen(a->type));
        if (attribute_is_binary(a)) {
                buf_append_str(out, ",\"BinaryValue\":\"");
                base64_encode(out, a->data, a->len);
                buf_append_str(out, "\"");
        } else {
                buf_append_str(out, ",\"StringValue\":");
                json_write_string(out, a->data, a->len);
        }
        return buf_append_char(out, '}');
}

int attributes_write(const struct attributes *a, const struct value *names, struct buf *out) {
        const char *separator = "";

        buf_append_char(out, '{');
        for (size_t i = 0; i < a->count; i++) {
                if (names && !attribute_is_wanted(names, a->items[i].name))
                        continue;
                buf_append_str(out, separator);
                write_one(&a->items[i], out);
                separator = ",";
        }
        return buf_append_char(out, '}');
}
