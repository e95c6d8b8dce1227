/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "common/config/config_trigger.h"
#include "packaging/describe/describe.h"

static const char *const type_names[] = {
        [PROPERTY_TEXT] = "text",         [PROPERTY_BOOL] = "boolean",      [PROPERTY_UNSIGNED] = "whole",
        [PROPERTY_BYTES] = "whole",       [PROPERTY_DURATION] = "duration", [PROPERTY_SECONDS] = "seconds",
        [PROPERTY_NUMBER] = "number",     [PROPERTY_CHOICE] = "choice",
        [PROPERTY_SIZE] = "size",
};
static const char *const shape_names[] = {
        [SHAPE_TEXT] = "text", [SHAPE_TEXTS] = "texts", [SHAPE_MAP] = "map", [SHAPE_LIST] = "list",
        [SHAPE_CHOICES] = "choices",
};

static struct value *describe_table(const struct property *table);

static const char *kind(const struct property *p) {
        if (p->type != PROPERTY_CUSTOM && p->type != PROPERTY_IGNORED)
                return type_names[p->type];
        return p->choices && p->shape != SHAPE_CHOICES ? "choice" : shape_names[p->shape];
}

static struct value *choice_names(const struct choice *choices) {
        struct value *list = value_new_list();

        for (const struct choice *c = choices; list && c->name; c++)
                list = describe_add(list, value_new_string(c->name));
        return list;
}

static struct value *describe_property(const struct property *p) {
        struct value *v = describe_new(&(struct description){ .name = p->name, .kind = kind(p), .default_text = p->default_text,
                                                              .description = p->description, .is_required = p->is_required });
        int r = v ? 0 : -ENOMEM;

        if (r >= 0 && (p->min != 0 || p->max != 0)) {
                r = value_map_put(v, "min", value_new_int(p->min));
                if (r >= 0)
                        r = value_map_put(v, "max", value_new_int(p->max));
        }
        if (r >= 0 && p->choices)
                r = value_map_put(v, "choices", choice_names(p->choices));
        if (r >= 0 && p->children)
                r = value_map_put(v, "children", describe_table(p->children));
        return r < 0 ? value_unref(v) : v;
}

static struct value *describe_table(const struct property *table) {
        struct value *list = value_new_list();

        for (const struct property *p = table; list && p->name; p++)
                list = describe_add(list, describe_property(p));
        return list;
}

struct value *describe_config(void) {
        return describe_table(config_properties);
}
