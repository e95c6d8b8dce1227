/* SPDX-License-Identifier: Apache-2.0 */
/* A flow's inputs, outputs and labels. A table of types says which constraints an input may have and what its default
 * must look like; a default with an expression is judged when it is rendered. */
#include "common/flow/flow_loader.h"

#include <errno.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/expr/expr_regex.h"
#include "common/flow/day_text.h"
#include "common/flow/flow_values.h"

#define INPUT_ID_MAX 256

static bool is_int(const struct yaml_node *node) {
        int64_t i;

        return text_to_i64(node->text, INT64_MIN, INT64_MAX, &i) == 0;
}

static bool is_number(const struct yaml_node *node) {
        _cleanup_value_ struct value *number = value_new_number(node->text);

        return number;
}

static bool is_bool(const struct yaml_node *node) {
        bool b;

        return flow_node_to_bool(node, &b) == 0;
}

static bool is_duration(const struct yaml_node *node) {
        uint64_t usec;

        return duration_parse(node->text, &usec) == 0;
}

static bool is_date_time(const struct yaml_node *node) {
        uint64_t usec;

        return timestamp_parse(node->text, &usec) == 0;
}

static bool is_date(const struct yaml_node *node) {
        return day_text_is_date(node->text);
}

static bool is_time(const struct yaml_node *node) {
        return day_text_is_time(node->text);
}

static const struct input_type {
        const char *name, *alias;
        bool (*is_valid)(const struct yaml_node *scalar); /* NULL: anything */
        const char *example;
        const char *constraints[3];
} input_types[] = {
        { "STRING", NULL, NULL, NULL, { "validator" } },
        { "INT", NULL, is_int, "42", { "min", "max" } },
        { "FLOAT", NULL, is_number, "4.2", { "min", "max" } },
        { "BOOL", "BOOLEAN", is_bool, "true", { NULL } },
        { "SELECT", "ENUM", NULL, NULL, { "values" } },
        { "DATETIME", NULL, is_date_time, "2026-11-23T08:21:57Z", { "after", "before" } },
        { "DATE", NULL, is_date, "2026-11-23", { "after", "before" } },
        { "TIME", NULL, is_time, "08:21:57", { "after", "before" } },
        { "DURATION", NULL, is_duration, "PT30S", { "min", "max" } },
        { "JSON", NULL, NULL, NULL, { NULL } },
        { "YAML", NULL, NULL, NULL, { NULL } },
        { "URI", NULL, NULL, NULL, { NULL } },
        { "FILE", NULL, NULL, NULL, { NULL } },
        { "ARRAY", NULL, NULL, NULL, { "itemType" } },
};

static const char *const constraints[] = { "validator", "min", "max", "after", "before", "values", "itemType" };
static const char *const outside_types[] = { "EMAIL", "ION", "MULTISELECT", "SECRET" };

static const struct input_type *type_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(input_types); i++)
                if (text_eq(name, input_types[i].name) || (input_types[i].alias && text_eq(name, input_types[i].alias)))
                        return &input_types[i];
        return NULL;
}

const char *flow_input_type(const char *name) {
        const struct input_type *type = type_find(name);

        return type ? type->name : NULL;
}

const char *flow_input_type_at(size_t index) {
        if (index < ARRAY_SIZE(input_types))
                return input_types[index].name;
        index -= ARRAY_SIZE(input_types);
        for (size_t i = 0; i < ARRAY_SIZE(input_types); i++)
                if (input_types[i].alias && index-- == 0)
                        return input_types[i].alias;
        return NULL;
}

void flow_check_value_type(struct loader *l, const struct flow_property *p, const struct yaml_node *node) {
        _cleanup_(buf_done) struct buf words = BUF_INIT(4096);

        if (node->kind == YAML_SCALAR && type_find(node->text))
                return;
        for (size_t i = 0; node->kind == YAML_SCALAR && i < ARRAY_SIZE(outside_types); i++)
                if (text_eq(node->text, outside_types[i])) {
                        loader_error(l, node, "type '%s' is not supported by sqsflow", node->text);
                        return;
                }
        for (size_t i = 0; i < ARRAY_SIZE(input_types); i++)
                (void)buf_appendf(&words, "%s%s", i > 0 ? ", " : "", input_types[i].name);
        if (node->kind == YAML_SCALAR)
                loader_error(l, node, "unknown type '%s'; there are %s", node->text, words.data ? words.data : "others");
        else
                loader_error(l, node, "'%s' must be one of %s", p->name, words.data ? words.data : "a few words");
}

/* NULL when there is none; flow_check_value_type() has told. */
static const struct input_type *type_of(const struct yaml_node *map) {
        const struct yaml_node *node = yaml_get(map, "type");

        return yaml_is_null(node) || node->kind != YAML_SCALAR ? NULL : type_find(node->text);
}

static void check_unique(struct loader *l, const struct yaml_node *list, size_t index, const char *what) {
        const struct yaml_node *id = yaml_get(list->items[index], "id");

        for (size_t i = 0; id && id->kind == YAML_SCALAR && i < index; i++) {
                const struct yaml_node *other =
                        list->items[i]->kind == YAML_MAP ? yaml_get(list->items[i], "id") : NULL;

                if (other && other->kind == YAML_SCALAR && text_eq(other->text, id->text)) {
                        loader_error(l, id, "%s id '%s' is used already on line %u", what, id->text, other->line);
                        return;
                }
        }
}

