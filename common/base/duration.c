/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 8601 durations, without years and months (their length depends on the calendar). Units may each appear once and
 * only from large to small; only seconds may have a fraction, which is cut to microseconds. Letters may be lower
 * case, as in java.time.Duration, which is what Kestra reads with. */
#include "common/base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

struct unit {
        char letter;
        bool in_time; /* stands after the T */
        uint64_t usec;
};

static const struct unit units[] = {
        { 'W', false, 7 * USEC_PER_DAY }, { 'D', false, USEC_PER_DAY },   { 'H', true, USEC_PER_HOUR },
        { 'M', true, USEC_PER_MINUTE },   { 'S', true, USEC_PER_SEC },
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

static int parse_digits(const char **p, uint64_t *ret) {
        uint64_t n = 0;

        if (!isdigit((unsigned char)**p))
                return -EINVAL;
        for (; isdigit((unsigned char)**p); (*p)++)
                if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(**p - '0'), &n))
                        return -EINVAL;
        *ret = n;
        return 0;
}

/* The digits after the point, as microseconds of a second. */
static int parse_fraction(const char **p, uint64_t *ret) {
        uint64_t usec = 0, scale = USEC_PER_SEC / 10;

        if (!isdigit((unsigned char)**p))
                return -EINVAL;
        for (; isdigit((unsigned char)**p); (*p)++, scale /= 10)
                usec += (uint64_t)(**p - '0') * scale;
        *ret = usec;
        return 0;
}

/* One "n[.n]U" whose unit is at *unit or later in the table; *unit moves behind it. */
static int parse_part(const char **p, bool in_time, size_t *unit, uint64_t *total) {
        uint64_t n, fraction = 0;
        bool has_fraction;
        size_t i;
        int r;

        r = parse_digits(p, &n);
        has_fraction = r == 0 && **p == '.';
        if (has_fraction) {
                (*p)++;
                r = parse_fraction(p, &fraction);
        }
        if (r < 0)
                return r;

        for (i = *unit; i < UNIT_COUNT; i++)
                if (units[i].letter == toupper((unsigned char)**p) && units[i].in_time == in_time)
                        break;
        if (i == UNIT_COUNT || (has_fraction && units[i].letter != 'S'))
                return -EINVAL;
        if (__builtin_mul_overflow(n, units[i].usec, &n) || __builtin_add_overflow(*total, n, total) ||
            __builtin_add_overflow(*total, fraction, total) || *total == USEC_INFINITY)
                return -EINVAL;
        (*p)++;
        *unit = i + 1;
        return 0;
}

int duration_parse(const char *s, uint64_t *ret_usec) {
        uint64_t total = 0;
        size_t unit = 0;
        bool in_time = false;

        if (toupper((unsigned char)*s++) != 'P' || *s == '\0')
                return -EINVAL;
        while (*s != '\0') {
                if (!in_time && toupper((unsigned char)*s) == 'T') {
                        in_time = true;
                        s++;
                }
                if (parse_part(&s, in_time, &unit, &total) < 0)
                        return -EINVAL;
        }
        *ret_usec = total;
        return 0;
}

/* "n.ffffff" without the zeros at its end, and without the point when nothing is left behind it. */
static int format_seconds(uint64_t usec, char *out, size_t size) {
        unsigned fraction = (unsigned)(usec % USEC_PER_SEC);
        int digits = 6;

        if (fraction == 0)
                return snprintf(out, size, "%" PRIu64, usec / USEC_PER_SEC);
        for (; fraction % 10 == 0; fraction /= 10)
                digits--;
        return snprintf(out, size, "%" PRIu64 ".%0*u", usec / USEC_PER_SEC, digits, fraction);
}

char *duration_format(uint64_t usec, char out[DURATION_MAX]) {
        char *p = out, *end = out + DURATION_MAX;
        bool in_time = false;

        *p++ = 'P';
        for (size_t i = 1; i < UNIT_COUNT; i++) {
                uint64_t n = usec / units[i].usec;
                bool seconds = units[i].letter == 'S';

                if (seconds ? usec == 0 && p > out + 1 : n == 0)
                        continue;
                if (units[i].in_time && !in_time)
                        *p++ = 'T';
                in_time = units[i].in_time;
                p += seconds ? format_seconds(usec, p, (size_t)(end - p))
                             : snprintf(p, (size_t)(end - p), "%" PRIu64, n);
                *p++ = units[i].letter;
                usec -= n * units[i].usec;
        }
        *p = '\0';
        return out;
}

/* Large and small unit of one line of duration_format_human, and the smallest duration it is used for. */
static const struct {
        uint64_t large, small;
        const char *large_name, *small_name;
} human_forms[] = {
        { USEC_PER_DAY, USEC_PER_HOUR, "d", "h" },
        { USEC_PER_HOUR, USEC_PER_MINUTE, "h", "m" },
        { USEC_PER_MINUTE, USEC_PER_SEC, "m", "s" },
};

static char *format_short(uint64_t usec, char out[DURATION_MAX]) {
        int n;

        if (usec >= USEC_PER_SEC) {
                n = format_seconds(usec - usec % (10 * USEC_PER_MSEC), out, DURATION_MAX);
                (void)snprintf(out + n, (size_t)(DURATION_MAX - n), "s");
        } else if (usec >= USEC_PER_MSEC || usec == 0) {
                (void)snprintf(out, DURATION_MAX, "%" PRIu64 "ms", usec / USEC_PER_MSEC);
        } else {
                (void)snprintf(out, DURATION_MAX, "%" PRIu64 "us", usec);
        }
        return out;
}

char *duration_format_human(uint64_t usec, char out[DURATION_MAX]) {
        if (usec == USEC_INFINITY) {
                (void)snprintf(out, DURATION_MAX, "forever");
                return out;
        }
        for (size_t i = 0; i < sizeof(human_forms) / sizeof(human_forms[0]); i++) {
                uint64_t large = usec / human_forms[i].large;
                uint64_t small = usec % human_forms[i].large / human_forms[i].small;

                if (large == 0)
                        continue;
                if (small == 0)
                        (void)snprintf(out, DURATION_MAX, "%" PRIu64 "%s", large, human_forms[i].large_name);
                else
                        (void)snprintf(out, DURATION_MAX, "%" PRIu64 "%s %" PRIu64 "%s", large,
                                       human_forms[i].large_name, small, human_forms[i].small_name);
                return out;
        }
        return format_short(usec, out);
}
