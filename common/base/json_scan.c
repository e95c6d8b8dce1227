/* SPDX-License-Identifier: Apache-2.0 */
/* A recursive descent over the text, one function per rule of RFC 8259, in one pass. The marked copy is made only when
 * the first thing to mark is met. */
#include "common/base/json_scan.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/json.h"
#include "common/base/text.h"

static int refuse(struct json_scan *s, const char *at, const char *error) {
        s->error = error;
        s->error_offset = (size_t)(at - s->text);
        return -EBADMSG;
}

static bool is_digit(const char *p, const char *end) {
        return p < end && *p >= '0' && *p <= '9';
}

static void skip_space(struct json_scan *s) {
        while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
                s->at++;
}

/* True, and past it, when the next character is c. */
static bool next_is(struct json_scan *s, char c) {
        if (s->at == s->end || *s->at != c)
                return false;
        s->at++;
        return true;
}

/* Puts `replacement` in the place of the text in [from, to). */
static int mark(struct json_scan *s, const char *from, const char *to, const char *replacement) {
        (void)buf_append(&s->marked, s->copied, (size_t)(from - s->copied));
        s->copied = to;
        return buf_append_str(&s->marked, replacement);
}

static int skip_digits(struct json_scan *s) {
        if (!is_digit(s->at, s->end))
                return refuse(s, s->at, "a digit is missing in a number");
        while (is_digit(s->at, s->end))
                s->at++;
        return 0;
}

static int scan_number(struct json_scan *s) {
        const char *start = s->at, *digits;
        bool exact;
        int r;

        (void)next_is(s, '-');
        digits = s->at;
        r = skip_digits(s);
        if (r == 0 && *digits == '0' && s->at - digits > 1)
                r = refuse(s, digits, "a number may not begin with 0");
        exact = s->at - digits <= JSON_EXACT_DIGITS && !(*start == '-' && digits < s->end && *digits == '0');
        if (r == 0 && next_is(s, '.')) {
                exact = false;
                r = skip_digits(s);
        }
        if (r == 0 && (next_is(s, 'e') || next_is(s, 'E'))) {
                exact = false;
                if (!next_is(s, '-'))
                        (void)next_is(s, '+');
                r = skip_digits(s);
        }
        if (r < 0 || exact)
                return r;
        r = mark(s, start, start, "\"\\u0001");
        return r < 0 ? r : mark(s, s->at, s->at, "\"");
}

/* The four digits after \u; -1 when they are not hexadecimal. */
static int hex4(const char *p, const char *end) {
        int n = 0;

        for (int i = 0; i < 4; i++, p++) {
                if (p == end)
                        return -1;
                if (*p >= '0' && *p <= '9')
                        n = n * 16 + (*p - '0');
                else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
                        n = n * 16 + ((*p | 0x20) - 'a' + 10);
                else
                        return -1;
        }
        return n;
}

/* s->at stands behind "\u". */
static int scan_unicode_escape(struct json_scan *s) {
        const char *escape = s->at - 2;
        int n = hex4(s->at, s->end), low;

        if (n < 0)
                return refuse(s, escape, "\\u must be followed by four hexadecimal digits");
        if (n == 0)
                return refuse(s, escape, "\\u0000 is not supported");
        s->at += 4;
        if (n < 0xd800 || n > 0xdfff)
                return 0;
        low = next_is(s, '\\') && next_is(s, 'u') ? hex4(s->at, s->end) : -1;
        if (n > 0xdbff || low < 0xdc00 || low > 0xdfff)
                return refuse(s, escape, "a surrogate has no partner");
        s->at += 4;
        return 0;
}

static bool is_short_escape(char c) {
        return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't';
}

static int scan_escape(struct json_scan *s) {
        const char *escape = s->at++;

        s->escaped = true;
        if (next_is(s, 'u'))
                return scan_unicode_escape(s);
        if (s->at == s->end || !is_short_escape(*s->at))
                return refuse(s, escape, "this escape does not exist");
        s->at++;
        return 0;
}

