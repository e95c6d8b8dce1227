/* SPDX-License-Identifier: Apache-2.0 */
/* What a file that provides credentials is written against. One file per provider, one row in the table of
 * credentials_chain.c; nothing else changes. */
#pragma once

#include <stdbool.h>

#include "common/aws/credentials.h"
#include "common/aws/endpoint.h"
#include "common/aws/profile.h"
#include "common/aws/profile_plan.h"
#include "common/aws/sts.h"
#include "common/base/value.h"

/* One search along the chain. */
struct credentials_query {
        const struct credentials_options *options;
        struct http *http;

        /* The step under way: freed when it has answered. */
        struct http_call *call;         /* cancelled with the step. NULL it in the callback */
        struct credentials_wait *wait;  /* on options->base; the same */
        void *state;                    /* the provider's own; freed with state_free */
        void (*state_free)(void *);

        /* What the steps of one provider share: freed when the next provider is asked. */
        struct aws_profile *profile;    /* credentials_load_profile() */
        struct profile_plan plan;       /* plan.role_count: roles that are still to be assumed with what is found next */
        struct aws_credentials *assumer; /* what the role is being assumed with */
        const char *via;                /* for messages, the setting that chose the source; static. While it is set, a
                                         * source that has nothing ends the search */
        bool renewed;                   /* the base was asked for newer credentials */
};

/* Looks for credentials and answers by exactly one of the three functions below, at once or later from a callback of
 * the loop. After that the query must not be touched. */
struct credentials_provider {
        const char *name;
        void (*start)(struct credentials_query *q);
};

/* Found (owned; NULL stands for "memory was out"). */
void credentials_found(struct credentials_query *q, struct aws_credentials *c);
/* Nothing is set that names this provider: the next one is asked. */
void credentials_absent(struct credentials_query *q, const char *fmt, ...) _printf_(2, 3);
/* It is set and does not work: the search ends. `error` is a -errno. Never write a secret into the text. */
void credentials_failed(struct credentials_query *q, int error, const char *fmt, ...) _printf_(3, 4);

/* Loads q->profile unless it is there. False: the query was answered by credentials_failed(). */
bool credentials_load_profile(struct credentials_query *q) _must_check_;
/* Starts a call to STS as the query's step, at the endpoint that its options and profile name, signed with q->assumer
 * or with the web identity's token. Answers by credentials_failed() when it cannot. */
void credentials_ask_sts(struct credentials_query *q, const struct sts_role *role, const char *token, sts_func on_done);
/* Assumes the last of q->plan's roles with `assumer` (owned). */
void credentials_assume(struct credentials_query *q, struct aws_credentials *assumer);

/* Sources that a profile describes; `p` need not outlive the call, the query's profile does. */
void credentials_web_identity_start(struct credentials_query *q, const char *token_file, const struct sts_role *role);
void credentials_sso_start(struct credentials_query *q, const struct aws_profile *p);
void credentials_process_start(struct credentials_query *q, const struct aws_profile *p);

/* Splits a command line as the SDKs do without a shell: blanks separate; '…' is literal; within "…" a \ quotes only " and
 * \, outside it quotes anything. 0 with an owned list, -EINVAL (a quote that is not closed, no word at all), -ENOMEM. */
int credentials_split_command(const char *text, char ***ret) _must_check_;

/* How one kind of JSON answer calls its parts. */
struct credentials_keys {
        const char *access_key_id, *secret_access_key, *session_token;
        const char *expiration;  /* RFC 3339 … */
        bool expires_in_msec;    /* … or milliseconds since 1970 */
};
/* 0, -EBADMSG with a static sentence in *ret_why, -ENOMEM. `v` is of any type. */
int credentials_from_value(const char *provider, const struct value *v, const struct credentials_keys *keys,
                           struct aws_credentials **ret, const char **ret_why) _must_check_;
/* The JSON that container and instance metadata answer with ("AccessKeyId", "SecretAccessKey", "Token", "Expiration").
 * As above. */
int credentials_from_json(const char *provider, const char *text, size_t len, struct aws_credentials **ret,
                          const char **ret_why) _must_check_;
/* What a credential_process writes: the same with "SessionToken", and "Version": 1. */
int credentials_from_process(const char *text, size_t len, struct aws_credentials **ret, const char **ret_why)
        _must_check_;

/* What to do with credentials at `now`; all times are wall clock. No query runs again before `not_before`, so that a
 * broken or slow provider is not asked in a loop. Pure. */
enum credentials_freshness {
        CREDENTIALS_FRESH,    /* use them */
        CREDENTIALS_AGEING,   /* use them, and refresh ahead: to their last second, since a provider may be slow or hang */
        CREDENTIALS_EXPIRED,
};
#define CREDENTIALS_REFRESH_AHEAD_USEC (5 * USEC_PER_MINUTE)
#define CREDENTIALS_RETRY_USEC (30 * USEC_PER_SEC)
enum credentials_freshness credentials_freshness(uint64_t expires, uint64_t now, uint64_t not_before, uint64_t jitter);

extern const struct credentials_provider credentials_static;
extern const struct credentials_provider credentials_env;
extern const struct credentials_provider credentials_web_identity;
extern const struct credentials_provider credentials_files;
extern const struct credentials_provider credentials_container;
extern const struct credentials_provider credentials_imds;
extern const struct credentials_provider credentials_role; /* of a chain with options.role, alone */
