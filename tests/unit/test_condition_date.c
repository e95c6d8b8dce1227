/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of dates and times, with the outcomes that Kestra's own tests of its conditions demand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/flow/condition_date.h"

#define WRONG (-EBADMSG)

static const struct row {
        enum flow_condition_type type;
        int outcome;
        const char *date, *after, *before, *day_of_week, *day_in_month;
} rows[] = {
#define SPAN(outcome, date, after, before) { FLOW_CONDITION_DATE_TIME_BETWEEN, outcome, date, after, before, NULL, NULL }
        /* Kestra's DateTimeBetweenTest */
        SPAN(1, "2026-11-26T12:00:00Z", "2013-09-08T16:19:12.000000+02:00", NULL),
        SPAN(0, "2013-09-08T16:19:12.000000+02:00", "2026-11-26T12:00:00Z", NULL),
        SPAN(1, "2013-09-08T16:19:12.000000+02:00", "2013-09-08T16:18:12.000000+02:00", "2013-09-08T16:20:12.000000+02:00"),
        SPAN(1, "2013-09-08T16:19:12.000000+02:00", NULL, "2013-09-08T16:20:12.000000+02:00"),
        SPAN(0, "2026-11-26T12:00:00Z", NULL, "2026-11-26T11:00:00Z"),
        /* further */
        SPAN(0, "2013-09-08T16:21:12+02:00", "2013-09-08T16:18:12+02:00", "2013-09-08T16:20:12+02:00"),
        SPAN(0, "2013-09-08T16:17:12+02:00", "2013-09-08T16:18:12+02:00", "2013-09-08T16:20:12+02:00"),
        SPAN(1, "2013-09-08T14:19:12Z", "2013-09-08T16:19:12+02:00", "2013-09-08T15:19:12+01:00"), /* both ends count in */
        SPAN(0, "2013-09-08T14:19:12.000000001Z", NULL, "2013-09-08T14:19:12Z"),
        SPAN(0, "2013-09-08T14:19:12Z", "2013-09-08T14:19:12.000000001Z", NULL),
        SPAN(0, "2013-09-08T14:19:12Z", "2014-01-01T00:00:00Z", "2013-01-01T00:00:00Z"), /* no time is in there */
        SPAN(1, "2013-09-08T14:19:12+02:00[Europe/Paris]", "2013-09-08T12:19:12Z", "2013-09-08T12:19:12Z"),
        SPAN(WRONG, "2013-09-08T14:19:12Z", NULL, NULL),
        SPAN(WRONG, "2013-09-08T14:19:12", "2013-01-01T00:00:00Z", NULL),
        SPAN(WRONG, "2013-09-08", "2013-01-01T00:00:00Z", NULL),
        SPAN(WRONG, "2013-09-08T14:19:12Z", "2013-01-01T00:00:00", NULL),
        SPAN(WRONG, "2013-09-08T14:19:12Z", NULL, "soon"),

#define HOURS(outcome, date, after, before) { FLOW_CONDITION_TIME_BETWEEN, outcome, date, after, before, NULL, NULL }
        /* Kestra's TimeBetweenTest */
        HOURS(1, "2024-02-21T16:19:12.00+02:00", "16:19:11.000000+02:00", NULL),
        HOURS(0, "2024-02-21T16:19:12.00+02:00", "17:19:12.000000+02:00", NULL),
        HOURS(1, "2024-02-21T16:19:12.00+02:00", "16:18:12.000000+02:00", "16:20:12.000000+02:00"),
        HOURS(1, "2024-02-21T16:19:12.00+02:00", NULL, "16:20:12.000000+02:00"),
        HOURS(0, "2024-02-21T16:19:12.00+02:00", NULL, "16:18:12.000000+02:00"),
        /* further: neither end counts in */
        HOURS(0, "2024-02-21T16:19:12+02:00", "16:19:12+02:00", NULL),
        HOURS(0, "2024-02-21T16:19:12+02:00", NULL, "16:19:12+02:00"),
        HOURS(1, "2024-02-21T14:19:12Z", "16:19+02:00", "16:20+02:00"),
        /* over midnight */
        HOURS(1, "2024-02-21T23:00:00Z", "22:00:00Z", "02:00:00Z"),
        HOURS(1, "2024-02-21T01:00:00Z", "22:00:00Z", "02:00:00Z"),
        HOURS(0, "2024-02-21T12:00:00Z", "22:00:00Z", "02:00:00Z"),
        HOURS(0, "2024-02-21T22:00:00Z", "22:00:00Z", "02:00:00Z"),
        HOURS(0, "2024-02-21T02:00:00Z", "22:00:00Z", "02:00:00Z"),
        HOURS(1, "2024-02-21T02:00:00Z", "12:00:00Z", "12:00:00Z"),
        HOURS(0, "2024-02-21T12:00:00Z", "12:00:00Z", "12:00:00Z"),
        /* on clocks of the offset, whatever day it is elsewhere */
        HOURS(1, "2024-02-21T23:30:00Z", "00:30:00+02:00", "02:30:00+02:00"),
        HOURS(1, "2024-02-22T00:15:00Z", "00:30:00+02:00", "02:30:00+02:00"),
        HOURS(0, "2024-02-22T00:45:00Z", "00:30:00+02:00", "02:30:00+02:00"),
        HOURS(1, "2024-02-21T10:00:00+02:00", "00:30:00+02:00", NULL),
        HOURS(0, "2024-02-21T22:15:00Z", "00:30:00+02:00", NULL),
        HOURS(WRONG, "2024-02-21T22:15:00Z", NULL, NULL),
        HOURS(WRONG, "2024-02-21", "00:30:00Z", NULL),
        HOURS(WRONG, "2024-02-21T22:15:00Z", "00:30:00", NULL),
        HOURS(WRONG, "2024-02-21T22:15:00Z", "2024-02-21T22:15:00Z", NULL),
        HOURS(WRONG, "2024-02-21T22:15:00Z", NULL, "24:00:00Z"),
        HOURS(WRONG, "2024-02-21T22:15:00Z", NULL, "10:00[Europe/Paris]"), /* no offset at all times */

#define DAY(outcome, date, day) { FLOW_CONDITION_DAY_WEEK, outcome, date, NULL, NULL, day, NULL }
        /* Kestra's DayWeekTest */
        DAY(1, "2013-09-08", "SUNDAY"),
        DAY(0, "2013-09-08", "MONDAY"),
        /* further: the day of the text's own offset */
        DAY(1, "2013-09-08T23:30:00-05:00", "SUNDAY"),
        DAY(1, "2013-09-09T00:30:00+05:00", "MONDAY"),
        DAY(1, "2013-09-09", "Monday"), /* as date('EEEE') writes it */
        DAY(WRONG, "2013-09-09", "MODNAY"),
        DAY(WRONG, "2013-09-09T00:30:00", "MONDAY"),
        DAY(WRONG, "", "MONDAY"),

#define NTH(outcome, date, day, nth) { FLOW_CONDITION_DAY_WEEK_IN_MONTH, outcome, date, NULL, NULL, day, nth }
        /* Kestra's DayWeekInMonthTest */
        NTH(0, "2021-04-01", "MONDAY", "FIRST"),
        NTH(1, "2021-04-05", "MONDAY", "FIRST"),
        NTH(1, "2021-04-01", "THURSDAY", "FIRST"),
        NTH(0, "2021-04-01", "MONDAY", "LAST"),
        NTH(1, "2021-04-26", "MONDAY", "LAST"),
        NTH(1, "2021-04-12", "MONDAY", "SECOND"),
        NTH(1, "2021-04-19", "MONDAY", "THIRD"),
        NTH(1, "2021-04-26", "MONDAY", "FOURTH"),
        /* further */
        NTH(0, "2021-04-08", "THURSDAY", "FIRST"),
        NTH(0, "2021-04-22", "THURSDAY", "LAST"), /* a fifth one follows */
        NTH(1, "2021-04-29", "THURSDAY", "LAST"),
        NTH(0, "2021-04-29", "THURSDAY", "FOURTH"),
        NTH(1, "2024-02-29", "THURSDAY", "LAST"),
        NTH(1, "2023-02-28", "TUESDAY", "FOURTH"),
        NTH(0, "2021-04-26", "TUESDAY", "LAST"),
        NTH(WRONG, "2021-04-26", "MONDAY", "FIFTH"),
        NTH(WRONG, "2021-04-26", "", "LAST"),

#define FREE(outcome, date) { FLOW_CONDITION_WEEKEND, outcome, date, NULL, NULL, NULL, NULL }
        /* Kestra's WeekendTest */
        FREE(1, "2013-09-08"),
        FREE(1, "2013-09-07"),
        /* further */
        FREE(0, "2013-09-06"),
        FREE(0, "2013-09-09"),
        FREE(1, "2013-09-08T15:19:12.000000+02:00"),
        FREE(WRONG, "tomorrow"),
};

