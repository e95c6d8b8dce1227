/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a flow's inputs, held against what an execution is given. */
#include "tests/unit/runner_execute.h"

#define FLOW(input) "inputs:\n  - {id: n, " input "}\ntasks:\n  - {id: l, type: io.kestra.plugin.core.log.Log, " \
                    "message: \"{{ inputs.n | toJson }}\"}\n"

static void run(struct driver *d, const char *flow, const char *value) {
        _cleanup_free_ char *inputs = value ? text_printf("{\"n\": %s}", value) : text_dup("{}");
        const struct frame_execute f = { .inputs = { inputs, strlen(inputs) } };

        driver_start(d, flow, &f);
        driver_wait(d, &d->ended);
}

static void what_fits_is_read_as_its_type(void **state) {
        static const struct {
                const char *flow, *value, *read;
        } cases[] = {
                { FLOW("type: STRING, validator: '[a-z]+'"), "\"abc\"", "\"abc\"" },
                { FLOW("type: STRING"), "12", "\"12\"" },
                { FLOW("type: INT, min: 1, max: 10"), "10", "10" },
                { FLOW("type: INT, min: 1, max: 10"), "\"1\"", "1" },
                { FLOW("type: INT"), "12345678901234567890123", "12345678901234567890123" },
                { FLOW("type: INT, max: 1000"), "1e3", "1e3" },
                { FLOW("type: INT, max: 9223372036854775806"), "9223372036854775806", "9223372036854775806" },
                { FLOW("type: FLOAT, max: 1.5"), "1.50", "1.50" },
                { FLOW("type: BOOL"), "\"True\"", "true" },
                { FLOW("type: SELECT, values: [red, '2']"), "\"2\"", "\"2\"" },
                { FLOW("type: DATETIME, after: '2026-01-01T00:00:00Z'"), "\"2026-01-01T01:00:00+01:00\"",
                  "\"2026-01-01T01:00:00+01:00\"" },
                { FLOW("type: DATE, before: '2026-01-01'"), "\"1965-05-01\"", "\"1965-05-01\"" },
                { FLOW("type: DATE"), "\"2024-02-29\"", "\"2024-02-29\"" },
                { FLOW("type: TIME"), "\"23:59:59\"", "\"23:59:59\"" },
                { FLOW("type: TIME, after: '08:00', before: '09:00:00'"), "\"09:00\"", "\"09:00\"" },
                { FLOW("type: DURATION, max: PT1M"), "\"PT60S\"", "\"PT60S\"" },
                { FLOW("type: JSON"), "\"{\\\"a\\\": 1}\"", "{\"a\":1}" },
                { FLOW("type: YAML"), "\"a: 1\\nb: [x]\"", "{\"a\":1,\"b\":[\"x\"]}" },
                { FLOW("type: YAML"), "{\"a\": 1}", "{\"a\":1}" },
                { FLOW("type: URI"), "\"https://example.org/x\"", "\"https://example.org/x\"" },
                { FLOW("type: ARRAY, itemType: INT"), "[1, \"2\"]", "[1,2]" },
                { FLOW("type: ARRAY, itemType: BOOLEAN"), "[true, \"false\"]", "[true,false]" },
                { FLOW("type: INT, required: false, min: 3"), NULL, "null" },
                { FLOW("type: INT, required: false, min: 3"), "null", "null" },
                { FLOW("type: INT, defaults: 5, min: 3"), NULL, "5" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *line = text_printf("6 %s\n", cases[i].read);

                run(*state, cases[i].flow, cases[i].value);
                assert_string_equal(((struct driver *)*state)->log.data, line);
        }
}

static void what_does_not_fit_fails_the_execution_and_is_named(void **state) {
        static const struct {
                const char *flow, *value, *error;
        } cases[] = {
                { FLOW("type: STRING, validator: '[a-z]+'"), "\"abc1\"", "the input 'n' is \"abc1\", which its validator [a-z]+ does not match" },
                { FLOW("type: STRING"), "[1]", "the input 'n' is [1], which is not a text (type STRING)" },
                { FLOW("type: INT, min: 1, max: 10"), "11", "the input 'n' is 11, which is beyond its 'max' 10" },
                { FLOW("type: INT, min: 1, max: 10"), "\"-3\"", "the input 'n' is -3, which is below its 'min' 1" },
                { FLOW("type: INT, max: 9223372036854775806"), "9223372036854775807", "which is beyond its 'max'" },
                { FLOW("type: INT, max: 999"), "\"1e3\"", "which is beyond its 'max' 999" },
                { FLOW("type: INT"), "1.5", "the input 'n' is 1.5, which is not a whole number such as 42 (type INT)" },
                { FLOW("type: FLOAT"), "\"x\"", "the input 'n' is \"x\", which is not a number such as 4.2 (type FLOAT)" },
                { FLOW("type: BOOL"), "\"yes\"", "the input 'n' is \"yes\", which is not true or false (type BOOL)" },
                { FLOW("type: SELECT, values: [red, green]"), "\"blue\"",
                  "the input 'n' is \"blue\", which is none of its values [\"red\",\"green\"]" },
                { FLOW("type: DATETIME"), "\"today\"", "which is not a time such as" },
                { FLOW("type: DATETIME, after: '2026-01-01T00:00:00Z'"), "\"2025-12-31T23:59:59Z\"", "which is below its 'after'" },
                { FLOW("type: DATE, before: '2026-01-01'"), "\"2026-01-02\"", "which is beyond its 'before' 2026-01-01" },
                { FLOW("type: DATE"), "\"2026-02-30\"", "which is not a date such as 2026-11-23 (type DATE)" },
                { FLOW("type: DATE"), "\"2026-13-01\"", "which is not a date such as" },
                { FLOW("type: TIME"), "\"24:00\"", "which is not a time of day such as 08:21:57 (type TIME)" },
                { FLOW("type: TIME"), "\"08:60\"", "which is not a time of day such as" },
                { FLOW("type: TIME"), "\"08:59:60\"", "which is not a time of day such as" },
                { FLOW("type: TIME, before: '09:00'"), "\"09:00:01\"", "which is beyond its 'before' 09:00" },
                { FLOW("type: DURATION, max: PT1M"), "\"PT61S\"", "which is beyond its 'max' PT1M" },
                { FLOW("type: JSON"), "\"{oops\"", "which is not JSON" },
                { FLOW("type: YAML"), "\"[oops\"", "which is not YAML" },
                { FLOW("type: ARRAY, itemType: BOOLEAN"), "[\"x\"]", "which is not true or false (type BOOL)" },
                { FLOW("type: URI"), "\"no uri\"", "which is not a URI" },
                { FLOW("type: ARRAY, itemType: INT"), "[1, \"x\"]", "the input 'n' is \"x\", which is not a whole number" },
                { FLOW("type: INT"), "null", "the input 'n' is required and was not given" },
        };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                run(d, cases[i].flow, cases[i].value);
                assert_int_equal(d->state, RUN_FAILED);
                if (!strstr(d->error, cases[i].error))
                        fail_msg("%s\n  not  %s", d->error, cases[i].error);
                assert_int_equal(d->run_count, 0); /* nothing has run */
        }
}

static void a_rendered_default_is_held_against_the_rules_too(void **state) {
        struct driver *d = *state;

        run(d, FLOW("type: INT, defaults: \"{{ 2 + 2 }}\", max: 3"), NULL);
        assert_int_equal(d->state, RUN_FAILED);
        assert_true(driver_logged(d, "3 the input 'n' is 4, which is beyond its 'max' 3\n"));
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(what_fits_is_read_as_its_type),
                PROMISE(what_does_not_fit_fails_the_execution_and_is_named),
                PROMISE(a_rendered_default_is_held_against_the_rules_too),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
