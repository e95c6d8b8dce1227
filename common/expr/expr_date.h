/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of the filters "date", "dateAdd", "timestamp" and of now(): Java's ISO forms and patterns, in English. */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/expr/expr_zone.h"

/* A time and the zone whose clocks it is read from. Years 1 to 9999. */
struct date {
        int64_t utc; /* seconds since 1970 */
        int32_t nanos;
        struct zone zone;
};

/* The same as people write it. */
struct civil {
        int year, month, day; /* month and day from 1 */
        int hour, minute, second;
        int weekday; /* 1 is Monday */
        int yearday; /* from 1 */
        int32_t offset;
};

struct civil date_civil(const struct date *d);

/* Seconds since 1970 of a civil date and time taken as UTC. 0, or -EINVAL for a day that does not exist. */
int date_seconds(const struct civil *c, int64_t *ret);

/* -ERANGE outside of the years 1 to 9999. */
int date_check(const struct date *d);

/* Moves by `amount` of a Java ChronoUnit ("DAYS", "MINUTES", …), calendar units on the zone's calendar. 0; -EINVAL no
 * such unit; -ERANGE. */
int date_add(struct date *d, int64_t amount, const char *unit) _must_check_;

/* The pattern that one of Kestra's format names ("iso", "sql", "rfc_1123_date_time") stands for; else the format
 * itself. */
const char *date_pattern(const char *format);

/* Appends the date by the pattern. 0; -EINVAL with *ret_why a static sentence; or the buffer's error. */
int date_format(struct buf *b, const struct date *d, const char *pattern, const char **ret_why) _must_check_;

/* Reads an ISO 8601 date, or date and time, with or without an offset; `zone` is for a text without, which NULL refuses. */
int date_parse_iso(const char *s, const struct zone *zone, struct date *ret) _must_check_;

/* Reads an ISO 8601 time of day with its offset, "16:00:00+02:00": 0 with the nanoseconds of its day, and the seconds east
 * of UTC; -EINVAL. */
int date_parse_iso_time(const char *s, int64_t *ret_nanos, int32_t *ret_offset) _must_check_;

/* The nanoseconds of its day on the clocks of that offset. */
int64_t date_time_of_day(const struct date *d, int32_t offset);

/* Reads a text by a pattern. This and date_parse_iso(): 0; -EINVAL with *ret_why, when wanted, a static sentence. */
int date_parse(const char *s, const char *pattern, const struct zone *zone, struct date *ret, const char **ret_why)
        _must_check_;

extern const char *const date_months[12], *const date_weekdays[7];
