/* SPDX-License-Identifier: Apache-2.0 */
/* Texts to dates: ISO 8601 as Java's three parse() methods together read it, and patterns, one reader a letter. A text
 * that says no offset is read on the clocks of the zone asked for; one that says no time of day means its start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/expr/expr_date.h"
#include "common/expr/expr_date_pattern.h"

#define NANO_DIGITS 9

struct reader {
        const char *s;
        struct civil c;
        int32_t nanos;
        int half;         /* -1: none; 0 AM, 1 PM */
        bool has_zone;
        struct zone zone; /* the text's own */
        int count;
        bool adjacent; /* digits follow directly: the number takes exactly `count` digits */
};

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 1 && c <= 5);
}

/* Text between quotes. Two quotes are one: nothing between them is a quote, and a quote right behind the end means that
 * the text goes on behind a quote. */
static struct pattern_item quoted(const char *start, const char *end) {
        if (end == start + 1)
                return (struct pattern_item){ .text = start, .count = 1 };
        return (struct pattern_item){ .text = start + 1, .count = (int)(end - start - (end[1] != '\'')) };
}

bool pattern_next(const char **pattern, struct pattern_item *ret, const char **ret_why) {
        const char *s = *pattern;

        if (*ret_why || *s == '\0')
                return false;
        if (is_letter(*s)) {
                *ret = (struct pattern_item){ .letter = *s };
                for (; *s == ret->letter; s++)
                        ret->count++;
                if (ret->count > PATTERN_COUNT_MAX)
                        *ret_why = "it repeats a letter too often";
        } else if (*s == '\'') {
                const char *end = strchr(s + 1, '\'');

                if (!end) {
                        *ret_why = "a quote in it is not closed";
                        return false;
                }
                *ret = quoted(s, end);
                s = end + 1;
        } else if (strchr("{}#[]", *s)) {
                *ret_why = "it has a '{', '}', '[', ']' or '#' outside of quotes, which is not supported by sqsflow";
        } else {
                *ret = (struct pattern_item){ .text = s++, .count = 1 };
        }
        *pattern = s;
        return !*ret_why;
}

/* --- pieces ---------------------------------------------------------------------------------------------------- */

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* A number of `min` to `max` digits; -1 when there is none. */
static int digits(struct reader *r, int min, int max) {
        int n = 0, count = 0;

        for (; count < max && is_digit(*r->s) && n < 100000000; count++)
                n = n * 10 + *r->s++ - '0';
        return count < min ? -1 : n;
}

static int number(struct reader *r) {
        return r->count > 1 || r->adjacent ? digits(r, r->count, r->adjacent ? r->count : MAX(r->count, 2))
                                           : digits(r, 1, 9);
}

static bool skip_text(struct reader *r, const char *text, size_t len) {
        if (strncmp(r->s, text, len) != 0)
                return false;
        r->s += len;
        return true;
}

static bool read_fraction(struct reader *r, int min, int max) {
        int count = 0;

        r->nanos = 0;
        for (; count < max && is_digit(*r->s); count++)
                r->nanos = r->nanos * 10 + *r->s++ - '0';
        for (int i = count; i < NANO_DIGITS; i++)
                r->nanos *= 10;
        return count >= min && !(count == NANO_DIGITS && is_digit(*r->s));
}

/* The offset or zone's name that stands here, whatever its form. */
static bool read_zone(struct reader *r) {
        char name[ZONE_NAME_MAX];
        size_t len = strcspn(r->s, " ],;)[");

        if (len == 0 || len >= sizeof(name))
                return false;
        memcpy(name, r->s, len);
        name[len] = '\0';
        if (zone_find(name, &r->zone) < 0)
                return false;
        r->s += len;
        r->has_zone = true;
        return true;
}

static int finish(const struct reader *r, const struct zone *zone, struct date *ret) {
        struct date d = { .nanos = r->nanos };
        int64_t local;

        if (*r->s != '\0' || date_seconds(&r->c, &local) < 0 || (!r->has_zone && !zone))
                return -EINVAL;
        d.zone = r->has_zone ? r->zone : *zone;
        d.utc = zone_to_utc(&d.zone, local);
        if (date_check(&d) < 0)
                return -EINVAL;
        *ret = d;
        return 0;
}

/* --- ISO 8601 -------------------------------------------------------------------------------------------------- */

static bool read_time(struct reader *r) {
        r->c.hour = digits(r, 2, 2);
        if (!skip_text(r, ":", 1))
                return false;
        r->c.minute = digits(r, 2, 2);
        if (skip_text(r, ":", 1))
                r->c.second = digits(r, 2, 2);
        if (*r->s == '.' || *r->s == ',') {
                r->s++;
                if (!read_fraction(r, 1, NANO_DIGITS))
                        return false;
        }
        if (*r->s != '\0' && *r->s != '[' && !read_zone(r))
                return false;
        if (*r->s != '[')
                return true;
        r->s++;
        return read_zone(r) && skip_text(r, "]", 1);
}

