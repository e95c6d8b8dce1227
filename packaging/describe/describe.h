/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the tables that agent.yaml and flow files are read with as one JSON document, so that manual pages, JSON Schema
 * and shell completion say what the programs do. Run at build time, for documents.py; not installed. */
#pragma once

#include "common/base/value.h"

/* Owned; NULL when memory is out. The two kinds of tables have enumerators of the same names, so that each is described
 * in a file of its own. */
struct value *describe_config(void);
struct value *describe_flow(void);

/* What both describe. A text that is NULL is left out. */
struct description {
        const char *name, *alias, *kind, *default_text, *description;
        bool is_required;
};
/* As a map. Owned; NULL: no memory. */
struct value *describe_new(const struct description *d);
int describe_put_text(struct value *map, const char *name, const char *text);
/* Adds `v` (owned; NULL: no memory) to the list, which is returned; NULL when memory is out, and then it is freed. */
struct value *describe_add(struct value *list, struct value *v);
