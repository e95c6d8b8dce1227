/* SPDX-License-Identifier: Apache-2.0 */
/* Small pure helpers on C strings and UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"

static inline bool text_eq(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

/* The rest of `s` after `prefix` (borrowed), or NULL when it does not start with it. */
const char *text_after(const char *s, const char *prefix);
bool text_ends_with(const char *s, const char *suffix);

/* strdup/asprintf that the caller owns; NULL when memory is out. text_dup(NULL) is NULL. */
char *text_dup(const char *s);
char *text_dup_n(const char *s, size_t len);
char *text_printf(const char *fmt, ...) _printf_(1, 2);

/* Frees *p and sets it to a copy of s (NULL allowed). 0 or -ENOMEM; *p is untouched on failure. */
int text_replace(char **p, const char *s);

/* Whole-string parsing in base 10. -EINVAL for anything else, -ERANGE outside [min, max]. */
int text_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* True when the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(const char *s, size_t len);
/* The length (1 to 4) of the UTF-8 character that the bytes begin with; 0 when they do not begin with one. */
size_t text_utf8_char(const char *s, size_t len);

/* The candidate nearest to `s` by edit distance (Damerau-Levenshtein), for "did you mean"; NULL when none is near
 * (distance > 1 + length/3, or nothing is the same). Borrowed from `candidates`. */
const char *text_nearest(const char *s, const char *const *candidates, size_t count);

/* True when `name` matches ^first[rest]*$ with the two character classes written as in tr(1): "a-z0-9", "a-z0-9._-";
 * and is at most `max_len` long. */
bool text_is_name(const char *name, const char *first_class, const char *rest_class, size_t max_len);

/* A NULL-terminated list of strings that the caller owns. text_list_free(NULL) is legal. */
char **text_list_free(char **list);
DEFINE_CLEANUP(char **, text_list_free)
int text_list_add(char ***list, const char *s); /* copies s; 0 or -ENOMEM */
size_t text_list_count(char *const *list);
