/* SPDX-License-Identifier: Apache-2.0 */
/* Java's DateTimeFormatter patterns, one writer a letter. A few letters that no Java pattern has stand for what its
 * constants do and no pattern can say; they are control characters, so that nobody writes them by accident. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/expr/expr_date.h"
#include "common/expr/expr_date_pattern.h"

static const struct {
        const char *name, *pattern;
} formats[] = {
        { "iso", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX" },
        { "iso_sec", "yyyy-MM-dd'T'HH:mm:ssXXX" },
        { "sql", "yyyy-MM-dd HH:mm:ss.SSSSSS" },
        { "sql_seq", "yyyy-MM-dd HH:mm:ss" },
        { "iso_date_time", "yyyy-MM-dd'T'HH:mm:ss" PATTERN_FRACTION "XXX" PATTERN_REGION },
        { "iso_zoned_date_time", "yyyy-MM-dd'T'HH:mm:ss" PATTERN_FRACTION "XXX" PATTERN_REGION },
        { "iso_offset_date_time", "yyyy-MM-dd'T'HH:mm:ss" PATTERN_FRACTION "XXX" },
        { "iso_date", "yyyy-MM-ddXXX" },
        { "iso_time", "HH:mm:ss" PATTERN_FRACTION "XXX" },
        { "iso_local_date", "yyyy-MM-dd" },
        { "iso_instant", PATTERN_UTC "yyyy-MM-dd'T'HH:mm:ss" PATTERN_FRACTION "XXX" },
        { "iso_local_date_time", "yyyy-MM-dd'T'HH:mm:ss" PATTERN_FRACTION },
        { "iso_local_time", "HH:mm:ss" PATTERN_FRACTION },
        { "iso_offset_time", "HH:mm:ss" PATTERN_FRACTION "XXX" },
        { "iso_ordinal_date", "yyyy-DDDXXX" },
        { "iso_week_date", PATTERN_WEEK "XXX" },
        { "rfc_1123_date_time", "EEE, d MMM yyyy HH:mm:ss " PATTERN_RFC_OFFSET },
};

const char *date_pattern(const char *format) {
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
                if (strcmp(formats[i].name, format) == 0)
                        return formats[i].pattern;
        return format;
}

struct writer {
        struct buf *b;
        const struct date *date;
        struct civil c;
        int count; /* how often the letter stands in a row */
};

static void number(struct writer *w, int64_t n) {
        buf_appendf(w->b, "%0*lld", w->count, (long long)n);
}

static void name(struct writer *w, const char *full) {
        buf_append(w->b, full, w->count == 5 ? 1 : w->count == 4 ? strlen(full) : 3);
}

static void year(struct writer *w) {
        if (w->count == 2)
                number(w, w->c.year % 100);
        else
                number(w, w->c.year);
}

static void month(struct writer *w) {
        if (w->count <= 2)
                number(w, w->c.month);
        else
                name(w, date_months[w->c.month - 1]);
}

static void quarter(struct writer *w) {
        static const char *const names[] = { "1st quarter", "2nd quarter", "3rd quarter", "4th quarter" };
        int q = (w->c.month - 1) / 3;

        if (w->count == 4)
                buf_append_str(w->b, names[q]);
        else if (w->count == 3)
                buf_appendf(w->b, "Q%d", q + 1);
        else
                number(w, q + 1);
}

static void day(struct writer *w) {
        number(w, w->c.day);
}

static void yearday(struct writer *w) {
        number(w, w->c.yearday);
}

static void weekday(struct writer *w) {
        name(w, date_weekdays[w->c.weekday - 1]);
}

static void half(struct writer *w) {
        buf_append_str(w->b, w->c.hour < 12 ? "AM" : "PM");
}

static void era(struct writer *w) {
        buf_append_str(w->b, w->count == 4 ? "Anno Domini" : w->count == 5 ? "A" : "AD");
}

static void hour24(struct writer *w) {
        number(w, w->c.hour);
}

static void hour12(struct writer *w) {
        number(w, (w->c.hour + 11) % 12 + 1);
}

static void hour24_from_1(struct writer *w) {
        number(w, (w->c.hour + 23) % 24 + 1);
}

static void hour12_from_0(struct writer *w) {
        number(w, w->c.hour % 12);
}

static void minute(struct writer *w) {
        number(w, w->c.minute);
}

static void second(struct writer *w) {
        number(w, w->c.second);
}

static void fraction(struct writer *w) {
        char digits[16];

        (void)snprintf(digits, sizeof(digits), "%09d", w->date->nanos);
        buf_append(w->b, digits, (size_t)MIN(w->count, 9));
}

static void nanos(struct writer *w) {
        number(w, w->date->nanos);
}

static void milliseconds_of_day(struct writer *w) {
        number(w, (int64_t)(w->c.hour * 3600 + w->c.minute * 60 + w->c.second) * 1000 + w->date->nanos / 1000000);
}

/* --- offsets and zones ----------------------------------------------------------------------------------------- */

