/* SPDX-License-Identifier: Apache-2.0 */
/* From a task's properties to a plan. Options stand in a table, with the older spellings that Kestra still reads. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/http_form.h"
#include "runner/http_plan.h"
#include "runner/render.h"
#include "runner/task_run.h"
#include "runner/value_text.h"

#define CONTENT_TYPE_DEFAULT "application/json"
#define CONTENT_TYPE_MULTIPART "multipart/form-data"
#define CONTENT_TYPE_URLENCODED "application/x-www-form-urlencoded"
#define READ_IDLE_DEFAULT_USEC (5 * USEC_PER_MINUTE)
#define CONNECT_DEFAULT_USEC (30 * USEC_PER_SEC)

/* While one plan is read: `problem` is why it cannot be, NULL stands for "out of memory". */
struct reading {
        struct task_run *run;
        struct http_plan *plan;
        char *problem;
};

/* --- options --------------------------------------------------------------------------------------------------------- */

/* A value two levels down at most: "timeout.connectTimeout". */
static const struct value *find(const struct value *options, const char *group, const char *name) {
        const struct value *map = group ? value_map_get(options, group) : options;

        return map && value_type(map) == VALUE_MAP ? value_map_get(map, name) : NULL;
}

static int read_duration(struct reading *r, const char *name, const struct value *v, void *field) {
        _cleanup_free_ char *text = value_text(v);

        if (!text)
                return -ENOMEM;
        if (duration_parse(text, field) == 0)
                return 0;
        r->problem = text_printf("%s: '%s' is not a duration such as PT30S", name, text);
        return -EINVAL;
}

static int read_bool(struct reading *r, const char *name, const struct value *v, void *field) {
        if (value_type(v) == VALUE_BOOL)
                *(bool *)field = value_bool(v);
        else if (value_type(v) == VALUE_STRING && strcasecmp(value_string(v), "true") == 0)
                *(bool *)field = true;
        else if (value_type(v) == VALUE_STRING && strcasecmp(value_string(v), "false") == 0)
                *(bool *)field = false;
        else {
                r->problem = text_printf("%s is neither true nor false", name);
                return -EINVAL;
        }
        return 0;
}

static int read_text(struct reading *r, const char *name, const struct value *v, void *field) {
        *(char **)field = value_text(v);
        return *(char **)field ? 0 : -ENOMEM;
}

static int read_codes(struct reading *r, const char *name, const struct value *v, void *field) {
        if (value_type(v) != VALUE_LIST) {
                r->problem = text_printf("%s is not a list of status codes", name);
                return -EINVAL;
        }
        *(struct value **)field = value_ref(v);
        return 0;
}

static int read_bytes(struct reading *r, const char *name, const struct value *v, void *field) {
        _cleanup_free_ char *text = value_text(v);
        int64_t bytes;

        if (!text)
                return -ENOMEM;
        if (text_to_i64(text, 1, (int64_t)HTTP_PLAN_RESPONSE_BYTES_MAX, &bytes) < 0) {
                r->problem = text_printf("%s must be a number of bytes up to %lu", name, HTTP_PLAN_RESPONSE_BYTES_MAX);
                return -EINVAL;
        }
        *(size_t *)field = (size_t)bytes;
        return 0;
}

#define OPTION(in_group, called, reader, member) { in_group, called, reader, offsetof(struct http_plan, member) }
static const struct {
        const char *group, *name;
        int (*read)(struct reading *r, const char *name, const struct value *v, void *field);
        size_t offset;
} options_table[] = {
        OPTION(NULL, "connectTimeout", read_duration, connect_timeout_usec),
        OPTION(NULL, "readTimeout", read_duration, idle_timeout_usec),
        OPTION("timeout", "connectTimeout", read_duration, connect_timeout_usec),
        OPTION("timeout", "readIdleTimeout", read_duration, idle_timeout_usec),
        OPTION(NULL, "followRedirects", read_bool, follow_redirects),
        OPTION(NULL, "allowFailed", read_bool, allow_failed),
        OPTION(NULL, "allowedResponseCodes", read_codes, allowed_codes),
        OPTION(NULL, "maxContentLength", read_bytes, response_max_bytes),
        OPTION("ssl", "insecureTrustAllCertificates", read_bool, insecure),
        OPTION("proxy", "username", read_text, proxy_user),
        OPTION("proxy", "password", read_text, proxy_password),
};

