/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing in three steps: json_scan.c checks the text and marks what is to go past cJSON, cJSON builds its tree, and
 * the tree becomes values, which take over cJSON's strings instead of copying them. Duplicate keys show in the last
 * step, where only the number of the key is known; its place is then found by scanning again. Writing is in
 * json_write.c. */
#include "common/base/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "common/base/json_scan.h"

DEFINE_CLEANUP(cJSON *, cJSON_Delete)

struct conversion {
        const char *text; /* what json_parse() was given */
        size_t key_count; /* keys met, in the order of the text */
        size_t duplicate; /* the number of the key that its map already had, from 1 */
};

static int convert(struct conversion *c, cJSON *item, struct value **ret);

static struct value *convert_number(const cJSON *item) {
        return value_new_int((int64_t)item->valuedouble);
}

/* "offset,length" of a string in the text. */
static struct value *convert_carried(const struct conversion *c, const char *reference) {
        char *comma;
        size_t offset = strtoull(reference, &comma, 10);

        return value_new_string_n(c->text + offset, strtoull(comma + 1, NULL, 10));
}

/* Takes the string over, unless it is marked; see json_scan.h. */
static struct value *convert_string(const struct conversion *c, cJSON *item) {
        char *s = item->valuestring;

        if (s[0] != JSON_MARK) {
                item->valuestring = NULL;
                return value_new_string_take(s, strlen(s));
        }
        if (s[1] == '@')
                return convert_carried(c, s + 2);
        return s[1] == JSON_MARK ? value_new_string(s + 1) : value_new_number(s + 1);
}

static int convert_list(struct conversion *c, cJSON *item, struct value **ret) {
        _cleanup_value_ struct value *list = value_new_list();

        if (!list)
                return -ENOMEM;
        for (cJSON *child = item->child; child; child = child->next) {
                struct value *v;
                int r = convert(c, child, &v);

                if (r == 0)
                        r = value_list_add(list, v);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int convert_map(struct conversion *c, cJSON *item, struct value **ret) {
        _cleanup_value_ struct value *map = value_new_map();

        if (!map)
                return -ENOMEM;
        for (cJSON *child = item->child; child; child = child->next) {
                size_t number = ++c->key_count;
                struct value *v;
                int r = convert(c, child, &v);

                if (r < 0)
                        return r;
                r = value_map_add_take(map, TAKE_PTR(child->string), v);
                if (r == -EEXIST)
                        c->duplicate = number;
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(map);
        return 0;
}

static int convert(struct conversion *c, cJSON *item, struct value **ret) {
        struct value *v = NULL;

        switch (item->type & 0xff) {
        case cJSON_Array:
                return convert_list(c, item, ret);
        case cJSON_Object:
                return convert_map(c, item, ret);
        case cJSON_String:
                v = convert_string(c, item);
                break;
        case cJSON_Number:
                v = convert_number(item);
                break;
        case cJSON_True:
        case cJSON_False:
                v = value_new_bool((item->type & 0xff) == cJSON_True);
                break;
        default:
                v = value_new_null();
        }
        if (!v)
                return -ENOMEM;
        *ret = v;
        return 0;
}

static size_t find_key(const char *text, size_t len, size_t number) {
        struct json_scan s = { .wanted_key = number };

        (void)json_scan(&s, text, len);
        buf_done(&s.marked);
        return s.wanted_key_offset;
}

/* `s` has scanned the text and found it good. */
static int build(struct json_scan *s, size_t len, struct value **ret) {
        bool marked = s->marked.len > 0;
        _cleanup_(cJSON_Deletep) cJSON *tree = NULL;
        struct conversion c = { .text = s->text };
        int r;

        tree = cJSON_ParseWithLength(marked ? s->marked.data : s->text, marked ? s->marked.len : len);
        if (!tree)
                return -ENOMEM; /* the text is JSON, so nothing else can have gone wrong */
        r = convert(&c, tree, ret);
        if (r != -EEXIST)
                return r;
        s->error = "this key stands twice in its object";
        s->error_offset = find_key(s->text, len, c.duplicate);
        return -EBADMSG;
}

int json_parse(const char *text, size_t len, struct value **ret, const char **ret_error, size_t *ret_offset) {
        struct json_scan s = { 0 };
        int r;

        r = json_scan(&s, text, len);
        if (r == 0)
                r = build(&s, len, ret);
        buf_done(&s.marked);
        if (r == -ENOMEM)
                s.error = "memory is out";
        if (r < 0 && ret_error)
                *ret_error = s.error;
        if (r < 0 && ret_offset)
                *ret_offset = s.error_offset;
        return r;
}
