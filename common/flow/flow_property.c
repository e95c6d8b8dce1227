/* SPDX-License-Identifier: Apache-2.0 */
/* Looking properties up in their tables. */
#include "common/flow/flow_property.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#define NAMES_MAX 128

const struct flow_property *property_find(const struct flow_property *const *tables, const char *name) {
        for (; *tables; tables++)
                for (const struct flow_property *p = *tables; p->name; p++)
                        if (text_eq(p->name, name) || (p->alias && text_eq(p->alias, name)))
                                return p;
        return NULL;
}

const char *property_nearest(const struct flow_property *const *tables, const char *name) {
        const char *names[NAMES_MAX];
        size_t count = 0;

        for (; *tables; tables++)
                for (const struct flow_property *p = *tables; p->name && count < NAMES_MAX; p++)
                        if (!(p->flags & PROPERTY_OUTSIDE))
                                names[count++] = p->name;
        return text_nearest(name, names, count);
}

static const struct {
        const char *text;
        bool has_tasks;
} kinds[PROPERTY_KIND_COUNT] = {
        [PROPERTY_STRING] = { "text", false },
        [PROPERTY_ID] = { "a name", false },
        [PROPERTY_BOOL] = { "true or false", false },
        [PROPERTY_INT] = { "a whole number", false },
        [PROPERTY_NUMBER] = { "a number", false },
        [PROPERTY_DURATION] = { "a duration such as PT30S", false },
        [PROPERTY_ENUM] = { "one of a few words", false },
        [PROPERTY_STRING_LIST] = { "a list of texts", false },
        [PROPERTY_LIST] = { "a list", false },
        [PROPERTY_STRING_MAP] = { "a map of names to texts", false },
        [PROPERTY_MAP] = { "a map", false },
        [PROPERTY_OBJECT] = { "a map", false },
        [PROPERTY_OBJECT_LIST] = { "a list of maps", false },
        [PROPERTY_RUNNER_TYPE] = { "a task runner's type", false },
        [PROPERTY_RETRY] = { "a map with type, interval and the like", false },
        [PROPERTY_TASKS] = { "a list of tasks", true },
        [PROPERTY_TASK_CASES] = { "a map of values to lists of tasks", true },
        [PROPERTY_TASK_DAG] = { "a list of maps with task and dependsOn", true },
        [PROPERTY_ANY] = { "any value", false },
};

const char *property_kind_text(enum property_kind kind) {
        return (unsigned)kind < PROPERTY_KIND_COUNT ? kinds[kind].text : "";
}

bool property_kind_has_tasks(enum property_kind kind) {
        return (unsigned)kind < PROPERTY_KIND_COUNT && kinds[kind].has_tasks;
}
