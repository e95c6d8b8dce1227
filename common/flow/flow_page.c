/* SPDX-License-Identifier: Apache-2.0 */
/* The reference page: tables of properties, and around them what no table says. */
#include "common/flow/flow_schema.h"

#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr.h"
#include "common/flow/flow_loader.h"
#include "common/flow/flow_page_text.h"

/* --- cells ------------------------------------------------------------------------------------------------------------- */

/* A text in a table: a bar would end the cell. */
static void put_cell(struct buf *b, const char *text) {
        for (const char *p = text ? text : ""; *p; p++) {
                if (*p == '|')
                        buf_append_char(b, '\\');
                buf_append_char(b, *p == '\n' ? ' ' : *p);
        }
}

static void put_words(struct buf *b, const char *const *words) {
        for (; *words; words++)
                buf_appendf(b, "`%s`%s", *words, words[1] ? ", " : "");
}

static void put_kind(struct buf *b, const struct flow_property *p) {
        if (p->kind == PROPERTY_ENUM)
                put_words(b, p->values);
        else
                put_cell(b, property_kind_text(p->kind));
        if (p->kind == PROPERTY_INT && (p->min != 0 || p->max != 0)) {
                buf_appendf(b, ", from %lld", (long long)p->min);
                if (p->max != INT32_MAX)
                        buf_appendf(b, " to %lld", (long long)p->max);
        }
        if (p->flags & PROPERTY_DYNAMIC)
                buf_append_str(b, "; expressions");
}

static void put_row(struct buf *b, const struct flow_property *p) {
        buf_appendf(b, "| `%s`", p->name);
        if (p->alias)
                buf_appendf(b, " (or `%s`)", p->alias);
        buf_append_str(b, p->flags & PROPERTY_REQUIRED ? ", required | " : " | ");
        put_kind(b, p);
        buf_append_str(b, " | ");
        if (p->default_text)
                buf_appendf(b, "`%s`", p->default_text);
        buf_append_str(b, " | ");
        put_cell(b, p->description);
        buf_append_str(b, " |\n");
}

static bool is_of_kestra_alone(const struct flow_property *p) {
        return p->flags & PROPERTY_OUTSIDE;
}

static void put_table(struct buf *b, const struct flow_property *table) {
        bool has_head = false;

        for (const struct flow_property *p = table; p->name; p++) {
                if (is_of_kestra_alone(p))
                        continue;
                if (!has_head)
                        buf_append_str(b, "| property | value | default | meaning |\n|---|---|---|---|\n");
                has_head = true;
                put_row(b, p);
        }
        if (has_head)
                buf_append_char(b, '\n');
}

/* What the table's rows of maps hold, and what only Kestra has. */
static void put_rest(struct buf *b, const struct flow_property *table) {
        const char *before = "Of Kestra, but not of sqsflow: ";

        for (const struct flow_property *p = table; p->name; p++)
                if (p->fields && !is_of_kestra_alone(p)) {
                        buf_appendf(b, "In `%s`:\n\n", p->name);
                        put_table(b, p->fields);
                        put_rest(b, p->fields);
                }
        for (const struct flow_property *p = table; p->name; p++) {
                if (!is_of_kestra_alone(p))
                        continue;
                buf_appendf(b, "%s`%s`", before, p->name);
                if (p->description)
                        buf_appendf(b, " (%s)", p->description);
                before = ", ";
        }
        if (*before == ',')
                buf_append_str(b, ".\n\n");
}

static void put_properties(struct buf *b, const struct flow_property *table) {
        put_table(b, table);
        put_rest(b, table);
}

static void put_section(struct buf *b, const char *title, const char *text, const struct flow_property *table) {
        buf_appendf(b, "## %s\n\n%s\n\n", title, text);
        if (table)
                put_properties(b, table);
}

/* --- types ------------------------------------------------------------------------------------------------------------- */

