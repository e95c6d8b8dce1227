/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of a request, the first of SigV4's steps. Used by sigv4.c. */
#pragma once

#include "common/aws/sigv4.h"

struct canonical_headers {
        struct canonical_header *list; /* sorted by name */
        size_t count;
        size_t capacity;
        char *host;                    /* when it came from the URL */
};

/* Collects the request's headers, and Host from the URL when there is none. `extra` ones are added unless a header of
 * that name was given. 0, -EINVAL (no host), -ENOMEM. */
int canonical_headers_init(struct canonical_headers *h, const struct sigv4_request *r, const struct http_header *extra,
                           size_t extra_count) _must_check_;
void canonical_headers_done(struct canonical_headers *h);

/* Appends "content-type;host;x-amz-date". */
int canonical_signed_names(struct buf *b, const struct canonical_headers *h);

/* Appends the canonical request. 0, -EINVAL, or the buffer's error. */
int canonical_request(struct buf *b, const struct sigv4_request *r, const struct canonical_headers *h,
                      const struct sigv4_context *c);
