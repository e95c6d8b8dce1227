/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/status_picture.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define REASON "AccessDenied: the agent may not receive from the queue that this trigger names, and a person must change that"
#define NOW (UINT64_C(1795645000) * USEC_PER_SEC)

static struct value *parse(const char *text) {
        struct value *v = NULL;

        assert_int_equal(json_parse(text, strlen(text), &v, NULL, NULL), 0);
        return v;
}

/* `count` triggers; the one before the last is in backoff, the last but two is paused. */
static struct value *status_of(unsigned count) {
        struct buf b = BUF_INIT(0);
        struct value *v;

        buf_append_str(&b, "{\"state\":\"running\",\"store\":{\"healthy\":true},\"triggers\":[");
        for (unsigned i = 0; i < count; i++) {
                bool is_bad = i + 2 == count;

                buf_appendf(&b, "%s{\"id\":\"trigger-%02u\",\"state\":\"%s\",\"flow\":\"company.shop.flow_%u\",\"received\":123456,"
                            "\"succeeded\":123400,\"deleted\":123400,\"error\":%s}", i > 0 ? "," : "", i,
                            is_bad ? "backoff" : i + 3 == count ? "paused" : "polling", i, is_bad ? "\"" REASON "\"" : "null");
        }
        buf_append_str(&b, "]}");
        buf_append_char(&b, '\0');
        v = parse(b.data);
        buf_done(&b);
        return v;
}

static char *draw(const struct value *status, struct canvas canvas, unsigned *ret_rows) {
        struct buf out = BUF_INIT(0);

        assert_int_equal(status_write(status, NOW, &canvas, &out, ret_rows), 0);
        return buf_take(&out, NULL);
}

/* Every line within the columns, and the picture within the rows; returns how many lines. */
static unsigned check_size(const char *picture, struct canvas canvas) {
        unsigned lines = 0;

        for (const char *next; *picture; picture = next + 1, lines++) {
                next = strchr(picture, '\n');
                assert_non_null(next);
                assert_true(text_columns(picture, (size_t)(next - picture)) <= canvas.columns);
        }
        assert_true(canvas.rows == 0 || lines < canvas.rows);
        return lines;
}

/* The text without line breaks and indentation. */
static void unwrap(char *text) {
        char *to = text;

        for (const char *from = text; *from; from++)
                if (*from != '\n' && !(*from == ' ' && from > text && (from[-1] == '\n' || from[-1] == ' ')))
                        *to++ = *from;
                else if (*from == '\n')
                        *to++ = ' ';
        *to = '\0';
}

static void a_reason_is_seen_in_full_under_its_trigger_which_comes_first(void **state) {
        static const struct canvas canvases[] = { { .columns = 80 }, { .columns = 80, .rows = 24 }, { .columns = 200, .rows = 60 },
                                                  { .columns = 60, .rows = 16 } };
        static const unsigned counts[] = { 2, 3, 50 };

        for (size_t i = 0; i < ARRAY_SIZE(canvases); i++) {
                for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
                        _cleanup_value_ struct value *status = status_of(counts[k]);
                        unsigned rows = 0;
                        _cleanup_free_ char *picture = draw(status, canvases[i], &rows);

                        assert_int_equal(check_size(picture, canvases[i]), rows);
                        unwrap(picture);
                        assert_non_null(strstr(picture, REASON));
                        assert_non_null(strstr(picture, " ! trigger-"));
                        assert_true(strstr(picture, "! trigger-") < strstr(picture, REASON));
                }
        }
}

static void what_is_not_shown_is_counted(void **state) {
        _cleanup_value_ struct value *status = status_of(50);
        _cleanup_free_ char *cut = draw(status, (struct canvas){ .columns = 80, .rows = 24 }, NULL);
        _cleanup_free_ char *whole = draw(status, (struct canvas){ .columns = 80 }, NULL);
        unsigned shown = 0, left = 0;

        for (const char *p = cut; (p = strstr(p, "trigger-")); p++)
                shown++;
        assert_int_equal(sscanf(strstr(cut, "\nand "), "\nand %u more", &left), 1);
        assert_int_equal(shown + left, 50);
        assert_null(strstr(whole, "more\n"));
        assert_non_null(strstr(cut, "50 triggers: 1 in backoff, 1 paused, 48 polling\n"));
}

