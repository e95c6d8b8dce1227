/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by the table of RFC 3629 section 4: what distinguishes the forms is the range of the second byte, which is
 * what shuts out overlong forms, surrogates and everything above U+10FFFF. */
#include "common/base/text.h"

struct form {
        unsigned char first_min, first_max;
        unsigned char second_min, second_max;
        unsigned char len;
};

static const struct form forms[] = {
        { 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static bool has_form(const unsigned char *s, const struct form *form) {
        if (form->len > 1 && (s[1] < form->second_min || s[1] > form->second_max))
                return false;
        for (size_t i = 2; i < form->len; i++)
                if (s[i] < 0x80 || s[i] > 0xbf)
                        return false;
        return true;
}

size_t text_utf8_char(const char *s, size_t len) {
        const unsigned char *bytes = (const unsigned char *)s;

        for (size_t i = 0; i < ARRAY_SIZE(forms) && len > 0; i++)
                if (bytes[0] >= forms[i].first_min && bytes[0] <= forms[i].first_max)
                        return len >= forms[i].len && has_form(bytes, &forms[i]) ? forms[i].len : 0;
        return 0;
}

/* Most text is ASCII: eight bytes at a time while no top bit is set. */
bool text_is_utf8(const char *s, size_t len) {
        size_t i = 0;

        while (i < len) {
                uint64_t word;
                size_t n;

                if (len - i >= sizeof(word)) {
                        memcpy(&word, s + i, sizeof(word));
                        if ((word & UINT64_C(0x8080808080808080)) == 0) {
                                i += sizeof(word);
                                continue;
                        }
                }
                n = text_utf8_char(s + i, len - i);
                if (n == 0)
                        return false;
                i += n;
        }
        return true;
}
