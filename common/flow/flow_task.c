/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks, and the tasks inside tasks. The type's table says which properties hold children; each becomes a branch, and
 * a Switch's cases one branch per case. */
#include "common/flow/flow_loader.h"

#include <errno.h>

#include "common/base/hashmap.h"
#include "common/base/text.h"
#include "common/flow/flow_carriers.h"
#include "common/flow/flow_values.h"

#define TASK_ID_MAX 256

struct known_task {
        const char *id; /* borrowed from the YAML tree */
        unsigned line;
        UT_hash_handle hh;
};

void task_type_tables(const struct task_type *type, bool trigger,
                      const struct flow_property *ret[PROPERTY_TABLES_MAX]) {
        size_t n = 0;

        if (type)
                ret[n++] = type->properties;
        if (type && (type->flags & TASK_FLOWABLE))
                ret[n++] = task_flowable_properties;
        ret[n++] = trigger ? trigger_common_properties : task_common_properties;
        ret[n] = NULL;
}

void flow_forget_tasks(struct loader *l) {
        struct known_task *t, *next;

        HASH_ITER(hh, l->tasks, t, next) {
                HASH_DEL(l->tasks, t);
                free(t);
        }
}

static void check_unique(struct loader *l, const struct yaml_node *id) {
        struct known_task *known;

        if (!id || id->kind != YAML_SCALAR)
                return;
        HASH_FIND_STR(l->tasks, id->text, known);
        if (known) {
                loader_error(l, id, "task id '%s' is used already on line %u", id->text, known->line);
                return;
        }
        known = calloc(1, sizeof(*known));
        if (!known) {
                l->error = -ENOMEM;
                return;
        }
        known->id = id->text;
        known->line = id->line;
        HASH_ADD_KEYPTR(hh, l->tasks, known->id, id->len, known);
        if (!hash_added(known)) {
                free(known);
                l->error = -ENOMEM;
        }
}

/* NULL, with an error, when there is no such task type here. */
static const struct task_type *find_type(struct loader *l, const struct yaml_node *node) {
        const struct task_type *type;
        const char *near;

        if (!node || node->kind != YAML_SCALAR)
                return NULL;
        type = task_type_find(node->text);
        near = type ? NULL : task_type_nearest(node->text, 0);
        if (type && (type->flags & TASK_TRIGGER)) {
                loader_error(l, node, "'%s' is a trigger: it stands under 'triggers'", node->text);
                return NULL;
        }
        if (type && !type->supported && !l->options->accept_unsupported)
                loader_error(l, node, "task type '%s' is not supported by sqsflow yet", node->text);
        else if (!type && (task_type_is_outside(node->text) || (!near && task_type_is_kestras(node->text))))
                loader_error(l, node, "task type '%s' is not supported by sqsflow", node->text);
        else if (!type && near)
                loader_error(l, node, "unknown task type '%s'; did you mean '%s'?", node->text, near);
        else if (!type)
                loader_error(l, node, "unknown task type '%s'", node->text);
        return type;
}

static struct flow_branch *add_branch(struct loader *l, struct flow_task *t, const char *prefix, const char *name) {
        struct flow_branch *branch;

        t->branches = loader_grow(l, t->branches, &t->branch_count, sizeof(*branch));
        if (l->error < 0)
                return NULL;
        branch = &t->branches[t->branch_count - 1];
        branch->name = text_printf("%s%s", prefix, name);
        if (!branch->name)
                l->error = -ENOMEM;
        return branch;
}

static void load_dependencies(struct loader *l, const struct yaml_node *list, struct flow_task *t) {
        for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++)
                if (list->items[i]->kind == YAML_SCALAR && text_list_add(&t->depends_on, list->items[i]->text) < 0)
                        l->error = -ENOMEM;
}

static struct flow_task *load_task(struct loader *l, const struct yaml_node *node);

/* Entries of a Dag: {task, dependsOn}. */
static void load_dag(struct loader *l, const struct yaml_node *list, struct flow_task_list *ret) {
        static const struct flow_property *const tables[] = { dag_task_properties, NULL };

        for (size_t i = 0; list->kind == YAML_LIST && i < list->count && l->error == 0; i++) {
                const struct yaml_node *entry = list->items[i], *task;
                struct flow_task *t;

                flow_check_map(l, entry, tables, "an entry of a Dag");
                task = entry->kind == YAML_MAP ? yaml_get(entry, "task") : NULL;
                if (!task || yaml_is_null(task))
                        continue;
                t = load_task(l, task);
                if (t)
                        load_dependencies(l, yaml_get(entry, "dependsOn"), t);
                if (t && flow_task_list_add(ret, t) < 0)
                        l->error = -ENOMEM;
        }
        flow_check_dependencies(l, list, ret);
}

static void load_cases(struct loader *l, const struct yaml_node *cases, struct flow_task *t) {
        for (size_t i = 0; cases->kind == YAML_MAP && i < cases->count && l->error == 0; i++) {
                const struct yaml_node *list = cases->items[i];
                struct flow_branch *branch;

                if (list->kind != YAML_LIST) {
                        loader_error(l, list, "a case must be a list of tasks");
                        continue;
                }
                branch = add_branch(l, t, "cases.", cases->keys[i]->text);
                if (branch)
                        flow_load_tasks(l, list, &branch->tasks);
        }
}

