/* SPDX-License-Identifier: Apache-2.0 */
/* A Dag's dependencies: each must name another task of the same Dag, and they must not go round in a circle. */
#include "common/flow/flow_loader.h"

#include <errno.h>

#include "common/base/text.h"

static size_t find(const struct flow_task_list *tasks, const char *id) {
        size_t i = 0;

        while (i < tasks->count && !text_eq(tasks->items[i]->id, id))
                i++;
        return i;
}

enum mark { NEW, ACTIVE, DONE };

/* Depth first: true when the way comes back to a task that it has not left yet. Told once, at that task. */
static bool goes_round(struct loader *l, const struct flow_task_list *tasks, size_t index, enum mark *marks) {
        const struct flow_task *t = tasks->items[index];

        if (marks[index] == ACTIVE)
                loader_error_at(l, t->line, t->column, "task '%s' depends on itself, through other tasks or directly",
                                t->id);
        if (marks[index] != NEW)
                return marks[index] == ACTIVE;
        marks[index] = ACTIVE;
        for (char *const *id = t->depends_on; id && *id; id++) {
                size_t next = find(tasks, *id);

                if (next < tasks->count && goes_round(l, tasks, next, marks))
                        return true;
        }
        marks[index] = DONE;
        return false;
}

static void check_circles(struct loader *l, const struct flow_task_list *tasks) {
        enum mark *marks = calloc(tasks->count + 1, sizeof(*marks));

        if (!marks)
                l->error = -ENOMEM;
        for (size_t i = 0; marks && i < tasks->count; i++)
                if (goes_round(l, tasks, i, marks))
                        break;
        free(marks);
}

void flow_check_dependencies(struct loader *l, const struct yaml_node *list, const struct flow_task_list *tasks) {
        for (size_t i = 0; list->kind == YAML_LIST && i < list->count; i++) {
                const struct yaml_node *entry = list->items[i];
                const struct yaml_node *names = entry->kind == YAML_MAP ? yaml_get(entry, "dependsOn") : NULL;

                for (size_t k = 0; names && names->kind == YAML_LIST && k < names->count; k++) {
                        const struct yaml_node *name = names->items[k];

                        if (name->kind == YAML_SCALAR && find(tasks, name->text) == tasks->count)
                                loader_error(l, name, "there is no task '%s' in this Dag", name->text);
                }
        }
        check_circles(l, tasks);
}
