/* SPDX-License-Identifier: Apache-2.0 */
/* A number with a fraction is mantissa x 10^-scale in 128 bits as long as that holds it, so that 0.1 + 0.2 is 0.3; what
 * does not fit is computed as a double, like everything in Java would be. Comparison never computes: it compares the
 * digits. */
#include "common/expr/expr_number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

#define SCALE_MAX 38
#define DECIMAL_TEXT_MAX 48 /* sign, 39 digits, point, leading zero, NUL */

struct decimal {
        __int128 mantissa;
        int scale; /* digits behind the point */
};

bool number_is_whole(const struct value *a) {
        return !strpbrk(value_number(a), ".eE");
}

/* --- decimals -------------------------------------------------------------------------------------------------- */

static bool multiply(__int128 a, __int128 b, __int128 *ret) {
        return !__builtin_mul_overflow(a, b, ret);
}

/* False when the digits do not fit or stand with an exponent. */
static bool decimal_parse(const char *s, struct decimal *ret) {
        bool negative = *s == '-', fraction = false;
        struct decimal d = { 0 };

        for (s += negative; *s != '\0'; s++) {
                if (*s == '.') {
                        fraction = true;
                        continue;
                }
                if (*s < '0' || *s > '9' || !multiply(d.mantissa, 10, &d.mantissa) ||
                    __builtin_add_overflow(d.mantissa, *s - '0', &d.mantissa) || d.scale == SCALE_MAX)
                        return false;
                d.scale += fraction;
        }
        if (negative)
                d.mantissa = -d.mantissa;
        *ret = d;
        return true;
}

static bool scale_to(struct decimal *d, int scale) {
        for (; d->scale < scale; d->scale++)
                if (!multiply(d->mantissa, 10, &d->mantissa))
                        return false;
        return true;
}

static bool parse_pair(const struct value *a, const struct value *b, struct decimal *x, struct decimal *y) {
        return decimal_parse(value_number(a), x) && decimal_parse(value_number(b), y);
}

static bool align(struct decimal *x, struct decimal *y) {
        int scale = MAX(x->scale, y->scale);

        return scale_to(x, scale) && scale_to(y, scale);
}

static struct value *decimal_value(struct decimal d) {
        unsigned __int128 rest = d.mantissa < 0 ? -(unsigned __int128)d.mantissa : (unsigned __int128)d.mantissa;
        char text[DECIMAL_TEXT_MAX], *at = text + sizeof(text);
        int digits = 0;

        *--at = '\0';
        while (rest > 0 || digits <= d.scale) {
                *--at = (char)('0' + (int)(rest % 10));
                rest /= 10;
                if (++digits == d.scale)
                        *--at = '.';
        }
        if (d.mantissa < 0)
                *--at = '-';
        return value_new_number(at);
}

static int give(struct value *v, struct value **ret) {
        if (!v)
                return -ENOMEM;
        *ret = v;
        return 0;
}

/* A double with a fraction, or ".0" as Java prints it. */
static int give_double(double d, struct value **ret) {
        struct value *v;

        if (!isfinite(d))
                return -ERANGE;
        v = value_new_double(d);
        if (v && number_is_whole(v)) {
                _cleanup_free_ char *text = text_printf("%s.0", value_number(v));

                value_unref(v);
                v = text ? value_new_number(text) : NULL;
        }
        return give(v, ret);
}

/* --- operations ------------------------------------------------------------------------------------------------ */

enum operation { ADD, SUBTRACT, MULTIPLY };

static bool whole(enum operation op, int64_t a, int64_t b, int64_t *ret) {
        return op == ADD        ? !__builtin_add_overflow(a, b, ret)
               : op == SUBTRACT ? !__builtin_sub_overflow(a, b, ret)
                                : !__builtin_mul_overflow(a, b, ret);
}

static bool decimal(enum operation op, struct decimal a, struct decimal b, struct decimal *ret) {
        if (op == MULTIPLY) {
                ret->scale = a.scale + b.scale;
                return ret->scale <= SCALE_MAX && multiply(a.mantissa, b.mantissa, &ret->mantissa);
        }
        if (!align(&a, &b))
                return false;
        ret->scale = a.scale;
        return op == ADD ? !__builtin_add_overflow(a.mantissa, b.mantissa, &ret->mantissa)
                         : !__builtin_sub_overflow(a.mantissa, b.mantissa, &ret->mantissa);
}

static double real(enum operation op, double a, double b) {
        return op == ADD ? a + b : op == SUBTRACT ? a - b : a * b;
}

static int doubles(const struct value *a, const struct value *b, double *x, double *y) {
        int r = value_to_double(a, x);

        return r < 0 ? r : value_to_double(b, y);
}