static void offset(struct writer *w, bool colon, bool short_hours) {
        int32_t o = w->c.offset;
        int minutes = abs(o) / 60 % 60;

        buf_appendf(w->b, "%c%02d", o < 0 ? '-' : '+', abs(o) / 3600);
        if (!short_hours || minutes != 0)
                buf_appendf(w->b, "%s%02d", colon ? ":" : "", minutes);
}

static void offset_plain(struct writer *w) {
        offset(w, w->count == 3 || w->count == 5, w->count == 1);
}

static void offset_or_z(struct writer *w) {
        if (w->c.offset == 0)
                buf_append_char(w->b, 'Z');
        else
                offset_plain(w);
}

static void offset_gmt(struct writer *w) {
        buf_append_str(w->b, "GMT");
        if (w->c.offset == 0)
                return;
        if (w->count == 1) {
                buf_appendf(w->b, "%+d", w->c.offset / 3600);
                if (abs(w->c.offset) / 60 % 60 != 0)
                        buf_appendf(w->b, ":%02d", abs(w->c.offset) / 60 % 60);
        } else {
                offset(w, true, false);
        }
}

static void offset_z(struct writer *w) {
        if (w->count == 4)
                offset_gmt(w);
        else if (w->count == 5)
                offset_or_z(w);
        else
                offset(w, false, false);
}

static void zone_id(struct writer *w) {
        char abbreviation[ZONE_NAME_MAX];

        buf_append_str(w->b, w->date->zone.name[0] != '\0'
                                     ? w->date->zone.name
                                     : zone_abbreviation(&w->date->zone, w->date->utc, abbreviation));
}

static void zone_short(struct writer *w) {
        char abbreviation[ZONE_NAME_MAX];

        buf_append_str(w->b, zone_abbreviation(&w->date->zone, w->date->utc, abbreviation));
}

/* --- what only Java's constants say ---------------------------------------------------------------------------- */

static void fraction_if_any(struct writer *w) {
        char digits[16];
        size_t len = 9;

        if (w->date->nanos == 0)
                return;
        (void)snprintf(digits, sizeof(digits), "%09d", w->date->nanos);
        while (digits[len - 1] == '0')
                len--;
        buf_append_char(w->b, '.');
        buf_append(w->b, digits, len);
}

static void region_if_any(struct writer *w) {
        if (!w->date->zone.fixed && w->date->zone.name[0] != '\0')
                buf_appendf(w->b, "[%s]", w->date->zone.name);
}

static void rfc_offset(struct writer *w) {
        if (w->c.offset == 0)
                buf_append_str(w->b, "GMT");
        else
                offset(w, false, false);
}

/* ISO weeks belong to the year that holds their Thursday. */
static void iso_week(struct writer *w) {
        struct civil thursday;
        struct date d = { .utc = w->date->utc + w->c.offset + (4 - w->c.weekday) * INT64_C(86400) };

        zone_fixed(0, &d.zone);
        thursday = date_civil(&d);
        buf_appendf(w->b, "%04d-W%02d-%d", thursday.year, (thursday.yearday - 1) / 7 + 1, w->c.weekday);
}

static const struct {
        char letter;
        void (*write)(struct writer *w);
} letters[] = {
        { 'y', year },           { 'u', year },      { 'M', month },         { 'L', month },
        { 'd', day },            { 'H', hour24 },    { 'm', minute },        { 's', second },
        { 'S', fraction },       { 'X', offset_or_z }, { 'x', offset_plain }, { 'Z', offset_z },
        { 'z', zone_short },     { 'V', zone_id },   { 'O', offset_gmt },    { 'E', weekday },
        { 'a', half },           { 'h', hour12 },    { 'k', hour24_from_1 }, { 'K', hour12_from_0 },
        { 'D', yearday },        { 'n', nanos },     { 'A', milliseconds_of_day }, { 'Q', quarter },
        { 'q', quarter },        { 'G', era },       { PATTERN_FRACTION[0], fraction_if_any },
        { PATTERN_REGION[0], region_if_any },        { PATTERN_WEEK[0], iso_week },
        { PATTERN_RFC_OFFSET[0], rfc_offset },
};

static bool write_letter(struct writer *w, char letter) {
        for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
                if (letters[i].letter == letter) {
                        letters[i].write(w);
                        return true;
                }
        return false;
}

int date_format(struct buf *b, const struct date *d, const char *pattern, const char **ret_why) {
        struct date utc = *d;
        struct writer w = { .b = b, .date = d };
        struct pattern_item item;

        if (*pattern == PATTERN_UTC[0]) {
                zone_fixed(0, &utc.zone);
                w.date = &utc;
                pattern++;
        }
        w.c = date_civil(w.date);
        while (pattern_next(&pattern, &item, ret_why)) {
                w.count = item.count;
                if (item.letter == '\0')
                        buf_append(b, item.text, (size_t)item.count);
                else if (!write_letter(&w, item.letter))
                        *ret_why = "it has a letter that is not supported by sqsflow";
        }
        return *ret_why ? -EINVAL : buf_error(b);
}
