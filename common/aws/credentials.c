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
        return now < usec_sub(expires, CREDENTIALS_REFRESH_MUST_USEC) ? CREDENTIALS_AGEING : CREDENTIALS_STALE;
}

int credentials_from_json(const char *provider, const char *text, size_t len, struct aws_credentials **ret,
                          const char **ret_why) {
        _cleanup_value_ struct value *v = NULL;
        uint64_t expires = USEC_INFINITY;

        int r = json_parse(text, len, &v, NULL, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || value_type(v) != VALUE_MAP) {
                *ret_why = "the answer is not a JSON object";
                return -EBADMSG;
        }
        const char *id = value_map_string(v, "AccessKeyId"), *secret = value_map_string(v, "SecretAccessKey");
        if (!id || !secret) {
                *ret_why = "the answer has no AccessKeyId or SecretAccessKey";
                return -EBADMSG;
        }
        const char *expiration = value_map_string(v, "Expiration");
        if (expiration && timestamp_parse(expiration, &expires) < 0) {
                *ret_why = "the answer's Expiration is not a time";
                return -EBADMSG;
        }
        struct aws_credentials *c = aws_credentials_new(provider, id, secret, value_map_string(v, "Token"), expires);
        if (!c)
                return -ENOMEM;
        *ret = c;
        return 0;
}
