/* SPDX-License-Identifier: Apache-2.0 */
/* A token file that someone else keeps fresh (EKS's service account tokens, an OIDC agent), exchanged for a role's
 * credentials. ("Assume role with web identity", AWS SDKs and Tools Reference Guide.) The file is read anew each time.
 * Half a set-up is an error: the host was meant to have an identity of its own. */
#include <errno.h>
#include <string.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"

#define TOKEN_MAX_BYTES ((size_t)64 * 1024)

static void on_answer(const struct sts_answer *answer, void *userdata) {
        struct credentials_query *q = userdata;
        if (answer->error < 0)
                credentials_failed(q, answer->error, "%s", answer->why);
        else
                credentials_found(q, answer->found);
}

void credentials_web_identity_start(struct credentials_query *q, const char *token_file, const struct sts_role *role) {
        _cleanup_(secret_freep) char *token = NULL;
        size_t len = 0;

        int r = file_read(token_file, TOKEN_MAX_BYTES, &token, &len);
        if (r < 0) {
                credentials_failed(q, r, "the token file %s cannot be read: %s", token_file, strerror(-r));
                return;
        }
        while (len > 0 && strchr(" \t\r\n", token[len - 1]))
                token[--len] = '\0';
        if (len == 0 || strlen(token) != len)
                credentials_failed(q, -EINVAL, "the token file %s holds no token", token_file);
        else
                credentials_ask_sts(q, role, token, on_answer);
}

static void start(struct credentials_query *q) {
        char *const *environment = q->options->environment;
        const char *file = aws_environment_get(environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
        const struct sts_role role = {
                .arn = aws_environment_get(environment, "AWS_ROLE_ARN"),
                .session_name = aws_environment_get(environment, "AWS_ROLE_SESSION_NAME"),
        };
        if (q->options->profile)
                credentials_absent(q, "the configuration names profile '%s'", q->options->profile);
        else if (!file && !role.arn)
                credentials_absent(q, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        else if (!file || !role.arn)
                credentials_failed(q, -EINVAL, "%s is not set", file ? "AWS_ROLE_ARN" : "AWS_WEB_IDENTITY_TOKEN_FILE");
        else
                credentials_web_identity_start(q, file, &role);
}

const struct credentials_provider credentials_web_identity = { "web identity", start };
