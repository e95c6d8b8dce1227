/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong is said in a sentence, with the place marked; and nothing runs without a bound. */
#include "tests/unit/test_expr.h"

#include "common/expr/expr_eval.h"

static void what_is_undefined_is_named(void **state) {
        static const struct test_failure cases[] = {
                { "a {{ nope }}", "the variable 'nope' is not defined", "nope" },
                { "{{ triger.data }}", "the variable 'triger' is not defined; did you mean 'trigger'?", "triger" },
                { "{{ trigger.dat }}", "'trigger' has no 'dat'; did you mean 'data'?", "dat " },
                { "{{ trigger.attributes.xyz123 }}", "'trigger.attributes' has no 'xyz123'", "xyz123" },
                { "{{ inputs['lst'] }}", "'inputs' has no 'lst'; did you mean 'list'?", "'lst'" },
                { "{{ inputs.list[3] }}", "'inputs.list' has no element 3: it has 3", "3]" },
                { "{{ inputs.list[-1] }}", "'inputs.list' has no element -1: it has 3", "-1" },
                { "{{ inputs.list.x }}", "'inputs.list' is a list: its elements are read by number", "x" },
                { "{{ trigger.data.id }}", "'trigger.data' is a text and has no 'id'; fromJson()", "id" },
                { "{{ trigger.nothing.id }}", "'trigger.nothing' is null and has no 'id'", "id" },
                { "{{ inputs.flag.id }}", "'inputs.flag' is a boolean and has no 'id'", "id" },
                { "{{ inputs[true] }}", "a boolean is not a key", "true" },
                { "{{ fromJson('{}').a }}", "the value has no 'a'", "a }}" },
                { "{{ globals.x }}", "the variable 'globals' is not supported by sqsflow", "globals" },
                { "{{ global.x }}", "the variable 'global' is not defined", "global" },
                { "{{ trigger.parentId }}", "'trigger' has no 'parentId'", "parentId" },
                { "{{ nope | upper }}", "'nope' is not defined", "nope" },
                { "{{ nope is even }}", "'nope' is not defined", "nope" },
                { "{{ nope == 1 }}", "'nope' is not defined", "nope" },
                { "{{ nope ?? nope2 }}", "'nope2' is not defined", "nope2" },
                { "{{ true ? nope : 1 }}", "'nope' is not defined", "nope" },
                { "{% if nope %}{% endif %}", "'nope' is not defined", "nope" },
                { "{{ render('{{ nope }}') }}", "'nope' is not defined", "nope" },
        };

        RUN_FAILURES(cases);
}

static void wrong_syntax_is_marked(void **state) {
        static const struct test_failure cases[] = {
                { "{{ }}", "expected a value, found '}}'", "}}" },
                { "{{ 1 + }}", "expected a value, found '}}'", "}}" },
                { "{{ 1 2 }}", "expected '}}', found '2'", "2" },
                { "{{ a", "expected '}}', found the end of the text", "" },
                { "{{ (1 }}", "expected ')', found '}'", "}}" },
                { "{{ [1, 2 }}", "expected ',' or ']', found '}'", "}}" },
                { "{{ {'a' 1} }}", "expected ':', found '1'", "1" },
                { "{{ 'abc }}", "no closing '", "'abc" },
                { "{{ \"a#{1 2}\" }}", "expected '}', found '2'", "2" },
                { "{{ a. }}", "expected a name", "}}" },
                { "{{ a.b-c.d() }}", "methods of values cannot be called", "(" },
                { "{{ a ? 1 }}", "expected ':'", "}}" },
                { "{{ [1][0] }}", "expected '}}', found '['", "[0]" },
                { "{{ 1 | }}", "expected a filter's name", "}}" },
                { "{{ 1 is }}", "expected a test's name", "}}" },
                { "{{ $ }}", "expected a value, found '$'", "$" },
                { "{# never closed", "not closed by '#}'", "{#" },
                { "{% if true %}x", "'if' is not closed by 'endif'", "{% if" },
                { "{% for i in [] %}x", "'for' is not closed by 'endfor'", "{% for" },
                { "{% if true %}{% endfor %}", "there is no tag 'endfor'", "endfor" },
                { "{% endif %}", "there is no tag 'endif'", "endif" },
                { "{% for 1 in [] %}{% endfor %}", "expected a name", "1" },
                { "{% for i of [] %}{% endfor %}", "expected 'in', found 'of'", "of" },
                { "{% set a 1 %}", "expected '='", "1" },
                { "{% raw %}{{ x }}", "'raw' is not closed by 'endraw'", "{% raw" },
                { "{% fi %}", "there is no tag 'fi'; did you mean 'if'?", "fi" },
                { "{% macro a() %}{% endmacro %}", "the tag 'macro' is not supported by sqsflow", "macro" },
                { "{% %}", "expected a tag's name", "%}" },
                { "{% if true %}{% else x %}{% endif %}", "expected '%}', found 'x'", "x" },
        };

        RUN_FAILURES(cases);
}

