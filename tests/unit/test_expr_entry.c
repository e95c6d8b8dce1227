/* SPDX-License-Identifier: Apache-2.0 */
/* The entry points: rendering and evaluating, trees, and finding what an output carries. */
#include "tests/unit/test_expr.h"

static void render_gives_text_and_evaluate_keeps_the_type(void **state) {
        static const struct {
                const char *template, *text, *typed;
        } cases[] = {
                { "{{ inputs.list }}", "[3,1,2]", "[3,1,2]" },
                { "{{ inputs.flag }}", "true", "true" },
                { "{{ trigger.big }}", "12345678901234567890", "12345678901234567890" },
                { "{{ trigger.nothing }}", "", "null" },
                { " {{ inputs.flag }}", " true", "\" true\"" },
        };
        _cleanup_value_ struct value *world = test_parse(test_world);
        struct expr_env env = test_env(world);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
                _cleanup_value_ struct value *text = NULL, *typed = NULL;
                _cleanup_free_ char *json = NULL;

                assert_int_equal(expr_compile(cases[i].template, strlen(cases[i].template), &t, NULL), 0);
                assert_int_equal(expr_render(t, &env, &text, NULL), 0);
                assert_int_equal(expr_evaluate(t, &env, &typed, NULL), 0);
                assert_string_equal(value_string(text), cases[i].text);
                json = json_to_text(typed, JSON_COMPACT);
                assert_string_equal(json, cases[i].typed);
        }
}

