/* SPDX-License-Identifier: Apache-2.0 */
/* Case comes from the C library's table for C.UTF-8, whatever locale the process runs in; where that locale does not
 * exist, only ASCII has case. */
#include "common/expr/expr_utf8.h"

#include <locale.h>
#include <wctype.h>

/* The character of `length` bytes whose first one leaves `bits`; UTF8_BYTE when they are not one. */
static uint32_t sequence(const unsigned char *s, size_t length, uint32_t bits) {
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t c = bits;

        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return UTF8_BYTE;
                c = c << 6 | (s[i] & 0x3f);
        }
        return c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? UTF8_BYTE : c;
}

uint32_t utf8_next(const char **s, const char *end) {
        const unsigned char *p = (const unsigned char *)*s;
        size_t left = (size_t)(end - *s), length = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
        uint32_t c = UTF8_BYTE;

        if (length == 1)
                c = *p;
        else if (*p >= 0xc2 && *p <= 0xf4 && length <= left)
                c = sequence(p, length, *p & (0xffu >> (length + 1)));
        *s += c == UTF8_BYTE ? 1 : length;
        return c == UTF8_BYTE ? UTF8_BYTE | *p : c;
}

int utf8_append(struct buf *b, uint32_t c) {
        char out[4];

        if (c < 0x80 || (c & UTF8_BYTE))
                return buf_append_char(b, (char)(c & 0xff));
        if (c < 0x800) {
                out[0] = (char)(0xc0 | c >> 6);
                out[1] = (char)(0x80 | (c & 0x3f));
                return buf_append(b, out, 2);
        }
        if (c < 0x10000) {
                out[0] = (char)(0xe0 | c >> 12);
                out[1] = (char)(0x80 | (c >> 6 & 0x3f));
                out[2] = (char)(0x80 | (c & 0x3f));
                return buf_append(b, out, 3);
        }
        out[0] = (char)(0xf0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3f));
        out[2] = (char)(0x80 | (c >> 6 & 0x3f));
        out[3] = (char)(0x80 | (c & 0x3f));
        return buf_append(b, out, 4);
}

size_t utf8_count(const char *s, size_t len) {
        const char *end = s + len;
        size_t count = 0;

        while (s < end) {
                utf8_next(&s, end);
                count++;
        }
        return count;
}

size_t utf8_offset(const char *s, size_t len, size_t count) {
        const char *at = s, *end = s + len;

        while (at < end && count-- > 0)
                utf8_next(&at, end);
        return (size_t)(at - s);
}

static locale_t unicode(void) {
        static locale_t locale;

        if (!locale)
                locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
        if (!locale)
                locale = newlocale(LC_CTYPE_MASK, "C", NULL);
        return locale;
}

uint32_t utf8_upper(uint32_t c) {
        if (c < 0x80)
                return c >= 'a' && c <= 'z' ? c - 32 : c;
        return c & UTF8_BYTE || !unicode() ? c : towupper_l(c, unicode());
}

uint32_t utf8_lower(uint32_t c) {
        if (c < 0x80)
                return c >= 'A' && c <= 'Z' ? c + 32 : c;
        return c & UTF8_BYTE || !unicode() ? c : towlower_l(c, unicode());
}

bool utf8_is_letter(uint32_t c) {
        if (c < 0x80)
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !(c & UTF8_BYTE) && unicode() && iswalpha_l(c, unicode());
}