static void wrong_calls_are_found_before_anything_runs(void **state) {
        static const struct test_failure cases[] = {
                { "{{ 'a' | uper }}", "there is no filter 'uper'; did you mean 'upper'?", "uper" },
                { "{{ 'a' | zzzzzzzz }}", "there is no filter 'zzzzzzzz'", "zzzz" },
                { "{{ 'a' | className }}", "the filter 'className' is not supported by sqsflow", "className" },
                { "{{ isWeekend(1) }}", "the function 'isWeekend' is not supported by sqsflow", "isWeekend" },
                { "{{ parentOutput(outputs.x) }}", "the function 'parentOutput' is not supported by sqsflow", "parentOutput" },
                { "{{ nanoId() }}", "the function 'nanoId' is not supported by sqsflow", "nanoId" },
                { "{{ 1 is equalTo(1) }}", "the test 'equalTo' is not supported by sqsflow", "equalTo" },
                { "{{ 'a' | raw }}", "the filter 'raw' is not supported by sqsflow", "raw" },
                { "{{ kv('a') }}", "the function 'kv' is not supported by sqsflow", "kv" },
                { "{{ frmJson('a') }}", "there is no function 'frmJson'; did you mean 'fromJson'?", "frmJson" },
                { "{{ 1 is evn }}", "there is no test 'evn'; did you mean 'even'?", "evn" },
                { "{{ 'a' | upper(1) }}", "'upper' takes 0 arguments", "1)" },
                { "{{ 'a' | join(1, 2) }}", "'join' takes at most 1 argument", "2)" },
                { "{{ 'a' | default }}", "'default' needs the argument 'default'", "default" },
                { "{{ max() }}", "'max' needs at least 1 argument", "max" },
                { "{{ 'a' | slice(form=1) }}", "'slice' has no argument named 'form'", "form" },
                { "{{ 'a' | slice(fromIndex=1, 2) }}", "arguments by position come before named ones", "2)" },
                { "{{ 'a' | slice(1, fromIndex=2) }}", "'fromIndex' is given twice", "fromIndex" },
        };

        RUN_FAILURES(cases);
}

