/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a request. Handles are reused, so every option that may differ is set for every call, also to its
 * default. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/aws/http_private.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define RECEIVE_BUFFER_DEFAULT (16 * 1024L)
#define KEEPALIVE_IDLE_SECONDS 60L /* NAT gateways forget a silent connection after 350 s */
#define IDLE_MAX_SECONDS UINT64_C(118)  /* libcurl's own */
#define TRUST_SECONDS UINT64_C(86400)  /* libcurl's own */
#define REDIRECT_MAX 5L

/* Sets one option and leaves the function with what failed. */
#define SET(easy, option, value)                                                                                       \
        do {                                                                                                           \
                CURLcode _code = curl_easy_setopt((easy), (option), (value));                                          \
                if (_code != CURLE_OK)                                                                                 \
                        return _code;                                                                                  \
        } while (0)

static CURLcode set_protocols(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
        SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        SET(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
        SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
        SET(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
        return CURLE_OK;
}

static CURLcode set_constant(struct http *h, CURL *easy) {
        SET(easy, CURLOPT_NOSIGNAL, 1L);
        SET(easy, CURLOPT_NOPROGRESS, 1L);
        SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
        SET(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS);
        SET(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_IDLE_SECONDS / 4);
        SET(easy, CURLOPT_MAXREDIRS, REDIRECT_MAX);
        SET(easy, CURLOPT_USERAGENT, h->user_agent);
#if LIBCURL_VERSION_NUM >= 0x075700
        /* The thread that looks a name up is left to itself when its call ends before it; else libcurl waits for it, and
         * with it the whole loop, for as long as no name server answers. */
        SET(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
        CURLcode c = set_protocols(easy);
        return c == CURLE_OK ? http_sockets_setopt(h, easy) : c;
}

CURL *http_easy_new(struct http *h) {
        CURL *easy = curl_easy_init();
        if (easy && set_constant(h, easy) != CURLE_OK) {
                curl_easy_cleanup(easy);
                return NULL;
        }
        return easy;
}

static CURLcode set_method(CURL *easy, const struct http_request *r) {
        const char *method = r->method ? r->method : r->body ? "POST" : "GET";
        bool post = text_eq(method, "POST");
        if (r->body || post || text_eq(method, "PUT") || text_eq(method, "PATCH")) {
                SET(easy, CURLOPT_POST, 1L);
                SET(easy, CURLOPT_POSTFIELDS, r->body ? r->body : "");
                SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->body_len : 0));
                SET(easy, CURLOPT_CUSTOMREQUEST, post ? NULL : method);
                return CURLE_OK;
        }
        SET(easy, CURLOPT_POSTFIELDS, NULL);
        SET(easy, CURLOPT_HTTPGET, 1L);
        SET(easy, CURLOPT_NOBODY, text_eq(method, "HEAD") ? 1L : 0L);
        SET(easy, CURLOPT_CUSTOMREQUEST, text_eq(method, "GET") || text_eq(method, "HEAD") ? NULL : method);
        return CURLE_OK;
}

/* What is kept of the bundle is read anew when a certificate was refused since: the file may have been mended. Never
 * twice within a second, since that takes ten milliseconds. */
static CURLcode set_trust_age(CURL *easy, const struct http *h) {
#if LIBCURL_VERSION_NUM >= 0x075700
        uint64_t since = usec_sub(clock_monotonic_usec(), h->distrusted_usec) / USEC_PER_SEC;
        since = h->distrusted_usec ? MAX(since, UINT64_C(1)) : TRUST_SECONDS;
        SET(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)MIN(since, TRUST_SECONDS));
#endif
        return CURLE_OK;
}

/* libcurl (7.87 and later) keeps the parsed CA bundle for all connections, but only when no folder of certificates is
 * set beside it; distributions set both, so the folder is taken away where there is a bundle. */
static CURLcode set_trust(CURL *easy, const struct http *h, const struct http_request *r) {
        const char *bundle = r->ca_file ? r->ca_file : h->ca_file;
        SET(easy, CURLOPT_CAINFO, bundle);
        SET(easy, CURLOPT_CAPATH, bundle ? NULL : curl_version_info(CURLVERSION_NOW)->capath);
        SET(easy, CURLOPT_SSL_VERIFYPEER, r->flags & HTTP_TLS_INSECURE ? 0L : 1L);
        SET(easy, CURLOPT_SSL_VERIFYHOST, r->flags & HTTP_TLS_INSECURE ? 0L : 2L);
        return set_trust_age(easy, h);
}

