/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 date-times. They are written in UTC, and read with any offset; what lies before 1970 has no place in a
 * uint64_t of microseconds and is refused. */
#include "common/base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

char *timestamp_format(uint64_t realtime_usec, char out[TIMESTAMP_MAX]) {
        time_t seconds = (time_t)(realtime_usec / USEC_PER_SEC);
        unsigned msec = (unsigned)(realtime_usec % USEC_PER_SEC / USEC_PER_MSEC);
        char date[TIMESTAMP_MAX - 5] = "";
        struct tm tm = { 0 };

        (void)gmtime_r(&seconds, &tm);
        (void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(out, TIMESTAMP_MAX, "%s.%03uZ", date, msec);
        return out;
}

/* Reads the digits and separators of `shape`, where each run of 0s is one number: "0000-00-00". In a separator,
 * letters match either case. */
static bool read_shape(const char **p, const char *shape, int *numbers) {
        int *number = numbers - 1;
        char before = '\0';

        for (; *shape != '\0'; before = *shape++, (*p)++) {
                if (*shape != '0') {
                        if (toupper((unsigned char)**p) != *shape)
                                return false;
                        continue;
                }
                if (!isdigit((unsigned char)**p))
                        return false;
                if (before != '0')
                        *++number = 0;
                *number = *number * 10 + (**p - '0');
        }
        return true;
}

static bool is_date_time(const int n[6]) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (n[0] % 4 == 0 && n[0] % 100 != 0) || n[0] % 400 == 0;

        if (n[1] < 1 || n[1] > 12)
                return false;
        /* Second 60 is a leap second; it counts as the first of the next minute. */
        return n[2] >= 1 && n[2] <= days[n[1] - 1] + (leap && n[1] == 2) && n[3] <= 23 && n[4] <= 59 && n[5] <= 60;
}

static uint64_t read_fraction(const char **p) {
        uint64_t usec = 0, scale = USEC_PER_SEC / 10;

        for (; isdigit((unsigned char)**p); (*p)++, scale /= 10)
                usec += (uint64_t)(**p - '0') * scale;
        return usec;
}

/* "Z" or "+hh:mm" and the end of the text. */
static bool read_offset(const char *p, int *ret_seconds) {
        int sign = *p == '-' ? -1 : 1, n[2];

        if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0) {
                *ret_seconds = 0;
                return true;
        }
        if (*p != '+' && *p != '-')
                return false;
        p++;
        if (!read_shape(&p, "00:00", n) || *p != '\0' || n[0] > 23 || n[1] > 59)
                return false;
        *ret_seconds = sign * (n[0] * 3600 + n[1] * 60);
        return true;
}

int timestamp_parse(const char *s, uint64_t *ret_realtime_usec) {
        int n[6], offset;
        uint64_t fraction = 0;
        struct tm tm;
        time_t seconds;

        if (!read_shape(&s, "0000-00-00T00:00:00", n) || !is_date_time(n))
                return -EINVAL;
        if (s[0] == '.' && isdigit((unsigned char)s[1])) {
                s++;
                fraction = read_fraction(&s);
        }
        if (!read_offset(s, &offset))
                return -EINVAL;

        tm = (struct tm){ .tm_year = n[0] - 1900, .tm_mon = n[1] - 1, .tm_mday = n[2],
                          .tm_hour = n[3], .tm_min = n[4], .tm_sec = n[5] };
        seconds = timegm(&tm) - offset;
        if (seconds < 0)
                return -EINVAL;
        *ret_realtime_usec = (uint64_t)seconds * USEC_PER_SEC + fraction;
        return 0;
}
