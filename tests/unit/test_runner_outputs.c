/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow declares as outputs is rendered and read as its type. */
#include "tests/unit/runner_execute.h"

#define FLOW(output) "inputs:\n  - {id: n, type: JSON}\ntasks:\n  - {id: l, type: io.kestra.plugin.core.log.Log, message: x}\n" \
                     "outputs:\n  - {id: o, " output "}\n"
#define OF_INPUT "value: '{{ inputs.n }}'"

static void run(struct driver *d, const char *flow, const char *value) {
        _cleanup_free_ char *inputs = text_printf("{\"n\": %s}", value);
        const struct frame_execute f = { .inputs = { inputs, strlen(inputs) } };

        driver_start(d, flow, &f);
        driver_wait(d, &d->ended);
}

static void an_output_is_read_as_its_type(void **state) {
        static const struct {
                const char *flow, *value, *outputs;
        } cases[] = {
                { FLOW("type: STRING, " OF_INPUT), "\"\\\"a\\\"\"", "{\"o\":\"a\"}" },
                { FLOW("type: STRING, " OF_INPUT), "12", "{\"o\":\"12\"}" },
                { FLOW("type: STRING, " OF_INPUT), "[1, {\"a\": true}]", "{\"o\":\"[1,{\\\"a\\\":true}]\"}" },
                { FLOW("type: STRING, value: '{{ vars.none ?? null }}'"), "1", "{\"o\":\"\"}" },
                { FLOW("type: INT, " OF_INPUT), "\"\\\"0\\\"\"", "{\"o\":0}" },
                { FLOW("type: INT, value: '{{ inputs.n }}0'"), "4", "{\"o\":40}" },
                { FLOW("type: INT, " OF_INPUT), "1234567890123456789", "{\"o\":1234567890123456789}" },
                { FLOW("type: FLOAT, value: '{{ inputs.n }}.5'"), "4", "{\"o\":4.5}" },
                { FLOW("type: BOOL, value: '{{ inputs.n > 3 }}'"), "4", "{\"o\":true}" },
                { FLOW("type: BOOLEAN, value: 'False'"), "4", "{\"o\":false}" },
                { FLOW("type: DATE, " OF_INPUT), "\"\\\"2026-11-23\\\"\"", "{\"o\":\"2026-11-23\"}" },
                { FLOW("type: DURATION, value: 'PT{{ inputs.n }}S'"), "4", "{\"o\":\"PT4S\"}" },
                { FLOW("type: JSON, value: '{{ inputs.n | toJson }}'"), "{\"a\": [1]}", "{\"o\":{\"a\":[1]}}" },
                { FLOW("type: JSON, value: {a: '{{ inputs.n }}'}"), "4", "{\"o\":{\"a\":4}}" },
                { FLOW("type: YAML, value: \"a: {{ inputs.n }}\\nb: [x]\""), "4", "{\"o\":{\"a\":4,\"b\":[\"x\"]}}" },
                { FLOW("type: URI, value: 'https://example.org/{{ inputs.n }}'"), "4", "{\"o\":\"https://example.org/4\"}" },
                { FLOW("type: ARRAY, value: '{{ inputs.n | toJson }}'"), "[1]", "{\"o\":[1]}" },
                { FLOW("type: INT, required: false, value: '{{ vars.none }}'"), "1", "{\"o\":null}" },
                { FLOW("type: INT, required: false, value: x"), "1", "{\"o\":null}" },
        };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                run(d, cases[i].flow, cases[i].value);
                if (d->state != RUN_SUCCESS || !text_eq(d->outputs, cases[i].outputs))
                        fail_msg("%s of %s: %s %s", cases[i].flow, cases[i].value, d->outputs, d->error);
        }
}

static void an_output_that_does_not_fit_fails_the_execution_and_is_named(void **state) {
        static const struct {
                const char *flow, *value, *error;
        } cases[] = {
                { FLOW("type: INT, " OF_INPUT), "1.5", "the output 'o' is 1.5, which is not a whole number such as 42 (type INT)" },
                { FLOW("type: INT, value: '{{ vars.none ?? null }}'"), "1", "the output 'o' is null, which is not a whole number" },
                { FLOW("type: BOOL, value: 'yes'"), "1", "the output 'o' is \"yes\", which is not true or false (type BOOL)" },
                { FLOW("type: JSON, value: '{oops'"), "1", "the output 'o' is \"{oops\", which is not JSON" },
                { FLOW("type: YAML, value: '[oops'"), "1", "the output 'o' is \"[oops\", which is not YAML" },
                { FLOW("type: ARRAY, " OF_INPUT), "{\"a\": 1}", "the output 'o' is {\"a\":1}, which is not a list" },
                { FLOW("type: FILE, value: report.txt"), "1", "the output 'o' is \"report.txt\", which is not a URI" },
                { FLOW("type: INT, value: '{{ vars.none }}'"), "1", "the output 'o': " },
        };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                run(d, cases[i].flow, cases[i].value);
                assert_int_equal(d->state, RUN_FAILED);
                if (!strstr(d->error, cases[i].error))
                        fail_msg("%s\n  not  %s", d->error, cases[i].error);
                assert_int_equal(d->runs[0].state, RUN_SUCCESS);
        }
}

static void what_is_left_empty_is_logged(void **state) {
        run(*state, FLOW("type: INT, required: false, value: x"), "1");
        assert_true(driver_logged(*state, "4 left empty: the output 'o' is \"x\", which is not a whole number such as 42 (type INT)\n"));
}

static void what_may_be_left_empty_is_no_error(void **state) {
        struct driver *d = *state;

        run(d, FLOW("type: INT, required: false, value: '{{ vars.none }}'"), "1");
        assert_true(driver_logged(d, "4 left empty: the output 'o': 'vars' has no 'none'\n"));
        assert_null(strstr(d->log.data, "3 "));
}

#define LOOP(output) "tasks:\n  - id: l\n    type: io.kestra.plugin.core.flow.Loop\n    values: [7]\n    outputs: [{id: o, " output "}]\n" \
                     "    tasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: '{{ item.value }}'}]\n"

static void an_output_of_an_iteration_is_read_as_its_type_too(void **state) {
        struct driver *d = *state;

        run(d, LOOP("type: INT, value: '{{ outputs.r.value }}'"), "0");
        assert_non_null(strstr(d->runs[0].outputs, "\"outputs\":{\"o\":7}"));
        run(d, LOOP("type: BOOLEAN, value: '{{ outputs.r.value }}'"), "0");
        assert_int_equal(d->state, RUN_FAILED);
        assert_true(driver_logged(d, "3 the outputs for the value '7': the output 'o' is \"7\", which is not true or false (type BOOL)\n"));
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(an_output_is_read_as_its_type),
                PROMISE(an_output_that_does_not_fit_fails_the_execution_and_is_named),
                PROMISE(what_is_left_empty_is_logged),
                PROMISE(what_may_be_left_empty_is_no_error),
                PROMISE(an_output_of_an_iteration_is_read_as_its_type_too),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
