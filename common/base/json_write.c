/* SPDX-License-Identifier: Apache-2.0 */
/* Writing needs no cJSON: runs of bytes that need no escape are copied whole. The buffer's sticky error is checked
 * once, by the caller or at the end. */
#include "common/base/json.h"

#include "common/base/json_scan.h"
#include "common/base/text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void write_escape(struct buf *b, char c) {
        static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, letter */

        for (const char *p = short_forms; *p != '\0'; p += 2)
                if (*p == c) {
                        (void)buf_append(b, (const char[]){ '\\', p[1] }, 2);
                        return;
                }
        (void)buf_appendf(b, "\\u%04x", (unsigned char)c);
}

/* Valid UTF-8. */
static void write_valid(struct buf *b, const char *s, size_t len) {
        const char *end = s + len;

        for (;;) {
                const char *special = json_skip_plain(s, end);

                (void)buf_append(b, s, (size_t)(special - s));
                if (special == end)
                        return;
                write_escape(b, *special);
                s = special + 1;
        }
}

static void write_repaired(struct buf *b, const char *s, size_t len) {
        while (len > 0) {
                size_t n = text_utf8_char(s, len);

                if (n > 0)
                        write_valid(b, s, n);
                else
                        (void)buf_append_str(b, REPLACEMENT);
                n = MAX(n, (size_t)1);
                s += n;
                len -= n;
        }
}

int json_write_string(struct buf *b, const char *s, size_t len) {
        (void)buf_append_char(b, '"');
        if (text_is_utf8(s, len))
                write_valid(b, s, len);
        else
                write_repaired(b, s, len);
        return buf_append_char(b, '"');
}

static void new_line(struct buf *b, enum json_style style, unsigned depth) {
        if (style == JSON_PRETTY)
                (void)buf_appendf(b, "\n%*s", (int)depth * 2, "");
}

static void write_value(struct buf *b, const struct value *v, enum json_style style, unsigned depth);

static void write_container(struct buf *b, const struct value *v, enum json_style style, unsigned depth) {
        bool map = value_type(v) == VALUE_MAP;
        size_t count = value_count(v);

        (void)buf_append_char(b, map ? '{' : '[');
        for (size_t i = 0; i < count && buf_error(b) == 0; i++) {
                if (i > 0)
                        (void)buf_append_char(b, ',');
                new_line(b, style, depth + 1);
                if (map) {
                        const char *key = value_map_key_at(v, i);

                        (void)json_write_string(b, key, strlen(key));
                        (void)buf_append_str(b, style == JSON_PRETTY ? ": " : ":");
                }
                write_value(b, map ? value_map_at(v, i) : value_list_at(v, i), style, depth + 1);
        }
        if (count > 0)
                new_line(b, style, depth);
        (void)buf_append_char(b, map ? '}' : ']');
}

static void write_value(struct buf *b, const struct value *v, enum json_style style, unsigned depth) {
        switch (value_type(v)) {
        case VALUE_NULL:
                (void)buf_append_str(b, "null");
                break;
        case VALUE_BOOL:
                (void)buf_append_str(b, value_bool(v) ? "true" : "false");
                break;
        case VALUE_NUMBER:
                (void)buf_append_str(b, value_number(v));
                break;
        case VALUE_STRING:
                (void)json_write_string(b, value_string(v), value_string_len(v));
                break;
        case VALUE_LIST:
        case VALUE_MAP:
                write_container(b, v, style, depth);
                break;
        }
}

int json_write(struct buf *b, const struct value *v, enum json_style style) {
        write_value(b, v, style, 0);
        return buf_error(b);
}

char *json_to_text(const struct value *v, enum json_style style) {
        _cleanup_(buf_done) struct buf b = { 0 };

        return json_write(&b, v, style) < 0 ? NULL : buf_take(&b, NULL);
}
