/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Signature Version 4, pure: nothing is read but the arguments. ("Create a signed AWS API request", IAM user
 * guide.) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/aws/http.h"
#include "common/base/buf.h"
#include "common/base/digest.h"

struct aws_credentials;

/* The signing key of a day, region, service and credentials; embed one per client. All zero is empty. */
struct sigv4_key_cache {
        char scope[96];                   /* "20261123/eu-north-1/sqs" */
        uint8_t key[SHA256_BYTES];
        struct aws_credentials *credentials; /* a reference, so that no others can come to stand at its address */
};
void sigv4_key_cache_done(struct sigv4_key_cache *c); /* wipes it */

struct sigv4_request {
        const char *method;
        const char *url;                  /* absolute, or from the path on when a Host header is given */
        const struct http_header *headers; /* all are signed, any order and case; Host is taken from url when absent */
        size_t header_count;
        const void *body;
        size_t body_len;
};

struct sigv4_context {
        uint64_t realtime_usec;
        const char *region;
        const char *service;
        const struct aws_credentials *credentials;
        struct sigv4_key_cache *cache;    /* NULL: derive the key anew */
        bool keep_path;                   /* s3: dot segments and repeated slashes are signed as they stand */
        bool single_encode_path;          /* s3: the path is encoded already and not encoded again */
        bool omit_session_token;          /* sign without x-amz-security-token (added after signing by some services) */
};

/* X-Amz-Date's text and the three texts of a signature; buffers are appended to and may be NULL when not wanted. */
#define SIGV4_DATE_SIZE 17
struct sigv4_result {
        char date[SIGV4_DATE_SIZE];       /* "20261123T082157Z": send it as X-Amz-Date */
        struct buf *canonical_request;
        struct buf *string_to_sign;
        struct buf *authorization;        /* the Authorization header's value */
};

/* Signs. X-Amz-Date (and X-Amz-Security-Token when the credentials have a token) are signed in addition to the given
 * headers unless they are among them; the caller sends both. 0, -EINVAL (no host, bad URL), -ENOMEM, -EIO. */
int sigv4_sign(const struct sigv4_request *request, const struct sigv4_context *context, struct sigv4_result *result)
        _must_check_;
