/* SPDX-License-Identifier: Apache-2.0 */
/* Reference counting, scalars, lists and equality; maps are in value_map.c, the arithmetic of digits in value_number.c.
 *
 * null, true and false are static and their count never moves. There are no threads, so counts are plain integers. */
#include "common/base/value_private.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static struct value the_null = { .refs = VALUE_IMMORTAL, .type = VALUE_NULL };
static struct value the_true = { .refs = VALUE_IMMORTAL, .type = VALUE_BOOL, .boolean = true };
static struct value the_false = { .refs = VALUE_IMMORTAL, .type = VALUE_BOOL };

struct value *value_ref(const struct value *v) {
        struct value *own = (struct value *)(uintptr_t)v;

        if (own && own->refs != VALUE_IMMORTAL)
                own->refs++;
        return own;
}

static void list_done(struct value *list) {
        for (size_t i = 0; i < list->count; i++)
                value_unref(list->items[i]);
        free(list->items);
}

struct value *value_unref(struct value *v) {
        if (!v || v->refs == VALUE_IMMORTAL)
                return NULL;
        assert(v->refs > 0);
        if (--v->refs > 0)
                return NULL;
        if (v->type == VALUE_LIST)
                list_done(v);
        else if (v->type == VALUE_MAP)
                value_map_done(container_of_value(v));
        else if (v->text != (char *)(v + 1))
                free(v->text);
        free(v);
        return NULL;
}

struct value *value_new_null(void) {
        return &the_null;
}

struct value *value_new_bool(bool b) {
        return b ? &the_true : &the_false;
}

struct value *value_new_text(enum value_type type, const char *s, size_t len) {
        struct value *v = malloc(sizeof(*v) + len + 1);

        if (!v)
                return NULL;
        *v = (struct value){ .refs = 1, .type = (uint8_t)type, .count = len, .text = (char *)(v + 1) };
        if (len > 0)
                memcpy(v->text, s, len);
        v->text[len] = '\0';
        return v;
}

struct value *value_new_string(const char *s) {
        return value_new_text(VALUE_STRING, s, strlen(s));
}

struct value *value_new_string_n(const char *s, size_t len) {
        assert(len == 0 || !memchr(s, '\0', len));
        return value_new_text(VALUE_STRING, s, len);
}

struct value *value_new_string_take(char *s, size_t len) {
        struct value *v = malloc(sizeof(*v));

        if (!v) {
                free(s);
                return NULL;
        }
        *v = (struct value){ .refs = 1, .type = VALUE_STRING, .count = len, .text = s };
        return v;
}

static struct value *container_new(enum value_type type) {
        struct container *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->value.refs = 1;
        c->value.type = (uint8_t)type;
        return &c->value;
}

struct value *value_new_list(void) {
        return container_new(VALUE_LIST);
}

struct value *value_new_map(void) {
        return container_new(VALUE_MAP);
}

int value_list_add(struct value *list, struct value *v) {
        struct container *c = container_of_value(list);

        assert(list->type == VALUE_LIST && list->refs == 1);
        if (!v)
                return -ENOMEM;
        if (list->count == c->cap) {
                size_t cap = c->cap > 0 ? c->cap * 2 : 8;
                struct value **items = reallocarray(list->items, cap, sizeof(*items));

                if (!items) {
                        value_unref(v);
                        return -ENOMEM;
                }
                list->items = items;
                c->cap = cap;
        }
        list->items[list->count++] = v;
        return 0;
}

bool value_is_own(const struct value *v) {
        return v->refs == 1;
}

enum value_type value_type(const struct value *v) {
        return (enum value_type)v->type;
}

const char *value_type_name(const struct value *v) {
        static const char *const names[] = {
                [VALUE_NULL] = "null",     [VALUE_BOOL] = "boolean", [VALUE_NUMBER] = "number",
                [VALUE_STRING] = "string", [VALUE_LIST] = "list",    [VALUE_MAP] = "map",
        };

        return names[v->type];
}

bool value_bool(const struct value *v) {
        assert(v->type == VALUE_BOOL);
        return v->boolean;
}

const char *value_string(const struct value *v) {
        assert(v->type == VALUE_STRING);
        return v->text;
}

size_t value_string_len(const struct value *v) {
        assert(v->type == VALUE_STRING);
        return v->count;
}

const char *value_number(const struct value *v) {
        assert(v->type == VALUE_NUMBER);
        return v->text;
}

size_t value_count(const struct value *v) {
        assert(v->type == VALUE_LIST || v->type == VALUE_MAP);
        return v->count;
}

struct value *value_list_at(const struct value *list, size_t i) {
        assert(list->type == VALUE_LIST && i < list->count);
        return list->items[i];
}

static bool list_equal(const struct value *a, const struct value *b) {
        for (size_t i = 0; i < a->count; i++)
                if (!value_equal(a->items[i], b->items[i]))
                        return false;
        return true;
}

static bool map_equal(const struct value *a, const struct value *b) {
        for (size_t i = 0; i < a->count; i++) {
                const struct value *other = value_map_get(b, a->entries[i].key);

                if (!other || !value_equal(a->entries[i].value, other))
                        return false;
        }
        return true;
}

bool value_equal(const struct value *a, const struct value *b) {
        if (a == b)
                return true;
        if (!a || !b || a->type != b->type)
                return false;
        switch (value_type(a)) {
        case VALUE_NULL:
                return true;
        case VALUE_BOOL:
                return a->boolean == b->boolean;
        case VALUE_NUMBER:
                return value_number_equal(a->text, b->text);
        case VALUE_STRING:
                return a->count == b->count && memcmp(a->text, b->text, a->count) == 0;
        case VALUE_LIST:
                return a->count == b->count && list_equal(a, b);
        case VALUE_MAP:
                return a->count == b->count && map_equal(a, b);
        }
        return false;
}
