/* SPDX-License-Identifier: Apache-2.0 */
/* String to sign, signing key, signature. The key is four HMACs deep and changes with the day, so a caller that signs
 * often hands in a cache; it is bound to its scope and to the credentials, and so never serves another identity. */
#include "common/aws/sigv4.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/aws/credentials.h"
#include "common/aws/sigv4_canonical.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DAY_LEN 8

void sigv4_key_cache_done(struct sigv4_key_cache *c) {
        aws_credentials_unref(c->credentials);
        secret_wipe(c, sizeof(*c));
}

static int format_date(uint64_t realtime_usec, char out[SIGV4_DATE_SIZE]) {
        time_t seconds = (time_t)(realtime_usec / USEC_PER_SEC);
        struct tm tm;
        if (!gmtime_r(&seconds, &tm) || strftime(out, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0)
                return -EINVAL;
        return 0;
}

static int hmac_text(const uint8_t key[SHA256_BYTES], const char *text, uint8_t out[SHA256_BYTES]) {
        return hmac_sha256(key, SHA256_BYTES, text, strlen(text), out);
}

static int derive_key(const char *day, const struct sigv4_context *c, uint8_t key[SHA256_BYTES]) {
        _cleanup_(secret_freep) char *secret = text_printf("AWS4%s", c->credentials->secret_access_key);
        if (!secret)
                return -ENOMEM;
        int r = hmac_sha256(secret, strlen(secret), day, DAY_LEN, key);
        if (r == 0)
                r = hmac_text(key, c->region, key);
        if (r == 0)
                r = hmac_text(key, c->service, key);
        return r < 0 ? r : hmac_text(key, "aws4_request", key);
}

/* The signing key for `scope`, from the cache when it holds that. */
static int signing_key(const char *scope, const struct sigv4_context *c, uint8_t key[SHA256_BYTES]) {
        struct sigv4_key_cache *cache = c->cache;

        if (!cache || strlen(scope) >= sizeof(cache->scope))
                return derive_key(scope, c, key);
        if (cache->credentials != c->credentials || !text_eq(cache->scope, scope)) {
                sigv4_key_cache_done(cache);
                int r = derive_key(scope, c, cache->key);
                if (r < 0)
                        return r;
                memcpy(cache->scope, scope, strlen(scope) + 1);
                cache->credentials = aws_credentials_ref(c->credentials);
        }
        memcpy(key, cache->key, SHA256_BYTES);
        return 0;
}

static int write_string_to_sign(struct buf *b, const char *date, const char *scope, const struct buf *canonical) {
        uint8_t hash[SHA256_BYTES];
        char hex[HEX_SIZE(SHA256_BYTES)];
        int r = digest(DIGEST_SHA256, canonical->data, canonical->len, hash);
        if (r < 0)
                return r;
        return buf_appendf(b, ALGORITHM "\n%s\n%s/aws4_request\n%s", date, scope, hex_encode(hash, sizeof(hash), hex));
}

static int write_authorization(struct buf *b, const struct sigv4_context *c, const char *scope,
                               const struct canonical_headers *headers, const struct buf *to_sign) {
        uint8_t key[SHA256_BYTES], signature[SHA256_BYTES];
        char hex[HEX_SIZE(SHA256_BYTES)];
        int r = signing_key(scope, c, key);
        if (r == 0)
                r = hmac_sha256(key, sizeof(key), to_sign->data, to_sign->len, signature);
        secret_wipe(key, sizeof(key));
        if (r < 0)
                return r;
        buf_appendf(b, ALGORITHM " Credential=%s/%s/aws4_request, SignedHeaders=", c->credentials->access_key_id,
                    scope);
        canonical_signed_names(b, headers);
        return buf_appendf(b, ", Signature=%s", hex_encode(signature, sizeof(signature), hex));
}

/* Appends what was made to the caller's buffer, when it wants it. */
static int hand_out(struct buf *to, const struct buf *from) {
        return to ? buf_append(to, from->data, from->len) : 0;
}

static int sign(const struct sigv4_request *request, const struct sigv4_context *c,
                const struct canonical_headers *headers, const char *scope, struct sigv4_result *result) {
        _cleanup_(buf_done) struct buf canonical = { 0 }, to_sign = { 0 };

        int r = canonical_request(&canonical, request, headers, c);
        if (r == 0)
                r = write_string_to_sign(&to_sign, result->date, scope, &canonical);
        if (r == 0)
                r = hand_out(result->canonical_request, &canonical);
        if (r == 0)
                r = hand_out(result->string_to_sign, &to_sign);
        if (r == 0 && result->authorization)
                r = write_authorization(result->authorization, c, scope, headers, &to_sign);
        return r;
}

int sigv4_sign(const struct sigv4_request *request, const struct sigv4_context *c, struct sigv4_result *result) {
        _cleanup_(canonical_headers_done) struct canonical_headers headers = { 0 };
        _cleanup_free_ char *scope = NULL;

        int r = format_date(c->realtime_usec, result->date);
        if (r < 0)
                return r;
        const char *token = c->omit_session_token ? NULL : c->credentials->session_token;
        const struct http_header extra[] = {
                { "x-amz-date", result->date },
                { "x-amz-security-token", token },
        };
        r = canonical_headers_init(&headers, request, extra, token ? 2 : 1);
        if (r < 0)
                return r;
        scope = text_printf("%.*s/%s/%s", DAY_LEN, result->date, c->region, c->service);
        return scope ? sign(request, c, &headers, scope, result) : -ENOMEM;
}
