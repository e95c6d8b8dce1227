/* SPDX-License-Identifier: Apache-2.0 */
/* A definition per task type; a task is one of them by its `type`. Values that may hold expressions are also texts with
 * "{{" or "{%" in them; numbers and booleans may stand in quotes, as the loader lets them. */
#include "common/flow/flow_schema.h"

#include <errno.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/flow/flow_loader.h"

#define TEMPLATE "\\{[\\{%]"
#define DURATION "^P(\\d+W|(?=.)(\\d+D)?(T(?=.)(\\d+H)?(\\d+M)?(\\d+(\\.\\d+)?S)?)?)$"
#define DATE "^\\d{4}-\\d{2}-\\d{2}"
#define CLOCK "\\d{2}:\\d{2}(:\\d{2}([.,]\\d{1,9})?)?[^.,:\\d\\s]\\S*" /* with an offset behind it */
#define TIME "[Tt]" CLOCK

/* --- building --------------------------------------------------------------------------------------------------------- */

/* Each takes what it is given over, and is NULL when memory is out or was out. */
static struct value *with(struct value *map, const char *key, struct value *v) {
        if (map && value_map_put(map, key, v) == 0)
                return map;
        if (!map)
                value_unref(v);
        return value_unref(map);
}

static struct value *added(struct value *list, struct value *v) {
        if (list && value_list_add(list, v) == 0)
                return list;
        if (!list)
                value_unref(v);
        return value_unref(list);
}

static struct value *just(const char *key, struct value *v) {
        return with(value_new_map(), key, v);
}

static struct value *text(const char *s) {
        return value_new_string(s);
}

static struct value *of_type(const char *type) {
        return just("type", text(type));
}

static struct value *matching(const char *pattern) {
        return with(of_type("string"), "pattern", text(pattern));
}

static struct value *reference(const char *definition) {
        struct value *path = NULL;
        char *s = text_printf("#/$defs/%s", definition);

        if (s)
                path = value_new_string_take(s, strlen(s));
        return just("$ref", path);
}

static struct value *any_of(struct value *a, struct value *b) {
        return just("anyOf", added(added(value_new_list(), a), b));
}

static struct value *words(const char *const *list) {
        struct value *made = value_new_list();

        for (; *list; list++)
                made = added(made, text(*list));
        return made;
}

/* --- values ----------------------------------------------------------------------------------------------------------- */

static struct value *object_of(const struct flow_property *const *tables);

static struct value *scalar(void) {
        static const char *const types[] = { "string", "number", "boolean", NULL };

        return just("type", words(types));
}

static struct value *list_of(struct value *item, unsigned flags) {
        struct value *list = with(of_type("array"), "items", item);

        return flags & PROPERTY_NOT_EMPTY ? with(list, "minItems", value_new_int(1)) : list;
}

static struct value *map_of(struct value *item) {
        return with(of_type("object"), "additionalProperties", item);
}

static struct value *fields_of(const struct flow_property *p) {
        const struct flow_property *tables[] = { p->fields, NULL };

        return object_of(tables);
}

static struct value *whole_number(const struct flow_property *p) {
        bool bounded = p->min != 0 || p->max != 0;
        struct value *number = of_type("integer");

        if (bounded)
                number = with(number, "minimum", value_new_int(p->min));
        if (bounded && p->max != INT32_MAX)
                number = with(number, "maximum", value_new_int(p->max));
        return any_of(number, matching("^-?\\d+$"));
}

static struct value *yes_or_no(void) {
        return any_of(of_type("boolean"), matching("^([Tt]rue|TRUE|[Ff]alse|FALSE)$"));
}

static struct value *tasks(unsigned flags) {
        return list_of(reference("task"), flags);
}

static struct value *dag_tasks(const struct flow_property *p) {
        static const struct flow_property *const tables[] = { dag_task_properties, NULL };
        struct value *entry = object_of(tables), *properties = entry ? value_map_get(entry, "properties") : NULL;

        if (properties && value_map_put(properties, "task", reference("task")) < 0)
                entry = value_unref(entry);
        return list_of(entry, p->flags);
}

static struct value *number(void) {
        return any_of(of_type("number"), matching("^-?\\d"));
}

static struct value *name(void) {
        static const char *const types[] = { "number", "boolean", NULL }; /* as YAML reads some names */

        return any_of(just("type", words(types)), matching("^[a-zA-Z0-9][a-zA-Z0-9._-]*$"));
}

static struct value *input_type(void) {
        struct value *names = value_new_list();
        const char *type;

        for (size_t i = 0; (type = flow_input_type_at(i)); i++)
                names = added(names, text(type));
        return just("enum", names);
}

static struct value *runner_type(void) {
        static const char *const types[] = { "io.kestra.plugin.core.runner.Process",
                                             "io.kestra.plugin.scripts.runner.docker.Docker", NULL };

        return just("enum", words(types));
}