static int read_options(struct reading *r, const struct value *options) {
        for (size_t i = 0; i < ARRAY_SIZE(options_table); i++) {
                const struct value *v = find(options, options_table[i].group, options_table[i].name);
                int k = 0;

                if (v && value_type(v) != VALUE_NULL)
                        k = options_table[i].read(r, options_table[i].name, v, (char *)r->plan + options_table[i].offset);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int read_proxy(struct reading *r, const struct value *options) {
        static const struct {
                const char *type, *scheme; /* NULL: no proxy at all */
        } types[] = { { "DIRECT", NULL }, { "HTTP", "http" }, { "SOCKS", "socks5h" } };
        const struct value *type = find(options, "proxy", "type"), *address = find(options, "proxy", "address"),
                           *port = find(options, "proxy", "port");
        _cleanup_free_ char *type_text = type ? value_text(type) : text_dup(address ? "HTTP" : "DIRECT");
        _cleanup_free_ char *host = address ? value_text(address) : NULL, *port_text = port ? value_text(port) : NULL;

        if (!value_map_get(options, "proxy"))
                return 0;
        for (size_t i = 0; type_text && i < ARRAY_SIZE(types); i++) {
                if (strcasecmp(types[i].type, type_text) != 0)
                        continue;
                if (types[i].scheme && (!host || !*host || strpbrk(host, "/@ "))) {
                        r->problem = text_dup("proxy.address is not a host's name");
                        return -EINVAL;
                }
                r->plan->proxy = types[i].scheme ? text_printf("%s://%s%s%s", types[i].scheme, host, port_text ? ":" : "",
                                                               port_text ? port_text : "") :
                                                   text_dup("");
                return r->plan->proxy ? 0 : -ENOMEM;
        }
        r->problem = text_dup("proxy.type is not DIRECT, HTTP or SOCKS");
        return -EINVAL;
}

/* --- headers --------------------------------------------------------------------------------------------------------- */

static bool has_header(const struct http_plan *p, const char *name) {
        for (char **n = p->header_names; n && *n; n++)
                if (strcasecmp(*n, name) == 0)
                        return true;
        return false;
}

static int add_header(struct reading *r, const char *name, const char *value) {
        int k;

        if (!*name || strpbrk(name, ": \t\r\n") || strpbrk(value, "\r\n")) {
                r->problem = text_printf("the header '%s' holds a line end, or its name is none", name);
                return -EINVAL;
        }
        k = text_list_add(&r->plan->header_names, name);
        return k < 0 ? k : text_list_add(&r->plan->header_values, value);
}

static int read_headers(struct reading *r, const struct value *headers) {
        if (headers && value_type(headers) != VALUE_MAP) {
                r->problem = text_dup("headers is not a map");
                return -EINVAL;
        }
        for (size_t i = 0; headers && i < value_count(headers); i++) {
                _cleanup_free_ char *text = value_text(value_map_at(headers, i));
                int k = text ? add_header(r, value_map_key_at(headers, i), text) : -ENOMEM;

                if (k < 0)
                        return k;
        }
        return 0;
}

/* BASIC and BEARER. A header of that name in `headers` wins. */
static int read_auth(struct reading *r, const struct value *options) {
        const struct value *type = find(options, "auth", "type"), *user = find(options, "auth", "username"),
                           *password = find(options, "auth", "password"), *token = find(options, "auth", "token");
        _cleanup_(secret_freep) char *pair = NULL, *value = NULL;
        _cleanup_(buf_done) struct buf packed = BUF_INIT(0);
        bool bearer = type && value_type(type) == VALUE_STRING && strcasecmp(value_string(type), "BEARER") == 0;
        int k;

        if (!type) {
                user = find(options, NULL, "basicAuthUser");
                password = find(options, NULL, "basicAuthPassword");
                if (!user && !password)
                        return 0;
        }
        if (bearer) {
                pair = token ? value_text(token) : text_dup("");
                value = pair ? text_printf("Bearer %s", pair) : NULL;
        } else {
                _cleanup_(secret_freep) char *u = user ? value_text(user) : text_dup(""),
                                             *w = password ? value_text(password) : text_dup("");
                pair = u && w ? text_printf("%s:%s", u, w) : NULL;
                k = pair ? base64_encode(&packed, pair, strlen(pair)) : -ENOMEM;
                value = k == 0 ? text_printf("Basic %s", packed.data) : NULL;
        }
        if (!value)
                return -ENOMEM;
        return has_header(r->plan, "Authorization") ? 0 : add_header(r, "Authorization", value);
}

/* --- the body -------------------------------------------------------------------------------------------------------- */

static int take_body(struct http_plan *p, struct buf *b) {
        p->body = buf_take(b, &p->body_len);
        return p->body ? 0 : -ENOMEM;
}

static int read_form(struct reading *r, const struct value *fields, const char *content_type) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(FORM_BYTES_MAX);
        _cleanup_free_ char *type = NULL;
        int k;

        if (value_type(fields) != VALUE_MAP) {
                r->problem = text_dup("formData is not a map");
                return -EINVAL;
        }
        if (content_type && text_after(content_type, CONTENT_TYPE_MULTIPART))
                k = form_write_multipart(r->run->execution, &b, fields, &type, &r->problem);
        else {
                k = form_write_urlencoded(&b, fields);
                type = text_dup(CONTENT_TYPE_URLENCODED);
        }
        if (k == 0)
                k = type ? take_body(r->plan, &b) : -ENOMEM;
        if (k == -E2BIG)
                r->problem = text_printf("the form is bigger than %lu MiB", FORM_BYTES_MAX / 1024 / 1024);
        return k < 0 || has_header(r->plan, "Content-Type") ? k : add_header(r, "Content-Type", type);
}

static int read_body(struct reading *r, const struct value *body, const struct value *fields, const struct value *type) {
        const char *content_type = type && value_type(type) == VALUE_STRING ? value_string(type) : NULL;
        _cleanup_(buf_done) struct buf b = BUF_INIT(FORM_BYTES_MAX);
        _cleanup_free_ char *text = NULL;
        int k;

        if (fields && (value_type(fields) != VALUE_MAP || value_count(fields) > 0))
                return read_form(r, fields, content_type);
        if (!body)
                return 0;
        text = value_text(body);
        k = text ? buf_append_str(&b, text) : -ENOMEM;
        if (k == 0)
                k = take_body(r->plan, &b);
        if (k < 0 || has_header(r->plan, "Content-Type"))
                return k;
        return add_header(r, "Content-Type", content_type ? content_type : CONTENT_TYPE_DEFAULT);
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

/* Kestra writes spaces as %20 and leaves the rest to the flow. */
static char *make_url(const char *text) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(64ul * 1024);

        text += strspn(text, " \t\r\n");
        for (size_t len = strcspn(text, "\r\n"); len > 0; len--, text++)
                if (*text == ' ')
                        buf_append_str(&b, "%20");
                else
                        buf_append_char(&b, *text);
        return buf_take(&b, NULL);
}

static int read_target(struct reading *r, const struct value *uri, const struct value *method) {
        _cleanup_free_ char *text = uri ? value_text(uri) : text_dup("");

        r->plan->url = text ? make_url(text) : NULL;
        r->plan->method = text_dup(method && value_type(method) == VALUE_STRING ? value_string(method) : "GET");
        if (!r->plan->url || !r->plan->method)
                return -ENOMEM;
        if (text_after(r->plan->url, "http://") || text_after(r->plan->url, "https://"))
                return 0;
        r->problem = text_dup("uri must begin with http:// or https://");
        return -EINVAL;
}

static int read_rendered(struct reading *r, const struct value *uri, const struct value *method,
                         const struct value *headers, const struct value *options) {
        int k = read_target(r, uri, method);

        if (k == 0)
                k = read_headers(r, headers);
        if (k == 0)
                k = read_options(r, options);
        if (k == 0)
                k = read_proxy(r, options);
        return k < 0 ? k : read_auth(r, options);
}

int http_plan_make(struct task_run *run, struct http_plan *ret) {
        _cleanup_value_ struct value *uri = NULL, *method = NULL, *headers = NULL, *options = NULL, *body = NULL,
                                     *fields = NULL, *type = NULL;
        _cleanup_free_ char *problem = NULL;
        const struct {
                const char *name;
                enum render_mode mode;
                struct value **to;
        } properties[] = {
                { "uri", RENDER_TEXT, &uri },          { "method", RENDER_TEXT, &method },
                { "headers", RENDER_TYPED, &headers }, { "options", RENDER_TYPED, &options },
                { "body", RENDER_TEXT, &body },        { "formData", RENDER_TYPED, &fields },
                { "contentType", RENDER_TEXT, &type },
        };
        struct reading r = { .run = run, .plan = ret };
        int k;

        for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
                k = render_property(run, properties[i].name, properties[i].mode, properties[i].to);
                if (k < 0)
                        return k;
        }
        *ret = (struct http_plan){
                .follow_redirects = true,
                .connect_timeout_usec = CONNECT_DEFAULT_USEC,
                .idle_timeout_usec = READ_IDLE_DEFAULT_USEC,
                .response_max_bytes = HTTP_PLAN_RESPONSE_BYTES_DEFAULT,
        };
        k = read_rendered(&r, uri, method, headers, options);
        if (k == 0)
                k = read_body(&r, body, fields, type);
        problem = r.problem;
        if (k < 0)
                task_run_fail(run, NULL, "%s", problem ? problem : "out of memory");
        return k;
}
