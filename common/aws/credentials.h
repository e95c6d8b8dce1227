/* SPDX-License-Identifier: Apache-2.0 */
/* Where AWS credentials come from: a chain of providers, asked in order, with the answer cached and refreshed ahead of
 * its expiry by one request however many wait.
 *
 * A provider that is not configured is passed over. One that is configured but fails ends the search: a host must not
 * slip into another identity because its own is broken. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/aws/http.h"
#include "common/base/clock.h"

/* Immutable and reference counted; wiped when the last reference goes. */
struct aws_credentials {
        char *access_key_id;
        char *secret_access_key;
        char *session_token;       /* NULL: long-term keys */
        uint64_t expires_usec;     /* wall clock; USEC_INFINITY: never */
        const char *provider;      /* "environment", "imds" …; static */
        unsigned references;
};

/* All strings are copied; `session_token` may be NULL or "" (none). NULL: out of memory. */
struct aws_credentials *aws_credentials_new(const char *provider, const char *access_key_id,
                                            const char *secret_access_key, const char *session_token,
                                            uint64_t expires_usec);
struct aws_credentials *aws_credentials_ref(const struct aws_credentials *c);
struct aws_credentials *aws_credentials_unref(struct aws_credentials *c); /* returns NULL */
DEFINE_CLEANUP(struct aws_credentials *, aws_credentials_unref)

/* A role to assume. ("AssumeRole", AWS STS API Reference.) */
struct sts_role {
        const char *arn;           /* NULL: no role */
        const char *external_id;   /* NULL: none */
        const char *session_name;  /* NULL: "sqsflow-" and the time */
        unsigned duration_seconds; /* 900 to 43200; 0: STS's default, an hour */
};

#define CREDENTIALS_PROCESS_TIMEOUT_USEC USEC_PER_MINUTE
#define CREDENTIALS_SEARCH_MAX_USEC (2 * USEC_PER_MINUTE) /* all providers, each with its own limit, take less together */

struct credentials_options {
        sd_event *event;
        struct http *http;              /* for every provider that asks a server; must outlive the chain */
        char *const *environment;       /* NULL-terminated "NAME=value"; NULL: the process's. Must outlive the chain */
        const char *profile;            /* agent.yaml's; NULL: AWS_PROFILE, else "default" */
        const char *access_key_id;      /* explicit keys: they win over everything; NULL: none */
        const char *secret_access_key;
        const char *session_token;
        const char *region;             /* where STS is asked; NULL: AWS_REGION, the profile's, at last us-east-1 */
        uint64_t process_timeout_usec;  /* of a credential_process; 0: CREDENTIALS_PROCESS_TIMEOUT_USEC */

        /* With a role, the chain is a layer upon another: it gives the credentials of this role, assumed with those of
         * `base`, which must outlive it; the keys above have no meaning then. Without `base` it makes that chain itself, of
         * what stands above, and owns it. */
        struct sts_role role;
        struct credentials_chain *base;
        const char *sts_endpoint;       /* of this role; NULL: as endpoint_resolve() finds it */
};

struct credentials_chain;
struct credentials_wait;

/* Copies the options' strings. Nothing is read or asked before the first get. 0, -ENOMEM, -EINVAL (a
 * base without a role, a duration that STS does not take). */
int credentials_chain_new(const struct credentials_options *options, struct credentials_chain **ret) _must_check_;
/* Ends all waits without a callback; not from inside one. Returns NULL. */
struct credentials_chain *credentials_chain_free(struct credentials_chain *c);
DEFINE_CLEANUP(struct credentials_chain *, credentials_chain_free)

/* Credentials that may sign now, or NULL: then use credentials_get(). Borrowed until the next loop turn. Starts the
 * refresh ahead when it is due (5 min before the expiry, less a jitter; from 1 min before it only a refresh helps). */
const struct aws_credentials *credentials_cached(struct credentials_chain *c);

/* `error` 0 with credentials, or -errno (-ENOENT: no provider had any) with `why`: every provider that was tried and
 * its reason, one line. All borrowed for the call. */
typedef void (*credentials_func)(int error, const struct aws_credentials *credentials, const char *why, void *userdata);

/* Asks; on_done runs once, later, from the loop. Waits join the refresh that is under way. */
int credentials_get(struct credentials_chain *c, credentials_func on_done, void *userdata,
                    struct credentials_wait **ret_wait) _must_check_;
struct credentials_wait *credentials_cancel(struct credentials_wait *wait); /* NULL is legal; returns NULL */

/* The server said that these expired: the next get asks the providers again. Ignored when `used` is not what is
 * cached any more, so many failed calls cause one refresh. */
void credentials_expire(struct credentials_chain *c, const struct aws_credentials *used);
