/* SPDX-License-Identifier: Apache-2.0 */
/* From checked YAML nodes to what the model holds. A node of the wrong kind was told of before and counts as absent. */
#pragma once

#include "common/flow/flow_loader.h"

/* "true" and "false", quoted or not. 0 or -EINVAL. */
int flow_node_to_bool(const struct yaml_node *node, bool *ret);

/* A scalar under `key` as owned text / as bool; absent: NULL / the fallback. */
char *flow_node_text(struct loader *l, const struct yaml_node *map, const char *key);
bool flow_node_bool(const struct yaml_node *map, const char *key, bool fallback);

/* A map's properties under their own names, each as its kind says (durations and enums as text), without those that
 * have fields of their own (PROPERTY_COMMON) or hold tasks. NULL when memory is out (remembered in l). */
struct value *flow_property_values(struct loader *l, const struct yaml_node *map,
                                   const struct flow_property *const *tables);
