/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS shared files (~/.aws/config and ~/.aws/credentials) as one merged profile. ("Shared config and credentials
 * files", AWS SDKs and Tools Reference Guide.) */
#pragma once

#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/base/ini.h"

/* The value of NAME in a NULL-terminated "NAME=value" list; NULL when absent or empty. `environment` NULL: the
 * process's. Borrowed. */
const char *aws_environment_get(char *const *environment, const char *name);

struct aws_profile {
        char *name;
        bool exists;            /* a section of that name stands in one of the files */
        struct ini *config;
        struct ini *credentials;
        const struct ini_section *config_section;      /* "[profile x]" or "[default]"; NULL: absent */
        const struct ini_section *credentials_section; /* "[x]"; NULL: absent */
};

/* Reads the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name (default: below HOME). A missing file is
 * an empty one. `name` NULL: AWS_PROFILE, else "default". 0, -ENOMEM, -EBADMSG (findings in `diag`), or the -errno of a
 * file that exists and cannot be read (also told in `diag`). */
int aws_profile_load(char *const *environment, const char *name, struct diag *diag, struct aws_profile **ret)
        _must_check_;
struct aws_profile *aws_profile_free(struct aws_profile *p);
DEFINE_CLEANUP(struct aws_profile *, aws_profile_free)

/* Another profile of the same files, as a view that lasts as long as `p` and `name` do and is not freed. */
struct aws_profile aws_profile_view(const struct aws_profile *p, const char *name);

/* A property of the profile, from the credentials file first, then the config file; NULL when absent. Legal on NULL. */
const char *aws_profile_get(const struct aws_profile *p, const char *key);
/* A nested property of the section that `services = NAME` points to: aws_profile_service_get(p, "sqs",
 * "endpoint_url"). NULL when absent. Legal on NULL. */
const char *aws_profile_service_get(const struct aws_profile *p, const char *service, const char *key);
