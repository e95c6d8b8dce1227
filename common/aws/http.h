/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests on the event loop: a libcurl multi handle on sd-event. Only http*.c include curl.h.
 *
 * HTTP/1.1, connections and easy handles are reused, TCP keepalive is on, TLS is verified, the proxy variables of the
 * environment (http_proxy, https_proxy, no_proxy) are honoured. Signals are never used; the program ignores SIGPIPE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/base/buf.h"

struct http;
struct http_call;

struct http_options {
        const char *ca_file;    /* PEM bundle (AWS_CA_BUNDLE); NULL: the system's */
        const char *user_agent; /* NULL: "sqsflow/VERSION" */
};

/* `options` may be NULL; its strings are copied. 0, -ENOMEM, -EIO when libcurl refuses an option. */
int http_new(sd_event *event, const struct http_options *options, struct http **ret) _must_check_;
/* Cancels every call (no callback runs). Not from inside a callback of this http. Returns NULL. */
struct http *http_free(struct http *h);
DEFINE_CLEANUP(struct http *, http_free)

struct http_header {
        const char *name;
        const char *value; /* without CR and LF (-EINVAL) */
};

enum {
        HTTP_FOLLOW_REDIRECTS = 1 << 0, /* at most 5, http and https only */
        HTTP_TLS_INSECURE = 1 << 1,     /* do not verify the server's certificate */
        HTTP_NO_PROXY = 1 << 2,         /* for link-local metadata services */
};

#define HTTP_TIMEOUT_DEFAULT_USEC UINT64_C(30000000)
#define HTTP_CONNECT_TIMEOUT_DEFAULT_USEC UINT64_C(8000000) /* a resolver leaves a dead name server after 5 s */
#define HTTP_RESPONSE_MAX_DEFAULT ((size_t)16 * 1024 * 1024)

/* Takes a piece of an answer's body; `status` is the answer's. 0, or -errno, which ends the call. It may not start or
 * cancel a call. */
typedef int (*http_body_func)(unsigned status, const char *data, size_t len, void *userdata);

struct http_request {
        const char *method;         /* NULL: "POST" with a body, else "GET" */
        const char *url;            /* http:// or https:// */
        const struct http_header *headers;
        size_t header_count;
        const void *body;           /* NULL: none. BORROWED UNTIL THE CALL ENDED; the rest is copied by http_start */
        size_t body_len;
        uint64_t timeout_usec;      /* the whole call, hard; 0: HTTP_TIMEOUT_DEFAULT_USEC */
        uint64_t connect_timeout_usec; /* 0: the default, and never more than timeout_usec */
        size_t response_max_bytes;  /* of the body; 0: the default. Beyond: the call fails with -EFBIG */
        size_t receive_buffer_bytes; /* memory held while waiting; 0: 16 KiB. Many idle long polls want less */
        uint64_t idle_timeout_usec; /* so long without a byte ends it (-ETIMEDOUT); rounded up to seconds; 0: no limit */
        unsigned flags;
        const char *ca_file;        /* instead of http_options.ca_file; NULL: that one */
        const char *proxy;          /* URL: http://HOST:PORT, socks5h://…; "": none; NULL: the environment's */
        const char *proxy_user, *proxy_password; /* NULL: none */
        http_body_func on_body;     /* instead of response->body; NULL: collect it there. Gets http_start's userdata */
};

/* What on_done gets; borrowed for the duration of the callback. */
struct http_response {
        int error;              /* 0: an answer of any status came whole. Else -errno: -ETIMEDOUT, -ECONNREFUSED,
                                 * -ECONNRESET, -EHOSTUNREACH (name or route), -EPROTO (TLS, not HTTP), -EFBIG,
                                 * -ENOMEM, -EIO */
        const char *error_text; /* NULL when error is 0 */
        unsigned status;        /* HTTP status, 0 when none came */
        struct buf *body;       /* the callback may buf_take() it */
        const struct buf *headers; /* for http_response_header() */
        const char *redirect_url;  /* where a 3xx that was not followed points to, absolute; else NULL */
};

typedef void (*http_done_func)(const struct http_response *response, void *userdata);

/* Starts a call. 0: on_done runs exactly once, later, from the loop, unless the call is cancelled before. `ret_call`
 * (may be NULL) is valid until on_done is called. -EINVAL for a URL or header that cannot be sent, -ENOMEM. */
int http_start(struct http *h, const struct http_request *request, http_done_func on_done, void *userdata,
               struct http_call **ret_call) _must_check_;
/* Ends a call without on_done; its connection is closed if an answer was under way. NULL is legal. Returns NULL. */
struct http_call *http_cancel(struct http_call *call);

/* The value of the last header of that name (any case) in the final answer; NULL when absent. Borrowed. */
const char *http_response_header(const struct http_response *response, const char *name);

/* The Date header (RFC 9110, IMF-fixdate) as wall clock; false when it is absent or not one. */
bool http_response_date(const struct http_response *response, uint64_t *ret_realtime_usec);

/* The headers one after another; *at begins with 0. False at the end; else name (not NUL-terminated) and value. */
bool http_response_next(const struct http_response *response, size_t *at, const char **ret_name, size_t *ret_name_len,
                        const char **ret_value);

/* Calls under way: for status and tests. */
size_t http_active_count(const struct http *h);
