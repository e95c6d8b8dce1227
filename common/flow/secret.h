/* SPDX-License-Identifier: Apache-2.0 */
/* secret('NAME') of the flow language: where a secret is found. In the systemd credentials folder ($CREDENTIALS_DIRECTORY,
 * as NAME or secret_NAME), then in a folder of files that the caller names (agent.yaml's `secrets`), then in the
 * environment as SECRET_NAME (upper case, base64, as Kestra has it). */
#pragma once

#include <stddef.h>

#define SECRETS_FOLDER "/etc/sqsflow/secrets"

/* 0 with the secret (owned; wipe it with secret_free). -EINVAL (no name of a secret), -ENOENT (nowhere), -EILSEQ (not
 * base64), or the -errno of reading it, each with *ret_message: an owned sentence, never with the value in it; -ENOMEM,
 * without. `folder` of length 0: SECRETS_FOLDER. */
int secret_find(const char *folder, size_t folder_len, const char *name, char **ret, char **ret_message)
        __attribute__((warn_unused_result));
