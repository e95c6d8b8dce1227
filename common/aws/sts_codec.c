/* SPDX-License-Identifier: Apache-2.0 */
/* STS's requests and answers as bytes. Answers are read by path: a value is taken where the API reference puts it and
 * nowhere else, so that a role name or an error text that looks like an element changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/aws/sts.h"
#include "common/aws/xml.h"
#include "common/base/digest.h"
#include "common/base/text.h"

/* --- requests ----------------------------------------------------------------------------------------------------- */

int sts_encode_text(struct buf *b, const char *s) {
        for (; *s; s++) {
                unsigned char c = (unsigned char)*s;
                bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                             (c < 0x80 && strchr("-_.~", c));
                if (plain)
                        buf_append_char(b, (char)c);
                else
                        buf_appendf(b, "%%%02X", c);
        }
        return buf_error(b);
}

static void append_field(struct buf *b, const char *name, const char *value) {
        if (!value)
                return;
        buf_appendf(b, "&%s=", name);
        sts_encode_text(b, value);
}

int sts_encode(struct buf *b, const struct sts_role *role, const char *token, uint64_t now_usec) {
        char session[48], seconds[16];

        snprintf(session, sizeof(session), "sqsflow-%llu", (unsigned long long)(now_usec / USEC_PER_SEC));
        snprintf(seconds, sizeof(seconds), "%u", role->duration_seconds);
        buf_appendf(b, "Action=%s&Version=2011-06-15", token ? "AssumeRoleWithWebIdentity" : "AssumeRole");
        append_field(b, "RoleArn", role->arn);
        append_field(b, "RoleSessionName", role->session_name ? role->session_name : session);
        append_field(b, "ExternalId", token ? NULL : role->external_id);
        append_field(b, "DurationSeconds", role->duration_seconds > 0 ? seconds : NULL);
        append_field(b, "WebIdentityToken", token);
        return buf_error(b);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* A leaf that is wanted: below one of two roots, as "%s/Credentials/AccessKeyId" would be. */
struct leaf {
        const char *paths[2];
        char *value;
};

static void leaves_done(struct leaf *leaves, size_t count) {
        for (size_t i = 0; i < count; i++)
                leaves[i].value = secret_free(leaves[i].value);
}

/* Takes the text of each leaf; one that appears again is an error, since it would be unclear which one counts. */
static int read_leaves(const char *text, size_t len, struct leaf *leaves, size_t count) {
        struct xml x;
        int r;

        xml_init(&x, text, len);
        while ((r = xml_next(&x)) > XML_END) {
                struct leaf *wanted = NULL;
                for (size_t i = 0; i < count && r == XML_CLOSE; i++)
                        if (xml_is_at(&x, leaves[i].paths[0]) || xml_is_at(&x, leaves[i].paths[1]))
                                wanted = &leaves[i];
                if (!wanted)
                        continue;
                r = wanted->value ? -EBADMSG : 0;
                if (r == 0 && !(wanted->value = text_dup(x.text.len > 0 ? x.text.data : "")))
                        r = -ENOMEM;
                if (r < 0)
                        break;
        }
        xml_done(&x);
        return r;
}

enum { ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, EXPIRATION, CREDENTIALS_LEAF_COUNT };

#define CREDENTIALS_LEAF(name)                                                                                         \
        {                                                                                                              \
                { "AssumeRoleResponse/AssumeRoleResult/Credentials/" name,                                             \
                  "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/" name },             \
                        NULL                                                                                           \
        }

static int credentials_of(const struct leaf *leaves, const char *provider, struct aws_credentials **ret,
                          const char **ret_why) {
        uint64_t expires;

        for (size_t i = 0; i < CREDENTIALS_LEAF_COUNT; i++)
                if (!leaves[i].value || !leaves[i].value[0]) {
                        *ret_why = "STS answered without credentials";
                        return -EBADMSG;
                }
        if (timestamp_parse(leaves[EXPIRATION].value, &expires) < 0) {
                *ret_why = "the Expiration in the answer of STS is not a time";
                return -EBADMSG;
        }
        *ret = aws_credentials_new(provider, leaves[ACCESS_KEY_ID].value, leaves[SECRET_ACCESS_KEY].value,
                                   leaves[SESSION_TOKEN].value, expires);
        return *ret ? 0 : -ENOMEM;
}

int sts_decode(const char *text, size_t len, const char *provider, struct aws_credentials **ret, const char **ret_why) {
        struct leaf leaves[CREDENTIALS_LEAF_COUNT] = {
                [ACCESS_KEY_ID] = CREDENTIALS_LEAF("AccessKeyId"),
                [SECRET_ACCESS_KEY] = CREDENTIALS_LEAF("SecretAccessKey"),
                [SESSION_TOKEN] = CREDENTIALS_LEAF("SessionToken"),
                [EXPIRATION] = CREDENTIALS_LEAF("Expiration"),
        };
        struct aws_credentials *found = NULL;

        int r = read_leaves(text, len, leaves, ARRAY_SIZE(leaves));
        if (r == -EBADMSG || r == -E2BIG) {
                *ret_why = "the answer of STS is not the XML that was expected";
                r = -EBADMSG;
        } else if (r == 0) {
                r = credentials_of(leaves, provider, &found, ret_why);
        }
        leaves_done(leaves, ARRAY_SIZE(leaves));
        if (r == 0)
                *ret = found;
        return r;
}

/* Copies what fits, cut at a character; what would break a line becomes a space. */
static void copy_line(char *to, size_t size, const char *from) {
        size_t len = 0;
        while (from && from[len]) {
                size_t n = text_utf8_char(from + len, strlen(from + len));
                if (n == 0 || len + n >= size)
                        break;
                memcpy(to + len, from + len, n);
                if ((unsigned char)to[len] < 0x20 || to[len] == 0x7f)
                        to[len] = ' ';
                len += n;
        }
        to[len] = '\0';
}

struct aws_error sts_decode_error(const char *text, size_t len, unsigned http_status) {
        struct leaf leaves[] = {
                { { "ErrorResponse/Error/Code", "Response/Errors/Error/Code" }, NULL },
                { { "ErrorResponse/Error/Message", "Response/Errors/Error/Message" }, NULL },
                { { "ErrorResponse/RequestId", "Response/RequestID" }, NULL },
        };
        struct aws_error e = { .http_status = http_status };

        if (len > 0)
                (void)!read_leaves(text, len, leaves, ARRAY_SIZE(leaves)); /* what was read before an error serves */
        copy_line(e.code, sizeof(e.code), leaves[0].value);
        copy_line(e.message, sizeof(e.message), leaves[1].value);
        copy_line(e.request_id, sizeof(e.request_id), leaves[2].value);
        leaves_done(leaves, ARRAY_SIZE(leaves));
        e.class = aws_error_classify(e.code, http_status, e.message);
        return e;
}