/* Without what may be rendered later. */
static struct value *plain(const struct flow_property *p) {
        switch (p->kind) {
        case PROPERTY_STRING:
                return scalar();
        case PROPERTY_ID:
                return name();
        case PROPERTY_VALUE_TYPE:
                return input_type();
        case PROPERTY_BOOL:
                return yes_or_no();
        case PROPERTY_INT:
                return whole_number(p);
        case PROPERTY_NUMBER:
                return number();
        case PROPERTY_DURATION:
                return matching(DURATION);
        case PROPERTY_DATE:
                return matching(DATE "(" TIME ")?$");
        case PROPERTY_DATE_TIME:
                return matching(DATE TIME "$");
        case PROPERTY_TIME:
                return matching("^" CLOCK "$");
        case PROPERTY_ENUM:
                return just("enum", words(p->values));
        case PROPERTY_STRING_LIST:
                return list_of(scalar(), p->flags);
        case PROPERTY_LIST:
                return list_of(p->values ? just("enum", words(p->values)) : value_new_map(), p->flags);
        case PROPERTY_STRING_MAP:
                return map_of(scalar());
        case PROPERTY_MAP:
                return of_type("object");
        case PROPERTY_OBJECT:
                return fields_of(p);
        case PROPERTY_OBJECT_LIST:
                return list_of(fields_of(p), p->flags);
        case PROPERTY_RUNNER_TYPE:
                return runner_type();
        case PROPERTY_RETRY:
                return reference("retry");
        case PROPERTY_CONDITIONS:
                return list_of(reference("condition"), p->flags);
        case PROPERTY_TASKS:
                return tasks(p->flags);
        case PROPERTY_TASK_CASES:
                return map_of(tasks(0));
        case PROPERTY_TASK_DAG:
                return dag_tasks(p);
        default:
                return value_new_map();
        }
}

static bool is_rendered_later(const struct flow_property *p) {
        return (p->flags & PROPERTY_DYNAMIC) && property_kind_has_form(p->kind);
}

static struct value *described(struct value *schema, const struct flow_property *p) {
        if (p->description)
                schema = with(schema, "description", text(p->description));
        return p->default_text ? with(schema, "default", text(p->default_text)) : schema;
}

static struct value *property(const struct flow_property *p) {
        return described(is_rendered_later(p) ? any_of(plain(p), matching(TEMPLATE)) : plain(p), p);
}

/* --- objects ---------------------------------------------------------------------------------------------------------- */

static bool is_left_out(const struct flow_property *p) {
        return p->flags & PROPERTY_OUTSIDE;
}

static struct value *properties_of(const struct flow_property *const *tables) {
        struct value *map = value_new_map();

        for (; *tables; tables++)
                for (const struct flow_property *p = *tables; p->name; p++) {
                        if (is_left_out(p))
                                continue;
                        map = with(map, p->name, property(p));
                        if (p->alias)
                                map = with(map, p->alias, property(p));
                }
        return map;
}

static struct value *required_of(const struct flow_property *const *tables) {
        struct value *list = value_new_list();

        for (; *tables; tables++)
                for (const struct flow_property *p = *tables; p->name; p++)
                        if ((p->flags & PROPERTY_REQUIRED) && !p->alias)
                                list = added(list, text(p->name));
        return list;
}

static struct value *object_of(const struct flow_property *const *tables) {
        struct value *schema = with(of_type("object"), "properties", properties_of(tables));

        schema = with(schema, "required", required_of(tables));
        return with(schema, "additionalProperties", value_new_bool(false));
}

static struct value *object_of_one(const struct flow_property *table) {
        const struct flow_property *tables[] = { table, NULL };

        return object_of(tables);
}

/* --- tasks and triggers ------------------------------------------------------------------------------------------------ */

static struct value *id_and_type(void) {
        static const char *const names[] = { "id", "type", NULL };

        return words(names);
}

static struct value *names_of(const struct task_type *t) {
        struct value *list = added(value_new_list(), text(t->name));

        for (size_t i = 0; i < TASK_TYPE_ALIASES_MAX && t->aliases[i]; i++)
                list = added(list, text(t->aliases[i]));
        return list;
}

static struct value *definition_of(const struct task_type *t, bool is_trigger) {
        const struct flow_property *tables[PROPERTY_TABLES_MAX];
        struct value *schema;

        task_type_tables(t, is_trigger, tables);
        schema = with(of_type("object"), "description", text(t->title));
        schema = with(schema, "properties", properties_of(tables));
        schema = with(schema, "required", id_and_type());
        return with(schema, "additionalProperties", value_new_bool(false));
}

/* {if: {type is one of its names}, then: its definition} */
static struct value *when_type_is(const struct task_type *t) {
        struct value *condition = just("properties", just("type", just("enum", names_of(t))));

        return with(just("if", condition), "then", reference(t->name));
}

static bool is_wanted(const struct task_type *t, bool is_trigger) {
        return t->supported && ((t->flags & TASK_TRIGGER) != 0) == is_trigger;
}

/* A task or trigger: `type` must be a known name, and decides the rest. */
static struct value *one_of_types(bool is_trigger, const char *description) {
        struct value *all = value_new_list(), *names = value_new_list(), *schema;
        const struct task_type *t;

