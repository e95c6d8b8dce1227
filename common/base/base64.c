/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: hexadecimal, and base64 by RFC 4648 section 4. Decoding refuses what another encoder cannot have
 * written: white space, missing padding, and bits set behind the last byte. */
#include "common/base/digest.h"

#include <errno.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *hex_encode(const void *data, size_t len, char *out) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *bytes = data;

        for (size_t i = 0; i < len; i++) {
                out[2 * i] = digits[bytes[i] >> 4];
                out[2 * i + 1] = digits[bytes[i] & 15];
        }
        out[2 * len] = '\0';
        return out;
}

int base64_encode(struct buf *b, const void *data, size_t len) {
        size_t groups = len / 3 + (len % 3 > 0);
        const uint8_t *bytes = data;
        char *out;

        if (groups > SIZE_MAX / 8)
                return -E2BIG;
        out = buf_reserve(b, groups * 4);
        if (!out)
                return buf_error(b);
        for (size_t i = 0; i < len; i += 3, out += 4) {
                uint32_t bits = (uint32_t)bytes[i] << 16;

                bits |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
                bits |= i + 2 < len ? bytes[i + 2] : 0;
                out[0] = alphabet[bits >> 18];
                out[1] = alphabet[bits >> 12 & 63];
                out[2] = i + 1 < len ? alphabet[bits >> 6 & 63] : '=';
                out[3] = i + 2 < len ? alphabet[bits & 63] : '=';
        }
        buf_commit(b, groups * 4);
        return 0;
}

/* -1 for what is not of the alphabet. */
static int sextet(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes `count` (2 to 4) characters to count - 1 bytes. */
static int decode_group(const char *text, size_t count, uint8_t *out) {
        uint32_t bits = 0;

        for (size_t i = 0; i < 4; i++) {
                int n = i < count ? sextet(text[i]) : 0;

                if (n < 0)
                        return -EINVAL;
                bits = bits << 6 | (uint32_t)n;
        }
        for (size_t i = 0; i < 3; i++, bits <<= 8) {
                if (i < count - 1)
                        out[i] = (uint8_t)(bits >> 16);
                else if (bits >> 16 & 0xff)
                        return -EINVAL;
        }
        return 0;
}

int base64_decode(struct buf *b, const char *text, size_t len) {
        size_t padding = 0, bytes;
        uint8_t *out;

        if (len % 4 != 0)
                return -EINVAL;
        while (len > 0 && padding < 2 && text[len - 1 - padding] == '=')
                padding++;
        bytes = len / 4 * 3 - padding;
        out = buf_reserve(b, bytes);
        if (!out)
                return buf_error(b);
        for (size_t i = 0; i < len; i += 4, out += 3)
                if (decode_group(text + i, i + 4 == len ? 4 - padding : 4, out) < 0)
                        return -EINVAL;
        buf_commit(b, bytes);
        return 0;
}
