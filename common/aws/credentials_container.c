/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials endpoint of ECS, EKS Pod Identity and Greengrass. ("Container credential provider", AWS SDKs and
 * Tools Reference Guide.) The authorization token must not leave the host in plain text, so http is accepted for
 * loopback and the three addresses that AWS serves it on, and https for any host. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"

#define TOKEN_MAX_BYTES ((size_t)64 * 1024)
#define TIMEOUT_USEC (5 * USEC_PER_SEC)

static bool is_loopback(const char *host) {
        struct in_addr v4;
        struct in6_addr v6;
        if (inet_pton(AF_INET, host, &v4) == 1)
                return (ntohl(v4.s_addr) >> 24) == 127;
        if (inet_pton(AF_INET6, host, &v6) == 1)
                return IN6_IS_ADDR_LOOPBACK(&v6);
        return text_eq(host, "localhost");
}

static bool may_ask(const char *url) {
        static const char *const served[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23" };
        const char *rest = text_after(url, "http://");
        char host[64];

        if (!rest)
                return text_after(url, "https://") != NULL;
        bool bracket = *rest == '[';
        rest += bracket;
        size_t len = strcspn(rest, bracket ? "]" : ":/?#");
        if (len >= sizeof(host) || strcspn(rest, "@") < strcspn(rest, "/?#"))
                return false;
        memcpy(host, rest, len);
        host[len] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(served); i++)
                if (text_eq(host, served[i]))
                        return true;
        return is_loopback(host);
}

/* The token, from its file when there is one (it rotates), else from the environment; NULL in *ret: none. */
static int read_token(char *const *environment, char **ret) {
        const char *file = aws_environment_get(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        const char *text = aws_environment_get(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        _cleanup_(secret_freep) char *token = NULL;

        int r = file ? file_read(file, TOKEN_MAX_BYTES, &token, NULL) : 0;
        if (r < 0)
                return r;
        if (!file && text && !(token = text_dup(text)))
                return -ENOMEM;
        if (token) {
                size_t len = strlen(token);
                while (file && len > 0 && strchr("\r\n", token[len - 1]))
                        token[--len] = '\0';
                if (strpbrk(token, "\r\n"))
                        return -EINVAL;
        }
        *ret = TAKE_PTR(token);
        return 0;
}

static void on_answer(const struct http_response *response, void *userdata) {
        struct credentials_query *q = userdata;
        struct aws_credentials *c = NULL;
        const char *why = NULL;

        q->call = NULL;
        if (response->error < 0) {
                credentials_failed(q, response->error, "%s", response->error_text);
                return;
        }
        if (response->status != 200) {
                credentials_failed(q, -EIO, "the endpoint answered HTTP %u", response->status);
                return;
        }
        int r = credentials_from_json("container", response->body->data, response->body->len, &c, &why);
        secret_wipe(response->body->data, response->body->len);
        if (r < 0)
                credentials_failed(q, r, "%s", why ? why : "out of memory");
        else
                credentials_found(q, c);
}

static void ask(struct credentials_query *q, const char *url) {
        _cleanup_(secret_freep) char *token = NULL;

        if (!may_ask(url)) {
                credentials_failed(q, -EPERM, "%s is neither https nor a loopback or container address", url);
                return;
        }
        int r = read_token(q->options->environment, &token);
        if (r < 0) {
                credentials_failed(q, r, "the authorization token cannot be used: %s", strerror(-r));
                return;
        }
        const struct http_header header = { "Authorization", token };
        const struct http_request request = {
                .url = url,
                .headers = &header,
                .header_count = token ? 1 : 0,
                .timeout_usec = TIMEOUT_USEC,
                .response_max_bytes = TOKEN_MAX_BYTES,
                .flags = HTTP_NO_PROXY,
        };
        r = http_start(q->http, &request, on_answer, q, &q->call);
        if (r < 0)
                credentials_failed(q, r, "%s cannot be asked: %s", url, strerror(-r));
}

static void start(struct credentials_query *q) {
        const char *relative = aws_environment_get(q->options->environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        const char *full = aws_environment_get(q->options->environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        _cleanup_free_ char *url = relative ? text_printf("http://169.254.170.2%s", relative) : text_dup(full);

        if (!relative && !full)
                credentials_absent(q, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
        else if (!url)
                credentials_failed(q, -ENOMEM, "out of memory");
        else
                ask(q, url);
}

const struct credentials_provider credentials_container = { "container", start };
