/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns hang in buckets by their first byte. A text's position is looked up by the byte that stands there, and, when
 * it begins an escape, by the byte that the escape stands for.
 *
 * Base64 encodes three bytes in four characters, so a secret inside something longer has one of three forms, and only
 * its inner characters are the same whatever stands around. Those are the pattern; the character on each side, which
 * may hold a few bits of the secret, is left out with it. base64(1) breaks what it writes into lines, and logs come by
 * lines: a line of the pattern's inside is known where a text begins with it.
 *
 * Secrets may have parts in common ("user:pass" and "pass"): what is left out ends where none goes on. */
#include "runner/secret_patterns.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/text.h"

#define TAIL_BYTES_MIN 8 /* of a secret's beginning at the end of a text */

enum pattern_kind { PATTERN_PLAIN, PATTERN_BASE64 };

struct pattern {
        struct pattern *next; /* in its bucket */
        enum pattern_kind kind;
        size_t len;
        char text[];
};

struct secret_patterns {
        struct pattern *buckets[256];
        size_t count;
};

/* --- adding --------------------------------------------------------------------------------------------------------- */

static bool holds(const struct secret_patterns *set, enum pattern_kind kind, const char *text, size_t len) {
        for (const struct pattern *p = set->buckets[(unsigned char)*text]; p; p = p->next)
                if (p->kind == kind && p->len == len && memcmp(p->text, text, len) == 0)
                        return true;
        return false;
}

static int add(struct secret_patterns *set, enum pattern_kind kind, const char *text, size_t len) {
        struct pattern **bucket = &set->buckets[(unsigned char)*text], *p;

        if (len == 0 || holds(set, kind, text, len))
                return 0;
        if (set->count >= SECRET_PATTERNS_MAX)
                return -EOVERFLOW;
        p = malloc(sizeof(*p) + len + 1);
        if (!p)
                return -ENOMEM;
        p->kind = kind;
        p->len = len;
        memcpy(p->text, text, len);
        p->text[len] = '\0';
        p->next = *bucket;
        *bucket = p;
        set->count++;
        return 0;
}

/* The characters of base64 that `skew` unknown bytes before the secret, and any behind it, leave as they are. */
static int add_base64_at(struct secret_patterns *set, const char *secret, size_t len, size_t skew) {
        _cleanup_(buf_done) struct buf raw = BUF_INIT(0), packed = BUF_INIT(0);
        size_t first = (skew * 8 + 5) / 6, end = (skew + len) * 8 / 6;
        int r;

        buf_append(&raw, "\0\0", skew);
        r = buf_append(&raw, secret, len);
        if (r == 0)
                r = base64_encode(&packed, raw.data, raw.len);
        if (r == 0)
                r = add(set, PATTERN_BASE64, packed.data + first, end - first);
        for (size_t i = 0; r == 0 && i < packed.len; i++)
                packed.data[i] = packed.data[i] == '+' ? '-' : packed.data[i] == '/' ? '_' : packed.data[i];
        if (r == 0)
                r = add(set, PATTERN_BASE64, packed.data + first, end - first);
        if (raw.data)
                secret_wipe(raw.data, raw.len);
        if (packed.data)
                secret_wipe(packed.data, packed.len);
        return r;
}

static int add_forms(struct secret_patterns *set, const char *secret, size_t len) {
        int r = add(set, PATTERN_PLAIN, secret, len);

        for (size_t skew = 0; r == 0 && skew < 3 && len >= SECRET_BASE64_BYTES_MIN; skew++)
                r = add_base64_at(set, secret, len, skew);
        return r;
}

static int add_lines(struct secret_patterns *set, const char *secret) {
        int r = 0;

        for (const char *line = secret, *next; r == 0 && line; line = next) {
                size_t len = strcspn(line, "\r\n");

                next = line[len] ? line + len + 1 : NULL;
                if (len >= SECRET_LINE_BYTES_MIN)
                        r = add_forms(set, line, len);
        }
        return r;
}

int secret_patterns_add(struct secret_patterns **set, const char *secret) {
        size_t len = strlen(secret);
        int r;

        if (!*set)
                *set = calloc(1, sizeof(**set));
        if (!*set)
                return -ENOMEM;
        if (len == 0 || holds(*set, PATTERN_PLAIN, secret, len))
                return 0;
        r = add_forms(*set, secret, len);
        return r < 0 || !strpbrk(secret, "\r\n") ? r : add_lines(*set, secret);
}

struct secret_patterns *secret_patterns_free(struct secret_patterns *set) {
        if (!set)
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(set->buckets); i++)
                for (struct pattern *p = set->buckets[i], *next; p; p = next) {
                        next = p->next;
                        secret_wipe(p->text, p->len);
                        free(p);
                }
        free(set);
        return NULL;
}

