/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of the AWS shared config and credentials files. ("Format of the config and credentials files", AWS SDKs
 * and Tools Reference Guide, and the parser tests the SDKs share.)
 *
 * Sections "[name]", "[profile name]", "[services name]"; properties "key = value"; an indented line continues the
 * value of the property above, or, when that value is empty, holds a nested "key = value". Lines that start with # or ;
 * are comments; " #" and " ;" end a value. A section or key that appears again is merged, the last value wins. A line
 * that fits nowhere is skipped, as the SDKs do, and counted. */
#pragma once

#include <stddef.h>

#include "common/base/cleanup.h"

#define INI_BYTES_MAX (1024 * 1024)

struct ini_property {
        char *key;                     /* lower case */
        char *value;                   /* continuation lines joined with '\n' */
        struct ini_property *nested;   /* only below a property whose own value is empty */
        size_t nested_count;
};

struct ini_section {
        char *type;                    /* "" for [name], "profile", "services", "sso-session" */
        char *name;
        struct ini_property *properties;
        size_t count;
};

struct ini {
        struct ini_section *sections;
        size_t count;
        size_t skipped_line_count;
};

/* Parses `len` bytes. 0, -ENOMEM, -E2BIG beyond INI_BYTES_MAX. */
int ini_parse(const char *text, size_t len, struct ini **ret) _must_check_;
struct ini *ini_free(struct ini *i); /* values are wiped: they may be secrets */
DEFINE_CLEANUP(struct ini *, ini_free)

/* NULL when absent; legal on NULL. Borrowed. `key` in lower case. */
const struct ini_section *ini_find(const struct ini *i, const char *type, const char *name);
const char *ini_get(const struct ini_section *s, const char *key);
const char *ini_get_nested(const struct ini_section *s, const char *key, const char *nested_key);
