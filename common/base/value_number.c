/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are their digits. To compare them, or to ask whether one is whole, they are brought to the one form
 * "0.d1d2d3… x 10^exponent" where d1 and the last digit are not 0: equal values have equal forms, however they were
 * written and however long they are. */
#include "common/base/value_private.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Exponents beyond it are all alike: no number of a message has so many digits that they would matter. */
#define EXPONENT_LIMIT (INT64_C(1) << 60)

struct decimal {
        bool negative;
        const char *first, *end; /* significant digits; a '.' may stand among them; first == end is zero */
        int64_t exponent;
};

static const char *skip_digits(const char *s) {
        while (isdigit((unsigned char)*s))
                s++;
        return s;
}

/* RFC 8259 section 6: [ minus ] int [ frac ] [ exp ], where int has no leading zero. */
static bool is_number(const char *s) {
        const char *start;

        s += *s == '-';
        start = s;
        s = skip_digits(s);
        if (s == start || (*start == '0' && s - start > 1))
                return false;
        if (*s == '.') {
                start = ++s;
                s = skip_digits(s);
                if (s == start)
                        return false;
        }
        if (*s == 'e' || *s == 'E') {
                s++;
                s += *s == '+' || *s == '-';
                start = s;
                s = skip_digits(s);
                if (s == start)
                        return false;
        }
        return *s == '\0';
}

struct value *value_new_number(const char *digits) {
        if (!is_number(digits)) {
                errno = EINVAL;
                return NULL;
        }
        return value_new_text(VALUE_NUMBER, digits, strlen(digits));
}

struct value *value_new_int(int64_t i) {
        char digits[24];
        int n = snprintf(digits, sizeof(digits), "%" PRIi64, i);

        return value_new_text(VALUE_NUMBER, digits, (size_t)n);
}

struct value *value_new_double(double d) {
        char digits[40] = "";
        int n = 0;

        if (!isfinite(d))
                return value_new_null();
        /* Whole numbers of which every double is exact are written without an exponent, as people do. */
        if (d == trunc(d) && fabs(d) < 1e15 && !(d == 0 && signbit(d)))
                return value_new_int((int64_t)d);
        for (int precision = 1; precision <= 17; precision++) {
                n = snprintf(digits, sizeof(digits), "%.*g", precision, d);
                if (strtod(digits, NULL) == d)
                        break;
        }
        return value_new_text(VALUE_NUMBER, digits, (size_t)n);
}

static int64_t parse_exponent(const char *s) {
        bool negative = *s == '-';
        int64_t n = 0;

        for (s += *s == '-' || *s == '+'; *s != '\0' && n < EXPONENT_LIMIT / 10; s++)
                n = n * 10 + (*s - '0');
        return negative ? -n : n;
}

static struct decimal decimal_of(const char *number) {
        struct decimal d = { .negative = number[0] == '-' };
        const char *mantissa = number + d.negative;
        const char *end = mantissa + strcspn(mantissa, "eE");
        const char *point = memchr(mantissa, '.', (size_t)(end - mantissa));

        d.first = mantissa + strspn(mantissa, "0.");
        d.first = MIN(d.first, end);
        for (d.end = end; d.end > d.first && (d.end[-1] == '0' || d.end[-1] == '.'); d.end--)
                ;
        if (d.first == d.end) /* zero has one form */
                return (struct decimal){ .first = end, .end = end };
        point = point ? point : end;
        d.exponent = d.first < point ? point - d.first : point + 1 - d.first;
        if (*end != '\0')
                d.exponent += parse_exponent(end + 1);
        return d;
}

/* The next significant digit, -1 behind the last. */
static int next_digit(struct decimal *d) {
        if (d->first < d->end && *d->first == '.')
                d->first++;
        return d->first < d->end ? *d->first++ - '0' : -1;
}

bool value_number_equal(const char *a, const char *b) {
        struct decimal x = decimal_of(a), y = decimal_of(b);
        int digit;

        if (x.negative != y.negative || x.exponent != y.exponent)
                return false;
        do {
                digit = next_digit(&x);
                if (digit != next_digit(&y))
                        return false;
        } while (digit >= 0);
        return true;
}

/* How many significant digits there are; a number is whole when its exponent is not smaller. */
static int64_t digit_count(struct decimal d) {
        int64_t count = 0;

        while (next_digit(&d) >= 0)
                count++;
        return count;
}

/* Built towards the negative side, which reaches one further. */
int value_to_i64(const struct value *v, int64_t *ret) {
        struct decimal d;
        int64_t n = 0;

        if (v->type != VALUE_NUMBER)
                return -EINVAL;
        d = decimal_of(v->text);
        if (d.exponent < digit_count(d))
                return -EINVAL;
        for (int64_t i = 0; i < d.exponent; i++)
                if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, MAX(next_digit(&d), 0), &n))
                        return -ERANGE;
        if (!d.negative && n == INT64_MIN)
                return -ERANGE;
        *ret = d.negative ? n : -n;
        return 0;
}

int value_to_double(const struct value *v, double *ret) {
        double d;

        if (v->type != VALUE_NUMBER)
                return -EINVAL;
        d = strtod(v->text, NULL);
        if (!isfinite(d))
                return -ERANGE;
        *ret = d;
        return 0;
}
