/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets that an execution uses, and how their values are kept out of its logs and outputs. Where they are found is
 * common/flow/secret.h; what one looks like in a text, secret_patterns.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/value.h"
#include "common/link/protocol.h"
#include "runner/secret_patterns.h"

#define SECRET_MASK "******"

/* The secrets an execution has used. All-zero is empty. */
struct secrets {
        struct secret_patterns *patterns;
        struct bytes folder; /* borrowed; where they are, see secret_find() */
};

/* 0 with the secret (owned, wipe it with secret_free), which is remembered for masking. -ENOENT, -EINVAL or another
 * -errno with *ret_message (owned sentence, never with the value in it); -ENOMEM. */
int secrets_find(struct secrets *s, const char *name, char **ret, char **ret_message) _must_check_;
/* Keeps another value out as well: what was made of a secret. 0, -EOVERFLOW, -ENOMEM. */
int secrets_note(struct secrets *s, const char *value) _must_check_;
void secrets_done(struct secrets *s);

/* True when nothing has to be masked: the usual case, to be asked before the others are called. */
static inline bool secrets_is_empty(const struct secrets *s) {
        return !s->patterns;
}
/* True when a secret stands in the text, in any of its forms. */
bool secrets_holds_one(const struct secrets *s, const char *text, size_t len);
/* Appends the text with every secret replaced. 0 or the buffer's error. */
int secrets_mask(const struct secrets *s, struct buf *out, const char *text, size_t len);
/* Appends v as JSON with every secret in its texts replaced. 0 or the buffer's error. */
int secrets_write_masked(const struct secrets *s, struct buf *out, const struct value *v);