static void wrong_types_are_told(void **state) {
        static const struct test_failure cases[] = {
                { "{{ 1 - 'a' }}", "'-' works on numbers, not on a number and a string", "- 'a'" },
                { "{{ -'a' }}", "'-' works on a number, not on a string", "-'a'" },
                { "{{ 1 < 'a' }}", "'<' does not compare a number with a string", "<" },
                { "{{ 9223372036854775807 + 1 }}", "does not fit 64 bits", "+" },
                { "{{ trigger.big + 1 }}", "does not fit 64 bits", "+" },
                { "{{ 1 / 0 }}", "division by zero", "/" },
                { "{{ 1 % 0 }}", "division by zero", "%" },
                { "{{ 1.0 / 0 }}", "division by zero", "/" },
                { "{{ 1.0 % 0.0 }}", "division by zero", "%" },
                { "{{ [] ? 1 : 2 }}", "a list is neither true nor false", "[]" },
                { "{% if {} %}{% endif %}", "a map is neither true nor false", "{}" },
                { "{{ 1 contains 1 }}", "'contains' looks into", "contains" },
                { "{{ 1..'b' }}", "a range goes from", ".." },
                { "{{ range(1, 2, 0) }}", "steps of 0", "range" },
                { "{{ 9223372..6854775805 }}", "rendering takes too long", ".." },
                { "{{ range(-9223372036854775807 - 1, 9223372036854775807) }}", "rendering takes too long", "range" },
                { "{{ range(9223372036854775807, -9223372036854775807 - 1, -1) }}", "rendering takes too long", "range" },
                { "{{ 'a' is even }}", "'is even' asks about a whole number", "even" },
                { "{% for i in 5 %}{% endfor %}", "'for' goes over a list or a map, not over a number", "5" },
                { "{{ [1] | upper }}", "'upper' works on a text, not on a list", "upper" },
                { "{{ 'a' | abs }}", "'abs' works on a number, not on a string", "abs" },
                { "{{ 'a' | sort }}", "'sort' works on a list", "sort" },
                { "{{ [1, 'a'] | sort }}", "list of numbers, of texts or of booleans", "sort" },
                { "{{ 'a' | keys }}", "'keys' works on a map or a list", "keys" },
                { "{{ 1 | first }}", "'first' works on a list or a text", "first" },
                { "{{ [1] | merge(1) }}", "two lists or two maps", "merge" },
                { "{{ 'abc' | slice(2, 1) }}", "does not lie within the 3 characters", "slice" },
                { "{{ [1] | slice(0, 2) }}", "does not lie within the 1 elements", "slice" },
                { "{{ 'a' | slice('x') }}", "'slice' needs a whole number", "slice" },
                { "{{ [1] | chunk(0) }}", "a 'size' of at least 1", "chunk" },
                { "{{ 'a' | abbreviate(-1) }}", "not negative", "abbreviate" },
                { "{{ 'a' | number }}", "the text is not a number: 'a'", "number" },
                { "{{ '1.5' | number('INT') }}", "1.5 is not of the type INT", "number" },
                { "{{ '2147483648' | number('INT') }}", "is not of the type INT", "number" },
                { "{{ '1' | number('NUM') }}", "'number' knows INT", "number" },
                { "{{ 1 | numberFormat('x') }}", "it has neither '#' nor '0'", "numberFormat" },
                { "{{ 1 | numberFormat('0E0') }}", "exponents are not supported", "numberFormat" },
                { "{{ 'a' | base64decode }}", "not base64", "base64decode" },
                { "{{ 'AA==' | base64decode }}", "NUL", "base64decode" },
                { "{{ '%zz' | urldecode }}", "not URL-encoded: '%zz'", "urldecode" },
                { "{{ 'a' | escapeChar('x') }}", "'single', 'double' or 'shell'", "escapeChar" },
                { "{{ 'a' | indent(-1) }}", "'amount' from 0", "indent" },
                { "{{ 'a' | replace('b') }}", "needs a map", "replace" },
                { "{{ 'a' | split('(') }}", "not a regular expression", "split" },
                { "{{ 'a' | split('(?:a)') }}", "a group that begins with '(?'", "split" },
                { "{{ 'a' | split('a+?') }}", "a reluctant or possessive quantifier", "split" },
                { "{{ 'a' | split('((a{100}){100})') }}", "so many repetitions", "split" },
                { "{{ 'a' | split('\\p{L}') }}", "an escape of a letter", "split" },
                { "{{ 'a' | date }}", "not an ISO 8601 date", "date" },
                { "{{ '2024-02-30' | date }}", "not an ISO 8601 date", "date" },
                { "{{ '2024-02-01T25:00' | date }}", "not an ISO 8601 date", "date" },
                { "{{ 'a' | date(existingFormat='yyyy') }}", "is not a date of the form 'yyyy'", "date" },
                { "{{ 0 | date('bbb') }}", "a letter that is not supported", "date" },
                { "{{ 0 | date(\"'x\") }}", "a quote in it is not closed", "date" },
                { "{{ 0 | date(timeZone='Mars/Base') }}", "there is no time zone 'Mars/Base'", "date" },
                { "{{ 0 | date(timeZone='../../../etc/passwd') }}", "there is no time zone", "date" },
                { "{{ 0 | date(locale='fr') }}", "the locale 'fr' is not supported", "date" },
                { "{{ 999999999999999 | date }}", "is not a time in seconds", "date" },
                { "{{ 0 | dateAdd(1, 'DAY') }}", "knows no unit 'DAY'", "dateAdd" },
                { "{{ 0 | dateAdd(9223372036854775807, 'YEARS') }}", "outside of the years", "dateAdd" },
                { "{{ 0 | dateAdd(9000, 'YEARS') }}", "outside of the years", "dateAdd" },
                { "{{ [] | timestamp }}", "works on a date", "timestamp" },
                { "{{ fromJson('{') }}", "the text is not JSON", "fromJson" },
                { "{{ fromJson(5) }}", "'fromJson' reads a text, not a number", "fromJson" },
                { "{{ fromIon('{a: 1}') }}", "not Ion of the JSON kind", "fromIon" },
                { "{{ yaml('a: [') }}", "the text is not YAML", "yaml" },
                { "{{ max(1, 'a') }}", "'max' compares numbers", "max" },
                { "{{ secret('NOPE') }}", "secret(): there is no secret of that name", "secret" },
                { "{{ read('x') }}", "the function 'read' is not available here", "read" },
                { "{{ render('{{ 1 + ') }}", "expected a value", "" },
                { "{{ render(vars.loop1) }}", "not done after 16 renderings", "render" },
        };

        RUN_FAILURES(cases);
}