static long milliseconds(uint64_t usec) {
        uint64_t ms = (usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
        return (long)MIN(ms, (uint64_t)INT32_MAX);
}

static CURLcode set_limits(CURL *easy, const struct http_request *r) {
        uint64_t total = r->timeout_usec ? r->timeout_usec : HTTP_TIMEOUT_DEFAULT_USEC;
        uint64_t connect = r->connect_timeout_usec ? r->connect_timeout_usec : HTTP_CONNECT_TIMEOUT_DEFAULT_USEC;
        SET(easy, CURLOPT_TIMEOUT_MS, milliseconds(total));
        SET(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(MIN(connect, total)));
        SET(easy, CURLOPT_LOW_SPEED_LIMIT, r->idle_timeout_usec ? 1L : 0L);
        SET(easy, CURLOPT_LOW_SPEED_TIME, (milliseconds(r->idle_timeout_usec) + 999) / 1000);
        SET(easy, CURLOPT_BUFFERSIZE, r->receive_buffer_bytes ? (long)r->receive_buffer_bytes : RECEIVE_BUFFER_DEFAULT);
        return CURLE_OK;
}

/* A network that forgets connections (a NAT gateway that was replaced) forgets all of them, and the idle ones would each
 * cost a call its whole time. So after a failure only those are used again that served a call since. */
static CURLcode set_reuse(CURL *easy, const struct http *h) {
        uint64_t since = usec_sub(clock_monotonic_usec(), h->failed_usec) / USEC_PER_SEC;
        SET(easy, CURLOPT_MAXAGE_CONN, (long)(h->failed_usec ? MIN(since, IDLE_MAX_SECONDS) : IDLE_MAX_SECONDS));
        return CURLE_OK;
}

static CURLcode set_proxy(CURL *easy, const struct http_request *r) {
        SET(easy, CURLOPT_NOPROXY, r->flags & HTTP_NO_PROXY ? "*" : r->proxy ? "" : NULL);
        SET(easy, CURLOPT_PROXY, r->proxy);
        SET(easy, CURLOPT_PROXYUSERNAME, r->proxy_user);
        SET(easy, CURLOPT_PROXYPASSWORD, r->proxy_password);
        return CURLE_OK;
}

CURLcode http_easy_prepare(CURL *easy, const struct http *h, const struct http_request *r) {
        CURLcode c = set_method(easy, r);
        if (c == CURLE_OK)
                c = set_trust(easy, h, r);
        if (c == CURLE_OK)
                c = set_limits(easy, r);
        if (c == CURLE_OK)
                c = set_reuse(easy, h);
        if (c != CURLE_OK)
                return c;
        SET(easy, CURLOPT_URL, r->url);
        SET(easy, CURLOPT_FOLLOWLOCATION, r->flags & HTTP_FOLLOW_REDIRECTS ? 1L : 0L);
        return set_proxy(easy, r);
}

static const struct {
        CURLcode code;
        int error;
} errors[] = {
        { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
        { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
        { CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
        { CURLE_COULDNT_CONNECT, -ECONNREFUSED },
        { CURLE_SEND_ERROR, -ECONNRESET },
        { CURLE_RECV_ERROR, -ECONNRESET },
        { CURLE_GOT_NOTHING, -ECONNRESET },
        { CURLE_PARTIAL_FILE, -ECONNRESET },
        { CURLE_WEIRD_SERVER_REPLY, -EPROTO },
        { CURLE_UNSUPPORTED_PROTOCOL, -EPROTO },
        { CURLE_TOO_MANY_REDIRECTS, -EPROTO },
        { CURLE_SSL_CONNECT_ERROR, -EPROTO },
        { CURLE_PEER_FAILED_VERIFICATION, -EPROTO },
        { CURLE_SSL_CERTPROBLEM, -EPROTO },
        { CURLE_SSL_CIPHER, -EPROTO },
        { CURLE_SSL_CACERT_BADFILE, -EPROTO },
        { CURLE_SSL_ISSUER_ERROR, -EPROTO },
        { CURLE_SSL_SHUTDOWN_FAILED, -EPROTO },
        { CURLE_URL_MALFORMAT, -EINVAL },
        { CURLE_OUT_OF_MEMORY, -ENOMEM },
};

int http_easy_errno(CURL *easy, CURLcode code) {
        long os_errno = 0;
        if (code == CURLE_COULDNT_CONNECT && curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno) == CURLE_OK &&
            os_errno > 0)
                return -(int)os_errno;
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (errors[i].code == code)
                        return errors[i].error;
        return -EIO;
}
