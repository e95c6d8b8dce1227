/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/clock.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/cleanup.h"

static void sums_and_differences_saturate(void **state) {
        assert_true(usec_add(1, 2) == 3);
        assert_true(usec_add(USEC_INFINITY, 1) == USEC_INFINITY);
        assert_true(usec_add(USEC_INFINITY - 1, 5) == USEC_INFINITY);
        assert_true(usec_sub(5, 3) == 2);
        assert_true(usec_sub(3, 5) == 0);
        assert_true(usec_sub(USEC_INFINITY, 5) == USEC_INFINITY);
}

static void clocks_go_forward(void **state) {
        uint64_t monotonic = clock_monotonic_usec(), boot = clock_boottime_usec();

        assert_true(boot > 0 && clock_boottime_usec() >= boot);
        assert_true(monotonic > 0 && clock_monotonic_usec() >= monotonic);
        assert_true(boot >= monotonic);
        assert_true(clock_realtime_usec() > UINT64_C(1700000000) * USEC_PER_SEC);
}

static const struct {
        const char *text;
        uint64_t usec;
        const char *canonical;
} durations[] = {
        { "PT0S", 0, "PT0S" },
        { "PT90S", 90 * USEC_PER_SEC, "PT1M30S" },
        { "PT1M30S", 90 * USEC_PER_SEC, "PT1M30S" },
        { "P1D", USEC_PER_DAY, "P1D" },
        { "P2W", 14 * USEC_PER_DAY, "P14D" },
        { "P1DT2H3M4.5S", USEC_PER_DAY + 2 * USEC_PER_HOUR + 3 * USEC_PER_MINUTE + 4500000, "P1DT2H3M4.5S" },
        { "PT0.25S", 250000, "PT0.25S" },
        { "PT0.000001S", 1, "PT0.000001S" },
        { "PT0.0000019S", 1, "PT0.000001S" },
        { "pt5m", 5 * USEC_PER_MINUTE, "PT5M" },
        { "PT36H", 36 * USEC_PER_HOUR, "P1DT12H" },
        { "PT1H5S", USEC_PER_HOUR + 5 * USEC_PER_SEC, "PT1H5S" },
};

static void durations_are_read_and_written_in_iso_form(void **state) {
        char out[DURATION_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
                uint64_t usec = 77;

                assert_int_equal(duration_parse(durations[i].text, &usec), 0);
                assert_true(usec == durations[i].usec);
                assert_string_equal(duration_format(usec, out), durations[i].canonical);
        }
        (void)duration_format(USEC_INFINITY, out);
}

static void what_is_no_duration_is_refused(void **state) {
        static const char *const bad[] = { "",       "P",        "PT",      "5s",   "P1",     "PT1",   "PT1X",
                                           "P1H",    "PT1D",     "PT1S1M",  "PT1S1S", "PT1.5M", "PT.5S", "PT1.S",
                                           "-PT5S",  "PT-5S",    "P1DT",    "PT1S ", " PT1S",  "P1Y",   "P1MT1S",
                                           "PTT1S",  "P99999999999999999999D", "P300000000D", "PT1,5S" };
        uint64_t usec = 77;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(duration_parse(bad[i], &usec), -EINVAL);
        assert_true(usec == 77);
}

static void durations_for_people_name_two_units_at_most(void **state) {
        char out[DURATION_MAX];

        assert_string_equal(duration_format_human(0, out), "0ms");
        assert_string_equal(duration_format_human(7, out), "7us");
        assert_string_equal(duration_format_human(850 * USEC_PER_MSEC, out), "850ms");
        assert_string_equal(duration_format_human(1259999, out), "1.25s");
        assert_string_equal(duration_format_human(2 * USEC_PER_SEC, out), "2s");
        assert_string_equal(duration_format_human(200 * USEC_PER_SEC, out), "3m 20s");
        assert_string_equal(duration_format_human(180 * USEC_PER_SEC, out), "3m");
        assert_string_equal(duration_format_human(125 * USEC_PER_MINUTE, out), "2h 5m");
        assert_string_equal(duration_format_human(50 * USEC_PER_HOUR, out), "2d 2h");
        assert_string_equal(duration_format_human(USEC_INFINITY, out), "forever");
}

static void timestamps_are_written_in_utc_with_milliseconds(void **state) {
        char out[TIMESTAMP_MAX];

        assert_string_equal(timestamp_format(0, out), "1970-01-01T00:00:00.000Z");
        assert_string_equal(timestamp_format(UINT64_C(1795422117123999), out), "2026-11-23T08:21:57.123Z");
        (void)timestamp_format(USEC_INFINITY, out);
}

static void timestamps_are_read_with_any_offset(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } good[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "2026-11-23T08:21:57.123Z", UINT64_C(1795422117123000) },
                { "2026-11-23T09:21:57.123456789+01:00", UINT64_C(1795422117123456) },
                { "2026-11-23t02:51:57-05:30", UINT64_C(1795422117000000) },
                { "2024-02-29T00:00:00z", UINT64_C(1709164800000000) },
                { "1969-12-31T23:00:00-01:00", 0 },
                { "2016-12-31T23:59:60Z", UINT64_C(1483228800000000) },
        };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                uint64_t usec = 77;

                assert_int_equal(timestamp_parse(good[i].text, &usec), 0);
                assert_true(usec == good[i].usec);
        }
}

static void what_is_no_timestamp_is_refused(void **state) {
        static const char *const bad[] = {
                "",
                "2026-11-23",
                "2026-11-23T08:21:57",
                "2026-11-23 08:21:57Z",
                "2026-13-23T08:21:57Z",
                "2026-02-29T08:21:57Z",
                "2026-11-31T08:21:57Z",
                "2026-11-23T24:00:00Z",
                "2026-11-23T08:60:00Z",
                "2026-11-23T08:21:57.Z",
                "2026-11-23T08:21:57Zx",
                "2026-11-23T08:21:57+0100",
                "2026-11-23T08:21:57+24:00",
                "1969-12-31T23:59:59Z",
                "26-11-23T08:21:57Z",
                "2026-11-23T08:21:57+1:00",
        };
        uint64_t usec = 77;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(timestamp_parse(bad[i], &usec), -EINVAL);
        assert_true(usec == 77);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sums_and_differences_saturate),
                cmocka_unit_test(clocks_go_forward),
                cmocka_unit_test(durations_are_read_and_written_in_iso_form),
                cmocka_unit_test(what_is_no_duration_is_refused),
                cmocka_unit_test(durations_for_people_name_two_units_at_most),
                cmocka_unit_test(timestamps_are_written_in_utc_with_milliseconds),
                cmocka_unit_test(timestamps_are_read_with_any_offset),
                cmocka_unit_test(what_is_no_timestamp_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
