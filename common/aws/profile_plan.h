/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile says about credentials, as a plan: one source and the roles to assume with what it gives. ("Assume
 * role credential provider", AWS SDKs and Tools Reference Guide, and the profile tests that the SDKs share.) Pure. */
#pragma once

#include "common/aws/credentials.h"
#include "common/aws/profile.h"

#define PROFILE_ROLES_MAX 8

enum profile_source {
        PROFILE_NOTHING, /* the profile speaks of other things only */
        PROFILE_KEYS,
        PROFILE_WEB_IDENTITY,
        PROFILE_SSO,
        PROFILE_PROCESS,
        PROFILE_ENVIRONMENT, /* the last three: `credential_source` */
        PROFILE_CONTAINER,
        PROFILE_IMDS,
        _PROFILE_SOURCE_COUNT,
};

struct profile_plan {
        enum profile_source source;
        struct aws_profile from;                  /* a view of the profile that describes the source */
        struct sts_role roles[PROFILE_ROLES_MAX]; /* the last is assumed first */
        size_t role_count;
};

/* Everything in the plan is borrowed from `p`. A profile's own `role_arn` is followed before its keys; of a source
 * profile the keys are taken first; one that names itself gives its keys to its own role.
 * 0, -ENOMEM, or with a sentence in *ret_why (owned): -ELOOP (it names the loop), -EINVAL for what is incomplete,
 * contradictory, or cannot be used by a service (mfa_serial). */
int profile_plan_make(const struct aws_profile *p, struct profile_plan *ret, char **ret_why) _must_check_;

/* The role of `p` itself, its duration checked. 0 or, with *ret_why, -EINVAL, -ENOMEM. */
int profile_role(const struct aws_profile *p, struct sts_role *ret, char **ret_why) _must_check_;
