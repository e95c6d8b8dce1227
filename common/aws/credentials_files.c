/* SPDX-License-Identifier: Apache-2.0 */
/* A profile of the shared files, by its plan (profile_plan.h): its source is asked, and credentials_found() goes on
 * with the plan's roles. The files are read anew at each search, so rotated keys are found once the old ones are
 * refused. A profile that cannot be followed is an error and not passed over: it says whose identity is wanted. */
#include <errno.h>

#include "common/aws/credentials_provider.h"
#include "common/base/text.h"

static void use_keys(struct credentials_query *q, const struct aws_profile *p) {
        credentials_found(q, aws_credentials_new("files", aws_profile_get(p, "aws_access_key_id"),
                                                 aws_profile_get(p, "aws_secret_access_key"),
                                                 aws_profile_get(p, "aws_session_token"), USEC_INFINITY));
}

static void use_web_identity(struct credentials_query *q, const struct aws_profile *p) {
        _cleanup_free_ char *why = NULL;
        struct sts_role role;
        int r = profile_role(p, &role, &why);
        if (r < 0)
                credentials_failed(q, r, "%s", why ? why : "out of memory");
        else
                credentials_web_identity_start(q, aws_profile_get(p, "web_identity_token_file"), &role);
}

static void use_environment(struct credentials_query *q, const struct aws_profile *p) {
        credentials_env.start(q);
}

static void use_container(struct credentials_query *q, const struct aws_profile *p) {
        credentials_container.start(q);
}

static void use_imds(struct credentials_query *q, const struct aws_profile *p) {
        credentials_imds.start(q);
}

static const struct {
        void (*start)(struct credentials_query *q, const struct aws_profile *p);
        const char *via;
} sources[_PROFILE_SOURCE_COUNT] = {
        [PROFILE_KEYS] = { use_keys, NULL },
        [PROFILE_WEB_IDENTITY] = { use_web_identity, "web_identity_token_file" },
        [PROFILE_SSO] = { credentials_sso_start, "SSO" },
        [PROFILE_PROCESS] = { credentials_process_start, "credential_process" },
        [PROFILE_ENVIRONMENT] = { use_environment, "credential_source = Environment" },
        [PROFILE_CONTAINER] = { use_container, "credential_source = EcsContainer" },
        [PROFILE_IMDS] = { use_imds, "credential_source = Ec2InstanceMetadata" },
};

static void follow(struct credentials_query *q) {
        _cleanup_free_ char *why = NULL;

        int r = profile_plan_make(q->profile, &q->plan, &why);
        if (r < 0) {
                credentials_failed(q, r, "%s", why ? why : "out of memory");
                return;
        }
        if (q->plan.source == PROFILE_NOTHING) {
                credentials_absent(q, "profile '%s' has no credentials", q->profile->name);
                return;
        }
        const struct aws_profile from = q->plan.from;
        q->via = sources[q->plan.source].via;
        sources[q->plan.source].start(q, &from);
}

static void start(struct credentials_query *q) {
        bool named = q->options->profile || aws_environment_get(q->options->environment, "AWS_PROFILE");

        if (!credentials_load_profile(q))
                return;
        if (q->profile->exists)
                follow(q);
        else if (named)
                credentials_failed(q, -EINVAL, "profile '%s' stands in neither of the shared files", q->profile->name);
        else
                credentials_absent(q, "the shared files have no profile '%s'", q->profile->name);
}

const struct credentials_provider credentials_files = { "files", start };
