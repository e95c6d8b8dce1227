/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed on the command line is understood, or refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/attributes.h"
#include "cli/records.h"
#include "cli/since.h"
#include "common/base/clock.h"
#include "common/base/json.h"

#define NOW (UINT64_C(1790000000) * USEC_PER_SEC)

static void a_time_is_an_age_a_duration_or_a_timestamp(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } cases[] = {
                { "0s", NOW },
                { "90s", NOW - 90 * USEC_PER_SEC },
                { "30m", NOW - 30 * USEC_PER_MINUTE },
                { "2h", NOW - 2 * USEC_PER_HOUR },
                { "7d", NOW - 7 * USEC_PER_DAY },
                { "PT30M", NOW - 30 * USEC_PER_MINUTE },
                { "999999d", 0 },
                { "2026-09-21T14:13:20Z", NOW },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint64_t usec = 1;

                assert_int_equal(since_parse(cases[i].text, NOW, &usec), 0);
                assert_int_equal(usec, cases[i].usec);
        }
}

static void what_is_no_time_is_refused(void **state) {
        static const char *const cases[] = { "", "h", "1", "1x", "-1h", "1 h", "9999999999h", "yesterday", "2026-13-01" };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint64_t usec = 42;

                assert_int_equal(since_parse(cases[i], NOW, &usec), -EINVAL);
                assert_int_equal(usec, 42);
        }
}

static void attributes_are_strings_unless_they_say_otherwise(void **state) {
        struct attributes a = { 0 };
        struct buf json = BUF_INIT(0);

        assert_int_equal(attributes_add(&a, "name=a=b"), 0);
        assert_int_equal(attributes_add(&a, "n:Number=12"), 0);
        assert_int_equal(attributes_add(&a, "b:Binary.png=AAEC"), 0);
        assert_int_equal(attributes_add(&a, "url=http://x:1/"), 0);
        assert_int_equal(attributes_add(&a, "empty="), 0);
        assert_int_equal(a.items[2].len, 3);
        assert_memory_equal(a.items[2].value, "\0\1\2", 4);
        assert_int_equal(attributes_write(a.items, a.count, &json), 0);
        assert_string_equal(json.data, "{\"name\":{\"type\":\"String\",\"value\":\"a=b\"},\"n\":{\"type\":\"Number\",\"value\":"
                                       "\"12\"},\"b\":{\"type\":\"Binary.png\",\"value\":\"AAEC\"},\"url\":{\"type\":\"String\","
                                       "\"value\":\"http://x:1/\"},\"empty\":{\"type\":\"String\",\"value\":\"\"}}");
        buf_done(&json);
        attributes_done(&a);
}

static void wrong_attributes_are_refused_and_leave_the_others(void **state) {
        static const char *const cases[] = { "", "name", "=value", ":Number=1", "n:=1", "b:Binary=!!" };
        struct attributes a = { 0 };
        char text[16];

        assert_int_equal(attributes_add(&a, "x=1"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(attributes_add(&a, cases[i]), -EINVAL);
        assert_int_equal(attributes_add(&a, "x=2"), -EEXIST);
        assert_int_equal(a.count, 1);
        for (int i = 0; i < 9; i++) {
                snprintf(text, sizeof(text), "n%d=1", i);
                assert_int_equal(attributes_add(&a, text), 0);
        }
        assert_int_equal(attributes_add(&a, "eleventh=1"), -E2BIG);
        attributes_done(&a);
}

static void a_record_is_one_json_document(void **state) {
        const struct store_record record = {
                .id = UINT64_C(1) << 21, .flow = "a.b", .trigger = "t", .state = RUN_FAILED, .start_usec = 1000000,
                .end_usec = 2500000, .error = "no", .cpu_usec = 250000, .memory_bytes = 4096, .messages = "[[\"m\",null,3]]",
        };
        struct value *v = record_json(&record);
        char *text = json_to_text(v, JSON_COMPACT);

        assert_string_equal(text, "{\"id\":\"0000000020000\",\"flow\":\"a.b\",\"state\":\"FAILED\",\"trigger\":\"t\","
                                  "\"queueUrl\":null,\"startedAt\":\"1970-01-01T00:00:01.000Z\",\"endedAt\":"
                                  "\"1970-01-01T00:00:02.500Z\",\"durationSeconds\":1.5,\"cpuSeconds\":0.25,"
                                  "\"memoryBytes\":4096,\"error\":\"no\",\"messages\":"
                                  "[{\"messageId\":\"m\",\"groupId\":null,\"receiveCount\":3}]}");
        free(text);
        value_unref(v);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_time_is_an_age_a_duration_or_a_timestamp),
                cmocka_unit_test(what_is_no_time_is_refused),
                cmocka_unit_test(attributes_are_strings_unless_they_say_otherwise),
                cmocka_unit_test(wrong_attributes_are_refused_and_leave_the_others),
                cmocka_unit_test(a_record_is_one_json_document),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
