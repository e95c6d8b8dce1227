/* SPDX-License-Identifier: Apache-2.0 */
/* Characters of UTF-8 text. A byte that is not UTF-8 counts as one character and is kept as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

/* Flags a byte that is not UTF-8 in what utf8_next() returns. */
#define UTF8_BYTE UINT32_C(0x80000000)

/* The character at *s, which moves behind it; *s must be before `end`. */
uint32_t utf8_next(const char **s, const char *end);
int utf8_append(struct buf *b, uint32_t c);

size_t utf8_count(const char *s, size_t len);
/* The byte where character number `count` begins; `len` when there are not so many. */
size_t utf8_offset(const char *s, size_t len, size_t count);

uint32_t utf8_upper(uint32_t c);
uint32_t utf8_lower(uint32_t c);
bool utf8_is_letter(uint32_t c);
