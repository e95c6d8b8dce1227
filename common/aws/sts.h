/* SPDX-License-Identifier: Apache-2.0 */
/* The Security Token Service: temporary credentials for a role. ("AssumeRole" and "AssumeRoleWithWebIdentity", AWS STS
 * API Reference; Query protocol, version 2011-06-15.) One request per call, and one more when STS says that our clock
 * is wrong; whoever calls decides about another. */
#pragma once

#include <stdbool.h>

#include "common/aws/credentials.h"
#include "common/aws/endpoint.h"
#include "common/aws/error.h"

#define STS_DURATION_MIN_SECONDS 900
#define STS_DURATION_MAX_SECONDS 43200

struct sts_request {
        struct http *http;               /* must outlive the call */
        const struct endpoint *endpoint; /* of endpoint_resolve(AWS_STS); copied */
        const struct sts_role *role;
        const struct aws_credentials *credentials; /* signs AssumeRole */
        const char *web_identity_token;            /* instead: AssumeRoleWithWebIdentity, which is not signed */
        const char *provider;                      /* what the credentials are called; static */
};

/* `error` 0 and `found` (now the callback's), or -errno and `why`, one sentence that never holds a credential;
 * borrowed. `refused` tells that STS did not accept the credentials that signed. The callback may free the call. */
struct sts_answer {
        int error;
        struct aws_credentials *found;
        const char *why;
        bool refused;
};
typedef void (*sts_func)(const struct sts_answer *answer, void *userdata);

struct sts_call;

/* Starts the call; the request's texts are copied. 0: on_done runs once, later, from the loop, and the caller frees the
 * call then or, to end it without a callback, before. -EINVAL, -ENOMEM, -EIO. */
int sts_start(const struct sts_request *request, sts_func on_done, void *userdata, struct sts_call **ret) _must_check_;
struct sts_call *sts_call_free(struct sts_call *call); /* returns NULL */
DEFINE_CLEANUP(struct sts_call *, sts_call_free)

/* --- the protocol, pure ------------------------------------------------------------------------------------------- */

/* Appends the form that asks for `role`; `token` is the web identity's or NULL, `now_usec` names the session of a role
 * that gives it no name. 0 or the buffer's error. */
int sts_encode(struct buf *b, const struct sts_role *role, const char *token, uint64_t now_usec);

/* Appends `s` percent-encoded as in a URL's query. */
int sts_encode_text(struct buf *b, const char *s);

/* The credentials of an answer to either call. 0, -EBADMSG with a static sentence in *ret_why, -ENOMEM. */
int sts_decode(const char *text, size_t len, const char *provider, struct aws_credentials **ret,
               const char **ret_why) _must_check_;

/* The error of an answer that is not 200, whatever its body is. Never fails. */
struct aws_error sts_decode_error(const char *text, size_t len, unsigned http_status);