static void every_row_comes_out_as_it_says(void **state) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];
                const char *const texts[FLOW_CONDITION_TEXT_COUNT] = {
                        [CONDITION_DATE] = row->date,
                        [CONDITION_AFTER] = row->after,
                        [CONDITION_BEFORE] = row->before,
                        [CONDITION_DAY_OF_WEEK] = row->day_of_week,
                        [CONDITION_DAY_IN_MONTH] = row->day_in_month,
                };
                char *problem = NULL;
                int r = condition_date_holds(row->type, texts, &problem);

                if (r != row->outcome)
                        print_error("%s %s: after %s before %s, %s %s\n", flow_condition_name(row->type), row->date, row->after,
                                    row->before, row->day_of_week, row->day_in_month);
                assert_int_equal(r, row->outcome);
                assert_int_equal(problem != NULL, r == WRONG);
                free(problem);
        }
}

static void what_is_wrong_is_said_without_the_text(void **state) {
        const char *const texts[FLOW_CONDITION_TEXT_COUNT] = { [CONDITION_DATE] = "2026-01-01T00:00:00Z",
                                                               [CONDITION_AFTER] = "hush" };
        char *problem = NULL;

        assert_int_equal(condition_date_holds(FLOW_CONDITION_TIME_BETWEEN, texts, &problem), WRONG);
        assert_string_equal(problem, "'after' does not come to a time of day with its offset, such as 16:00:00+02:00");
        free(problem);
}

/* A host anywhere: what is given with its offset is read without the host's zone. */
static int somewhere(void **state) {
        setenv("TZ", "Pacific/Auckland", 1);
        tzset();
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_comes_out_as_it_says),
                cmocka_unit_test_setup(every_row_comes_out_as_it_says, somewhere),
                cmocka_unit_test(what_is_wrong_is_said_without_the_text),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
