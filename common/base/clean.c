/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clean.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/text.h"

static int put_control(struct buf *b, unsigned char c) {
        switch (c) {
        case '\n':
                return buf_append_str(b, "\\n");
        case '\t':
                return buf_append_str(b, "\\t");
        case '\r':
                return buf_append_str(b, "\\r");
        default:
                return buf_appendf(b, "\\x%02x", c);
        }
}

/* C1 controls (U+0080 to U+009F) steer terminals, too. */
static bool is_c1(const unsigned char *s, size_t n) {
        return n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

int clean_put(struct buf *b, const char *text, size_t len) {
        const unsigned char *s = (const unsigned char *)text, *end = s + len;

        while (s < end) {
                size_t n = text_utf8_char((const char *)s, (size_t)(end - s));

                if (n == 0)
                        buf_append_str(b, "\xef\xbf\xbd");
                else if (*s < 0x20 || *s == 0x7f)
                        put_control(b, *s);
                else if (is_c1(s, n))
                        put_control(b, s[1]);
                else
                        buf_append(b, s, n);
                s += n ? n : 1;
        }
        return buf_error(b);
}

int clean_put_lines(struct buf *b, const char *text, size_t len) {
        const char *line_end;

        while ((line_end = memchr(text, '\n', len))) {
                size_t n = (size_t)(line_end - text);

                clean_put(b, text, n);
                buf_append_char(b, '\n');
                text += n + 1;
                len -= n + 1;
        }
        return clean_put(b, text, len);
}

int clean_put_json(struct buf *b, const char *json, size_t len) {
        size_t from = 0;

        for (size_t i = 0; i < len; i++) {
                const unsigned char *s = (const unsigned char *)json + i;
                size_t n = *s == 0x7f ? 1 : len - i >= 2 && is_c1(s, 2) ? 2 : 0;

                if (n == 0)
                        continue;
                buf_append(b, json + from, i - from);
                buf_appendf(b, "\\u%04x", s[n - 1]);
                from = i + n;
                i = from - 1;
        }
        return buf_append(b, json + from, len - from);
}