static bool may_have(const struct input_type *type, const char *constraint) {
        for (size_t i = 0; i < ARRAY_SIZE(type->constraints) && type->constraints[i]; i++)
                if (text_eq(type->constraints[i], constraint))
                        return true;
        return false;
}

static void check_scalar_of(struct loader *l, const struct input_type *type, const char *key,
                            const struct yaml_node *node) {
        if (yaml_is_null(node) || flow_is_template(node) || !type->is_valid)
                return;
        if (node->kind != YAML_SCALAR || !type->is_valid(node))
                loader_error(l, node, "'%s' of an input of type %s must look like %s", key, type->name, type->example);
}

static void check_validator(struct loader *l, const struct yaml_node *node) {
        _cleanup_(expr_regex_done) struct expr_regex regex = EXPR_REGEX_INIT;
        _cleanup_free_ char *why = NULL;
        int r = node->kind == YAML_SCALAR ? expr_regex_compile(&regex, node->text, &why) : 0;

        if (r == -EBADMSG)
                loader_error(l, node, "'validator' cannot be used: %s", why);
        else if (r < 0)
                l->error = r;
}

static void check_constraints(struct loader *l, const struct input_type *type, const struct yaml_node *map) {
        for (size_t i = 0; i < ARRAY_SIZE(constraints); i++) {
                const struct yaml_node *node = yaml_get(map, constraints[i]);

                if (yaml_is_null(node))
                        continue;
                if (!may_have(type, constraints[i]))
                        loader_error(l, node, "an input of type %s has no '%s'", type->name, constraints[i]);
                else
                        check_scalar_of(l, type, constraints[i], node);
                if (text_eq(constraints[i], "validator") && may_have(type, "validator"))
                        check_validator(l, node);
        }
        if (text_eq(type->name, "SELECT") && yaml_is_null(yaml_get(map, "values")))
                loader_error(l, map, "an input of type SELECT lacks the required property 'values'");
}

static void check_defaults(struct loader *l, const struct input_type *type, const struct yaml_node *map) {
        const struct yaml_node *node = yaml_get(map, "defaults"), *values = yaml_get(map, "values");

        if (yaml_is_null(node))
                return;
        check_scalar_of(l, type, "defaults", node);
        if (!text_eq(type->name, "SELECT") || node->kind != YAML_SCALAR || flow_is_template(node) || !values)
                return;
        for (size_t i = 0; i < values->count; i++)
                if (values->items[i]->kind == YAML_SCALAR && text_eq(values->items[i]->text, node->text))
                        return;
        loader_error(l, node, "'defaults' must be one of the input's values, not '%s'", node->text);
}

static void load_input(struct loader *l, const struct yaml_node *node, struct flow *f) {
        static const struct flow_property *const tables[] = { flow_input_properties, NULL };
        const struct yaml_node *defaults = yaml_get(node, "defaults");
        const struct input_type *type = type_of(node);
        struct flow_input *input;

        flow_check_map(l, node, tables, "an input");
        flow_check_id(l, yaml_get(node, "id"), "an input's id", "a-zA-Z0-9", "a-zA-Z0-9._-", INPUT_ID_MAX);
        if (!type)
                return;
        check_constraints(l, type, node);
        check_defaults(l, type, node);
        f->inputs = loader_grow(l, f->inputs, &f->input_count, sizeof(*input));
        if (l->error < 0)
                return;
        input = &f->inputs[f->input_count - 1];
        input->id = flow_node_text(l, node, "id");
        input->type = text_dup(type->name);
        input->required = flow_node_bool(node, "required", true);
        input->properties = flow_property_values(l, node, tables);
        if (!yaml_is_null(defaults))
                input->defaults = yaml_to_value(defaults);
        if (!input->type || (!yaml_is_null(defaults) && !input->defaults))
                l->error = -ENOMEM;
}

static void load_output(struct loader *l, const struct yaml_node *node, struct flow *f) {
        static const struct flow_property *const tables[] = { flow_output_properties, NULL };
        const struct input_type *type = type_of(node);
        const struct yaml_node *value = yaml_get(node, "value");
        struct flow_output *output;

        flow_check_map(l, node, tables, "an output");
        flow_check_id(l, yaml_get(node, "id"), "an output's id", "a-zA-Z0-9", "a-zA-Z0-9._-", INPUT_ID_MAX);
        if (!type)
                return;
        f->outputs = loader_grow(l, f->outputs, &f->output_count, sizeof(*output));
        if (l->error < 0)
                return;
        output = &f->outputs[f->output_count - 1];
        output->id = flow_node_text(l, node, "id");
        output->type = text_dup(type->name);
        output->value = yaml_to_value(value);
        output->required = flow_node_bool(node, "required", true);
        if (!output->type || !output->value)
                l->error = -ENOMEM;
}

static void load_each(struct loader *l, const struct yaml_node *list, struct flow *f, const char *what,
                      void (*load)(struct loader *, const struct yaml_node *, struct flow *)) {
        for (size_t i = 0; !yaml_is_null(list) && list->kind == YAML_LIST && i < list->count && l->error == 0; i++) {
                if (list->items[i]->kind != YAML_MAP) {
                        loader_error(l, list->items[i], "an %s must be a map with id and type", what);
                        continue;
                }
                check_unique(l, list, i, what);
                load(l, list->items[i], f);
        }
}

void flow_load_inputs(struct loader *l, const struct yaml_node *list, struct flow *f) {
        load_each(l, list, f, "input", load_input);
}

void flow_load_outputs(struct loader *l, const struct yaml_node *list, struct flow *f) {
        load_each(l, list, f, "output", load_output);
}
