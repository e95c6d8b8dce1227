/* SPDX-License-Identifier: Apache-2.0 */
/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. A profile that the configuration names is the identity
 * that was asked for, so the variables count then only when that profile's credential_source sends here. */
#include <errno.h>

#include "common/aws/credentials_provider.h"

static void start(struct credentials_query *q) {
        char *const *environment = q->options->environment;
        const char *id = aws_environment_get(environment, "AWS_ACCESS_KEY_ID");
        const char *secret = aws_environment_get(environment, "AWS_SECRET_ACCESS_KEY");

        if (q->options->profile && !q->via)
                credentials_absent(q, "the configuration names profile '%s'", q->options->profile);
        else if (!id && !secret)
                credentials_absent(q, "AWS_ACCESS_KEY_ID is not set");
        else if (!id || !secret)
                credentials_failed(q, -EINVAL, "%s is not set", id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
        else
                credentials_found(q, aws_credentials_new("environment", id, secret,
                                                         aws_environment_get(environment, "AWS_SESSION_TOKEN"),
                                                         USEC_INFINITY));
}

const struct credentials_provider credentials_env = { "environment", start };
