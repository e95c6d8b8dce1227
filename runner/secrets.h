/* SPDX-License-Identifier: Apache-2.0 */
/* secret('NAME'): where secrets are found, and how their values are kept out of logs and outputs.
 *
 * A secret is looked for in the systemd credentials folder ($CREDENTIALS_DIRECTORY/NAME), then in
 * /etc/sqsflow/secrets/NAME, then in the environment as SECRET_NAME (upper case, base64, as Kestra has it). */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/value.h"

#define SECRETS_FOLDER "/etc/sqsflow/secrets"
#define SECRET_BYTES_MAX (64ul * 1024)
#define SECRET_MASK "******"

/* The secrets an execution has used. All-zero is empty. */
struct secrets {
        char **values;
};

/* 0 with the secret (owned, wipe it with secret_free), which is remembered for masking. -ENOENT, -EINVAL or another
 * -errno with *ret_message (owned sentence, never with the value in it); -ENOMEM. */
int secrets_find(struct secrets *s, const char *name, char **ret, char **ret_message) _must_check_;
void secrets_done(struct secrets *s);

/* True when nothing has to be masked: the usual case, to be asked before the others are called. */
static inline bool secrets_is_empty(const struct secrets *s) {
        return !s->values;
}
/* Appends the text with every secret replaced. 0 or the buffer's error. */
int secrets_mask(const struct secrets *s, struct buf *out, const char *text, size_t len);
/* Appends v as JSON with every secret in its texts replaced. 0 or the buffer's error. */
int secrets_write_masked(const struct secrets *s, struct buf *out, const struct value *v);
