/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar: the proleptic Gregorian one, counted in days since 1970 with years that begin in March, so that leap
 * days come last. */
#include "common/expr/expr_date.h"

#include <errno.h>
#include <string.h>

#define DAY 86400
#define NANOS_PER_SECOND 1000000000
#define UTC_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define UTC_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

const char *const date_months[12] = { "January", "February", "March",     "April",   "May",      "June",
                                      "July",    "August",   "September", "October", "November", "December" };
const char *const date_weekdays[7] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };

static int64_t floor_divide(int64_t a, int64_t b) {
        return a / b - (a % b < 0);
}

static int64_t days_of(int64_t year, int month, int day) {
        int64_t y = month <= 2 ? year - 1 : year, era = floor_divide(y, 400), of_era = y - era * 400;
        int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of(int64_t days, struct civil *c) {
        int64_t z = days + 719468, era = floor_divide(z, 146097), of_era = z - era * 146097;
        int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;

        c->day = (int)(of_year - (153 * m + 2) / 5 + 1);
        c->month = (int)(m < 10 ? m + 3 : m - 9);
        c->year = (int)(year + era * 400 + (c->month <= 2));
}

static int month_length(int64_t year, int month) {
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return lengths[month - 1] + (month == 2 && leap);
}

struct civil date_civil(const struct date *d) {
        struct civil c = { .offset = zone_offset(&d->zone, d->utc) };
        int64_t local = d->utc + c.offset, days = floor_divide(local, DAY), rest = local - days * DAY;

        civil_of(days, &c);
        c.hour = (int)(rest / 3600);
        c.minute = (int)(rest / 60 % 60);
        c.second = (int)(rest % 60);
        c.weekday = (int)(((days + 3) % 7 + 7) % 7) + 1;
        c.yearday = (int)(days - days_of(c.year, 1, 1)) + 1;
        return c;
}

static int64_t time_of_day(const struct civil *c) {
        return ((int64_t)c->hour * 60 + c->minute) * 60 + c->second;
}

int date_seconds(const struct civil *c, int64_t *ret) {
        if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > month_length(c->year, c->month) || c->hour < 0 ||
            c->hour > 23 || c->minute < 0 || c->minute > 59 || c->second < 0 || c->second > 59)
                return -EINVAL;
        *ret = days_of(c->year, c->month, c->day) * DAY + time_of_day(c);
        return 0;
}

int64_t date_time_of_day(const struct date *d, int32_t offset) {
        int64_t local = d->utc + offset;

        return (local - floor_divide(local, DAY) * DAY) * NANOS_PER_SECOND + d->nanos;
}

int date_check(const struct date *d) {
        return d->utc < UTC_MIN || d->utc > UTC_MAX ? -ERANGE : 0;
}

/* --- moving ---------------------------------------------------------------------------------------------------- */

enum unit_kind { EXACT, CALENDAR_DAYS, CALENDAR_MONTHS };

static const struct unit {
        const char *name;
        enum unit_kind kind;
        int64_t size; /* nanoseconds, days or months */
} units[] = {
        { "NANOS", EXACT, 1 },
        { "MICROS", EXACT, 1000 },
        { "MILLIS", EXACT, 1000000 },
        { "SECONDS", EXACT, NANOS_PER_SECOND },
        { "MINUTES", EXACT, INT64_C(60) * NANOS_PER_SECOND },
        { "HOURS", EXACT, INT64_C(3600) * NANOS_PER_SECOND },
        { "HALF_DAYS", EXACT, INT64_C(43200) * NANOS_PER_SECOND },
        { "DAYS", CALENDAR_DAYS, 1 },
        { "WEEKS", CALENDAR_DAYS, 7 },
        { "MONTHS", CALENDAR_MONTHS, 1 },
        { "YEARS", CALENDAR_MONTHS, 12 },
        { "DECADES", CALENDAR_MONTHS, 120 },
        { "CENTURIES", CALENDAR_MONTHS, 1200 },
};

static int add_exact(struct date *d, int64_t amount, int64_t size) {
        __int128 nanos = (__int128)amount * size + d->nanos;
        __int128 seconds = nanos / NANOS_PER_SECOND - (nanos % NANOS_PER_SECOND < 0);

        d->nanos = (int32_t)(nanos - seconds * NANOS_PER_SECOND);
        seconds += d->utc;
        if (seconds < UTC_MIN || seconds > UTC_MAX)
                return -ERANGE;
        d->utc = (int64_t)seconds;
        return 0;
}

static int move_to(struct date *d, const struct civil *c, int64_t days) {
        d->utc = zone_to_utc(&d->zone, days * DAY + time_of_day(c));
        return date_check(d);
}

/* The day of the month stays, or becomes the month's last. */
static int add_months(struct date *d, int64_t months) {
        struct civil c = date_civil(d);
        int64_t total = (int64_t)c.year * 12 + c.month - 1 + months, year = floor_divide(total, 12);
        int month = (int)(total - year * 12) + 1;

        return move_to(d, &c, days_of(year, month, MIN(c.day, month_length(year, month))));
}

int date_add(struct date *d, int64_t amount, const char *unit) {
        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                int64_t count;

                if (strcmp(units[i].name, unit) != 0)
                        continue;
                if (units[i].kind == EXACT)
                        return add_exact(d, amount, units[i].size);
                /* ten thousand years are beyond any date, and keep the sums below far from overflow */
                if (__builtin_mul_overflow(amount, units[i].size, &count) || count > 3660000 || count < -3660000)
                        return -ERANGE;
                if (units[i].kind == CALENDAR_MONTHS)
                        return add_months(d, count);
                struct civil c = date_civil(d);
                return move_to(d, &c, days_of(c.year, c.month, c.day) + count);
        }
        return -EINVAL;
}
