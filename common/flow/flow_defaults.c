/* SPDX-License-Identifier: Apache-2.0 */
/* pluginDefaults, and taskDefaults as they were called before: merged into the YAML tree before anything else looks at
 * it, so that a property that came from a default is checked, and told of, where it stands.
 *
 * As in Kestra, every map with a `type` may match: whole, or by the beginning of the type. A task's own properties win
 * unless the default is forced; among defaults the first wins; maps merge, and lists join without repetition. A default
 * for the beginning of a type gives each type only what that type has. */
#include "common/flow/flow_loader.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/base/yaml_node.h"
#include "common/flow/flow_values.h"

/* However defaults multiply, a flow stays within this. */
#define DEFAULTS_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define DEFAULTS_MAX 200

struct default_set {
        const struct yaml_node *items[DEFAULTS_MAX];
        size_t count;
};

static const char *const keys[] = { "pluginDefaults", "taskDefaults" };

static bool is_equal(const struct yaml_node *a, const struct yaml_node *b) {
        if (a->kind != b->kind || a->count != b->count || a->plain != b->plain)
                return false;
        if (a->kind == YAML_SCALAR)
                return text_eq(a->text, b->text);
        for (size_t i = 0; i < a->count; i++)
                if (!is_equal(a->items[i], b->items[i]) || (a->keys && !is_equal(a->keys[i], b->keys[i])))
                        return false;
        return true;
}

/* A copy of a default's node; NULL when the bound is passed (told once) or memory is out. */
static struct yaml_node *copy(struct loader *l, const struct yaml_node *node) {
        struct yaml_node *made;

        l->defaults_bytes += yaml_node_memory(node);
        if (l->defaults_bytes > DEFAULTS_BYTES_MAX) {
                loader_error_at(l, 0, 0, "pluginDefaults make the flow too large");
                return NULL;
        }
        made = yaml_node_copy(node);
        if (!made)
                l->error = -ENOMEM;
        return made;
}

static void add(struct loader *l, struct yaml_node *to, const struct yaml_node *key, const struct yaml_node *item) {
        _cleanup_(yaml_freep) struct yaml_node *own_key = key ? copy(l, key) : NULL;
        _cleanup_(yaml_freep) struct yaml_node *own_item = copy(l, item);

        if (!own_item || (key && !own_key))
                return;
        if (yaml_node_add(to, TAKE_PTR(own_key), TAKE_PTR(own_item)) < 0)
                l->error = -ENOMEM;
}

static bool holds(const struct yaml_node *list, const struct yaml_node *item) {
        for (size_t i = 0; i < list->count; i++)
                if (is_equal(list->items[i], item))
                        return true;
        return false;
}

/* The default's elements and the task's own: the winner's come last. */
static void join(struct loader *l, struct yaml_node *own, const struct yaml_node *from, bool forced) {
        size_t before = own->count;

        for (size_t i = 0; i < from->count; i++)
                if (!holds(own, from->items[i]))
                        add(l, own, NULL, from->items[i]);
        if (forced || own->count == before)
                return;
        for (size_t added = own->count - before, i = 0; i < added; i++) {
                struct yaml_node *moved = own->items[before + i];

                for (size_t k = before + i; k > i; k--)
                        own->items[k] = own->items[k - 1];
                own->items[i] = moved;
        }
}

static void merge(struct loader *l, struct yaml_node *own, const struct yaml_node *values, bool forced,
                  const struct flow_property *const *only);

static void merge_one(struct loader *l, struct yaml_node **own, const struct yaml_node *value, bool forced) {
        struct yaml_node *made;

        if (!yaml_is_null(*own) && (*own)->kind == value->kind && value->kind == YAML_MAP) {
                merge(l, *own, value, forced, NULL);
                return;
        }
        if (!yaml_is_null(*own) && (*own)->kind == value->kind && value->kind == YAML_LIST) {
                join(l, *own, value, forced);
                return;
        }
        if (!forced && !yaml_is_null(*own))
                return;
        made = copy(l, value);
        if (!made)
                return;
        yaml_free(*own);
        *own = made;
}

/* `only`: leave out what these tables do not have; NULL: take all. */
static void merge(struct loader *l, struct yaml_node *own, const struct yaml_node *values, bool forced,
                  const struct flow_property *const *only) {
        for (size_t i = 0; i < values->count && l->error == 0; i++) {
                const struct yaml_node *key = values->keys[i];
                size_t k = 0;

                if (only && !property_find(only, key->text))
                        continue;
                while (k < own->count && !text_eq(own->keys[k]->text, key->text))
                        k++;
                if (k < own->count)
                        merge_one(l, &own->items[k], values->items[i], forced);
                else
                        add(l, own, key, values->items[i]);
        }
}