static void a_template_is_literal_without_delimiters(void **state) {
        static const struct {
                const char *text;
                bool literal;
        } cases[] = {
                { "", true }, { "{", true }, { "a { b }}", true }, { "{{", false }, { "a{%", false }, { "{ {#", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(expr_is_literal(cases[i].text, strlen(cases[i].text)), cases[i].literal);
        assert_true(expr_is_literal("{{", 1));
}

static void trees_are_rendered_text_by_text_and_keys_too(void **state) {
        _cleanup_value_ struct value *world = test_parse(test_world);
        _cleanup_value_ struct value *tree =
                test_parse("{\"{{ trigger.data }}\": [\"{{ inputs.list }}\", 1, null, {\"a\": \"x{{ 1 + 1 }}\"}]}");
        _cleanup_value_ struct value *made = NULL;
        struct expr_env env = test_env(world);
        _cleanup_free_ char *json = NULL;

        assert_int_equal(expr_render_tree(tree, &env, &made, NULL), 0);
        json = json_to_text(made, JSON_COMPACT);
        assert_string_equal(json, "{\"hello\":[\"[3,1,2]\",1,null,{\"a\":\"x2\"}]}");
}

struct visited {
        int count;
        struct buf filters; /* each output's last filter, "-" for none */
        size_t first_offset;
};

static bool is_wanted(void *userdata, const struct expr_read *read) {
        return strcmp(read->path[0], read->is_function ? "render" : "trigger") == 0;
}

static int on_output(void *userdata, const struct expr_read *read, const char *last_filter, size_t offset) {
        struct visited *v = userdata;

        if (v->count++ == 0)
                v->first_offset = offset;
        buf_appendf(&v->filters, "%s ", last_filter ? last_filter : "-");
        return v->count == 9 ? 77 : 0;
}

static void outputs_that_carry_a_variable_are_found(void **state) {
        static const struct {
                const char *template, *filters;
        } cases[] = {
                { "echo {{ trigger.data }}", "- " },
                { "echo {{ trigger.data | trim | quote }}", "quote " },
                { "echo {{ inputs.x }} {{ trigger }}", "- " },
                { "{{ 'a' ~ trigger.data }}", "- " },
                { "{{ trigger.data | quote ~ trigger.data }}", "- " },
                { "{{ [trigger['data']] | join(',') | quote }}", "quote " },
                { "{{ inputs.x ?? trigger.data }}", "- " },
                { "{{ inputs.x | default(trigger.data) }}", "default " },
                { "{{ fromJson(trigger.data) }}", "- " },
                { "{{ \"a#{trigger.data}\" }}", "- " },
                { "{% set x = trigger.data %}{{ x }}", "- " },
                { "{% for i in 1..2 %}{{ y }}{% set y = x %}{% set x = trigger %}{% endfor %}", "- " },
                { "{% for m in trigger.messages %}{{ m | quote }}{% endfor %}", "quote " },
                { "{% if trigger.data == 'x' %}{{ inputs.a }}{% else %}{{ trigger.data }}{% endif %}", "- " },
                { "{% if a %}1{% elseif b %}{{ trigger }}{% else %}{{ trigger | upper }}{% endif %}", "- upper " },
                { "{{ trigger.data == 'x' ? 'a' : 'b' }}", "" },
                { "{{ trigger.data is defined }}", "" },
                { "{{ render(vars.x) }}", "- " },
                { "{{ inputs.trigger }}", "" },
                { "plain", "" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
                struct visited v = { 0 };

                assert_int_equal(expr_compile(cases[i].template, strlen(cases[i].template), &t, NULL), 0);
                assert_int_equal(expr_visit_outputs(t, is_wanted, on_output, &v), 0);
                buf_append_str(&v.filters, "");
                if (strcmp(v.filters.data, cases[i].filters) != 0)
                        fail_msg("%s: '%s', not '%s'", cases[i].template, v.filters.data, cases[i].filters);
                buf_done(&v.filters);
        }
}

static void what_a_template_reads_is_told_also_where_it_only_decides(void **state) {
        static const struct {
                const char *template;
                bool reads;
        } cases[] = {
                { "plain", false },
                { "{{ inputs.trigger }}", false },
                { "{{ trigger.data == 'x' ? 'a' : 'b' }}", true },
                { "{{ trigger.data is defined }}", true },
                { "{% if trigger %}a{% endif %}", true },
                { "{% if a %}b{% elseif trigger %}c{% endif %}", true },
                { "{{ vars[trigger.data] }}", true },
                { "{{ [1] | join(trigger) }}", true },
                { "{{ render('x') }}", true },
                { "{% for m in trigger.messages %}{% endfor %}", true },
                { "{% for trigger in vars.all %}{{ trigger }}{% endfor %}", false },
                { "{% for trigger in vars.all %}{% endfor %}{{ trigger }}", true },
                { "{% set trigger = 1 %}{{ trigger }}", false },
                { "{% set trigger = trigger %}", true },
                { "{% if a %}{% set trigger = 1 %}{{ trigger }}{% endif %}", false },
                { "{% if a %}{% set trigger = 1 %}{% endif %}{{ trigger }}", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;

                assert_int_equal(expr_compile(cases[i].template, strlen(cases[i].template), &t, NULL), 0);
                if (expr_reads(t, is_wanted, NULL) != cases[i].reads)
                        fail_msg("%s: %d", cases[i].template, !cases[i].reads);
        }
}

static void a_visit_stops_at_the_first_answer_and_tells_where(void **state) {
        static const char text[] = "x {{ trigger.a }} {{ trigger.b }}";
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        struct visited v = { .count = 8 };

        assert_int_equal(expr_compile(text, strlen(text), &t, NULL), 0);
        assert_int_equal(expr_visit_outputs(t, is_wanted, on_output, &v), 77);
        buf_done(&v.filters);
        v = (struct visited){ 0 };
        assert_int_equal(expr_visit_outputs(t, is_wanted, on_output, &v), 0);
        assert_int_equal(v.count, 2);
        assert_int_equal(v.first_offset, 2);
        buf_done(&v.filters);
}

static void a_template_is_shared_by_reference(void **state) {
        struct expr_template *t = NULL, *other;

        assert_int_equal(expr_compile("{{ 'a' }}", 9, &t, NULL), 0);
        other = expr_template_ref(t);
        assert_null(expr_template_unref(t));
        assert_null(expr_template_unref(other));
        assert_null(expr_template_unref(NULL));
}

static int count_variable(void *userdata, const char *name, struct value **ret) {
        ++*(int *)userdata;
        *ret = value_new_int(1);
        return 0;
}

static void only_variables_that_are_used_are_asked_for(void **state) {
        static const char text[] = "{{ true or a }}{{ false and b }}{{ true ? 1 : c }}{{ d }}";
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        _cleanup_value_ struct value *v = NULL;
        int count = 0;
        struct expr_env env = { .userdata = &count, .variable = count_variable };

        assert_int_equal(expr_compile(text, strlen(text), &t, NULL), 0);
        assert_int_equal(expr_render(t, &env, &v, NULL), 0);
        assert_int_equal(count, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(render_gives_text_and_evaluate_keeps_the_type),
                cmocka_unit_test(a_template_is_literal_without_delimiters),
                cmocka_unit_test(trees_are_rendered_text_by_text_and_keys_too),
                cmocka_unit_test(outputs_that_carry_a_variable_are_found),
                cmocka_unit_test(what_a_template_reads_is_told_also_where_it_only_decides),
                cmocka_unit_test(a_visit_stops_at_the_first_answer_and_tells_where),
                cmocka_unit_test(a_template_is_shared_by_reference),
                cmocka_unit_test(only_variables_that_are_used_are_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
