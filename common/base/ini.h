/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of the AWS shared config and credentials files. ("Using shared config and credentials files to globally
 * configure AWS SDKs and tools", AWS SDKs and Tools Reference Guide, and the parser tests that the SDKs share.)
 *
 * Sections "[name]", "[profile name]", "[services name]"; properties "key = value"; an indented line continues the
 * value of the property above, or, when that value is empty, holds a nested "key = value". Lines that start with # or ;
 * are comments; white space and # or ; ends a value, except on continuation lines. A section or key that appears again
 * is merged and the last value wins. Sections and keys with characters outside A-Za-z0-9-_/.%@:+ are left out. */
#pragma once

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/diag.h"

#define INI_BYTES_MAX ((size_t)1024 * 1024)

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
};

/* Parses `len` bytes; `file` is its name for messages. 0, -ENOMEM, -E2BIG beyond INI_BYTES_MAX, -EBADMSG for what the
 * SDKs call an error (the findings, with their line, are in `diag`). */
int ini_parse(const char *text, size_t len, const char *file, struct diag *diag, struct ini **ret) _must_check_;
struct ini *ini_free(struct ini *i); /* values are wiped: they may be secrets */
DEFINE_CLEANUP(struct ini *, ini_free)

/* NULL when absent; legal on NULL. Borrowed. `key` in lower case. */
const struct ini_section *ini_find(const struct ini *i, const char *type, const char *name);
const char *ini_get(const struct ini_section *s, const char *key);
const char *ini_get_nested(const struct ini_section *s, const char *key, const char *nested_key);
