/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting works on the decimal digits themselves: the number is written out without an exponent, rounded like on
 * paper, and only then grouped and padded. */
#include "common/expr/expr_number_format.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENT_MAX 400
#define DIGITS_MAX 340 /* of a pattern, on either side of the point */

struct format {
        size_t whole_min, fraction_min, fraction_max;
        size_t group;  /* digits of a group; 0: none */
        int shift;     /* 2 for %, 3 for per mille */
        const char *prefix, *suffix;
        size_t prefix_len, suffix_len;
};

/* --- patterns -------------------------------------------------------------------------------------------------- */

static void read_whole(const char **s, struct format *f) {
        bool grouped = false;

        for (; **s == '#' || **s == '0' || **s == ','; (*s)++) {
                if (**s == ',') {
                        grouped = true;
                        f->group = 0;
                        continue;
                }
                f->whole_min += **s == '0';
                f->group += grouped;
        }
}

static void read_fraction(const char **s, struct format *f) {
        if (**s != '.')
                return;
        for ((*s)++; **s == '#' || **s == '0'; (*s)++) {
                f->fraction_min += **s == '0';
                f->fraction_max++;
        }
}

/* Only the pattern of positive numbers is used; negative ones get a '-' in front, as Java's default is. */
static const char *read_pattern(const char *pattern, struct format *f) {
        size_t len = strcspn(pattern, ";");
        const char *s = pattern, *end = pattern + len;

        *f = (struct format){ .prefix = pattern, .prefix_len = strcspn(pattern, "#0,.;") };
        s += f->prefix_len;
        if (s == end)
                return "it has neither '#' nor '0'";
        read_whole(&s, f);
        read_fraction(&s, f);
        if (*s == 'E')
                return "exponents are not supported by sqsflow";
        if (strpbrk(s, "#0,.") && strpbrk(s, "#0,.") < end)
                return "it has a second number";
        f->suffix = s;
        f->suffix_len = (size_t)(end - s);
        if (memchr(pattern, '%', len))
                f->shift = 2;
        if (f->whole_min > DIGITS_MAX || f->fraction_max > DIGITS_MAX)
                return "it is too long";
        return NULL;
}

/* --- digits ---------------------------------------------------------------------------------------------------- */

/* Plain digits and where the point stands among them. */
struct plain {
        struct buf digits;
        long point;
};

static int write_out(const char *s, int shift, struct plain *p) {
        const char *exponent = strpbrk(s, "eE"), *end = exponent ? exponent : s + strlen(s);
        const char *point = memchr(s, '.', (size_t)(end - s));
        long power = exponent ? strtol(exponent + 1, NULL, 10) : 0;

        if (power > EXPONENT_MAX || power < -EXPONENT_MAX)
                return -ERANGE;
        for (const char *at = s; at < end; at++)
                if (*at != '.')
                        buf_append_char(&p->digits, *at);
        p->point = (point ? point : end) - s + power + shift;
        while (p->point > (long)p->digits.len && buf_error(&p->digits) == 0)
                buf_append_char(&p->digits, '0');
        return buf_error(&p->digits);
}

/* Puts zeros in front, so that there is a digit before the point and one that rounding may carry into. */
static int pad_front(struct plain *p) {
        struct buf padded = BUF_INIT(0);
        long zeros = p->point < 1 ? 2 - p->point : 1;

        for (long i = 0; i < zeros; i++)
                buf_append_char(&padded, '0');
        buf_append(&padded, p->digits.data, p->digits.len);
        p->point += zeros;
        buf_done(&p->digits);
        p->digits = padded;
        return buf_error(&p->digits);
}

static bool rounds_up(const char *digits, size_t len, size_t keep) {
        size_t rest;

        if (keep >= len || digits[keep] < '5')
                return false;
        rest = strspn(digits + keep + 1, "0");
        if (digits[keep] > '5' || keep + 1 + rest < len)
                return true;
        return (digits[keep - 1] - '0') % 2 == 1; /* half: to the even neighbour */
}

static void round_to(struct plain *p, size_t fraction) {
        size_t keep = (size_t)p->point + fraction;
        char *digits = p->digits.data;

        if (rounds_up(digits, p->digits.len, keep)) {
                size_t i = keep;

                while (i > 0 && digits[i - 1] == '9')
                        digits[--i] = '0';
                if (i > 0)
                        digits[i - 1]++;
        }
        if (keep < p->digits.len) {
                p->digits.len = keep;
                digits[keep] = '\0';
        }
}

/* --- output ---------------------------------------------------------------------------------------------------- */

static void write_whole(struct buf *b, const struct format *f, const char *digits, size_t count) {
        size_t skip = MIN(strspn(digits, "0"), count), have = count - skip, width = MAX(have, f->whole_min);

        for (size_t i = 0; i < width; i++) {
                buf_append_char(b, i < width - have ? '0' : digits[skip + i - (width - have)]);
                if (f->group > 0 && i + 1 < width && (width - i - 1) % f->group == 0)
                        buf_append_char(b, ',');
        }
}

static void write_fraction(struct buf *b, const struct format *f, const char *digits, size_t count) {
        while (count > f->fraction_min && digits[count - 1] == '0')
                count--;
        if (count > 0 || f->fraction_min > 0)
                buf_append_char(b, '.');
        buf_append(b, digits, count);
        for (; count < f->fraction_min; count++)
                buf_append_char(b, '0');
}

/* A prefix or suffix: quotes make its characters plain. */
static void write_affix(struct buf *b, const char *s, size_t len) {
        for (size_t i = 0; i < len; i++)
                if (s[i] != '\'')
                        buf_append_char(b, s[i]);
                else if (i + 1 < len && s[i + 1] == '\'')
                        buf_append_char(b, s[i++]);
}

static void write_number(struct buf *b, const struct format *f, const struct plain *p, bool negative) {
        size_t point = (size_t)p->point, start;

        if (negative && strspn(p->digits.data, "0") < p->digits.len)
                buf_append_char(b, '-');
        write_affix(b, f->prefix, f->prefix_len);
        start = b->len;
        write_whole(b, f, p->digits.data, point);
        write_fraction(b, f, p->digits.data + point, p->digits.len - point);
        if (b->len == start)
                buf_append_char(b, '0');
        write_affix(b, f->suffix, f->suffix_len);
}

int number_format(struct buf *b, const char *digits, const char *pattern, const char **ret_why) {
        bool negative = *digits == '-';
        struct plain p = { .digits = BUF_INIT(0) };
        struct format f;
        int r;

        *ret_why = read_pattern(pattern, &f);
        if (*ret_why)
                return -EINVAL;
        r = write_out(digits + negative, f.shift, &p);
        if (r == 0)
                r = pad_front(&p);
        if (r == 0) {
                round_to(&p, f.fraction_max);
                write_number(b, &f, &p, negative);
                r = buf_error(b);
        }
        buf_done(&p.digits);
        return r;
}