static void load_branch(struct loader *l, const struct flow_property *p, const struct yaml_node *node,
                        struct flow_task *t) {
        struct flow_branch *branch;

        if (p->kind == PROPERTY_TASK_CASES) {
                load_cases(l, node, t);
                return;
        }
        branch = add_branch(l, t, "", p->name);
        if (branch && p->kind == PROPERTY_TASK_DAG)
                load_dag(l, node, &branch->tasks);
        else if (branch)
                flow_load_tasks(l, node, &branch->tasks);
}

static void load_branches(struct loader *l, const struct yaml_node *node, const struct flow_property *const *tables,
                          struct flow_task *t) {
        for (; *tables; tables++)
                for (const struct flow_property *p = *tables; p->name && l->error == 0; p++) {
                        const struct yaml_node *child = flow_property_node(node, p);

                        if (child && property_kind_has_tasks(p->kind) && !(p->flags & PROPERTY_OUTSIDE))
                                load_branch(l, p, child, t);
                }
}

static void load_common(struct loader *l, const struct yaml_node *node, struct flow_task *t) {
        const struct yaml_node *retry = yaml_get(node, "retry");

        t->id = flow_node_text(l, node, "id");
        t->description = flow_node_text(l, node, "description");
        t->timeout = flow_node_text(l, node, "timeout");
        t->run_if = flow_node_text(l, node, "runIf");
        if (!t->run_if)
                t->run_if = flow_node_text(l, node, "when");
        t->log_level = flow_node_text(l, node, "logLevel");
        t->allow_failure = flow_node_bool(node, "allowFailure", false);
        t->allow_warning = flow_node_bool(node, "allowWarning", false);
        t->disabled = flow_node_bool(node, "disabled", false);
        if (!yaml_is_null(retry))
                t->retry = flow_load_retry(l, retry, false);
        t->line = node->line;
        t->column = node->column;
}

/* What of a message a task that calls a flow hands over: enum flow_handed. */
static unsigned passed_message(struct loader *l, const struct yaml_node *node) {
        const struct yaml_node *inherit = yaml_get(node, "inheritLabels");
        bool inherits = inherit && (flow_is_template(inherit) || flow_node_bool(node, "inheritLabels", false));
        bool labels = flow_reads_message(l, yaml_get(node, "labels")) || (inherits && flow_labels_carry(l));

        return (flow_reads_message(l, yaml_get(node, "inputs")) ? FLOW_INPUTS : 0u) | (labels ? FLOW_LABELS : 0u);
}

/* Of a checked node; `tables` are its type's. */
static struct flow_task *build_task(struct loader *l, const struct yaml_node *node, const struct task_type *type,
                                    const struct flow_property *const *tables) {
        struct flow_task *t = calloc(1, sizeof(*t));

        if (!t) {
                l->error = -ENOMEM;
                return NULL;
        }
        t->type = type;
        load_common(l, node, t);
        t->properties = flow_property_values(l, node, tables);
        if (type->flags & TASK_CALLS)
                t->passes_message = passed_message(l, node);
        load_branches(l, node, tables, t);
        return l->error < 0 ? flow_task_free(t) : t;
}

static void check_task(struct loader *l, const struct yaml_node *node, const struct flow_property *const *tables) {
        const struct yaml_node *id = yaml_get(node, "id");
        _cleanup_free_ char *what =
                id && id->kind == YAML_SCALAR ? text_printf("task '%s'", id->text) : text_dup("a task");

        if (what)
                flow_check_map(l, node, tables, what);
        else
                l->error = -ENOMEM;
}

static struct flow_task *load_task(struct loader *l, const struct yaml_node *node) {
        const struct flow_property *tables[PROPERTY_TABLES_MAX];
        const struct task_type *type;
        const struct yaml_node *id;

        if (node->kind != YAML_MAP) {
                loader_error(l, node, "a task must be a map with id and type");
                return NULL;
        }
        id = yaml_get(node, "id");
        flow_check_id(l, id, "a task's id", "a-zA-Z0-9", "a-zA-Z0-9_-", TASK_ID_MAX);
        check_unique(l, id);
        type = find_type(l, yaml_get(node, "type"));
        /* Of a task whose type nobody knows, only the lack of an id or a type can be judged. */
        if (!type && id && yaml_get(node, "type"))
                return NULL;
        task_type_tables(type, false, tables);
        check_task(l, node, tables);
        return type ? build_task(l, node, type, tables) : NULL;
}

void flow_load_tasks(struct loader *l, const struct yaml_node *list, struct flow_task_list *ret) {
        for (size_t i = 0; !yaml_is_null(list) && list->kind == YAML_LIST && i < list->count && l->error == 0; i++) {
                struct flow_task *t = load_task(l, list->items[i]);

                if (t && flow_task_list_add(ret, t) < 0)
                        l->error = -ENOMEM;
        }
}
