/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects are followed here and not by libcurl, which would take headers and bodies along to wherever a server
 * points. */
#include "runner/http_plan.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "runner/secrets.h"

#define CALL_USEC (20 * USEC_PER_DAY) /* the task's own timeout ends it */

/* --- headers --------------------------------------------------------------------------------------------------------- */

static void remove_header(struct http_plan *p, size_t i) {
        free(p->header_names[i]);
        free(p->header_values[i]);
        do {
                p->header_names[i] = p->header_names[i + 1];
                p->header_values[i] = p->header_values[i + 1];
        } while (p->header_names[i++]);
}

/* --- redirects ------------------------------------------------------------------------------------------------------- */

bool http_plan_accepts(const struct http_plan *p, unsigned status) {
        if (p->allow_failed)
                return true;
        if (!p->allowed_codes)
                return status < 400;
        for (size_t i = 0; i < value_count(p->allowed_codes); i++) {
                int64_t code;

                if (value_to_i64(value_list_at(p->allowed_codes, i), &code) == 0 && code == (int64_t)status)
                        return true;
        }
        return false;
}

bool http_plan_follows(const struct http_plan *p, unsigned status, const char *redirect_url) {
        static const unsigned codes[] = { 301, 302, 303, 307, 308 };

        for (size_t i = 0; p->follow_redirects && redirect_url && i < ARRAY_SIZE(codes); i++)
                if (codes[i] == status)
                        return true;
        return false;
}

/* Scheme, host and port: everything before the path. A port that is written out and the same one left out differ here,
 * which errs on the safe side. */
static size_t origin_len(const char *url) {
        const char *host = strstr(url, "://");

        return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strlen(url);
}

static bool same_origin(const char *a, const char *b) {
        size_t len = origin_len(a);

        return len == origin_len(b) && strncasecmp(a, b, len) == 0;
}

/* Headers that say nothing about who asks. Whatever else a flow sets may be a key under a name of the server's own. */
static bool is_harmless(const char *name) {
        static const char *const names[] = { "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language",
                                             "Content-Encoding", "Content-Language", "Content-Type", "User-Agent" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcasecmp(names[i], name) == 0)
                        return true;
        return false;
}

static void drop_credentials(struct http_plan *p, const struct secrets *s) {
        for (size_t i = 0; p->header_names && p->header_names[i];)
                if (!is_harmless(p->header_names[i]) || secrets_holds_one(s, p->header_values[i], strlen(p->header_values[i])))
                        remove_header(p, i);
                else
                        i++;
}

static void drop_body(struct http_plan *p) {
        for (size_t i = 0; p->header_names && p->header_names[i];)
                if (strncasecmp(p->header_names[i], "Content-", 8) == 0)
                        remove_header(p, i);
                else
                        i++;
        free(p->body);
        p->body = NULL;
        p->body_len = 0;
}

int http_plan_redirect(struct http_plan *p, const struct secrets *s, unsigned status, const char *url,
                       const char **ret_problem) {
        bool elsewhere = !same_origin(p->url, url), to_get;
        int r;

        *ret_problem = NULL;
        if (++p->redirects > HTTP_PLAN_REDIRECTS_MAX) {
                *ret_problem = "it redirects too often";
                return -EPROTO;
        }
        to_get = (status == 303 && !text_eq(p->method, "HEAD")) || (status <= 302 && text_eq(p->method, "POST"));
        if (to_get) {
                r = text_replace(&p->method, "GET");
                if (r < 0)
                        return r;
                drop_body(p);
        }
        if (elsewhere && p->body && secrets_holds_one(s, p->body, p->body_len)) {
                *ret_problem = "it redirects to another server, and the body holds a secret";
                return -EPROTO;
        }
        if (elsewhere)
                drop_credentials(p, s);
        return text_replace(&p->url, url);
}

/* --- the request ----------------------------------------------------------------------------------------------------- */

struct http_request http_plan_request(const struct http_plan *p, struct http_header *headers) {
        size_t count = 0;

        for (; p->header_names && p->header_names[count]; count++)
                headers[count] = (struct http_header){ p->header_names[count], p->header_values[count] };
        return (struct http_request){
                .method = p->method,
                .url = p->url,
                .headers = headers,
                .header_count = count,
                .body = p->body,
                .body_len = p->body_len,
                .timeout_usec = CALL_USEC,
                .connect_timeout_usec = p->connect_timeout_usec,
                .idle_timeout_usec = p->idle_timeout_usec,
                .response_max_bytes = p->response_max_bytes,
                .flags = p->insecure ? HTTP_TLS_INSECURE : 0,
                .proxy = p->proxy,
                .proxy_user = p->proxy_user,
                .proxy_password = p->proxy_password,
        };
}

char *http_plan_shown_url(const struct http_plan *p) {
        const char *scheme = strstr(p->url, "://"), *host = scheme ? scheme + 3 : p->url;
        const char *at = memchr(host, '@', strcspn(host, "/?#"));

        if (at)
                host = at + 1;
        return text_printf("%.*s%.*s", scheme ? (int)(scheme + 3 - p->url) : 0, p->url, (int)strcspn(host, "?#"), host);
}

void http_plan_done(struct http_plan *p) {
        text_list_free(p->header_names);
        for (char **v = p->header_values; v && *v; v++)
                secret_wipe(*v, strlen(*v));
        text_list_free(p->header_values);
        free(p->method);
        free(p->url);
        if (p->body)
                secret_wipe(p->body, p->body_len);
        free(p->body);
        free(p->proxy);
        free(p->proxy_user);
        secret_free(p->proxy_password);
        value_unref(p->allowed_codes);
        *p = (struct http_plan){ 0 };
}
