/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to values and back. The only file that includes cJSON is json.c; it closes cJSON's gaps: numbers keep
 * their digits, trailing text and duplicate keys are errors, keys are case-sensitive, depth and size are bounded,
 * \u0000 is refused with a clear error instead of cutting the string. */
#pragma once

#include "common/base/buf.h"
#include "common/base/value.h"

#define JSON_DEPTH_MAX 128

/* Parses `len` bytes (need not be NUL-terminated). 0; -EBADMSG for text that is not JSON (then *ret_error, when
 * wanted, is a static sentence and *ret_offset the byte it speaks of); -E2BIG too deep; -ENOMEM. */
int json_parse(const char *text, size_t len, struct value **ret, const char **ret_error, size_t *ret_offset) _must_check_;

enum json_style {
        JSON_COMPACT,
        JSON_PRETTY, /* two spaces, for people */
};

/* Appends v as JSON. Only what RFC 8259 demands is escaped; UTF-8 is written as it is. 0 or the buffer's error. */
int json_write(struct buf *b, const struct value *v, enum json_style style);
/* Appends s as a quoted JSON string; for writers that build JSON without values. Bytes that are not UTF-8 are
 * replaced by U+FFFD. */
int json_write_string(struct buf *b, const char *s, size_t len);

/* json_write into a new string that the caller owns; NULL when memory is out. */
char *json_to_text(const struct value *v, enum json_style style);
