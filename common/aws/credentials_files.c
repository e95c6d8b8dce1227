/* SPDX-License-Identifier: Apache-2.0 */
/* The static keys of a profile. The files are read anew at each search, so rotated keys are found once the old ones are
 * refused. A profile that asks for anything else is an error and not passed over: it says whose identity is wanted. */
#include <errno.h>

#include "common/aws/credentials_provider.h"
#include "common/base/text.h"

/* Properties that name a source of credentials this file does not read. */
static const char *const other_sources[] = {
        "role_arn", "web_identity_token_file", "credential_process", "sso_session", "sso_account_id",
};

static const char *other_source(const struct aws_profile *p) {
        for (size_t i = 0; i < ARRAY_SIZE(other_sources); i++)
                if (aws_profile_get(p, other_sources[i]))
                        return other_sources[i];
        return NULL;
}

static void answer(struct credentials_query *q, const struct aws_profile *p) {
        const char *id = aws_profile_get(p, "aws_access_key_id");
        const char *secret = aws_profile_get(p, "aws_secret_access_key");
        const char *other = other_source(p);
        bool named = q->options->profile || aws_environment_get(q->options->environment, "AWS_PROFILE");

        if (!p->exists && named)
                credentials_failed(q, -EINVAL, "profile '%s' stands in neither of the shared files", p->name);
        else if (!p->exists)
                credentials_absent(q, "the shared files have no profile '%s'", p->name);
        else if (other)
                credentials_failed(q, -EOPNOTSUPP, "profile '%s' uses %s, which is not supported", p->name, other);
        else if (id && secret)
                credentials_found(q, aws_credentials_new("files", id, secret, aws_profile_get(p, "aws_session_token"),
                                                         USEC_INFINITY));
        else if (id || secret)
                credentials_failed(q, -EINVAL, "profile '%s' has no %s", p->name,
                                   id ? "aws_secret_access_key" : "aws_access_key_id");
        else
                credentials_absent(q, "profile '%s' has no keys", p->name);
}

static void start(struct credentials_query *q) {
        _cleanup_(aws_profile_freep) struct aws_profile *p = NULL;
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;

        int r = aws_profile_load(q->options->environment, q->options->profile, &diag, &p);
        if (r == 0) {
                answer(q, p);
                return;
        }
        const struct diag_entry *e = diag.count > 0 ? &diag.entries[0] : NULL;
        if (e)
                credentials_failed(q, r, "%s:%u: %s", e->file, e->line, e->message);
        else
                credentials_failed(q, r, "the shared files cannot be read");
}

const struct credentials_provider credentials_files = { "files", start };
