/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text to a tree of nodes that know where they stood, on libyaml's event API (only yaml.c includes it).
 *
 * One document; duplicate keys are an error; aliases and anchors are resolved with a bound on the expanded size;
 * merge keys (<<) are refused; depth and size are bounded. Keys are scalars. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/diag.h"
#include "common/base/value.h"

#define YAML_DEPTH_MAX 64
#define YAML_BYTES_MAX 1048576 /* 1 MiB */

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
        enum yaml_kind kind;
        unsigned line, column;          /* of the node's first character, from 1 */
        char *text;                     /* scalar: its text, UTF-8 without NUL */
        size_t len;
        bool plain;                     /* scalar: written without quotes or block style, so that 1 is a number */
        size_t count;                   /* list and map: how many */
        struct yaml_node **items;       /* list: elements; map: values */
        struct yaml_node **keys;        /* map: scalar nodes, parallel to items */
};

/* Parses `text`. 0, -EBADMSG (every finding is in `diag`, with line and column), -ENOMEM. An empty document is
 * -EBADMSG. `name` is the file's name for messages. The tree is owned by the caller. */
int yaml_parse(const char *text, size_t len, const char *name, struct diag *diag, struct yaml_node **ret) _must_check_;
/* NULL is legal; returns NULL. */
struct yaml_node *yaml_node_free(struct yaml_node *node);
/* Inline, because libyaml exports an internal function of this name, which must not find ours in its place. */
static inline struct yaml_node *yaml_free(struct yaml_node *node) {
        return yaml_node_free(node);
}
DEFINE_CLEANUP(struct yaml_node *, yaml_free)

/* The value under `key` of a map node, NULL when absent. Borrowed. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* A plain scalar by YAML 1.2's core schema: null, true/false, numbers (JSON's digits kept; others, such as 0x1F or
 * 1_000, stay strings), else string. Quoted scalars are strings. Lists and maps convert deeply. NULL: out of memory. */
struct value *yaml_to_value(const struct yaml_node *node);
bool yaml_is_null(const struct yaml_node *node); /* absent (NULL node), empty plain scalar, ~ or null */
