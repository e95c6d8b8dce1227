/* SPDX-License-Identifier: Apache-2.0 */
/* Text for a terminal: what somebody else wrote must not steer it. Control characters are shown, those of U+0080 to U+009F
 * too, which terminals obey as they obey ESC. Each appends and returns 0 or the buffer's error. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"

/* One line: control characters as \n, \t, \x1b, and bytes that are not UTF-8 as U+FFFD. */
int clean_put(struct buf *b, const char *text, size_t len);
/* The same of several lines, whose ends stay. */
int clean_put_lines(struct buf *b, const char *text, size_t len);
/* JSON, which may have DEL and U+0080 to U+009F in its strings as they are: as \u009b. */
int clean_put_json(struct buf *b, const char *json, size_t len);