static void apply_one(struct loader *l, struct yaml_node *map, const char *type_name, const struct yaml_node *entry) {
        const struct task_type *type = task_type_find(type_name);
        const struct flow_property *tables[PROPERTY_TABLES_MAX];
        const char *wanted = yaml_get(entry, "type")->text;
        const struct task_type *wanted_type = task_type_find(wanted);
        const struct yaml_node *values = yaml_get(entry, "values");
        bool forced = flow_node_bool(entry, "forced", false);

        if (text_eq(wanted, type_name) || (type && type == wanted_type)) {
                merge(l, map, values, forced, NULL);
        } else if (type && !wanted_type && text_after(type->name, wanted)) {
                task_type_tables(type, type->flags & TASK_TRIGGER, tables);
                merge(l, map, values, forced, tables);
        }
}

/* Both passes go so that the first default in the file wins. */
static void apply_to_map(struct loader *l, struct yaml_node *map, const struct default_set *set) {
        const struct yaml_node *type = yaml_get(map, "type");
        _cleanup_free_ char *name = NULL;

        if (!type || type->kind != YAML_SCALAR)
                return;
        name = text_dup(type->text); /* a forced default may replace the node */
        if (!name)
                l->error = -ENOMEM;
        for (size_t i = 0; name && i < set->count; i++)
                if (!flow_node_bool(set->items[i], "forced", false))
                        apply_one(l, map, name, set->items[i]);
        for (size_t i = set->count; name && i > 0; i--)
                if (flow_node_bool(set->items[i - 1], "forced", false))
                        apply_one(l, map, name, set->items[i - 1]);
}

static void apply_below(struct loader *l, struct yaml_node *node, const struct default_set *set) {
        for (size_t i = 0; i < node->count && l->error == 0; i++)
                apply_below(l, node->items[i], set);
        if (node->kind == YAML_MAP)
                apply_to_map(l, node, set);
}

/* True when some type, or a task runner's, is or begins with this. */
static bool matches_something(const char *name) {
        const struct task_type *t;

        if (task_type_find(name) || text_after(name, "io.kestra.plugin.core.runner.") ||
            text_after(name, "io.kestra.plugin.scripts.runner."))
                return true;
        for (size_t i = 0; (t = task_type_at(i)); i++)
                if (text_after(t->name, name))
                        return true;
        return false;
}

static void check_type(struct loader *l, const struct yaml_node *type) {
        const char *near;

        if (matches_something(type->text))
                return;
        near = task_type_nearest(type->text, 0);
        if (!near)
                near = task_type_nearest(type->text, TASK_TRIGGER);
        if (task_type_is_outside(type->text) || (!near && task_type_is_kestras(type->text))) {
                loader_error(l, type, "task type '%s' is not supported by sqsflow", type->text);
                return;
        }
        loader_error(l, type, "no task type is '%s' or begins so%s%s%s", type->text, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

static void collect(struct loader *l, const struct yaml_node *list, struct default_set *set) {
        static const struct flow_property *const tables[] = { flow_defaults_properties, NULL };

        for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
                const struct yaml_node *entry = list->items[i], *type, *values;

                flow_check_map(l, entry, tables, "a default");
                type = entry->kind == YAML_MAP ? yaml_get(entry, "type") : NULL;
                values = entry->kind == YAML_MAP ? yaml_get(entry, "values") : NULL;
                if (!type || type->kind != YAML_SCALAR || !values || values->kind != YAML_MAP)
                        continue;
                check_type(l, type);
                if (set->count == DEFAULTS_MAX)
                        loader_error(l, entry, "more than %d defaults", DEFAULTS_MAX);
                else
                        set->items[set->count++] = entry;
        }
}

static bool is_defaults_key(const char *key) {
        return text_eq(key, keys[0]) || text_eq(key, keys[1]);
}

void flow_defaults_apply(struct loader *l, struct yaml_node *root) {
        struct default_set set = { .count = 0 };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                collect(l, yaml_get(root, keys[i]), &set);
        for (size_t i = 0; set.count > 0 && i < root->count; i++)
                if (!is_defaults_key(root->keys[i]->text))
                        apply_below(l, root->items[i], &set);
}