int date_parse_iso(const char *s, const struct zone *zone, struct date *ret) {
        struct reader r = { .s = s };

        r.c.year = digits(&r, 4, 4);
        if (!skip_text(&r, "-", 1))
                return -EINVAL;
        r.c.month = digits(&r, 2, 2);
        if (!skip_text(&r, "-", 1))
                return -EINVAL;
        r.c.day = digits(&r, 2, 2);
        if (*r.s != '\0' && ((*r.s != 'T' && *r.s != 't') || !r.s++ || !read_time(&r)))
                return -EINVAL;
        return finish(&r, zone, ret);
}

int date_parse_iso_time(const char *s, int64_t *ret_nanos, int32_t *ret_offset) {
        struct reader r = { .s = s, .c = { .year = 1970, .month = 1, .day = 1 } };
        int64_t seconds;

        if (!read_time(&r) || *r.s != '\0' || !r.has_zone || !r.zone.fixed || date_seconds(&r.c, &seconds) < 0)
                return -EINVAL;
        *ret_nanos = seconds * INT64_C(1000000000) + r.nanos;
        *ret_offset = r.zone.offset;
        return 0;
}

/* --- patterns -------------------------------------------------------------------------------------------------- */

static bool put(int n, int *to) {
        *to = n;
        return n >= 0;
}

static bool read_name(struct reader *r, const char *const *names, int count, int *ret) {
        for (int i = 0; i < count; i++) {
                size_t len = r->count >= 4 ? strlen(names[i]) : 3;

                if (strncasecmp(r->s, names[i], len) == 0) {
                        r->s += len;
                        *ret = i + 1;
                        return true;
                }
        }
        return false;
}

static bool year(struct reader *r) {
        if (r->count != 2)
                return put(digits(r, 1, r->adjacent ? r->count : 9), &r->c.year);
        return put(digits(r, 2, 2), &r->c.year) && (r->c.year += 2000);
}

static bool month(struct reader *r) {
        return r->count <= 2 ? put(number(r), &r->c.month) : read_name(r, date_months, 12, &r->c.month);
}

static bool day(struct reader *r) {
        return put(number(r), &r->c.day);
}

static bool weekday(struct reader *r) {
        return read_name(r, date_weekdays, 7, &r->c.weekday);
}

static bool hour(struct reader *r) {
        return put(number(r), &r->c.hour);
}

static bool minute(struct reader *r) {
        return put(number(r), &r->c.minute);
}

static bool second(struct reader *r) {
        return put(number(r), &r->c.second);
}

static bool fraction(struct reader *r) {
        return read_fraction(r, r->count, MIN(r->count, NANO_DIGITS));
}

static bool fraction_if_any(struct reader *r) {
        return *r->s != '.' || (r->s++ && read_fraction(r, 1, NANO_DIGITS));
}

static bool region_if_any(struct reader *r) {
        return *r->s != '[' || (r->s++ && read_zone(r) && skip_text(r, "]", 1));
}

static bool half(struct reader *r) {
        if (strncasecmp(r->s, "AM", 2) != 0 && strncasecmp(r->s, "PM", 2) != 0)
                return false;
        r->half = *r->s == 'P' || *r->s == 'p';
        r->s += 2;
        return true;
}

static const struct {
        char letter;
        bool numeric;
        bool (*read)(struct reader *r);
} letters[] = {
        { 'y', true, year },        { 'u', true, year },      { 'M', true, month },    { 'L', true, month },
        { 'd', true, day },         { 'H', true, hour },      { 'h', true, hour },     { 'm', true, minute },
        { 's', true, second },      { 'S', true, fraction },  { 'E', false, weekday }, { 'a', false, half },
        { 'X', false, read_zone },  { 'x', false, read_zone }, { 'Z', false, read_zone }, { 'z', false, read_zone },
        { 'V', false, read_zone },  { 'O', false, read_zone }, { PATTERN_FRACTION[0], false, fraction_if_any },
        { PATTERN_REGION[0], false, region_if_any }, { PATTERN_RFC_OFFSET[0], false, read_zone },
};

static int find_letter(char letter) {
        for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
                if (letters[i].letter == letter)
                        return (int)i;
        return -1;
}

static bool read_item(struct reader *r, const struct pattern_item *item, char next, const char **ret_why) {
        int i = item->letter == '\0' ? -1 : find_letter(item->letter), follower = find_letter(next);

        if (item->letter == '\0')
                return skip_text(r, item->text, (size_t)item->count);
        if (i < 0) {
                *ret_why = "it has a letter that is not supported by sqsflow for reading";
                return false;
        }
        r->count = item->count;
        r->adjacent = follower >= 0 && letters[follower].numeric && letters[i].numeric;
        return letters[i].read(r);
}

int date_parse(const char *s, const char *pattern, const struct zone *zone, struct date *ret, const char **ret_why) {
        struct reader r = { .s = s, .half = -1, .c = { .year = 1970, .month = 1, .day = 1 } };
        struct pattern_item item;
        const char *why = NULL;

        if (*pattern == PATTERN_UTC[0])
                pattern++;
        while (pattern_next(&pattern, &item, &why))
                if (!read_item(&r, &item, *pattern, &why)) {
                        *ret_why = why;
                        return -EINVAL;
                }
        *ret_why = why;
        if (why)
                return -EINVAL;
        if (r.half >= 0)
                r.c.hour = r.c.hour % 12 + 12 * r.half;
        return finish(&r, zone, ret);
}
