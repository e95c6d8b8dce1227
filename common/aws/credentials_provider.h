/* SPDX-License-Identifier: Apache-2.0 */
/* What a file that provides credentials is written against. One file per provider, one row in the table of
 * credentials_chain.c; nothing else changes. */
#pragma once

#include <stdbool.h>

#include "common/aws/credentials.h"
#include "common/aws/profile.h"

/* One search along the chain. A provider reads the first part and keeps its state in the second. */
struct credentials_query {
        const struct credentials_options *options;
        struct http *http;

        struct http_call *call;       /* under way; cancelled with the query. NULL it in the callback */
        void *state;                  /* the provider's own; freed with state_free when it has answered */
        void (*state_free)(void *);
};

/* Looks for credentials and answers by exactly one of the three functions below, at once or later from an HTTP
 * callback. After that the query must not be touched. */
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

/* The JSON that container and instance metadata answer with ("AccessKeyId", "SecretAccessKey", "Token", "Expiration").
 * 0, -EBADMSG with a static sentence in *ret_why, -ENOMEM. */
int credentials_from_json(const char *provider, const char *text, size_t len, struct aws_credentials **ret,
                          const char **ret_why) _must_check_;

/* What to do with credentials at `now`; all times are wall clock. No query runs again before `not_before`, so that a
 * broken or slow provider is not asked in a loop. Pure. */
enum credentials_freshness {
        CREDENTIALS_FRESH,    /* use them */
        CREDENTIALS_AGEING,   /* use them, and refresh ahead */
        CREDENTIALS_STALE,    /* wait for a refresh; if it fails they still serve */
        CREDENTIALS_EXPIRED,
};
#define CREDENTIALS_REFRESH_AHEAD_USEC (5 * USEC_PER_MINUTE)
#define CREDENTIALS_REFRESH_MUST_USEC USEC_PER_MINUTE
#define CREDENTIALS_RETRY_USEC (30 * USEC_PER_SEC)
enum credentials_freshness credentials_freshness(uint64_t expires, uint64_t now, uint64_t not_before, uint64_t jitter);

extern const struct credentials_provider credentials_static;
extern const struct credentials_provider credentials_env;
extern const struct credentials_provider credentials_files;
extern const struct credentials_provider credentials_container;
extern const struct credentials_provider credentials_imds;
