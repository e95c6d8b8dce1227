/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers that stand in a flow file. Like tasks, but flat. */
#include "common/flow/flow_loader.h"

#include "common/base/text.h"
#include "common/flow/flow_values.h"

#define TRIGGER_ID_MAX 256

static const struct task_type *find_type(struct loader *l, const struct yaml_node *node) {
        const struct task_type *type;
        const char *near;

        if (!node || node->kind != YAML_SCALAR)
                return NULL;
        type = task_type_find(node->text);
        if (type && (type->flags & TASK_TRIGGER))
                return type;
        near = task_type_nearest(node->text, TASK_TRIGGER);
        if (type)
                loader_error(l, node, "'%s' is a task: it stands under 'tasks'", node->text);
        else if (task_type_is_outside(node->text) || (!near && task_type_is_kestras(node->text)))
                loader_error(l, node, "trigger type '%s' is not supported by sqsflow", node->text);
        else if (near)
                loader_error(l, node, "unknown trigger type '%s'; did you mean '%s'?", node->text, near);
        else
                loader_error(l, node, "unknown trigger type '%s'", node->text);
        return NULL;
}

static void check_unique(struct loader *l, const struct yaml_node *list, size_t index) {
        const struct yaml_node *id = yaml_get(list->items[index], "id");

        for (size_t i = 0; id && id->kind == YAML_SCALAR && i < index; i++) {
                const struct yaml_node *other =
                        list->items[i]->kind == YAML_MAP ? yaml_get(list->items[i], "id") : NULL;

                if (other && other->kind == YAML_SCALAR && text_eq(other->text, id->text)) {
                        loader_error(l, id, "trigger id '%s' is used already on line %u", id->text, other->line);
                        return;
                }
        }
}

static void load_trigger(struct loader *l, const struct yaml_node *node, struct flow *f) {
        const struct task_type *type = find_type(l, yaml_get(node, "type"));
        const struct flow_property *tables[PROPERTY_TABLES_MAX];
        struct flow_trigger *t;

        flow_check_id(l, yaml_get(node, "id"), "a trigger's id", "a-zA-Z0-9", "a-zA-Z0-9_-", TRIGGER_ID_MAX);
        if (!type && yaml_get(node, "type") && yaml_get(node, "id"))
                return;
        task_type_tables(type, true, tables);
        flow_check_map(l, node, tables, "a trigger");
        if (!type)
                return;
        f->triggers = loader_grow(l, f->triggers, &f->trigger_count, sizeof(*t));
        if (l->error < 0)
                return;
        t = &f->triggers[f->trigger_count - 1];
        t->id = flow_node_text(l, node, "id");
        t->batch = type->flags & TASK_BATCH;
        t->disabled = flow_node_bool(node, "disabled", false);
        t->when = flow_node_text(l, node, "when");
        t->when_needs_execution = flow_needs_execution(l, t->when);
        flow_load_conditions(l, yaml_get(node, "conditions"), &t->conditions);
        t->properties = flow_property_values(l, node, tables);
        t->line = node->line;
        t->column = node->column;
}

void flow_load_triggers(struct loader *l, const struct yaml_node *list, struct flow *f) {
        for (size_t i = 0; !yaml_is_null(list) && list->kind == YAML_LIST && i < list->count && l->error == 0; i++) {
                if (list->items[i]->kind != YAML_MAP) {
                        loader_error(l, list->items[i], "a trigger must be a map with id and type");
                        continue;
                }
                check_unique(l, list, i);
                load_trigger(l, list->items[i], f);
        }
}
