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
        bool has_tasks, has_form;
} kinds[PROPERTY_KIND_COUNT] = {
        [PROPERTY_STRING] = { "text" },
        [PROPERTY_ID] = { "a name" },
        [PROPERTY_BOOL] = { "true or false", .has_form = true },
        [PROPERTY_INT] = { "a whole number", .has_form = true },
        [PROPERTY_NUMBER] = { "a number", .has_form = true },
        [PROPERTY_DURATION] = { "a duration such as PT30S", .has_form = true },
        [PROPERTY_DATE] = { "a date such as 2026-12-31, or a date and time with its offset", .has_form = true },
        [PROPERTY_DATE_TIME] = { "a date and time with its offset, such as 2026-12-31T23:59:59Z", .has_form = true },
        [PROPERTY_TIME] = { "a time of day with its offset, such as 16:00:00+02:00", .has_form = true },
        [PROPERTY_ENUM] = { "one of a few words", .has_form = true },
        [PROPERTY_STRING_LIST] = { "a list of texts" },
        [PROPERTY_LIST] = { "a list" },
        [PROPERTY_STRING_MAP] = { "a map of names to texts" },
        [PROPERTY_MAP] = { "a map" },
        [PROPERTY_OBJECT] = { "a map" },
        [PROPERTY_OBJECT_LIST] = { "a list of maps" },
        [PROPERTY_VALUE_TYPE] = { "a type such as STRING" },
        [PROPERTY_RUNNER_TYPE] = { "a task runner's type" },
        [PROPERTY_RETRY] = { "a map with type, interval and the like" },
        [PROPERTY_CONDITIONS] = { "a list of conditions" },
        [PROPERTY_TASKS] = { "a list of tasks", .has_tasks = true },
        [PROPERTY_TASK_CASES] = { "a map of values to lists of tasks", .has_tasks = true },
        [PROPERTY_TASK_DAG] = { "a list of maps with task and dependsOn", .has_tasks = true },
        [PROPERTY_ANY] = { "any value" },
};

const char *property_kind_text(enum property_kind kind) {
        return (unsigned)kind < PROPERTY_KIND_COUNT ? kinds[kind].text : "";
}

bool property_kind_has_tasks(enum property_kind kind) {
        return (unsigned)kind < PROPERTY_KIND_COUNT && kinds[kind].has_tasks;
}

bool property_kind_has_form(enum property_kind kind) {
        return (unsigned)kind < PROPERTY_KIND_COUNT && kinds[kind].has_form;
}