static bool is_special(char c) {
        return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

/* Eight bytes at a time while none is special: a byte b is below n when (b - n) borrows and its own top bit is not set. A
 * borrow that runs on into the next byte only ends the loop early. */
const char *json_skip_plain(const char *at, const char *end) {
        const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
        uint64_t word, quote, backslash;

        for (; end - at >= (ptrdiff_t)sizeof(word); at += sizeof(word)) {
                memcpy(&word, at, sizeof(word));
                quote = word ^ (ones * '"');
                backslash = word ^ (ones * '\\');
                if ((((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & tops)
                        break;
        }
        while (at < end && !is_special(*at))
                at++;
        return at;
}

/* s->at stands behind the opening quote. */
static int scan_string(struct json_scan *s) {
        const char *start = s->at - 1;

        s->escaped = false;
        for (;;) {
                int r;

                s->at = json_skip_plain(s->at, s->end);
                if (s->at == s->end)
                        return refuse(s, start, "this string has no end");
                if (next_is(s, '"'))
                        return 0;
                if (*s->at != '\\')
                        return refuse(s, s->at, "a control character in a string must be escaped");
                r = scan_escape(s);
                if (r < 0)
                        return r;
        }
}

static int carry(struct json_scan *s, const char *string, size_t len) {
        char reference[64];

        (void)snprintf(reference, sizeof(reference), "\\u0001@%zu,%zu", (size_t)(string - s->text), len);
        return mark(s, string, string + len, reference);
}

static int scan_string_value(struct json_scan *s) {
        static const char marked[] = "\\u0001";
        const char *start = s->at;
        size_t len;
        int r;

        r = scan_string(s);
        if (r < 0)
                return r;
        len = (size_t)(s->at - 1 - start);
        if (!s->escaped)
                return len < JSON_CARRIED_MIN ? 0 : carry(s, start, len);
        return len >= sizeof(marked) - 1 && memcmp(start, marked, sizeof(marked) - 1) == 0
                       ? mark(s, start, start, marked)
                       : 0;
}

static int scan_word(struct json_scan *s, const char *word) {
        size_t len = strlen(word);

        if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
                return refuse(s, s->at, "this is not a JSON value");
        s->at += len;
        return 0;
}

static int scan_value(struct json_scan *s, unsigned depth);

/* s->at stands behind the bracket, as in the next function. */
static int scan_array(struct json_scan *s, unsigned depth) {
        int r;

        skip_space(s);
        if (next_is(s, ']'))
                return 0;
        do {
                r = scan_value(s, depth);
                if (r < 0)
                        return r;
        } while (next_is(s, ','));
        return next_is(s, ']') ? 0 : refuse(s, s->at, "',' or ']' is missing");
}

static int scan_key(struct json_scan *s) {
        int r;

        skip_space(s);
        if (++s->key_count == s->wanted_key)
                s->wanted_key_offset = (size_t)(s->at - s->text);
        if (!next_is(s, '"'))
                return refuse(s, s->at, "a key in double quotes is missing");
        r = scan_string(s);
        if (r < 0)
                return r;
        skip_space(s);
        return next_is(s, ':') ? 0 : refuse(s, s->at, "':' is missing");
}

static int scan_object(struct json_scan *s, unsigned depth) {
        int r;

        skip_space(s);
        if (next_is(s, '}'))
                return 0;
        do {
                r = scan_key(s);
                if (r == 0)
                        r = scan_value(s, depth);
                if (r < 0)
                        return r;
        } while (next_is(s, ','));
        return next_is(s, '}') ? 0 : refuse(s, s->at, "',' or '}' is missing");
}

static int too_deep(struct json_scan *s) {
        (void)refuse(s, s->at, "the nesting is too deep");
        return -E2BIG;
}

static int scan_bare_value(struct json_scan *s, unsigned depth) {
        if (s->at == s->end)
                return refuse(s, s->at, "a value is missing");
        switch (*s->at) {
        case '"':
                s->at++;
                return scan_string_value(s);
        case '{':
        case '[':
                if (depth == JSON_DEPTH_MAX)
                        return too_deep(s);
                return *s->at++ == '{' ? scan_object(s, depth + 1) : scan_array(s, depth + 1);
        case 't':
                return scan_word(s, "true");
        case 'f':
                return scan_word(s, "false");
        case 'n':
                return scan_word(s, "null");
        case '-':
        case '0' ... '9':
                return scan_number(s);
        default:
                return refuse(s, s->at, "this is not a JSON value");
        }
}

/* A value with the white space around it. */
static int scan_value(struct json_scan *s, unsigned depth) {
        int r;

        skip_space(s);
        r = scan_bare_value(s, depth);
        if (r == 0)
                skip_space(s);
        return r;
}

/* At most 8 bytes are added to a token of at least 2 bytes ("-0"), and there is no other limit on the copy. */
static size_t marked_max(size_t len) {
        return len > (SIZE_MAX - 64) / 8 ? SIZE_MAX / 2 : len * 8 + 64;
}

int json_scan(struct json_scan *s, const char *text, size_t len) {
        int r;

        s->text = s->at = s->copied = text;
        s->end = text + len;
        s->marked = BUF_INIT(marked_max(len));
        if (!text_is_utf8(text, len))
                return refuse(s, text, "the text is not UTF-8");
        r = scan_value(s, 0);
        if (r < 0)
                return r;
        if (s->at < s->end)
                return refuse(s, s->at, "there is text after the value");
        return s->marked.len > 0 ? mark(s, s->end, s->end, "") : 0;
}
