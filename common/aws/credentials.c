/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials themselves: reference counted, since calls under way sign and sign again with the ones they began
 * with while the chain may hold newer ones; and the pure questions about them. */
#include "common/aws/credentials.h"

#include <assert.h>
#include <errno.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"

struct aws_credentials *aws_credentials_new(const char *provider, const char *access_key_id,
                                            const char *secret_access_key, const char *session_token,
                                            uint64_t expires_usec) {
        struct aws_credentials *c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        bool token = session_token && session_token[0];
        c->provider = provider;
        c->expires_usec = expires_usec;
        c->references = 1;
        c->access_key_id = text_dup(access_key_id);
        c->secret_access_key = text_dup(secret_access_key);
        c->session_token = token ? text_dup(session_token) : NULL;
        if (!c->access_key_id || !c->secret_access_key || (token && !c->session_token))
                return aws_credentials_unref(c);
        return c;
}

struct aws_credentials *aws_credentials_ref(const struct aws_credentials *c) {
        struct aws_credentials *shared = (struct aws_credentials *)c; /* the count is not part of the value */
        if (shared)
                shared->references++;
        return shared;
}

struct aws_credentials *aws_credentials_unref(struct aws_credentials *c) {
        if (!c)
                return NULL;
        assert(c->references > 0);
        if (--c->references > 0)
                return NULL;
        free(c->access_key_id);
        secret_free(c->secret_access_key);
        secret_free(c->session_token);
        free(c);
        return NULL;
}

enum credentials_freshness credentials_freshness(uint64_t expires, uint64_t now, uint64_t not_before, uint64_t jitter) {
        if (expires == USEC_INFINITY)
                return CREDENTIALS_FRESH;
        if (now >= expires)
                return CREDENTIALS_EXPIRED;
        if (now < not_before || now < usec_sub(expires, CREDENTIALS_REFRESH_AHEAD_USEC + jitter))
                return CREDENTIALS_FRESH;
        return CREDENTIALS_AGEING;
}

static int wrong(const char **ret_why, const char *why) {
        *ret_why = why;
        return -EBADMSG;
}

/* 0 with USEC_INFINITY when there is none. */
static int read_expiration(const struct value *v, bool in_msec, uint64_t *ret) {
        int64_t msec;
        *ret = USEC_INFINITY;
        if (!v || value_type(v) == VALUE_NULL)
                return 0;
        if (!in_msec)
                return value_type(v) == VALUE_STRING ? timestamp_parse(value_string(v), ret) : -EINVAL;
        if (value_type(v) != VALUE_NUMBER || value_to_i64(v, &msec) < 0 || msec < 0 ||
            (uint64_t)msec > USEC_INFINITY / USEC_PER_MSEC)
                return -EINVAL;
        *ret = (uint64_t)msec * USEC_PER_MSEC;
        return 0;
}

int credentials_from_value(const char *provider, const struct value *v, const struct credentials_keys *keys,
                           struct aws_credentials **ret, const char **ret_why) {
        uint64_t expires;

        if (!v || value_type(v) != VALUE_MAP)
                return wrong(ret_why, "the answer is not a JSON object");
        const char *id = value_map_string(v, keys->access_key_id);
        const char *secret = value_map_string(v, keys->secret_access_key);
        if (!id || !secret)
                return wrong(ret_why, "the answer has no AccessKeyId or SecretAccessKey");
        if (read_expiration(value_map_get(v, keys->expiration), keys->expires_in_msec, &expires) < 0)
                return wrong(ret_why, "the answer's Expiration is not a time");
        struct aws_credentials *c =
                aws_credentials_new(provider, id, secret, value_map_string(v, keys->session_token), expires);
        if (!c)
                return -ENOMEM;
        *ret = c;
        return 0;
}

static int parse(const char *text, size_t len, struct value **ret, const char **ret_why) {
        int r = json_parse(text, len, ret, NULL, NULL);
        return r == 0 || r == -ENOMEM ? r : wrong(ret_why, "the answer is not a JSON object");
}

int credentials_from_json(const char *provider, const char *text, size_t len, struct aws_credentials **ret,
                          const char **ret_why) {
        static const struct credentials_keys keys = { "AccessKeyId", "SecretAccessKey", "Token", "Expiration", false };
        _cleanup_value_ struct value *v = NULL;
        int r = parse(text, len, &v, ret_why);
        return r < 0 ? r : credentials_from_value(provider, v, &keys, ret, ret_why);
}

int credentials_from_process(const char *text, size_t len, struct aws_credentials **ret, const char **ret_why) {
        static const struct credentials_keys keys = { "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration",
                                                      false };
        _cleanup_value_ struct value *v = NULL;
        int64_t version = 0;

        int r = parse(text, len, &v, ret_why);
        if (r < 0)
                return r;
        const struct value *number = value_type(v) == VALUE_MAP ? value_map_get(v, "Version") : NULL;
        if (!number || value_type(number) != VALUE_NUMBER || value_to_i64(number, &version) < 0 || version != 1)
                return wrong(ret_why, "the answer has no Version 1");
        return credentials_from_value("process", v, &keys, ret, ret_why);
}
