/* SPDX-License-Identifier: Apache-2.0 */
/* Reads maps of a configuration into structs, driven by tables of properties. Used by config*.c only.
 *
 * A place is a value with where it stands. It comes from agent.yaml (every part has its own line and column) or from a
 * flow file's trigger (one line and column for all of it), so that both go through the same tables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/value.h"
#include "common/base/yaml.h"

struct config_scope; /* config_expression.h */

struct place {
        const char *file;
        const struct value *value;
        const struct yaml_node *node; /* NULL: line and column are of the whole */
        unsigned line, column;
        struct config_scope *scope;   /* for texts that may be expressions; NULL: none may */
};

struct place place_of_node(const char *file, const struct yaml_node *node, const struct value *value);
struct place place_at(const struct place *container, size_t i);           /* i-th element or value */
struct place place_of_key(const struct place *map, size_t i);             /* where the i-th key stands */
void place_error(const struct place *p, struct diag *diag, const char *fmt, ...) _printf_(3, 4);

enum property_type {
        PROPERTY_TEXT,       /* char *, replaced */
        PROPERTY_BOOL,       /* bool */
        PROPERTY_UNSIGNED,   /* unsigned, within [min, max] */
        PROPERTY_BYTES,      /* uint64_t, whole number within [min, max] */
        PROPERTY_SIZE,       /* uint64_t bytes, a whole number or a text such as 512MiB, within [min, max] */
        PROPERTY_DURATION,   /* uint64_t microseconds, ISO 8601, within [min, max] */
        PROPERTY_SECONDS,    /* unsigned seconds, from an ISO 8601 duration or a whole number, within [min, max] */
        PROPERTY_NUMBER,     /* double, greater than 0, at most max */
        PROPERTY_CHOICE,     /* int, one of choices */
        PROPERTY_CUSTOM,     /* read(); target is the struct */
        PROPERTY_IGNORED,    /* known, and without effect here */
};

struct choice {
        const char *name;
        int value;
};

/* What stands in the file where a property has a reader of its own. */
enum property_shape {
        SHAPE_TEXT,  /* also one of `choices` */
        SHAPE_TEXTS, /* a map of names to texts */
        SHAPE_MAP,   /* of `children` */
        SHAPE_LIST,  /* of maps of `children` */
        SHAPE_CHOICES, /* a list of `choices` */
};

struct property {
        const char *name;
        enum property_type type;
        enum property_shape shape;    /* PROPERTY_CUSTOM and PROPERTY_IGNORED: for the manual page and the JSON Schema */
        size_t offset;
        int64_t min, max;             /* PROPERTY_DURATION: microseconds */
        const struct choice *choices; /* ends with a NULL name */
        int (*read)(const struct place *p, struct diag *diag, void *target); /* 0, or -ENOMEM; findings go to diag */
        /* The rest also is for the manual page and the schema alone: nothing is read with it. */
        const struct property *children;
        const char *default_text;     /* as a person would say it; NULL: none */
        const char *description;      /* sentences */
        bool is_required;
};

#define PROPERTY(name_, type_, ...) { .name = (name_), .type = PROPERTY_##type_, ##__VA_ARGS__ }
#define PROPERTY_WITHIN(name_, type_, offset_, min_, max_, ...) \
        PROPERTY(name_, type_, .offset = (offset_), .min = (int64_t)(min_), .max = (int64_t)(max_), ##__VA_ARGS__)
#define PROPERTY_SECTION(name_, read_, children_, description_) \
        PROPERTY(name_, CUSTOM, .read = (read_), .shape = SHAPE_MAP, .children = (children_), .description = (description_))
#define PROPERTIES_END { .name = NULL }

/* Reads every entry of the map at `p` into `target`. The table ends with a NULL name. Findings: not a map, an unknown
 * name (with the nearest known one), a wrong value. 0 or -ENOMEM. */
int table_read(const struct place *p, const struct property *table, struct diag *diag, void *target) _must_check_;

/* The text of a scalar value in `p`: strings, and numbers and booleans as written. NULL (a finding is added) for others.
 * Borrowed. */
const char *place_text(const struct place *p, struct diag *diag);
/* The same where the text may be an expression; then *ret_owned holds it, to be wiped with secret_free(). `name`: the
 * property, for messages. */
const char *place_rendered(const struct place *p, const char *name, struct diag *diag, char **ret_owned);
