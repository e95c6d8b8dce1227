/* SPDX-License-Identifier: Apache-2.0 */
/* date, dateAdd and timestamp, and now(). A date is a text or seconds since 1970; without a time zone asked for, it is
 * read and written on the host's clocks, as Kestra does on its server's. */
#include <errno.h>

#include "common/base/clock.h"
#include "common/expr/expr_date.h"
#include "common/expr/expr_filters.h"

/* Where each routine has these arguments. */
struct positions {
        size_t format, zone, existing, locale;
};

#define ABSENT EXPR_ARGUMENTS_MAX

static int read_zone(const struct call *c, size_t i, struct zone *ret) {
        const char *name = NULL;

        if (i < c->count && c->args[i] && value_type(c->args[i]) != VALUE_NULL) {
                int r = call_arg_text(c, i, NULL, &name);

                if (r < 0)
                        return r;
        }
        return zone_find(name, ret) < 0 ? call_fail(c, "there is no time zone '%s' on this host", name) : 0;
}

static int read_seconds(const struct call *c, const struct zone *zone, struct date *ret) {
        struct date d = { .zone = *zone };

        if (value_to_i64(c->input, &d.utc) < 0 || date_check(&d) < 0)
                return call_fail(c, "%s is not a time in seconds since 1970", value_number(c->input));
        *ret = d;
        return 0;
}

static int read_text(const struct call *c, size_t existing, const struct zone *zone, struct date *ret) {
        const char *format = "", *why = NULL, *s = value_string(c->input);
        int r = 0;

        if (existing < c->count)
                r = call_arg_text(c, existing, "", &format);
        if (r < 0)
                return r;
        if (*format == '\0' && date_parse_iso(s, zone, ret) < 0)
                return call_fail(c, "the text is not an ISO 8601 date: '%.40s'; 'existingFormat' reads others", s);
        if (*format == '\0' || date_parse(s, date_pattern(format), zone, ret, &why) == 0)
                return 0;
        if (why)
                return call_fail(c, "the pattern '%s' cannot be used: %s", format, why);
        return call_fail(c, "the text '%.40s' is not a date of the form '%s'", s, format);
}

static int read_date(const struct call *c, const struct positions *p, struct zone *zone, struct date *ret) {
        int r = read_zone(c, p->zone, zone);

        if (r < 0)
                return r;
        if (value_type(c->input) == VALUE_NUMBER)
                return read_seconds(c, zone, ret);
        if (value_type(c->input) == VALUE_STRING)
                return read_text(c, p->existing, zone, ret);
        return call_fail(c, "'%s' works on a date, as a text or in seconds since 1970, not on a %s",
                         c->at->call.routine->name, value_type_name(c->input));
}

static int write_date(const struct call *c, const struct positions *p, const struct date *d, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        const char *format = "iso", *locale = "en", *why = NULL;
        int r = 0;

        if (p->format < c->count)
                r = call_arg_text(c, p->format, "iso", &format);
        if (r == 0 && p->locale < c->count)
                r = call_arg_text(c, p->locale, "en", &locale);
        if (r < 0)
                return r;
        if (locale[0] != 'e' || locale[1] != 'n')
                return call_fail(c, "the locale '%s' is not supported by sqsflow; 'en' is", locale);
        r = date_format(&b, d, date_pattern(format), &why);
        if (r == -EINVAL) {
                buf_done(&b);
                return call_fail(c, "the format '%s' cannot be used: %s", format, why);
        }
        return call_text(c, &b, ret);
}

int filter_date(const struct call *c, struct value **ret) {
        static const struct positions p = { .format = 0, .zone = 1, .existing = 2, .locale = 3 };
        struct date d = { 0 };
        struct zone zone;
        int r = read_date(c, &p, &zone, &d);

        if (r < 0)
                return r;
        d.zone = zone;
        return write_date(c, &p, &d, ret);
}

int filter_date_add(const struct call *c, struct value **ret) {
        static const struct positions p = { .format = 2, .zone = 3, .existing = 4, .locale = ABSENT };
        struct date d = { 0 };
        struct zone zone;
        int64_t amount = 0;
        const char *unit = "";
        int r = read_date(c, &p, &zone, &d);

        if (r == 0)
                r = call_arg_int(c, 0, 0, &amount);
        if (r == 0)
                r = call_arg_text(c, 1, NULL, &unit);
        if (r < 0)
                return r;
        r = date_add(&d, amount, unit);
        if (r == -EINVAL)
                return call_fail(c, "'dateAdd' knows no unit '%s'; DAYS, HOURS, MINUTES, MONTHS and the like it does",
                                 unit);
        if (r < 0)
                return call_fail(c, "the date would be outside of the years 1 to 9999");
        d.zone = zone;
        return write_date(c, &p, &d, ret);
}

int filter_timestamp(const struct call *c, struct value **ret) {
        static const struct positions p = { .format = ABSENT, .zone = 0, .existing = 1, .locale = ABSENT };
        struct zone zone;
        struct date d = { 0 };
        int r = read_date(c, &p, &zone, &d);

        return r < 0 ? r : evaluation_give(value_new_int(d.utc), ret);
}

int expr_now(uint64_t now_usec, struct value **ret) {
        struct date d = { .utc = (int64_t)(now_usec / USEC_PER_SEC), .nanos = (int32_t)(now_usec % USEC_PER_SEC * 1000) };
        _cleanup_(buf_done) struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        const char *why = NULL;
        int r = date_format(&b, &d, date_pattern("iso"), &why);

        if (r < 0)
                return r;
        *ret = value_new_string_n(b.data, b.len);
        return *ret ? 0 : -ENOMEM;
}

int function_now(const struct call *c, struct value **ret) {
        static const struct positions p = { .format = 0, .zone = 1, .existing = 2, .locale = 3 };
        uint64_t now = c->e->env->now_usec;
        struct date d = { .utc = (int64_t)(now / USEC_PER_SEC), .nanos = (int32_t)(now % USEC_PER_SEC * 1000) };
        int r = read_zone(c, p.zone, &d.zone);

        return r < 0 ? r : write_date(c, &p, &d, ret);
}
