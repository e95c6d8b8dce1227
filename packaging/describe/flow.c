/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "common/flow/task_type.h"
#include "packaging/describe/describe.h"

static struct value *value_names(const char *const *names) {
        struct value *list = value_new_list();

        for (; list && *names; names++)
                list = describe_add(list, value_new_string(*names));
        return list;
}

static struct value *describe_properties(const struct flow_property *table);

static struct value *describe_property(const struct flow_property *p) {
        struct value *v = describe_new(&(struct description){
                .name = p->name, .alias = p->alias, .kind = property_kind_text(p->kind), .default_text = p->default_text,
                .description = p->description, .is_required = p->flags & PROPERTY_REQUIRED });
        int r = v ? 0 : -ENOMEM;

        if (r >= 0 && p->values)
                r = value_map_put(v, "choices", value_names(p->values));
        if (r >= 0 && p->fields)
                r = value_map_put(v, "children", describe_properties(p->fields));
        return r < 0 ? value_unref(v) : v;
}

static struct value *describe_properties(const struct flow_property *table) {
        struct value *list = value_new_list();

        for (const struct flow_property *p = table; list && p->name; p++)
                if (!(p->flags & PROPERTY_OUTSIDE))
                        list = describe_add(list, describe_property(p));
        return list;
}

static struct value *describe_outputs(const struct task_output *outputs) {
        struct value *list = value_new_list();

        for (const struct task_output *o = outputs; list && o && o->name; o++)
                list = describe_add(list, describe_new(&(struct description){ .name = o->name, .description = o->description }));
        return list;
}

static struct value *describe_type(const struct task_type *t) {
        struct value *v = describe_new(&(struct description){ .name = t->name });
        int r = v ? describe_put_text(v, "title", t->title) : -ENOMEM;

        if (r >= 0)
                r = describe_put_text(v, "family", task_family_name(t->family));
        if (r >= 0)
                r = value_map_put(v, "properties", describe_properties(t->properties));
        if (r >= 0)
                r = value_map_put(v, "outputs", describe_outputs(t->outputs));
        return r < 0 ? value_unref(v) : v;
}

static struct value *describe_types(void) {
        struct value *list = value_new_list();
        const struct task_type *t;

        for (size_t i = 0; list && (t = task_type_at(i)); i++)
                if (t->supported)
                        list = describe_add(list, describe_type(t));
        return list;
}

struct value *describe_flow(void) {
        static const struct {
                const char *name;
                const struct flow_property *table;
        } tables[] = {
                { "flow", flow_properties },
                { "input", flow_input_properties },
                { "task", task_common_properties },
                { "flowable", task_flowable_properties },
                { "trigger", trigger_common_properties },
                { "retry", retry_exponential_properties },
        };
        struct value *all = value_new_map();
        int r = all ? value_map_put(all, "types", describe_types()) : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(tables); i++)
                r = value_map_put(all, tables[i].name, describe_properties(tables[i].table));
        return r < 0 ? value_unref(all) : all;
}
