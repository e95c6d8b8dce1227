/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a property decides what its text becomes: "1.0" is a text for a version and a number for a factor. */
#include "common/flow/flow_values.h"

#include <errno.h>

#include "common/base/text.h"

int flow_node_to_bool(const struct yaml_node *node, bool *ret) {
        static const char *const words[] = { "false", "False", "FALSE", "true", "True", "TRUE" };

        for (size_t i = 0; node->kind == YAML_SCALAR && i < ARRAY_SIZE(words); i++)
                if (text_eq(node->text, words[i])) {
                        *ret = i >= 3;
                        return 0;
                }
        return -EINVAL;
}

bool flow_node_bool(const struct yaml_node *map, const char *key, bool fallback) {
        const struct yaml_node *node = yaml_get(map, key);

        if (node)
                (void)flow_node_to_bool(node, &fallback);
        return fallback;
}

char *flow_node_text(struct loader *l, const struct yaml_node *map, const char *key) {
        const struct yaml_node *node = yaml_get(map, key);
        char *text;

        if (yaml_is_null(node) || node->kind != YAML_SCALAR)
                return NULL;
        text = text_dup_n(node->text, node->len);
        if (!text)
                l->error = -ENOMEM;
        return text;
}

static struct value *text_value(const struct yaml_node *node) {
        if (node->kind != YAML_SCALAR)
                return yaml_to_value(node);
        return value_new_string_n(yaml_is_null(node) ? "" : node->text, yaml_is_null(node) ? 0 : node->len);
}

static struct value *number_value(const struct yaml_node *node) {
        int64_t i;
        struct value *number;

        if (node->kind != YAML_SCALAR)
                return yaml_to_value(node);
        if (text_to_i64(node->text, INT64_MIN, INT64_MAX, &i) == 0)
                return value_new_int(i);
        errno = 0;
        number = value_new_number(node->text);
        return number || errno != EINVAL ? number : text_value(node);
}

static struct value *bool_value(const struct yaml_node *node) {
        bool b;

        return flow_node_to_bool(node, &b) == 0 ? value_new_bool(b) : text_value(node);
}

/* A list or map whose elements are texts. */
static struct value *texts_value(const struct yaml_node *node) {
        _cleanup_value_ struct value *v = NULL;

        if (node->kind == YAML_SCALAR)
                return text_value(node);
        v = node->kind == YAML_MAP ? value_new_map() : value_new_list();
        for (size_t i = 0; v && i < node->count; i++) {
                struct value *item = text_value(node->items[i]);
                int r = node->kind == YAML_MAP ? value_map_put(v, node->keys[i]->text, item) : value_list_add(v, item);

                if (r < 0)
                        return NULL;
        }
        return TAKE_PTR(v);
}

static struct value *object_value(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        const struct flow_property *tables[] = { p->fields, NULL };
        _cleanup_value_ struct value *list = NULL;

        if (node->kind == YAML_MAP)
                return flow_property_values(l, node, tables);
        list = value_new_list();
        for (size_t i = 0; list && i < node->count; i++)
                if (value_list_add(list, flow_property_values(l, node->items[i], tables)) < 0)
                        return NULL;
        return TAKE_PTR(list);
}

static struct value *property_value(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        switch (p->kind) {
        case PROPERTY_STRING:
        case PROPERTY_ID:
        case PROPERTY_DURATION:
        case PROPERTY_ENUM:
        case PROPERTY_VALUE_TYPE:
        case PROPERTY_RUNNER_TYPE:
                return text_value(node);
        case PROPERTY_BOOL:
                return bool_value(node);
        case PROPERTY_INT:
        case PROPERTY_NUMBER:
                return number_value(node);
        case PROPERTY_STRING_LIST:
        case PROPERTY_STRING_MAP:
                return texts_value(node);
        case PROPERTY_OBJECT:
        case PROPERTY_OBJECT_LIST:
                return object_value(l, p, node);
        default:
                return yaml_to_value(node);
        }
}

struct value *flow_property_values(struct loader *l, const struct yaml_node *map,
                                   const struct flow_property *const *tables) {
        _cleanup_value_ struct value *values = value_new_map();

        for (size_t i = 0; values && map->kind == YAML_MAP && i < map->count; i++) {
                const struct flow_property *p = property_find(tables, map->keys[i]->text);

                if (!p || (p->flags & PROPERTY_COMMON) || property_kind_has_tasks(p->kind) ||
                    yaml_is_null(map->items[i]))
                        continue;
                if (value_map_put(values, p->name, property_value(l, p, map->items[i])) < 0)
                        values = value_unref(values);
        }
        if (!values)
                l->error = -ENOMEM;
        return TAKE_PTR(values);
}