        for (size_t i = 0; (t = task_type_at(i)); i++) {
                if (!is_wanted(t, is_trigger))
                        continue;
                all = added(all, when_type_is(t));
                names = added(names, text(t->name));
                for (size_t k = 0; k < TASK_TYPE_ALIASES_MAX && t->aliases[k]; k++)
                        names = added(names, text(t->aliases[k]));
        }
        schema = with(of_type("object"), "description", text(description));
        schema = with(schema, "required", id_and_type());
        schema = with(schema, "properties",
                      just("type", with(just("enum", names), "description", text("The type's full name."))));
        return with(schema, "allOf", all);
}

static struct value *put_type_definitions(struct value *definitions) {
        const struct task_type *t;

        for (size_t i = 0; (t = task_type_at(i)); i++)
                if (is_wanted(t, t->flags & TASK_TRIGGER))
                        definitions = with(definitions, t->name, definition_of(t, t->flags & TASK_TRIGGER));
        return definitions;
}

/* --- the rest of a flow ------------------------------------------------------------------------------------------------ */

static struct value *retries(bool of_flow) {
        static const struct {
                const char *type;
                const struct flow_property *table;
        } kinds[] = {
                { "constant", retry_constant_properties },
                { "exponential", retry_exponential_properties },
                { "random", retry_random_properties },
        };
        struct value *list = value_new_list();

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const struct flow_property *tables[] = { of_flow ? flow_retry_properties : kinds[i].table,
                                                         of_flow ? kinds[i].table : NULL, NULL };
                struct value *schema = object_of(tables), *properties = schema ? value_map_get(schema, "properties") : NULL;

                if (properties && value_map_put(properties, "type", just("const", text(kinds[i].type))) < 0)
                        schema = value_unref(schema);
                list = added(list, schema);
        }
        return just("oneOf", list);
}

static struct value *requiring(const char *name) {
        return just("required", added(value_new_list(), text(name)));
}

static struct value *conditions(void) {
        struct value *list = value_new_list();

        for (size_t i = 0; i < ARRAY_SIZE(flow_condition_kinds); i++) {
                const struct flow_condition_kind *kind = &flow_condition_kinds[i];
                struct value *schema = object_of_one(kind->properties),
                             *properties = schema ? value_map_get(schema, "properties") : NULL;

                if (properties && value_map_put(properties, "type", just("enum", words(kind->names))) < 0)
                        schema = value_unref(schema);
                if (kind->has_bounds)
                        schema = with(schema, "anyOf", added(added(value_new_list(), requiring("after")), requiring("before")));
                list = added(list, schema);
        }
        return just("oneOf", list);
}

static struct value *labels(void) {
        return any_of(map_of(scalar()), list_of(object_of_one(flow_label_properties), 0));
}

/* What the tables leave to their loaders. */
static struct value *put_special(struct value *properties) {
        properties = with(properties, "inputs", list_of(object_of_one(flow_input_properties), 0));
        properties = with(properties, "outputs", list_of(object_of_one(flow_output_properties), 0));
        properties = with(properties, "triggers", list_of(reference("trigger"), 0));
        properties = with(properties, "pluginDefaults", list_of(object_of_one(flow_defaults_properties), 0));
        properties = with(properties, "taskDefaults", list_of(object_of_one(flow_defaults_properties), 0));
        properties = with(properties, "labels", reference("labels"));
        return with(properties, "retry", reference("flowRetry"));
}

/* The descriptions stand in the table; those of the special ones are put back. */
static struct value *put_descriptions(struct value *properties) {
        for (const struct flow_property *p = flow_properties; properties && p->name; p++) {
                struct value *schema = is_left_out(p) ? NULL : value_map_get(properties, p->name);

                if (schema && p->description && value_map_put(schema, "description", text(p->description)) < 0)
                        properties = value_unref(properties);
        }
        return properties;
}

static struct value *schema(void) {
        static const struct flow_property *const tables[] = { flow_properties, NULL };
        struct value *definitions = value_new_map(), *root;

        definitions = with(definitions, "task", one_of_types(false, "A task."));
        definitions = with(definitions, "trigger", one_of_types(true, "What starts executions."));
        definitions = with(definitions, "retry", retries(false));
        definitions = with(definitions, "flowRetry", retries(true));
        definitions = with(definitions, "condition", conditions());
        definitions = put_type_definitions(with(definitions, "labels", labels()));

        root = just("$schema", text("https://json-schema.org/draft/2020-12/schema"));
        root = with(root, "title", text("A flow of sqsflow"));
        root = with(root, "$comment", text("Generated from the tables of the flow language by `make schema`. A task's own "
                                           "required properties are not demanded: pluginDefaults may give them."));
        root = with(root, "type", text("object"));
        root = with(root, "properties", put_descriptions(put_special(properties_of(tables))));
        root = with(root, "required", required_of(tables));
        root = with(root, "additionalProperties", value_new_bool(false));
        return with(root, "$defs", definitions);
}

int flow_schema_write(struct buf *b) {
        _cleanup_value_ struct value *root = schema();
        int r = root ? json_write(b, root, JSON_PRETTY) : -ENOMEM;

        return r < 0 ? r : buf_append_char(b, '\n');
}