static void columns_that_matter_less_are_left_out_and_never_the_state(void **state) {
        _cleanup_value_ struct value *status = status_of(3);
        _cleanup_free_ char *wide = draw(status, (struct canvas){ .columns = 200 }, NULL);
        _cleanup_free_ char *usual = draw(status, (struct canvas){ .columns = 80 }, NULL);
        _cleanup_free_ char *tiny = draw(status, (struct canvas){ .columns = 20 }, NULL);

        assert_non_null(strstr(wide, "FLOW"));
        assert_non_null(strstr(wide, "HELD"));
        assert_null(strstr(usual, "FLOW"));
        assert_non_null(strstr(usual, "FAILED"));
        assert_non_null(strstr(tiny, "STATE"));
        assert_non_null(strstr(tiny, "FAILED"));
}

static void paused_ones_come_before_those_that_work(void **state) {
        _cleanup_value_ struct value *status = status_of(5);
        _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 80 }, NULL);

        assert_true(strstr(picture, "trigger-03") < strstr(picture, "trigger-02"));
        assert_true(strstr(picture, "trigger-02") < strstr(picture, "trigger-00"));
        assert_true(strstr(picture, "trigger-00") < strstr(picture, "trigger-01"));
}

static void one_that_waits_is_well_and_says_for_what(void **state) {
        _cleanup_value_ struct value *status =
                parse("{\"triggers\":[{\"id\":\"b\",\"state\":\"polling\",\"reason\":null},"
                      "{\"id\":\"a\",\"state\":\"waiting\",\"reason\":\"it is Sunday\",\"error\":null},"
                      "{\"id\":\"c\",\"state\":\"paused\",\"reason\":\"it is late\",\"error\":null}]}");
        _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 80 }, NULL);

        assert_true(status_is_well(status));
        assert_non_null(strstr(picture, "3 triggers: 1 paused, 1 waiting for their conditions, 1 polling\n"));
        assert_non_null(strstr(picture, "\n    it is Sunday\n"));
        assert_true(strstr(picture, " a ") < strstr(picture, " b "));
        assert_null(strstr(picture, "late"));
}

static void what_was_counted_is_said_and_what_is_rare_only_when_there_is_any(void **state) {
        static const struct {
                const char *totals, *line;
        } cases[] = {
                { "{\"received\":9,\"succeeded\":5,\"failed\":1,\"cancelled\":0,\"deleted\":4}",
                  "\n9 received, 5 succeeded, 1 failed, 4 deleted\n" },
                { "{\"received\":9,\"succeeded\":5,\"failed\":1,\"cancelled\":3,\"deleted\":4,\"deleteFailures\":1}",
                  "\n9 received, 5 succeeded, 1 failed, 3 cancelled, 4 deleted, 1 failed deletes\n" },
                { "{\"received\":9,\"repeated\":1,\"returned\":2,\"succeeded\":5,\"failed\":1,\"deleted\":4}",
                  "\n9 received, 1 repeated, 2 returned, 5 succeeded, 1 failed, 4 deleted\n" },
                { "7", "\n0 received, 0 succeeded, 0 failed, 0 deleted\n" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = text_printf("{\"totals\":%s,\"triggers\":[{\"id\":\"a\",\"cancelled\":345}]}",
                                                        cases[i].totals);
                _cleanup_value_ struct value *status = parse(text);
                _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 200 }, NULL);

                assert_non_null(strstr(picture, cases[i].line));
                assert_non_null(strstr(picture, "CANCELLED"));
                assert_non_null(strstr(picture, " 345 "));
        }
}

static void who_paused_it_is_said_under_its_trigger(void **state) {
        static const struct {
                const char *pause, *line;
        } cases[] = {
                { "{\"by\":\"hand\",\"after\":null}", "\n    paused by hand\n" },
                { "{\"by\":\"stopAfter\",\"after\":\"FAILED\"}", "\n    paused by stopAfter: an execution ended FAILED\n" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = text_printf("{\"triggers\":[{\"id\":\"a\",\"state\":\"paused\",\"pause\":%s}]}",
                                                        cases[i].pause);
                _cleanup_value_ struct value *status = parse(text);
                _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 80 }, NULL);

                assert_non_null(strstr(picture, cases[i].line));
        }
}