/* --- finding -------------------------------------------------------------------------------------------------------- */

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)(c | 0x20);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape that the text begins with: its length and the byte it stands for; 0 when it begins with none. */
static size_t escape_at(const char *text, size_t len, unsigned char *ret) {
        static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
        const char *name;
        int high, low;

        if (len > 0 && *text == '+') {
                *ret = ' ';
                return 1;
        }
        if (len >= 3 && *text == '%' && (high = hex_value(text[1])) >= 0 && (low = hex_value(text[2])) >= 0) {
                *ret = (unsigned char)(high * 16 + low);
                return 3;
        }
        if (len >= 6 && memcmp(text, "\\u00", 4) == 0 && (high = hex_value(text[4])) >= 0 && (low = hex_value(text[5])) >= 0) {
                *ret = (unsigned char)(high * 16 + low);
                return 6;
        }
        if (len >= 2 && *text == '\\' && (name = strchr(names, text[1])) && *name) {
                *ret = (unsigned char)bytes[name - names];
                return 2;
        }
        return 0;
}

/* How much of the text the pattern takes with its escapes undone; 0 when it does not stand there. */
static size_t match_escaped(const struct pattern *p, const char *text, size_t len) {
        size_t at = 0;

        for (size_t i = 0; i < p->len; i++) {
                unsigned char byte;
                size_t n = escape_at(text + at, len - at, &byte);

                if (n > 0 && byte == (unsigned char)p->text[i])
                        at += n;
                else if (at < len && text[at] == p->text[i])
                        at++;
                else
                        return 0;
        }
        return at;
}

/* The same of base64, whose lines may end anywhere, as may the text. */
static size_t match_lines(const struct pattern *p, const char *text, size_t len) {
        size_t at = 0, i = 0;

        for (; i < p->len && at < len; at++)
                if (text[at] == p->text[i])
                        i++;
                else if (i == 0 || (text[at] != '\n' && text[at] != '\r'))
                        return 0;
        return i == p->len || i >= TAIL_BYTES_MIN ? at : 0;
}

static size_t match(const struct pattern *p, const char *text, size_t len) {
        if (len >= p->len && memcmp(text, p->text, p->len) == 0)
                return p->len;
        if (p->kind == PATTERN_BASE64)
                return match_lines(p, text, len);
        if (len < p->len && len >= TAIL_BYTES_MIN && len >= p->len / 2 && memcmp(text, p->text, len) == 0)
                return len;
        return match_escaped(p, text, len);
}

static bool is_base64(char c) {
        return isalnum((unsigned char)c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
}

struct span {
        size_t start, end;
};

/* Makes *s longer when a pattern of this bucket stands at `at`. */
static void look(const struct pattern *bucket, const char *text, size_t len, size_t from, size_t at, struct span *s) {
        for (const struct pattern *p = bucket; p; p = p->next) {
                size_t n = match(p, text + at, len - at);
                struct span found = { at, at + n };

                if (n > 0 && p->kind == PATTERN_BASE64) {
                        found.start -= at > from && is_base64(text[at - 1]);
                        found.end += found.end < len && is_base64(text[found.end]);
                }
                if (n > 0 && found.end - found.start > s->end - s->start)
                        *s = found;
        }
}

static struct span find_at(const struct secret_patterns *set, const char *text, size_t len, size_t from, size_t at) {
        struct span s = { at, at };
        unsigned char byte;

        look(set->buckets[(unsigned char)text[at]], text, len, from, at, &s);
        if (escape_at(text + at, len - at, &byte) > 0)
                look(set->buckets[byte], text, len, from, at, &s);
        return s;
}

/* How much of a run of base64 stands inside the pattern: all of it, or up to the pattern's end; else 0. */
static size_t match_inside(const struct pattern *p, const char *run, size_t len) {
        const char *end = p->text + p->len, *at = p->text;

        while ((at = memmem(at, (size_t)(end - at), run, TAIL_BYTES_MIN))) {
                size_t most = MIN(len, (size_t)(end - at)), n = TAIL_BYTES_MIN;

                while (n < most && at[n] == run[n])
                        n++;
                if (n == most)
                        return n < len ? n + 1 : n; /* with the character behind, like look() */
                at++;
        }
        return 0;
}

/* A text that begins, maybe behind blanks, with a later line of a secret's base64. */
static struct span find_later_line(const struct secret_patterns *set, const char *text, size_t len) {
        size_t start = 0, end, longest = 0;

        while (start < len && (text[start] == ' ' || text[start] == '\t'))
                start++;
        for (end = start; end < len && is_base64(text[end]);)
                end++;
        for (size_t i = 0; i < ARRAY_SIZE(set->buckets) && end - start >= TAIL_BYTES_MIN; i++)
                for (const struct pattern *p = set->buckets[i]; p; p = p->next)
                        if (p->kind == PATTERN_BASE64)
                                longest = MAX(longest, match_inside(p, text + start, end - start));
        return (struct span){ start, start + longest };
}

bool secret_patterns_find(const struct secret_patterns *set, const char *text, size_t len, size_t from,
                          size_t *ret_start, size_t *ret_end) {
        struct span s = { from, from };

        if (!set)
                return false;
        if (from == 0)
                s = find_later_line(set, text, len);
        for (size_t at = from; at < len && s.end == s.start; at++)
                s = find_at(set, text, len, from, at);
        if (s.end == s.start)
                return false;
        for (size_t at = s.start; at < s.end; at++) {
                struct span next = find_at(set, text, len, from, at);

                s.end = MAX(s.end, next.end);
        }
        *ret_start = s.start;
        *ret_end = s.end;
        return true;
}
