/* SPDX-License-Identifier: Apache-2.0 */
/* IAM Identity Center: `aws sso login` leaves an access token below ~/.aws/sso/cache, and the portal gives a role's
 * credentials for it. ("IAM Identity Center credential provider", AWS SDKs and Tools Reference Guide;
 * GetRoleCredentials, IAM Identity Center Portal API Reference.) The login needs a person, so a token that has run out
 * is not renewed. */
#include <errno.h>
#include <string.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define TOKEN_FILE_MAX_BYTES ((size_t)256 * 1024)
#define ANSWER_MAX_BYTES ((size_t)64 * 1024)
#define TIMEOUT_USEC (15 * USEC_PER_SEC)
#define LOGIN "run `aws sso login`"

struct sso {
        const char *account, *role, *region;
        const char *cache_key; /* the session's name; in the older form, the start URL */
};

/* A property of the session or, in the older form, of the profile itself. Both may have it when they agree. */
static const char *either(const struct aws_profile *p, const struct ini_section *session, const char *key,
                          bool *differ) {
        const char *own = aws_profile_get(p, key), *shared = session ? ini_get(session, key) : NULL;
        if (own && shared && !text_eq(own, shared))
                *differ = true;
        return shared ? shared : own;
}

/* True with everything set; else the query was answered. */
static bool read_profile(struct credentials_query *q, const struct aws_profile *p, struct sso *ret) {
        const char *name = aws_profile_get(p, "sso_session");
        const struct ini_section *session = name ? ini_find(p->config, "sso-session", name) : NULL;
        bool differ = false;
        const char *start_url = either(p, session, "sso_start_url", &differ);
        const struct {
                const char *key, *value;
        } needed[] = {
                { "sso_account_id", ret->account = aws_profile_get(p, "sso_account_id") },
                { "sso_role_name", ret->role = aws_profile_get(p, "sso_role_name") },
                { "sso_region", ret->region = either(p, session, "sso_region", &differ) },
                { "sso_start_url", start_url },
        };
        ret->cache_key = name ? name : start_url;
        if (name && !session) {
                credentials_failed(q, -EINVAL, "profile '%s' names the sso-session '%s', which does not exist", p->name,
                                   name);
                return false;
        }
        if (differ) {
                credentials_failed(q, -EINVAL, "profile '%s' and its sso-session differ in sso_region or sso_start_url",
                                   p->name);
                return false;
        }
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                if (!needed[i].value || !needed[i].value[0]) {
                        credentials_failed(q, -EINVAL, "profile '%s' has no %s", p->name, needed[i].key);
                        return false;
                }
        return true;
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

static char *token_path(char *const *environment, const char *cache_key) {
        const char *home = aws_environment_get(environment, "HOME");
        uint8_t sha1[SHA1_BYTES];
        char hex[HEX_SIZE(SHA1_BYTES)];
        if (digest(DIGEST_SHA1, cache_key, strlen(cache_key), sha1) < 0)
                return NULL;
        return text_printf("%s/.aws/sso/cache/%s.json", home ? home : "", hex_encode(sha1, sizeof(sha1), hex));
}

/* Older tools wrote "2026-11-23T08:21:57UTC". */
static int parse_expiry(const char *text, uint64_t *ret) {
        _cleanup_free_ char *z = text_ends_with(text, "UTC") ? text_dup_n(text, strlen(text) - 3) : text_dup(text);
        _cleanup_free_ char *whole = z ? text_printf("%s%s", z, text_ends_with(text, "UTC") ? "Z" : "") : NULL;
        return whole ? timestamp_parse(whole, ret) : -ENOMEM;
}

/* 0 with the token (owned); else the -errno and what is wrong with it. */
static int read_token(const char *path, char **ret, const char **ret_why) {
        _cleanup_(secret_freep) char *text = NULL;
        _cleanup_value_ struct value *v = NULL;
        uint64_t expires;
        size_t len;

        *ret_why = "there is no token of a login: " LOGIN;
        int r = file_read(path, TOKEN_FILE_MAX_BYTES, &text, &len);
        if (r < 0)
                return r;
        *ret_why = "the token's file is not understood: " LOGIN;
        if (json_parse(text, len, &v, NULL, NULL) < 0 || value_type(v) != VALUE_MAP)
                return -EBADMSG;
        const char *token = value_map_string(v, "accessToken"), *expiry = value_map_string(v, "expiresAt");
        if (!token || !token[0] || strpbrk(token, "\r\n") || !expiry || parse_expiry(expiry, &expires) < 0)
                return -EBADMSG;
        *ret_why = "the login has expired: " LOGIN;
        if (clock_realtime_usec() >= expires)
                return -EKEYEXPIRED;
        *ret = text_dup(token);
        return *ret ? 0 : -ENOMEM;
}

/* --- the portal --------------------------------------------------------------------------------------------------- */

static void on_answer(const struct http_response *response, void *userdata) {
        static const struct credentials_keys keys = { "accessKeyId", "secretAccessKey", "sessionToken", "expiration",
                                                      true };
        struct credentials_query *q = userdata;
        _cleanup_value_ struct value *v = NULL;
        struct aws_credentials *c = NULL;
        const char *why = "out of memory";

        q->call = NULL;
        if (response->error < 0) {
                credentials_failed(q, response->error, "%s", response->error_text);
                return;
        }
        if (response->status == 401) {
                credentials_failed(q, -EKEYEXPIRED, "the portal does not accept the login any more: " LOGIN);
                return;
        }
        if (response->status != 200) {
                credentials_failed(q, -EIO, "the portal answered HTTP %u", response->status);
                return;
        }
        (void)!json_parse(response->body->len > 0 ? response->body->data : "", response->body->len, &v, NULL, NULL);
        const struct value *role = v && value_type(v) == VALUE_MAP ? value_map_get(v, "roleCredentials") : NULL;
        int r = credentials_from_value("sso", role, &keys, &c, &why);
        if (response->body->len > 0)
                secret_wipe(response->body->data, response->body->len);
        if (r < 0)
                credentials_failed(q, r, "%s", why);
        else
                credentials_found(q, c);
}

/* The portal's address with the role that is wanted; NULL: the query was answered. */
static char *portal_url(struct credentials_query *q, const struct sso *sso) {
        const struct endpoint_inputs in = {
                .service = AWS_SSO,
                .region = sso->region,
                .environment = q->options->environment,
                .profile = q->profile,
        };
        _cleanup_(buf_done) struct buf url = { 0 };
        struct endpoint endpoint;
        const char *why = NULL;

        int r = endpoint_resolve(&in, &endpoint, &why);
        if (r < 0) {
                credentials_failed(q, r, "the endpoint of the portal: %s", why);
                return NULL;
        }
        buf_appendf(&url, "%s/federation/credentials?role_name=", endpoint.url);
        sts_encode_text(&url, sso->role);
        buf_append_str(&url, "&account_id=");
        sts_encode_text(&url, sso->account);
        char *text = buf_take(&url, NULL);
        if (!text)
                credentials_failed(q, -ENOMEM, "out of memory");
        return text;
}

static void ask(struct credentials_query *q, const struct sso *sso, const char *token) {
        _cleanup_free_ char *url = portal_url(q, sso);
        const struct http_header header = { "x-amz-sso_bearer_token", token };
        const struct http_request request = {
                .url = url,
                .headers = &header,
                .header_count = 1,
                .timeout_usec = TIMEOUT_USEC,
                .response_max_bytes = ANSWER_MAX_BYTES,
        };
        if (!url)
                return;
        int r = http_start(q->http, &request, on_answer, q, &q->call);
        if (r < 0)
                credentials_failed(q, r, "the portal cannot be asked: %s", strerror(-r));
}

void credentials_sso_start(struct credentials_query *q, const struct aws_profile *p) {
        _cleanup_free_ char *path = NULL;
        _cleanup_(secret_freep) char *token = NULL;
        const char *why = "out of memory";
        struct sso sso;

        if (!read_profile(q, p, &sso))
                return;
        path = token_path(q->options->environment, sso.cache_key);
        int r = path ? read_token(path, &token, &why) : -ENOMEM;
        if (r < 0)
                credentials_failed(q, r, "%s (profile '%s')", why, p->name);
        else
                ask(q, &sso, token);
}
