/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of a trigger. The type decides which properties there are, so each has a table. Kestra has more types: most
 * are about executions of other flows, and PublicHoliday needs to know every country's; those are refused.
 *
 * A condition may read what only an execution has. One that does not can be asked at any time. */
#include "common/flow/flow_loader.h"

#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr.h"
#include "common/flow/flow_values.h"

#define OLD_PREFIX "io.kestra.core.models.conditions.types."
/* As it is called since Kestra 0.20, since 0.18, and before. */
#define NAMES(name) FLOW_CONDITION_PREFIX name, FLOW_CONDITION_PREFIX name "Condition", OLD_PREFIX name "Condition"

const struct flow_condition_kind flow_condition_kinds[FLOW_CONDITION_TYPE_COUNT] = {
        [FLOW_CONDITION_EXPRESSION] = { { NAMES("Expression"), OLD_PREFIX "VariableCondition" },
                                        condition_expression_properties, false },
        [FLOW_CONDITION_NOT] = { { NAMES("Not") }, condition_list_properties, false },
        [FLOW_CONDITION_OR] = { { NAMES("Or") }, condition_list_properties, false },
        [FLOW_CONDITION_DATE_TIME_BETWEEN] = { { NAMES("DateTimeBetween") }, condition_date_time_between_properties, true },
        [FLOW_CONDITION_TIME_BETWEEN] = { { NAMES("TimeBetween") }, condition_time_between_properties, true },
        [FLOW_CONDITION_DAY_WEEK] = { { NAMES("DayWeek") }, condition_day_week_properties, false },
        [FLOW_CONDITION_DAY_WEEK_IN_MONTH] = { { NAMES("DayWeekInMonth") }, condition_day_week_in_month_properties, false },
        [FLOW_CONDITION_WEEKEND] = { { NAMES("Weekend") }, condition_weekend_properties, false },
};

static const char *const text_names[FLOW_CONDITION_TEXT_COUNT] = {
        [CONDITION_EXPRESSION] = "expression",   [CONDITION_DATE] = "date",
        [CONDITION_AFTER] = "after",             [CONDITION_BEFORE] = "before",
        [CONDITION_DAY_OF_WEEK] = "dayOfWeek",   [CONDITION_DAY_IN_MONTH] = "dayInMonth",
};

const char *flow_condition_name(enum flow_condition_type type) {
        return flow_condition_kinds[type].names[0] + strlen(FLOW_CONDITION_PREFIX);
}

const char *flow_condition_text_name(enum flow_condition_text text) {
        return text_names[text];
}

/* --- checking --------------------------------------------------------------------------------------------------------- */

/* -1: there is none. */
static int type_find(const char *name) {
        for (int type = 0; type < FLOW_CONDITION_TYPE_COUNT; type++)
                for (const char *const *known = flow_condition_kinds[type].names; *known; known++)
                        if (text_eq(name, *known))
                                return type;
        return -1;
}

/* NULL when it has none. */
static const struct yaml_node *type_node(const struct yaml_node *node) {
        const struct yaml_node *type = node->kind == YAML_MAP ? yaml_get(node, "type") : NULL;

        return type && type->kind == YAML_SCALAR && !yaml_is_null(type) ? type : NULL;
}

/* Nearest by its own name, whatever stands before it. */
static const char *type_nearest(const char *name) {
        const char *names[FLOW_CONDITION_TYPE_COUNT], *own = text_after(name, FLOW_CONDITION_PREFIX);

        for (int type = 0; type < FLOW_CONDITION_TYPE_COUNT; type++)
                names[type] = flow_condition_name((enum flow_condition_type)type);
        return own ? text_nearest(own, names, ARRAY_SIZE(names)) : NULL;
}

static void refuse_type(struct loader *l, const struct yaml_node *name) {
        const char *near = type_nearest(name->text);

        if (near)
                loader_error(l, name, "unknown condition type '%s'; did you mean '" FLOW_CONDITION_PREFIX "%s'?", name->text, near);
        else if (strstr(name->text, ".PublicHoliday"))
                loader_error(l, name, "condition type '%s' is not supported by sqsflow, which knows no calendar of holidays: name "
                             "the days with 'when', for example \"" FLOW_CONDITION_HOLIDAYS "\"", name->text);
        else
                loader_error(l, name, "condition type '%s' is not supported by sqsflow: say it with 'when', for example "
                             "\"" FLOW_CONDITION_EXAMPLE "\"", name->text);
}

