/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that yaml.c builds, and how it becomes values. Trees are at most YAML_DEPTH_MAX deep, which yaml.c also sees
 * to when it copies an alias's node, so recursion is safe. */
#include "common/base/yaml_node.h"

#include <errno.h>
#include <string.h>

#include "common/base/text.h"

struct yaml_node *yaml_node_free(struct yaml_node *node) {
        if (!node)
                return NULL;
        for (size_t i = 0; i < node->count; i++) {
                yaml_free(node->items[i]);
                if (node->keys)
                        yaml_free(node->keys[i]);
        }
        free(node->items);
        free(node->keys);
        free(node->text);
        free(node);
        return NULL;
}

/* Arrays double: they are full when the count is a power of two. */
static int make_room(struct yaml_node ***array, size_t count) {
        struct yaml_node **grown;

        if ((count & (count - 1)) != 0)
                return 0;
        grown = reallocarray(*array, count > 0 ? count * 2 : 1, sizeof(**array));
        if (!grown)
                return -ENOMEM;
        *array = grown;
        return 0;
}

int yaml_node_add(struct yaml_node *container, struct yaml_node *key, struct yaml_node *item) {
        int r = make_room(&container->items, container->count);

        if (r == 0 && key)
                r = make_room(&container->keys, container->count);
        if (r < 0) {
                yaml_free(key);
                yaml_free(item);
                return r;
        }
        if (key)
                container->keys[container->count] = key;
        container->items[container->count++] = item;
        return 0;
}

static int copy_items(const struct yaml_node *from, struct yaml_node *to) {
        for (size_t i = 0; i < from->count; i++) {
                _cleanup_(yaml_freep) struct yaml_node *item = yaml_node_copy(from->items[i]);
                _cleanup_(yaml_freep) struct yaml_node *key = from->keys ? yaml_node_copy(from->keys[i]) : NULL;

                if (!item || (from->keys && !key))
                        return -ENOMEM;
                if (yaml_node_add(to, TAKE_PTR(key), TAKE_PTR(item)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

struct yaml_node *yaml_node_copy(const struct yaml_node *node) {
        struct yaml_node *copy = calloc(1, sizeof(*copy));

        if (!copy)
                return NULL;
        copy->kind = node->kind;
        copy->line = node->line;
        copy->column = node->column;
        copy->plain = node->plain;
        copy->len = node->len;
        copy->text = node->text ? text_dup_n(node->text, node->len) : NULL;
        if ((node->text && !copy->text) || copy_items(node, copy) < 0)
                return yaml_free(copy);
        return copy;
}

size_t yaml_node_memory(const struct yaml_node *node) {
        size_t bytes = sizeof(*node) + node->len + 1;

        for (size_t i = 0; i < node->count; i++) {
                bytes += yaml_node_memory(node->items[i]) + sizeof(void *);
                if (node->keys)
                        bytes += yaml_node_memory(node->keys[i]) + sizeof(void *);
        }
        return bytes;
}

unsigned yaml_node_depth(const struct yaml_node *node) {
        unsigned deepest = 0;

        if (node->kind == YAML_SCALAR)
                return 0;
        for (size_t i = 0; i < node->count; i++)
                deepest = MAX(deepest, yaml_node_depth(node->items[i]));
        return deepest + 1;
}

static int compare_keys(const void *a, const void *b) {
        const struct yaml_node *x = *(const struct yaml_node *const *)a, *y = *(const struct yaml_node *const *)b;
        int r = strcmp(x->text, y->text);

        if (r == 0)
                r = (x->line > y->line) - (x->line < y->line);
        return r != 0 ? r : (x->column > y->column) - (x->column < y->column);
}

struct yaml_node **yaml_node_sorted_keys(const struct yaml_node *map) {
        struct yaml_node **sorted;

        if (map->count == 0)
                return NULL;
        sorted = calloc(map->count, sizeof(*sorted));
        if (!sorted)
                return NULL;
        memcpy(sorted, map->keys, map->count * sizeof(*sorted));
        qsort(sorted, map->count, sizeof(*sorted), compare_keys);
        return sorted;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key) {
        for (size_t i = 0; i < map->count && map->keys; i++)
                if (strcmp(map->keys[i]->text, key) == 0)
                        return map->items[i];
        return NULL;
}

static bool is_one_of(const char *text, const char *const words[3]) {
        return text_eq(text, words[0]) || text_eq(text, words[1]) || text_eq(text, words[2]);
}

/* YAML 1.2.2, 10.3.2: the spellings of the core schema. */
static const char *const nulls[] = { "null", "Null", "NULL" };
static const char *const trues[] = { "true", "True", "TRUE" };
static const char *const falses[] = { "false", "False", "FALSE" };

bool yaml_is_null(const struct yaml_node *node) {
        if (!node)
                return true;
        if (node->kind != YAML_SCALAR || !node->plain)
                return false;
        return node->len == 0 || strcmp(node->text, "~") == 0 || is_one_of(node->text, nulls);
}

static struct value *scalar_to_value(const struct yaml_node *node) {
        if (yaml_is_null(node))
                return value_new_null();
        if (node->plain && is_one_of(node->text, trues))
                return value_new_bool(true);
        if (node->plain && is_one_of(node->text, falses))
                return value_new_bool(false);
        if (node->plain && strspn(node->text, "-0123456789") > 0) {
                struct value *number;

                errno = 0;
                number = value_new_number(node->text);
                if (number || errno != EINVAL)
                        return number;
        }
        return value_new_string_n(node->text, node->len);
}

struct value *yaml_to_value(const struct yaml_node *node) {
        _cleanup_value_ struct value *v = NULL;

        if (!node || node->kind == YAML_SCALAR)
                return node ? scalar_to_value(node) : value_new_null();
        v = node->kind == YAML_MAP ? value_new_map() : value_new_list();
        for (size_t i = 0; v && i < node->count; i++) {
                struct value *item = yaml_to_value(node->items[i]);
                int r = node->kind == YAML_MAP ? value_map_put(v, node->keys[i]->text, item) : value_list_add(v, item);

                if (r < 0)
                        return NULL;
        }
        return TAKE_PTR(v);
}