static int operate(enum operation op, const struct value *a, const struct value *b, struct value **ret) {
        struct decimal x, y, z;
        int64_t i, j, k;
        double p, q;
        int r;

        if (number_is_whole(a) && number_is_whole(b)) {
                if (value_to_i64(a, &i) < 0 || value_to_i64(b, &j) < 0 || !whole(op, i, j, &k))
                        return -ERANGE;
                return give(value_new_int(k), ret);
        }
        if (parse_pair(a, b, &x, &y) && decimal(op, x, y, &z))
                return give(decimal_value(z), ret);
        r = doubles(a, b, &p, &q);
        return r < 0 ? r : give_double(real(op, p, q), ret);
}

int number_add(const struct value *a, const struct value *b, struct value **ret) {
        return operate(ADD, a, b, ret);
}

int number_subtract(const struct value *a, const struct value *b, struct value **ret) {
        return operate(SUBTRACT, a, b, ret);
}

int number_multiply(const struct value *a, const struct value *b, struct value **ret) {
        return operate(MULTIPLY, a, b, ret);
}

int number_divide(const struct value *a, const struct value *b, struct value **ret) {
        int64_t i, j;
        double p, q;
        int r;

        if (number_is_whole(a) && number_is_whole(b)) {
                if (value_to_i64(a, &i) < 0 || value_to_i64(b, &j) < 0 || (i == INT64_MIN && j == -1))
                        return -ERANGE;
                return j == 0 ? -EDOM : give(value_new_int(i / j), ret);
        }
        r = doubles(a, b, &p, &q);
        if (r < 0)
                return r;
        return q == 0 ? -EDOM : give_double(p / q, ret);
}

int number_remainder(const struct value *a, const struct value *b, struct value **ret) {
        struct decimal x, y;
        int64_t i, j;
        double p, q;
        int r;

        if (number_is_whole(a) && number_is_whole(b)) {
                if (value_to_i64(a, &i) < 0 || value_to_i64(b, &j) < 0)
                        return -ERANGE;
                return j == 0 ? -EDOM : give(value_new_int(j == -1 ? 0 : i % j), ret);
        }
        if (parse_pair(a, b, &x, &y) && align(&x, &y))
                return y.mantissa == 0 ? -EDOM
                                       : give(decimal_value((struct decimal){ x.mantissa % y.mantissa, x.scale }), ret);
        r = doubles(a, b, &p, &q);
        if (r < 0)
                return r;
        return q == 0 ? -EDOM : give_double(fmod(p, q), ret);
}

struct value *number_absolute(const struct value *a) {
        const char *digits = value_number(a);

        return value_new_number(digits + (*digits == '-'));
}

static bool is_zero(const char *digits) {
        digits += strspn(digits, "-0.");
        return *digits < '1' || *digits > '9';
}

struct value *number_negate(const struct value *a) {
        _cleanup_free_ char *text = NULL;

        if (value_number(a)[0] == '-' || is_zero(value_number(a)))
                return number_absolute(a);
        text = text_printf("-%s", value_number(a));
        return text ? value_new_number(text) : NULL;
}

/* --- comparison ------------------------------------------------------------------------------------------------ */

/* Where the first digit that is not 0 stands: 10^n times a number in [0.1, 1). */
static int64_t magnitude(const char *digits) {
        const char *mantissa = digits + (*digits == '-');
        size_t len = strcspn(mantissa, "eE"), point = strcspn(mantissa, ".eE");
        size_t first = strspn(mantissa, "0.");
        int64_t exponent = 0;

        if (mantissa[len] != '\0')
                exponent = strtoll(mantissa + len + 1, NULL, 10) ; /* saturates, which is as good here */
        exponent = MIN(exponent, INT64_MAX / 2);
        exponent = MAX(exponent, INT64_MIN / 2);
        return exponent + (int64_t)point - (int64_t)first + (first > point);
}

static char next_digit(const char **s) {
        if (**s == '.')
                (*s)++;
        return **s >= '0' && **s <= '9' ? *(*s)++ : '\0';
}

static int compare_digits(const char *a, const char *b) {
        for (;;) {
                char x = next_digit(&a), y = next_digit(&b);

                if (x == '\0' && y == '\0')
                        return 0;
                x = x == '\0' ? '0' : x;
                y = y == '\0' ? '0' : y;
                if (x != y)
                        return x < y ? -1 : 1;
        }
}

static int compare_absolute(const char *a, const char *b) {
        int64_t x = magnitude(a), y = magnitude(b);

        if (x != y)
                return x < y ? -1 : 1;
        return compare_digits(a + strspn(a, "-0."), b + strspn(b, "-0."));
}

int number_compare(const struct value *a, const struct value *b) {
        const char *x = value_number(a), *y = value_number(b);
        int sign_x = is_zero(x) ? 0 : *x == '-' ? -1 : 1, sign_y = is_zero(y) ? 0 : *y == '-' ? -1 : 1;

        if (sign_x != sign_y || sign_x == 0)
                return sign_x - sign_y;
        return sign_x * compare_absolute(x, y);
}
