/* SPDX-License-Identifier: Apache-2.0 */
/* What `values` of a ForEach or Loop comes to: texts in their order, each once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/value.h"

struct execution;

struct each_value {
        char *value; /* a text as it is, anything else as JSON */
        char *key;   /* of a map; NULL: a list's or file's */
};

struct each_values {
        struct each_value *items;
        size_t count;
};

enum each_sources {
        EACH_LISTS,            /* a list, or a text that is one in JSON */
        EACH_LISTS_MAPS_FILES, /* also a map, and the URI of a file of this execution with one JSON value a line */
};

/* `values` is rendered. 0; -EBADMSG with *ret_problem (owned); -ENOMEM. */
int each_values_make(struct execution *e, const struct value *values, enum each_sources sources,
                     struct each_values *ret, char **ret_problem) _must_check_;
/* True for a text that is the URI of a file. */
bool each_values_is_file(const struct value *values);
void each_values_done(struct each_values *v);
