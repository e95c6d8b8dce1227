/* SPDX-License-Identifier: Apache-2.0 */
/* What secrets look like in a text: as they are; with any of their characters URL-encoded or escaped as in JSON;
 * base64 (and base64url), alone or as a part of something longer ("user:secret"), also broken into lines; and, of one
 * that has several lines, every longer line by itself, since logs come by lines. Pure, but for memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"

#define SECRET_PATTERNS_MAX 4096
#define SECRET_LINE_BYTES_MIN 8   /* a shorter line of a longer secret is not looked for by itself */
#define SECRET_BASE64_BYTES_MIN 6 /* nor a shorter secret in base64: it would be found in anything */

struct secret_patterns; /* NULL is an empty set */

/* Adds a secret; one that is there already is not added twice. 0; -EOVERFLOW when there are too many; -ENOMEM. */
int secret_patterns_add(struct secret_patterns **set, const char *secret) _must_check_;
/* Wipes them. Returns NULL. */
struct secret_patterns *secret_patterns_free(struct secret_patterns *set);
DEFINE_CLEANUP(struct secret_patterns *, secret_patterns_free)

/* The first place at or after `from` where a secret stands: true with what to leave out, the longest that begins there
 * and whatever begins inside it. At the text's very end also the beginning of one, since a long line may have been cut
 * there; at its beginning also a later line of one's base64. The time grows with the text's length and with how many
 * secrets begin with the same character. */
bool secret_patterns_find(const struct secret_patterns *set, const char *text, size_t len, size_t from,
                          size_t *ret_start, size_t *ret_end);