static void ages_are_in_whole_seconds_also_those_below_one(void **state) {
        static const struct {
                uint64_t usec;
                const char *age;
        } cases[] = { { 0, "0s" }, { 900 * USEC_PER_MSEC, "0s" }, { 1999 * USEC_PER_MSEC, "1s" }, { 200 * USEC_PER_SEC, "3m 20s" } };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char then[TIMESTAMP_MAX];
                _cleanup_free_ char *text = text_printf("{\"triggers\":[{\"id\":\"a\",\"state\":\"polling\",\"since\":\"%s\"}]}",
                                                        timestamp_format(NOW - cases[i].usec, then)),
                                    *cell = text_printf(" polling  %s ", cases[i].age);
                _cleanup_value_ struct value *status = parse(text);
                _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 200 }, NULL);

                if (!strstr(picture, cell))
                        fail_msg("no '%s' in\n%s", cell, picture);
        }
}

static void where_executions_run_is_said(void **state) {
        static const struct {
                const char *isolation, *line;
        } cases[] = {
                { "{\"cgroup\":\"/sys/fs/cgroup/x\",\"problem\":null}", "\n1 of 2 slots run in control groups, 3 messages wait\n" },
                { "{\"cgroup\":null,\"problem\":\"no\"}", "\n1 of 2 slots run in process groups, 3 messages wait\n" },
                { "null", "\n1 of 2 slots run, 3 messages wait\n" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = text_printf("{\"running\":1,\"limits\":{\"executions\":2},\"waiting\":3,"
                                                        "\"isolation\":%s}", cases[i].isolation);
                _cleanup_value_ struct value *status = parse(text);
                _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 80 }, NULL);

                assert_non_null(strstr(picture, cases[i].line));
        }
}

static void trouble_is_told_from_health(void **state) {
        static const struct {
                const char *text;
                bool is_well;
        } cases[] = {
                { "{}", true },
                { "{\"store\":{\"healthy\":true},\"triggers\":[{\"state\":\"polling\",\"error\":null}]}", true },
                { "{\"triggers\":[{\"state\":\"paused\"},{\"state\":\"disabled\"}]}", true },
                { "{\"triggers\":[{\"state\":\"polling\"},{\"state\":\"backoff\"}]}", false },
                { "{\"triggers\":[{\"state\":\"polling\",\"error\":\"x\"}]}", false },
                { "{\"store\":{\"healthy\":false}}", false },
                { "{\"engine\":{\"healthy\":false}}", false },
                { "{\"triggers\":[1,\"x\"],\"store\":7}", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_value_ struct value *status = parse(cases[i].text);
                _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 80, .rows = 24 }, NULL);

                assert_int_equal(status_is_well(status), cases[i].is_well);
                assert_non_null(picture);
        }
}

static void a_reason_cannot_steer_the_terminal(void **state) {
        _cleanup_value_ struct value *status = parse("{\"triggers\":[{\"id\":\"a\",\"state\":\"backoff\",\"error\":\"x\\u001b[2J\\ny\"}]}");
        _cleanup_free_ char *picture = draw(status, (struct canvas){ .columns = 80 }, NULL);

        assert_null(strchr(picture, '\x1b'));
        assert_non_null(strstr(picture, "    x\\x1b[2J\\ny\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_reason_is_seen_in_full_under_its_trigger_which_comes_first),
                cmocka_unit_test(what_is_not_shown_is_counted),
                cmocka_unit_test(columns_that_matter_less_are_left_out_and_never_the_state),
                cmocka_unit_test(paused_ones_come_before_those_that_work),
                cmocka_unit_test(one_that_waits_is_well_and_says_for_what),
                cmocka_unit_test(what_was_counted_is_said_and_what_is_rare_only_when_there_is_any),
                cmocka_unit_test(who_paused_it_is_said_under_its_trigger),
                cmocka_unit_test(ages_are_in_whole_seconds_also_those_below_one),
                cmocka_unit_test(where_executions_run_is_said),
                cmocka_unit_test(trouble_is_told_from_health),
                cmocka_unit_test(a_reason_cannot_steer_the_terminal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
