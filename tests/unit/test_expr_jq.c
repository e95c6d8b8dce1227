/* SPDX-License-Identifier: Apache-2.0 */
/* The filter jq, where libjq is; its results are always a list. */
#include <sys/resource.h>
#include <time.h>

#include "tests/unit/test_expr.h"

#include <dlfcn.h>
#include <unistd.h>

static bool have_jq(void) {
#if __has_include(<jq.h>)
        void *handle = dlopen("libjq.so.1", RTLD_LAZY);

        if (handle)
                dlclose(handle);
        return handle != NULL;
#else
        return false;
#endif
}

static void programs_run_on_values_and_on_json(void **state) {
        static const struct test_case cases[] = {
                { "{{ [1, 2, 3] | jq('.') }}", "[[1,2,3]]" },
                { "{{ [1, 2, 3] | jq('.[0]') | first }}", "1" },
                { "{{ [1, 2, 3] | jq('.[]') }}", "[1,2,3]" },
                { "{{ {'a': {'b': 'x'}} | jq('.a.b') | first }}", "\"x\"" },
                { "{{ '{\"a\": [1, {\"b\": null}]}' | jq('.a[1].b, .a[0] * 2') }}", "[null,2]" },
                { "{{ inputs.list | jq(expression='map(. + 1)') | first }}", "[4,2,3]" },
                { "{{ [1, 2] | jq('empty') }}", "[]" },
                { "{{ {'id': 1} | jq('{id, double: (.id * 2)}') | first }}", "{\"id\":1,\"double\":2}" },
                { "{{ 'x' | toJson | jq('ascii_upcase') }}", "[\"X\"]" },
                { "{{ null | jq('.') }}", "null" },
                { "{% for i in 1..20 %}{{ i | jq('. + ' ~ i) | first }} {% endfor %}",
                  "\"2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32 34 36 38 40 \"" },
        };

        RUN_CASES(cases);
}

static void numbers_come_out_with_the_digits_they_went_in_with(void **state) {
        static const struct test_case cases[] = {
                { "{{ trigger | jq('.big') | first }}", "12345678901234567890" },
                { "{{ [1.50, 2.0] | jq('.') | first }}", "[1.50,2.0]" },
                { "{{ [1.50, 1.5] | jq('.') | first }}", "[1.5,1.5]" }, /* which one it was cannot be known */
                { "{{ 2 | jq('. / 4') }}", "[0.5]" },
        };

        RUN_CASES(cases);
}

static void wrong_programs_and_data_are_told(void **state) {
        static const struct test_failure cases[] = {
                { "{{ 1 | jq('.[') }}", "the program is not jq: jq: error: syntax error", "jq" },
                { "{{ 1 | jq('.a') }}", "jq: Cannot index number with", "jq" },
                { "{{ 1 | jq('error(\"own words\")') }}", "jq: own words", "jq" },
                { "{{ 1 | jq('error({a: 1})') }}", "jq: {\"a\":1}", "jq" },
                { "{{ 1 | jq('halt') }}", "the jq program halted", "jq" },
                { "{{ 'not json' | jq('.') }}", "the text that jq should read is not JSON", "jq" },
                { "{{ 1 | jq('import \"a\" as a; .') }}", "modules of jq are not supported", "jq" },
                { "{{ 1 | jq(' # x\n include \"a\"; .') }}", "modules of jq are not supported", "jq" },
                { "{{ 1 | jq('range(1e9) | null') }}", " takes too ", "jq" }, /* whichever bound is met first */
        };

        RUN_FAILURES(cases);
}

/* The program still works after one of its errors, and so does the next one. */
static void an_error_leaves_the_program_usable(void **state) {
        static const struct test_case again = { "{{ {'a': 1} | jq('.a') }}", "[1]" };
        static const struct test_failure failure = { "{{ 1 | jq('.a') }}", "Cannot index number", "jq" };

        for (int i = 0; i < 3; i++) {
                test_run_failure(&failure);
                test_run_case(&again);
        }
}

static void the_environment_is_hidden(void **state) {
        static const struct test_case cases[] = {
                { "{{ 1 | jq('env | length') }}", "[0]" },
                { "{{ 1 | jq('$ENV.AWS_SECRET_ACCESS_KEY') }}", "[null]" },
        };

        setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
        RUN_CASES(cases);
        assert_string_equal(getenv("AWS_SECRET_ACCESS_KEY"), "secret");
        unsetenv("AWS_SECRET_ACCESS_KEY");
}

static double cpu_seconds(void) {
        return (double)clock() / CLOCKS_PER_SEC;
}

static void a_program_without_end_is_ended(void **state) {
        static const struct test_failure endless[] = {
                { "{{ [1] | jq('last(range(1e12))') }}", "jq takes too long", "jq" },
                { "{{ [1] | jq('def f: f; f') }}", "jq takes too long", "jq" },
                { "{{ [1] | jq('try last(range(1e12)) catch 1') }}", "jq takes too long", "jq" },
                /* each within the bound, not all of them */
                { "{% for i in range(1, 1000) %}{{ [1] | jq('last(range(300000))') }}{% endfor %}", "too long", "jq" },
        };
        static const struct test_case again = { "{{ {'a': 1} | jq('.a') }}", "[1]" };

        for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
                double begin = cpu_seconds();

                test_run_failure(&endless[i]);
                assert_true(cpu_seconds() - begin < 3);
                test_run_case(&again);
        }
}

static void a_recursion_without_end_is_ended_before_it_eats_the_memory(void **state) {
        static const struct test_failure failure = { "{{ [1] | jq('def f: 1 + f; f') }}", "jq takes too ", "jq" };
        static const struct test_case again = { "{{ {'a': 1} | jq('.a') }}", "[1]" };

        struct rusage before, after;

        assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
        test_run_failure(&failure);
        assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
        assert_true(after.ru_maxrss - before.ru_maxrss < 512 * 1024); /* KiB */
        test_run_case(&again);
}

static void a_host_without_jq_is_told(void **state) {
        static const struct test_failure failure = { "{{ 1 | jq('.') }}", "the filter 'jq'", "jq" };

        test_run_failure(&failure);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(programs_run_on_values_and_on_json),
                cmocka_unit_test(numbers_come_out_with_the_digits_they_went_in_with),
                cmocka_unit_test(wrong_programs_and_data_are_told),
                cmocka_unit_test(an_error_leaves_the_program_usable),
                cmocka_unit_test(the_environment_is_hidden),
                cmocka_unit_test(a_program_without_end_is_ended),
                cmocka_unit_test(a_recursion_without_end_is_ended_before_it_eats_the_memory),
        };
        const struct CMUnitTest without[] = {
                cmocka_unit_test(a_host_without_jq_is_told),
        };

        return have_jq() ? cmocka_run_group_tests(tests, NULL, NULL) : cmocka_run_group_tests(without, NULL, NULL);
}
