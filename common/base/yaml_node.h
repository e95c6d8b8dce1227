/* SPDX-License-Identifier: Apache-2.0 */
/* Making and copying the nodes of a YAML tree: yaml.c's other half, nobody else includes it. */
#pragma once

#include "common/base/yaml.h"

/* Adds an item, with its key in a map (NULL in a list). Takes over both, also on failure. 0 or -ENOMEM. */
int yaml_node_add(struct yaml_node *container, struct yaml_node *key, struct yaml_node *item);

/* A deep copy; NULL: out of memory. */
struct yaml_node *yaml_node_copy(const struct yaml_node *node);

/* The bytes that the node and everything below it take. */
size_t yaml_node_memory(const struct yaml_node *node);

/* How many lists and maps stand in each other: 0 for a scalar. */
unsigned yaml_node_depth(const struct yaml_node *node);

/* A map's keys (borrowed), sorted by text and, where that is equal, by position, in an array that the caller frees.
 * NULL for a map without keys, or out of memory. */
struct yaml_node **yaml_node_sorted_keys(const struct yaml_node *map);
