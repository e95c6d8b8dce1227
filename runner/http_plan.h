/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP task asks for: its properties, rendered and read, and what a redirect makes of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/aws/http.h"
#include "common/base/value.h"

#define HTTP_PLAN_RESPONSE_BYTES_DEFAULT (10ul * 1024 * 1024)
#define HTTP_PLAN_RESPONSE_BYTES_MAX (64ul * 1024 * 1024)
#define HTTP_PLAN_REDIRECTS_MAX 10

struct secrets;
struct task_run;

struct http_plan {
        char *method, *url;
        char **header_names, **header_values; /* lists of the same length */
        char *body;
        size_t body_len;
        uint64_t connect_timeout_usec, idle_timeout_usec;
        char *proxy, *proxy_user, *proxy_password;
        bool follow_redirects, allow_failed, insecure;
        struct value *allowed_codes;          /* list; NULL: anything below 400 */
        size_t response_max_bytes;
        unsigned redirects;                   /* followed so far */
};

/* Reads the task's properties. On failure the attempt has been failed. */
int http_plan_make(struct task_run *run, struct http_plan *ret) _must_check_;
void http_plan_done(struct http_plan *p);

/* Whether an answer of this status is a success. Pure. */
bool http_plan_accepts(const struct http_plan *p, unsigned status);
/* Whether it is a redirect that is to be followed. Pure. */
bool http_plan_follows(const struct http_plan *p, unsigned status, const char *redirect_url);
/* Goes where a redirect points to, with the method and body that the status asks for (RFC 9110 section 15.4). To
 * another scheme, host or port go only headers that cannot authenticate, and no body that holds a secret. 0;
 * -EPROTO with a static *ret_problem: it is not followed; -ENOMEM. */
int http_plan_redirect(struct http_plan *p, const struct secrets *s, unsigned status, const char *url,
                       const char **ret_problem) _must_check_;

/* The request; borrows from the plan. `headers` has room for one per name in the list. */
struct http_request http_plan_request(const struct http_plan *p, struct http_header *headers);
/* The URL without what may be secret (user, query): for messages. Owned; NULL when memory is out. Pure. */
char *http_plan_shown_url(const struct http_plan *p);
