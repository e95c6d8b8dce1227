/* SPDX-License-Identifier: Apache-2.0 */
/* The check that goes before cJSON: json.c's other half, nobody else includes it.
 *
 * It accepts exactly RFC 8259 in UTF-8, within JSON_DEPTH_MAX and without \u0000 and lone surrogates, so that cJSON
 * only sees text it reads right. Some values it carries past cJSON, as string values that begin with JSON_MARK (keys
 * are left alone):
 *
 *   mark, digits              a number that is not a plain integer of at most JSON_EXACT_DIGITS digits: cJSON would
 *                             make a double of it
 *   mark, '@', offset, ',', length
 *                             a string of at least JSON_CARRIED_MIN bytes without escapes, by its place in the text:
 *                             cJSON reads strings byte by byte, twice, and bodies and receipt handles are long
 *   mark, mark, rest          a string that itself begins with that character */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

#define JSON_MARK '\001'
#define JSON_EXACT_DIGITS 15 /* every integer so long is exact in a double */
#define JSON_CARRIED_MIN 64

struct json_scan {
        const char *text, *at, *end;
        const char *copied;      /* how far the text has gone into `marked` */
        struct buf marked;       /* the rewritten text; empty when nothing had to be marked */
        bool escaped;            /* the string scanned last has escapes */
        size_t key_count;        /* keys seen */
        size_t wanted_key;       /* 1-based number of the key … */
        size_t wanted_key_offset; /* … that is looked for, and where it stands */
        const char *error;       /* static sentence */
        size_t error_offset;
};

/* Checks the text. 0, -EBADMSG, -E2BIG (both with error and error_offset set), -ENOMEM. On 0, `marked` holds the text
 * for cJSON when its length is not 0, else the original text is good. The caller calls buf_done(&s->marked). */
int json_scan(struct json_scan *s, const char *text, size_t len);

/* The next quote, backslash or control character in [at, end), or `end`: what a string cannot have as it is. */
const char *json_skip_plain(const char *at, const char *end);