static void put_outputs(struct buf *b, const struct task_type *t) {
        if (!t->outputs || !t->outputs[0].name)
                return;
        buf_append_str(b, t->flags & TASK_TRIGGER ? "What `trigger` holds:\n\n" : "Outputs:\n\n");
        buf_append_str(b, "| output | value | meaning |\n|---|---|---|\n");
        for (const struct task_output *o = t->outputs; o->name; o++) {
                buf_appendf(b, "| `%s` | %s | ", o->name, property_kind_text(o->kind));
                put_cell(b, o->description);
                buf_append_str(b, " |\n");
        }
        buf_append_char(b, '\n');
}

static void put_type(struct buf *b, const struct task_type *t) {
        buf_appendf(b, "### %s\n\n%s", t->name, t->title);
        for (size_t i = 0; i < TASK_TYPE_ALIASES_MAX && t->aliases[i]; i++)
                buf_appendf(b, "%s`%s`", i == 0 ? " Also known as " : ", ", t->aliases[i]);
        buf_append_str(b, t->aliases[0] ? ".\n\n" : "\n\n");
        put_properties(b, t->properties);
        put_outputs(b, t);
}

static void put_types(struct buf *b) {
        const struct task_type *t;
        int family = -1;

        for (size_t i = 0; (t = task_type_at(i)); i++) {
                if (!t->supported)
                        continue;
                if ((int)t->family != family)
                        buf_appendf(b, "## Types: %s\n\n", task_family_name(t->family));
                family = (int)t->family;
                put_type(b, t);
        }
}

/* --- expressions ------------------------------------------------------------------------------------------------------- */

static void put_names(struct buf *b, const char *what, const char *(*name)(size_t i)) {
        buf_appendf(b, "%s: ", what);
        for (size_t i = 0; name(i); i++)
                buf_appendf(b, "%s`%s`", i > 0 ? ", " : "", name(i));
        buf_append_str(b, ".\n\n");
}

static void put_expressions(struct buf *b) {
        put_section(b, "Expressions", flow_page_expressions, NULL);
        put_names(b, "Functions", expr_function_name);
        buf_append_str(b, "`json` is `fromJson` under its old name.\n\n");
        put_names(b, "Filters", expr_filter_name);
        put_names(b, "Tests (after `is`)", expr_test_name);
}

static void put_retries(struct buf *b) {
        put_section(b, "Retry", flow_page_retry, NULL);
        buf_append_str(b, "`type: constant`\n\n");
        put_table(b, retry_constant_properties);
        buf_append_str(b, "`type: exponential`\n\n");
        put_table(b, retry_exponential_properties);
        buf_append_str(b, "`type: random`\n\n");
        put_table(b, retry_random_properties);
        buf_append_str(b, "The flow's own `retry` also has:\n\n");
        put_table(b, flow_retry_properties);
}

static void put_triggers(struct buf *b) {
        put_section(b, "Every trigger", flow_page_triggers, trigger_common_properties);
        buf_appendf(b, "%s\n\n", flow_page_conditions);
        for (size_t i = 0; i < FLOW_CONDITION_TYPE_COUNT; i++)
                if (i == 0 || flow_condition_kinds[i].properties != flow_condition_kinds[i - 1].properties)
                        put_table(b, flow_condition_kinds[i].properties);
}

int flow_page_write(struct buf *b) {
        buf_append_str(b, flow_page_head);
        put_section(b, "The file", flow_page_file, flow_properties);
        put_section(b, "Inputs", flow_page_inputs, flow_input_properties);
        put_section(b, "Outputs of the flow", flow_page_outputs, flow_output_properties);
        put_section(b, "Defaults of tasks", flow_page_defaults, flow_defaults_properties);
        put_section(b, "Every task", flow_page_task, task_common_properties);
        put_retries(b);
        put_section(b, "Flowable tasks", flow_page_flowables, task_flowable_properties);
        put_triggers(b);
        put_types(b);
        put_expressions(b);
        put_section(b, "What a task process sees", flow_page_process, NULL);
        put_section(b, "Where sqsflow differs from Kestra", flow_page_differences, NULL);
        while (b->len > 1 && b->data[b->len - 2] == '\n' && b->data[b->len - 1] == '\n')
                b->len--;
        return buf_error(b);
}