static void the_excerpt_is_the_line_of_the_place(void **state) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        _cleanup_value_ struct value *v = NULL;

        assert_int_equal(test_evaluate("first\n\xc3\xa9 {{ nope }}\nlast", &v, &error), -EBADMSG);
        assert_string_equal(error.excerpt, "\xc3\xa9 {{ nope }}\n     ^");
        assert_int_equal(error.offset, 12);
}

static void a_long_line_is_cut_around_the_place(void **state) {
        char text[2001];
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        _cleanup_value_ struct value *v = NULL;

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        memcpy(text + 1000, "{{ nope }}", 10);
        assert_int_equal(test_evaluate(text, &v, &error), -EBADMSG);
        assert_true(strlen(error.excerpt) < 200);
        assert_true(strncmp(test_marked(error.excerpt), "nope", 4) == 0);
}

static void nobody_needs_to_want_the_error(void **state) {
        _cleanup_value_ struct value *v = NULL;

        assert_int_equal(test_evaluate("{{ 1 + }}", &v, NULL), -EBADMSG);
        assert_int_equal(test_evaluate("{{ nope }}", &v, NULL), -EBADMSG);
        assert_null(v);
}

static void nul_bytes_are_refused(void **state) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        struct expr_template *t = NULL;

        assert_int_equal(expr_compile("a\0b", 3, &t, &error), -EBADMSG);
        assert_non_null(strstr(error.message, "NUL"));
        assert_null(t);
}

/* --- bounds ------------------------------------------------------------------------------------------------------ */

/* `count` times `part`, between `head` and `tail`. */
static char *repeat(const char *head, const char *part, size_t count, const char *tail) {
        struct buf b = BUF_INIT(0);

        buf_append_str(&b, head);
        for (size_t i = 0; i < count; i++)
                buf_append_str(&b, part);
        buf_append_str(&b, tail);
        return buf_take(&b, NULL);
}

