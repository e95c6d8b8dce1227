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

struct credentials_options {
        sd_event *event;
        struct http *http;              /* for container and instance metadata; must outlive the chain */
        char *const *environment;       /* NULL-terminated "NAME=value"; NULL: the process's. Must outlive the chain */
        const char *profile;            /* agent.yaml's; NULL: AWS_PROFILE, else "default" */
        const char *access_key_id;      /* explicit keys: they win over everything; NULL: none */
        const char *secret_access_key;
        const char *session_token;
};

struct credentials_chain;
struct credentials_wait;

/* Copies the options' strings. Nothing is read or asked before the first get. 0 or -ENOMEM. */
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
