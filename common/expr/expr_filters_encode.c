/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that encode, decode and hash text. */
#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/expr/expr_filters.h"

int filter_base64encode(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        base64_encode(&b, value_string(text), value_string_len(text));
        return call_text(c, &b, ret);
}

int filter_base64decode(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        int r = call_input_text(c, &text);

        if (r == 0 && base64_decode(&b, value_string(text), value_string_len(text)) == -EINVAL)
                r = call_fail(c, "the text is not base64");
        if (r < 0) {
                buf_done(&b);
                return r;
        }
        return call_text(c, &b, ret);
}

/* --- URLs ------------------------------------------------------------------------------------------------------ */

/* The form encoding of HTML, as Java's URLEncoder has it: a blank is '+'. */
int filter_urlencode(const struct call *c, struct value **ret) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*";
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        for (const char *s = value_string(text); *s != '\0' && buf_error(&b) == 0; s++) {
                if (strchr(plain, *s))
                        buf_append_char(&b, *s);
                else if (*s == ' ')
                        buf_append_char(&b, '+');
                else
                        buf_appendf(&b, "%%%02X", (unsigned)(unsigned char)*s);
        }
        return call_text(c, &b, ret);
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int filter_urldecode(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        for (const char *s = value_string(text); *s != '\0'; s++) {
                if (*s != '%') {
                        buf_append_char(&b, *s == '+' ? ' ' : *s);
                        continue;
                }
                if (hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0) {
                        buf_done(&b);
                        return call_fail(c, "the text is not URL-encoded: '%.3s'", s);
                }
                buf_append_char(&b, (char)(hex_digit(s[1]) << 4 | hex_digit(s[2])));
                s += 2;
        }
        return call_text(c, &b, ret);
}

/* --- hashes ---------------------------------------------------------------------------------------------------- */

static int hash(const struct call *c, enum digest_type type, struct value **ret) {
        char hex[HEX_SIZE(SHA512_BYTES)];
        uint8_t bytes[SHA512_BYTES];
        _cleanup_value_ struct value *text = NULL;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        if (digest(type, value_string(text), value_string_len(text), bytes) < 0)
                return call_fail(c, "this host's OpenSSL refuses '%s'", c->at->call.routine->name);
        return evaluation_give(value_new_string(hex_encode(bytes, digest_size(type), hex)), ret);
}

int filter_md5(const struct call *c, struct value **ret) {
        return hash(c, DIGEST_MD5, ret);
}

int filter_sha1(const struct call *c, struct value **ret) {
        return hash(c, DIGEST_SHA1, ret);
}

int filter_sha256(const struct call *c, struct value **ret) {
        return hash(c, DIGEST_SHA256, ret);
}

int filter_sha512(const struct call *c, struct value **ret) {
        return hash(c, DIGEST_SHA512, ret);
}
