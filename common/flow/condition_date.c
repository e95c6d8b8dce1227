/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flow/condition_date.h"

#include <errno.h>
#include <strings.h>

#include "common/base/text.h"
#include "common/flow/flow_property.h"

typedef int (*rule)(const char *const *texts, char **ret_problem);

static int wrong(enum flow_condition_text which, const char *wanted, char **ret_problem) {
        *ret_problem = text_printf("'%s' does not come to %s", flow_condition_text_name(which), wanted);
        return *ret_problem ? -EBADMSG : -ENOMEM;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

int condition_day(const char *text, struct date *ret) {
        struct zone utc;

        zone_fixed(0, &utc);
        return strchr(text, 'T') || strchr(text, 't') ? date_parse_iso(text, NULL, ret) : date_parse_iso(text, &utc, ret);
}

static int read_day(const char *const *texts, struct civil *ret, char **ret_problem) {
        struct date d;

        if (condition_day(texts[CONDITION_DATE], &d) < 0)
                return wrong(CONDITION_DATE, property_kind_text(PROPERTY_DATE), ret_problem);
        *ret = date_civil(&d);
        return 0;
}

static int read_date_time(const char *const *texts, enum flow_condition_text which, struct date *ret, char **ret_problem) {
        if (date_parse_iso(texts[which], NULL, ret) < 0)
                return wrong(which, property_kind_text(PROPERTY_DATE_TIME), ret_problem);
        return 0;
}

static int read_weekday(const char *const *texts, int *ret, char **ret_problem) {
        for (int i = 0; i < 7; i++)
                if (strcasecmp(texts[CONDITION_DAY_OF_WEEK], date_weekdays[i]) == 0) {
                        *ret = i + 1;
                        return 0;
                }
        return wrong(CONDITION_DAY_OF_WEEK, "a day such as MONDAY", ret_problem);
}

/* --- between ---------------------------------------------------------------------------------------------------------- */

struct bounds {
        bool has_after, has_before, is_late, is_early; /* not too early for `after`, not too late for `before` */
        bool crosses_midnight;
};

static int between(const struct bounds *b, char **ret_problem) {
        if (!b->has_after && !b->has_before) {
                *ret_problem = text_dup("neither 'after' nor 'before' is given");
                return *ret_problem ? -EBADMSG : -ENOMEM;
        }
        if (b->has_after && b->has_before && b->crosses_midnight)
                return b->is_late || b->is_early;
        return (!b->has_after || b->is_late) && (!b->has_before || b->is_early);
}

static bool is_before(const struct date *a, const struct date *b) {
        return a->utc < b->utc || (a->utc == b->utc && a->nanos < b->nanos);
}

static int date_time_between(const char *const *texts, char **ret_problem) {
        struct bounds b = { .has_after = texts[CONDITION_AFTER], .has_before = texts[CONDITION_BEFORE] };
        struct date date, bound;
        int r = read_date_time(texts, CONDITION_DATE, &date, ret_problem);

        if (r == 0 && b.has_after) {
                r = read_date_time(texts, CONDITION_AFTER, &bound, ret_problem);
                b.is_late = r == 0 && !is_before(&date, &bound);
        }
        if (r == 0 && b.has_before) {
                r = read_date_time(texts, CONDITION_BEFORE, &bound, ret_problem);
                b.is_early = r == 0 && !is_before(&bound, &date);
        }
        return r < 0 ? r : between(&b, ret_problem);
}

struct moment {
        int64_t of_date, of_text; /* times of day on clocks of the text's offset, nanoseconds */
        int64_t utc;              /* of the text, as far from UTC's midnight as it says */
};

static int read_time(const char *const *texts, enum flow_condition_text which, const struct date *date, struct moment *ret,
                     char **ret_problem) {
        int32_t offset;

        if (!texts[which])
                return 0;
        if (date_parse_iso_time(texts[which], &ret->of_text, &offset) < 0)
                return wrong(which, property_kind_text(PROPERTY_TIME), ret_problem);
        ret->of_date = date_time_of_day(date, offset);
        ret->utc = ret->of_text - offset * INT64_C(1000000000);
        return 0;
}

static int time_between(const char *const *texts, char **ret_problem) {
        struct moment after = { 0 }, before = { 0 };
        struct bounds b = { .has_after = texts[CONDITION_AFTER], .has_before = texts[CONDITION_BEFORE] };
        struct date date = { 0 };
        int r = read_date_time(texts, CONDITION_DATE, &date, ret_problem);

        if (r == 0)
                r = read_time(texts, CONDITION_AFTER, &date, &after, ret_problem);
        if (r == 0)
                r = read_time(texts, CONDITION_BEFORE, &date, &before, ret_problem);
        b.is_late = after.of_date > after.of_text;
        b.is_early = before.of_date < before.of_text;
        b.crosses_midnight = before.utc <= after.utc;
        return r < 0 ? r : between(&b, ret_problem);
}

/* --- days ------------------------------------------------------------------------------------------------------------- */

static int day_week(const char *const *texts, char **ret_problem) {
        struct civil day;
        int weekday = 0, r = read_day(texts, &day, ret_problem);

        if (r == 0)
                r = read_weekday(texts, &weekday, ret_problem);
        return r < 0 ? r : day.weekday == weekday;
}

/* Whether another such day follows in the month. */
static bool is_last(const struct civil *day) {
        struct civil next = *day;
        int64_t ignored;

        next.day += 7;
        return date_seconds(&next, &ignored) < 0;
}

static int is_in_month(const char *const *texts, const struct civil *day, char **ret_problem) {
        static const char *const words[] = { "FIRST", "SECOND", "THIRD", "FOURTH" };

        if (text_eq(texts[CONDITION_DAY_IN_MONTH], "LAST"))
                return is_last(day);
        for (int i = 0; i < (int)ARRAY_SIZE(words); i++)
                if (text_eq(texts[CONDITION_DAY_IN_MONTH], words[i]))
                        return (day->day - 1) / 7 == i;
        return wrong(CONDITION_DAY_IN_MONTH, "FIRST, SECOND, THIRD, FOURTH or LAST", ret_problem);
}

static int day_week_in_month(const char *const *texts, char **ret_problem) {
        struct civil day;
        int weekday = 0, r = read_day(texts, &day, ret_problem), in_month;

        if (r == 0)
                r = read_weekday(texts, &weekday, ret_problem);
        in_month = r < 0 ? r : is_in_month(texts, &day, ret_problem);
        return in_month < 0 ? in_month : in_month && day.weekday == weekday;
}

static int weekend(const char *const *texts, char **ret_problem) {
        struct civil day;
        int r = read_day(texts, &day, ret_problem);

        return r < 0 ? r : day.weekday >= 6;
}

int condition_date_holds(enum flow_condition_type type, const char *const texts[FLOW_CONDITION_TEXT_COUNT],
                         char **ret_problem) {
        static const rule rules[FLOW_CONDITION_TYPE_COUNT] = {
                [FLOW_CONDITION_DATE_TIME_BETWEEN] = date_time_between,
                [FLOW_CONDITION_TIME_BETWEEN] = time_between,
                [FLOW_CONDITION_DAY_WEEK] = day_week,
                [FLOW_CONDITION_DAY_WEEK_IN_MONTH] = day_week_in_month,
                [FLOW_CONDITION_WEEKEND] = weekend,
        };

        return rules[type] ? rules[type](texts, ret_problem) : -EINVAL;
}