static void refused(char *template, const char *message) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        _cleanup_value_ struct value *v = NULL;

        if (test_evaluate(template, &v, &error) >= 0)
                fail_msg("%.60s… is accepted", template);
        if (!strstr(error.message, message))
                fail_msg("%.60s… says '%s', not '%s'", template, error.message, message);
        free(template);
}

static void nesting_is_bounded(void **state) {
        refused(repeat("{{ ", "(", 100000, "1"), "nested too deeply");
        refused(repeat("{{ ", "[", 100000, ""), "nested too deeply");
        refused(repeat("{{ ", "-", 100000, "1 }}"), "nested too deeply");
        refused(repeat("{{ ", "not ", 100000, "1 }}"), "nested too deeply");
        refused(repeat("{{ ", "\"#{", 100000, ""), "nested too deeply");
        refused(repeat("{{ ", "a ? b : ", 100000, "1 }}"), "nested too deeply");
        refused(repeat("{{ ", "a[", 100000, ""), "nested too deeply");
        refused(repeat("{{ ", "max(", 100000, ""), "nested too deeply");
        refused(repeat("", "{% if true %}", 100000, ""), "nested too deeply");
        refused(repeat("", "{% for i in [] %}", 100000, ""), "nested too deeply");
}

static void the_height_of_an_expression_is_bounded(void **state) {
        refused(repeat("{{ 1", " + 1", 100000, " }}"), "too long");
        refused(repeat("{{ a", ".b", 100000, " }}"), "too long");
        refused(repeat("{{ 'a'", " | upper", 100000, " }}"), "too long");
        refused(repeat("{{ a", " ?? b", 100000, " }}"), "too long");
}

static void long_templates_are_fine(void **state) {
        static const struct {
                const char *head, *part, *tail;
        } cases[] = {
                { "", "{{ 1 }}", "" },
                { "{{ [", "1,", "1] | length }}" },
                { "{% if false %}", "{% elseif false %}", "{% endif %}" },
                { "", "{% if true %}{% endif %}", "" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *template = repeat(cases[i].head, cases[i].part, 20000, cases[i].tail);
                _cleanup_value_ struct value *v = NULL;

                assert_int_equal(test_evaluate(template, &v, NULL), 0);
        }
}

static void steps_are_bounded(void **state) {
        refused(text_dup("{{ 1..9223372036854775807 }}"), "more than 1000000 steps");
        refused(text_dup("{% set a = 1..10000 %}{{ a contains a }}"), "more than 1000000 steps");
        refused(text_dup("{% set a = 1..10000 %}{{ a - a }}"), "more than 1000000 steps");
        refused(text_dup("{% set l = [1] %}{% for i in 1..64 %}{% set l = [l, l] %}{% endfor %}{{ l == [l] }}"),
                "more than 1000000 steps");
        refused(text_dup("{% set r = '{% for i in 1..900 %}{{ i }}{% endfor %}' %}"
                         "{% for i in 1..900 %}{% set x = render(r) %}{% endfor %}"),
                "more than 1000000 steps");
}

static void the_output_is_bounded(void **state) {
        refused(text_dup("{% set s = 'x' %}{% for i in 1..40 %}{% set s = s ~ s %}{% endfor %}"),
                "more than 16777216 bytes");
        refused(text_dup("{% set s = 'x' | indent(0) %}{% for i in 1..20 %}{% set s = s ~ s %}{% endfor %}"
                         "{% for i in 1..40 %}{{ s }}{% endfor %}"),
                "more than 16777216 bytes");
        refused(text_dup("{% set l = ['aaaaaaaaaaaaaaaa'] %}{% for i in 1..15 %}{% set l = l + l %}{% endfor %}"
                         "{{ [l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, "
                         "l, l, l] }}!"),
                "more than 16777216 bytes");
}

static void what_a_template_keeps_is_bounded_in_depth(void **state) {
        refused(text_dup("{% set l = 1 %}{% for i in 1..1000 %}{% set l = [l] %}{% endfor %}"), "nested too deeply");
        refused(text_dup("{% set l = 1 %}{% for i in 1..1000 %}{% set l = {'a': l} %}{% endfor %}"),
                "nested too deeply");
}

static void a_bound_is_e2big_and_a_mistake_ebadmsg(void **state) {
        _cleanup_value_ struct value *v = NULL;

        assert_int_equal(test_evaluate("{% set a = 1..10000 %}{{ a contains a }}", &v, NULL), -E2BIG);
        assert_int_equal(test_evaluate("{{ 1 / 0 }}", &v, NULL), -EBADMSG);
}

static void render_inside_render_is_bounded(void **state) {
        refused(text_dup("{% set r = '{{ render(r, false) }}' %}{{ render(r, false) }}"), "more than 8 levels");
}

/* --- environments that have nothing ------------------------------------------------------------------------------ */

static int broken_variable(void *userdata, const char *name, struct value **ret) {
        return -EIO;
}

static int sick_function(void *userdata, const char *name, const struct value *args, struct value **ret,
                         char **ret_message) {
        return -EACCES;
}

static int run_in(const char *template, const struct expr_env *env, struct expr_error *error) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        _cleanup_value_ struct value *v = NULL;
        int r = expr_compile(template, strlen(template), &t, error);

        return r < 0 ? r : expr_render(t, env, &v, error);
}

