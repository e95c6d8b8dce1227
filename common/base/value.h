/* SPDX-License-Identifier: Apache-2.0 */
/* The value that messages, inputs, outputs and expressions are made of: a JSON value with exact numbers.
 *
 * Values are reference counted and become immutable once shared: a container may be changed only by whoever holds the
 * single reference (asserted). Numbers keep the digits they were written with ("12345678901234567890" comes out as it
 * went in). Strings carry a length; they may not hold NUL. Maps keep insertion order; keys are unique.
 *
 * Every function that makes a value returns an owned reference, NULL only when memory is out. Adders take ownership
 * of the child reference also on failure, so calls nest: value_map_put(m, "id", value_new_string("x")). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

enum value_type {
        VALUE_NULL,
        VALUE_BOOL,
        VALUE_NUMBER,
        VALUE_STRING,
        VALUE_LIST,
        VALUE_MAP,
};

struct value;

struct value *value_ref(const struct value *v); /* whoever may look may keep; value_ref(NULL) is NULL */
struct value *value_unref(struct value *v);     /* returns NULL */
DEFINE_CLEANUP(struct value *, value_unref)
#define _cleanup_value_ _cleanup_(value_unrefp)

struct value *value_new_null(void);
struct value *value_new_bool(bool b);
struct value *value_new_int(int64_t i);
struct value *value_new_double(double d); /* shortest text that reads back the same; NaN and infinities become null */
/* `digits` must be a JSON number (RFC 8259 section 6), else NULL with errno EINVAL. */
struct value *value_new_number(const char *digits);
struct value *value_new_string(const char *s);
struct value *value_new_string_n(const char *s, size_t len);
struct value *value_new_string_take(char *s, size_t len); /* owns the malloc'ed s, also on failure */
struct value *value_new_list(void);
struct value *value_new_map(void);

/* 0, -ENOMEM. v (owned) may be NULL, which stands for "memory was out when it was made": -ENOMEM. */
int value_list_add(struct value *list, struct value *v);
int value_map_put(struct value *map, const char *key, struct value *v); /* replaces */
/* Like value_map_put, but owns the malloc'ed key too (also on failure), and -EEXIST when the map has that key. */
int value_map_add_take(struct value *map, char *key, struct value *v);
void value_map_remove(struct value *map, const char *key);

/* True while a container may be changed: nobody else has a reference. */
bool value_is_own(const struct value *v);

enum value_type value_type(const struct value *v);
const char *value_type_name(const struct value *v); /* "string", "number", … */

/* Accessors; calling one on another type is a programming error (asserted). All returns are borrowed. */
bool value_bool(const struct value *v);
const char *value_string(const struct value *v);
size_t value_string_len(const struct value *v);
const char *value_number(const struct value *v); /* its digits */
size_t value_count(const struct value *v);       /* of a list or map */
struct value *value_list_at(const struct value *list, size_t i);
struct value *value_map_get(const struct value *map, const char *key); /* NULL when absent; never asserts on NULL map */
const char *value_map_key_at(const struct value *map, size_t i);
struct value *value_map_at(const struct value *map, size_t i);

/* 0, or -EINVAL when v is not a whole number, -ERANGE when it does not fit. */
int value_to_i64(const struct value *v, int64_t *ret);
int value_to_double(const struct value *v, double *ret);

/* Convenience for reading loose maps: the string under `key`, NULL when absent or not a string. Borrowed. */
const char *value_map_string(const struct value *map, const char *key);

/* Deep equality; numbers compare by value (1 equals 1.0), maps without order. */
bool value_equal(const struct value *a, const struct value *b);
