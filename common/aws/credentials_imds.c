/* SPDX-License-Identifier: Apache-2.0 */
/* The instance metadata service of EC2, version 2. ("IMDS credential provider", AWS SDKs and Tools Reference Guide.)
 * Three requests after each other: a session token by PUT, the role's name, the role's credentials. Without a token
 * there is no second try by version 1, unless AWS_EC2_METADATA_V1_DISABLED says "false". */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/text.h"

#define TIMEOUT_USEC (2 * USEC_PER_SEC)
#define CONNECT_TIMEOUT_USEC USEC_PER_SEC
#define ANSWER_MAX_BYTES ((size_t)64 * 1024)
#define TOKEN_SECONDS "21600"
#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"

struct imds {
        char *endpoint;
        char *token; /* NULL: version 1 */
        char *role;
};

static void imds_free(void *state) {
        struct imds *s = state;
        free(s->endpoint);
        secret_free(s->token);
        free(s->role);
        free(s);
}

/* Ends the search for an answer that is not a good one; true when it did. */
static bool refused(struct credentials_query *q, const struct http_response *response, const char *what) {
        if (response->error < 0)
                credentials_failed(q, response->error, "%s: %s", what, response->error_text);
        else if (response->status != 200)
                credentials_failed(q, -EIO, "%s: HTTP %u", what, response->status);
        else
                return false;
        return true;
}

static void send_request(struct credentials_query *q, const char *method, const char *path, const char *role,
                         http_done_func on_done) {
        const struct imds *s = q->state;
        _cleanup_free_ char *url = text_printf("%s%s%s", s->endpoint, path, role);
        bool put = text_eq(method, "PUT");
        const struct http_header header = {
                put ? "X-aws-ec2-metadata-token-ttl-seconds" : "X-aws-ec2-metadata-token",
                put ? TOKEN_SECONDS : s->token,
        };
        const struct http_request request = {
                .method = method,
                .url = url,
                .headers = &header,
                .header_count = header.value ? 1 : 0,
                .timeout_usec = TIMEOUT_USEC,
                .connect_timeout_usec = CONNECT_TIMEOUT_USEC,
                .response_max_bytes = ANSWER_MAX_BYTES,
                .flags = HTTP_NO_PROXY,
        };
        int r = url ? http_start(q->http, &request, on_done, q, &q->call) : -ENOMEM;
        if (r < 0)
                credentials_failed(q, r, "%s cannot be asked: %s", s->endpoint, strerror(-r));
}

static void on_credentials(const struct http_response *response, void *userdata) {
        struct credentials_query *q = userdata;
        struct aws_credentials *c = NULL;
        const char *why = NULL;

        q->call = NULL;
        if (refused(q, response, "asking for the role's credentials"))
                return;
        int r = credentials_from_json("imds", response->body->data, response->body->len, &c, &why);
        secret_wipe(response->body->data, response->body->len);
        if (r < 0)
                credentials_failed(q, r, "%s", why ? why : "out of memory");
        else
                credentials_found(q, c);
}

static void on_role(const struct http_response *response, void *userdata) {
        struct credentials_query *q = userdata;
        struct imds *s = q->state;

        q->call = NULL;
        if (response->error == 0 && response->status == 404) {
                credentials_failed(q, -ENOENT, "the instance has no role");
                return;
        }
        if (refused(q, response, "asking for the instance's role"))
                return;
        size_t len = response->body->len > 0 ? strcspn(response->body->data, "\r\n") : 0;
        s->role = len > 0 ? text_dup_n(response->body->data, len) : NULL;
        if (!s->role)
                credentials_failed(q, len > 0 ? -ENOMEM : -ENOENT, "the instance has no role");
        else
                send_request(q, "GET", ROLES_PATH, s->role, on_credentials);
}

static bool version_1_allowed(const struct credentials_query *q) {
        const char *disabled = aws_environment_get(q->options->environment, "AWS_EC2_METADATA_V1_DISABLED");
        return disabled && strcasecmp(disabled, "false") == 0;
}

static void on_token(const struct http_response *response, void *userdata) {
        struct credentials_query *q = userdata;
        struct imds *s = q->state;

        q->call = NULL;
        bool good = response->error == 0 && response->status == 200 && response->body->len > 0;
        if (good) {
                s->token = text_dup_n(response->body->data, response->body->len);
                if (!s->token) {
                        credentials_failed(q, -ENOMEM, "out of memory");
                        return;
                }
        } else if (!version_1_allowed(q)) {
                if (!refused(q, response, "asking for a session token"))
                        credentials_failed(q, -EBADMSG, "the session token is empty");
                return;
        }
        send_request(q, "GET", ROLES_PATH, "", on_role);
}

/* The service's address; owned. */
static char *endpoint(char *const *environment) {
        const char *given = aws_environment_get(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
        const char *mode = aws_environment_get(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        bool v6 = mode && strcasecmp(mode, "IPv6") == 0;
        char *url = text_dup(given ? given : v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
        for (size_t len = url ? strlen(url) : 0; len > 0 && url[len - 1] == '/'; len--)
                url[len - 1] = '\0';
        return url;
}

static void start(struct credentials_query *q) {
        const char *disabled = aws_environment_get(q->options->environment, "AWS_EC2_METADATA_DISABLED");
        if (disabled && strcasecmp(disabled, "true") == 0) {
                credentials_absent(q, "AWS_EC2_METADATA_DISABLED is true");
                return;
        }
        struct imds *s = calloc(1, sizeof(*s));
        q->state = s;
        q->state_free = s ? imds_free : NULL;
        if (s)
                s->endpoint = endpoint(q->options->environment);
        if (!s || !s->endpoint)
                credentials_failed(q, -ENOMEM, "out of memory");
        else
                send_request(q, "PUT", "/latest/api/token", "", on_token);
}

const struct credentials_provider credentials_imds = { "imds", start };