static void an_empty_environment_has_no_variables_and_no_functions(void **state) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        struct expr_env env = { 0 };

        assert_int_equal(run_in("{{ 1 + 1 }}", &env, &error), 0);
        assert_int_equal(run_in("{{ trigger }}", &env, &error), -EBADMSG);
        assert_string_equal(error.message, "the variable 'trigger' is not defined");
        assert_int_equal(run_in("{{ uuid() }}", &env, &error), -EBADMSG);
        assert_string_equal(error.message, "the function 'uuid' is not available here");
        assert_int_equal(run_in("{{ env('a', 'b') }}", &env, &error), 0);
}

static void errors_of_the_environment_are_told(void **state) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        struct expr_env env = { .variable = broken_variable, .function = sick_function };

        assert_int_equal(run_in("{{ trigger ?? 1 }}", &env, &error), -EBADMSG);
        assert_string_equal(error.message, "the variable 'trigger' cannot be read: Input/output error");
        assert_int_equal(run_in("{{ read('x') }}", &env, &error), -EBADMSG);
        assert_string_equal(error.message, "read(): Permission denied");
}

static void errors_in_a_tree_are_told(void **state) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        _cleanup_value_ struct value *tree = test_parse("{\"a\": [\"{{ nope }}\"]}"), *made = NULL;
        struct expr_env env = { 0 };

        assert_int_equal(expr_render_tree(tree, &env, &made, &error), -EBADMSG);
        assert_string_equal(error.message, "the variable 'nope' is not defined");
        assert_null(made);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_undefined_is_named),
                cmocka_unit_test(wrong_syntax_is_marked),
                cmocka_unit_test(wrong_calls_are_found_before_anything_runs),
                cmocka_unit_test(wrong_types_are_told),
                cmocka_unit_test(the_excerpt_is_the_line_of_the_place),
                cmocka_unit_test(a_long_line_is_cut_around_the_place),
                cmocka_unit_test(nobody_needs_to_want_the_error),
                cmocka_unit_test(nul_bytes_are_refused),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(the_height_of_an_expression_is_bounded),
                cmocka_unit_test(long_templates_are_fine),
                cmocka_unit_test(steps_are_bounded),
                cmocka_unit_test(the_output_is_bounded),
                cmocka_unit_test(what_a_template_keeps_is_bounded_in_depth),
                cmocka_unit_test(a_bound_is_e2big_and_a_mistake_ebadmsg),
                cmocka_unit_test(render_inside_render_is_bounded),
                cmocka_unit_test(an_empty_environment_has_no_variables_and_no_functions),
                cmocka_unit_test(errors_of_the_environment_are_told),
                cmocka_unit_test(errors_in_a_tree_are_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
