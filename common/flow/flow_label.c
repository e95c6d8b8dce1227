/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: a map of names to texts, or a list of {key, value}; the model holds a map either way. */
#include "common/flow/flow_loader.h"

#include <errno.h>

static void put(struct loader *l, struct value *labels, const struct yaml_node *key, const struct yaml_node *text) {
        if (!key || key->kind != YAML_SCALAR)
                return;
        if (!text || text->kind != YAML_SCALAR || yaml_is_null(text))
                loader_error(l, text ? text : key, "label '%s' must be a text", key->text);
        else if (value_map_put(labels, key->text, value_new_string_n(text->text, text->len)) < 0)
                l->error = -ENOMEM;
}

void flow_load_labels(struct loader *l, const struct yaml_node *node, struct flow *f) {
        static const struct flow_property *const tables[] = { flow_label_properties, NULL };

        f->labels = value_new_map();
        if (!f->labels)
                l->error = -ENOMEM;
        if (yaml_is_null(node) || l->error < 0)
                return;
        if (node->kind == YAML_SCALAR)
                loader_error(l, node, "'labels' must be a map, or a list of key and value");
        for (size_t i = 0; i < node->count && l->error == 0; i++) {
                const struct yaml_node *item = node->items[i];

                if (node->kind == YAML_MAP) {
                        put(l, f->labels, node->keys[i], item);
                        continue;
                }
                flow_check_map(l, item, tables, "a label");
                if (item->kind == YAML_MAP && !yaml_is_null(yaml_get(item, "value")))
                        put(l, f->labels, yaml_get(item, "key"), yaml_get(item, "value"));
        }
}
