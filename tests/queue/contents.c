/* SPDX-License-Identifier: Apache-2.0 */
/* Valid UTF-8 rules the surrogates out already; what is left to refuse are control characters, which are single bytes,
 * and U+FFFE and U+FFFF, which are EF BF BE and EF BF BF. */
#include "tests/queue/contents.h"

#include "common/base/text.h"

bool contents_are_valid(const char *s, size_t len) {
        const unsigned char *p = (const unsigned char *)s;

        for (size_t i = 0; i < len; i++) {
                if (p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r')
                        return false;
                if (p[i] == 0xef && i + 2 < len && p[i + 1] == 0xbf && p[i + 2] >= 0xbe)
                        return false;
        }
        return text_is_utf8(s, len);
}