static void check_bounds(struct loader *l, const struct yaml_node *node, enum flow_condition_type type) {
        if (flow_condition_kinds[type].has_bounds && yaml_is_null(yaml_get(node, "after")) &&
            yaml_is_null(yaml_get(node, "before")))
                loader_error(l, node, "a condition of type %s needs 'after', 'before' or both", flow_condition_name(type));
}

void flow_check_condition(struct loader *l, const struct yaml_node *node) {
        const struct yaml_node *name = type_node(node);
        int type = name ? type_find(name->text) : -1;
        const struct flow_property *tables[] = { type < 0 ? NULL : flow_condition_kinds[type].properties, NULL };

        if (!name)
                loader_error(l, node, "a condition must be a map with a type, such as " FLOW_CONDITION_PREFIX "Expression");
        else if (type < 0)
                refuse_type(l, name);
        else {
                flow_check_map(l, node, tables, "a condition");
                check_bounds(l, node, (enum flow_condition_type)type);
        }
}

/* --- loading ---------------------------------------------------------------------------------------------------------- */

/* What is there without an execution. Functions that make something new for whoever asks, or that render or read what no
 * table knows, belong to an execution. */
static bool is_of_execution(void *userdata, const struct expr_read *read) {
        static const char *const variables[] = { "flow", "vars", "labels", "envs" };
        static const char *const functions[] = { "render", "read", "fileURI", "errorLogs", "uuid", "id", "randomInt" };

        for (size_t i = 0; !read->is_function && i < ARRAY_SIZE(variables); i++)
                if (text_eq(read->path[0], variables[i]))
                        return false;
        if (!read->is_function)
                return !(read->depth > 1 && text_eq(read->path[0], "trigger") && text_eq(read->path[1], "date"));
        for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
                if (text_eq(read->path[0], functions[i]))
                        return true;
        return false;
}

bool flow_needs_execution(struct loader *l, const char *text) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        int r = text ? expr_compile(text, strlen(text), &t, NULL) : -ENODATA;

        if (r == -ENOMEM)
                l->error = r;
        return r == 0 && expr_reads(t, is_of_execution, NULL);
}

static void load_condition(struct loader *l, const struct yaml_node *node, struct flow_condition *c) {
        for (size_t i = 0; i < FLOW_CONDITION_TEXT_COUNT; i++) {
                c->texts[i] = flow_node_text(l, node, text_names[i]);
                c->needs_execution |= flow_needs_execution(l, c->texts[i]);
        }
        flow_load_conditions(l, yaml_get(node, "conditions"), &c->of);
        for (size_t i = 0; i < c->of.count; i++)
                c->needs_execution |= c->of.items[i].needs_execution;
}

void flow_load_conditions(struct loader *l, const struct yaml_node *list, struct flow_conditions *ret) {
        for (size_t i = 0; !yaml_is_null(list) && list->kind == YAML_LIST && i < list->count && l->error == 0; i++) {
                const struct yaml_node *node = list->items[i], *name = type_node(node);
                int type = name ? type_find(name->text) : -1;

                if (type < 0)
                        continue; /* flow_check_condition() has told */
                ret->items = loader_grow(l, ret->items, &ret->count, sizeof(*ret->items));
                if (l->error < 0)
                        return;
                ret->items[ret->count - 1].type = (enum flow_condition_type)type;
                load_condition(l, node, &ret->items[ret->count - 1]);
        }
}

void flow_conditions_done(struct flow_conditions *list) {
        for (size_t i = 0; i < list->count; i++) {
                for (size_t k = 0; k < FLOW_CONDITION_TEXT_COUNT; k++)
                        free(list->items[i].texts[k]);
                flow_conditions_done(&list->items[i].of);
        }
        free(list->items);
}
