/* SPDX-License-Identifier: Apache-2.0 */
/* The language itself: literals, access, operators and their precedence, tags, strictness. */
#include "tests/unit/test_expr.h"

static void literals_are_what_they_look_like(void **state) {
        static const struct test_case cases[] = {
                { "{{ 'a' }}", "\"a\"" },
                { "{{ \"a\" }}", "\"a\"" },
                { "{{ 'it\\'s' }}", "\"it's\"" },
                { "{{ \"say \\\"x\\\"\" }}", "\"say \\\"x\\\"\"" },
                { "{{ 'a\\\\b' }}", "\"a\\\\b\"" },
                { "{{ 'a\\nb' }}", "\"a\\\\nb\"" }, /* Pebble knows no \n */
                { "{{ \"1 + 1 = #{1 + 1}!\" }}", "\"1 + 1 = 2!\"" },
                { "{{ \"#{\"in\" ~ 'ner'}\" }}", "\"inner\"" },
                { "{{ \"a # b\" }}", "\"a # b\"" },
                { "{{ '#{1}' }}", "\"#{1}\"" },
                { "{{ 12 }}", "12" },
                { "{{ 007 }}", "7" },
                { "{{ 12L }}", "12" },
                { "{{ 1.50 }}", "1.50" },
                { "{{ 12345678901234567890123 }}", "12345678901234567890123" },
                { "{{ true }}", "true" },
                { "{{ FALSE }}", "false" },
                { "{{ null }}", "null" },
                { "{{ none }}", "null" },
                { "{{ [] }}", "[]" },
                { "{{ [1, 'a', [true]] }}", "[1,\"a\",[true]]" },
                { "{{ {} }}", "{}" },
                { "{{ {'a': 1, 'b': {'c': [2]}} }}", "{\"a\":1,\"b\":{\"c\":[2]}}" },
                { "{{ {1: 2} }}", "{\"1\":2}" },
                { "{{{'a':{'b':1}}}}", "{\"a\":{\"b\":1}}" },
        };

        RUN_CASES(cases);
}

static void values_are_reached_by_name_and_key(void **state) {
        static const struct test_case cases[] = {
                { "{{ trigger.data }}", "\"hello\"" },
                { "{{ trigger['data'] }}", "\"hello\"" },
                { "{{ trigger . data }}", "\"hello\"" },
                { "{{ trigger.attributes['my-key'] }}", "\"v\"" },
                { "{{ trigger.attributes[7] }}", "\"seven\"" },
                { "{{ inputs.list[0] }}", "3" },
                { "{{ inputs['map'].y[0] }}", "true" },
                { "{{ inputs.list[1 + 1] }}", "2" },
                { "{{ inputs[trigger.data == 'hello' ? 'flag' : 'x'] }}", "true" },
                { "{{ (inputs).flag }}", "true" },
                { "{{ fromJson(trigger.json).a }}", "1.10" },
                { "{{ fromJson('{\"in\": {\"is\": 1}}').in.is }}", "1" },
        };

        RUN_CASES(cases);
}

static void numbers_keep_their_digits(void **state) {
        static const struct test_case cases[] = {
                { "{{ trigger.big }}", "12345678901234567890" },
                { "n={{ trigger.big }}", "\"n=12345678901234567890\"" },
                { "{{ trigger.big == 12345678901234567891 }}", "false" },
                { "{{ trigger.big < 12345678901234567891 }}", "true" },
                { "{{ -trigger.big }}", "-12345678901234567890" },
                { "{{ 9223372036854775806 + 1 }}", "9223372036854775807" },
                { "{{ fromJson('1e3') }}", "1e3" },
                { "{{ [1.10] }}", "[1.10]" },
        };

        RUN_CASES(cases);
}

static void arithmetic_is_exact(void **state) {
        static const struct test_case cases[] = {
                { "{{ 1 + 2 }}", "3" },
                { "{{ 5 - 7 }}", "-2" },
                { "{{ 6 * 7 }}", "42" },
                { "{{ 7 / 2 }}", "3" },
                { "{{ -7 / 2 }}", "-3" },
                { "{{ 7 % 3 }}", "1" },
                { "{{ -7 % 3 }}", "-1" },
                { "{{ 0.1 + 0.2 }}", "0.3" },
                { "{{ 1.50 - 0.25 }}", "1.25" },
                { "{{ 1.5 * 1.5 }}", "2.25" },
                { "{{ 7.0 / 2 }}", "3.5" },
                { "{{ 4.0 / 2 }}", "2.0" },
                { "{{ 5.5 % 2 }}", "1.5" },
                { "{{ 2 - 2.00 }}", "0.00" },
                { "{{ 0.05 + 1 }}", "1.05" },
                { "{{ -0.5 + 0.25 }}", "-0.25" },
                { "{{ -(3) }}", "-3" },
                { "{{ +3 }}", "3" },
                { "{{ - -3 }}", "3" },
                { "{{ -0 }}", "0" },
                { "{{ 9007199254740993 * 1.0 }}", "9007199254740993.0" },
                { "{{ fromJson('1e2') + 1 }}", "101.0" },
                { "{{ 1 % -1 }}", "0" },
        };

        RUN_CASES(cases);
}

static void plus_joins_texts_and_lists(void **state) {
        static const struct test_case cases[] = {
                { "{{ 'a' + 'b' }}", "\"ab\"" },
                { "{{ 'a' + 1 }}", "\"a1\"" },
                { "{{ 1 + 'a' }}", "\"1a\"" },
                { "{{ 'a' + null }}", "\"anull\"" },
                { "{{ [1] + 2 }}", "[1,2]" },
                { "{{ [1] + [2, 3] }}", "[1,2,3]" },
                { "{{ [1, 2, 1] - 1 }}", "[2]" },
                { "{{ [1, 2, 3] - [1, 3] }}", "[2]" },
                { "{{ 'a' ~ 1 ~ true ~ null ~ [2] }}", "\"a1true[2]\"" },
        };

        RUN_CASES(cases);
}

static void comparisons_compare_values(void **state) {
        static const struct test_case cases[] = {
                { "{{ 1 == 1.0 }}", "true" },
                { "{{ '1' == 1 }}", "false" },
                { "{{ 'a' equals 'a' }}", "true" },
                { "{{ null == null }}", "true" },
                { "{{ 1 != 2 }}", "true" },
                { "{{ [1, {'a': 2}] == [1, {'a': 2.0}] }}", "true" },
                { "{{ 1 < 2 }}", "true" },
                { "{{ 2 <= 2 }}", "true" },
                { "{{ 10 > 9 }}", "true" },
                { "{{ 1.5 >= 1.50 }}", "true" },
                { "{{ -2 < -1 }}", "true" },
                { "{{ -1 > 0.5 }}", "false" },
                { "{{ 0.05 < 0.5 }}", "true" },
                { "{{ 100 > 99.9 }}", "true" },
                { "{{ fromJson('1e3') == 1000 }}", "true" },
                { "{{ fromJson('1e-3') < 0.01 }}", "true" },
                { "{{ 0 < fromJson('1e-400') }}", "true" },
                { "{{ 'apple' < 'pear' }}", "true" },
                { "{{ null < 1 }}", "false" },
                { "{{ null > 1 }}", "false" },
        };

        RUN_CASES(cases);
}

static void logic_knows_pebbles_truth(void **state) {
        static const struct test_case cases[] = {
                { "{{ true and false }}", "false" },
                { "{{ true or false }}", "true" },
                { "{{ not true }}", "false" },
                { "{{ not (1 == 2) }}", "true" },
                { "{{ 1 and 'x' }}", "true" },
                { "{{ 0 or '' }}", "false" },
                { "{{ 0.00 or -0 }}", "false" },
                { "{{ fromJson('0e5') or false }}", "false" },
                { "{{ fromJson('0.01') and true }}", "true" },
                { "{{ null or true }}", "true" },
                { "{{ false and missing }}", "false" },
                { "{{ true or missing }}", "true" },
                { "{{ inputs.flag ? 1 : 2 }}", "1" },
                { "{{ '' ? 1 : 2 }}", "2" },
                { "{{ true ? false ? 1 : 2 : 3 }}", "2" },
                { "{{ true ? 1 : missing }}", "1" },
        };

        RUN_CASES(cases);
}

static void membership_and_ranges(void **state) {
        static const struct test_case cases[] = {
                { "{{ [1, 2] contains 2 }}", "true" },
                { "{{ [1, 2, 3] contains [1, 3] }}", "true" },
                { "{{ [1, 2] contains [1, 3] }}", "false" },
                { "{{ {'a': 1} contains 'a' }}", "true" },
                { "{{ {'a': 1} contains 'b' }}", "false" },
                { "{{ 'hello' contains 'ell' }}", "true" },
                { "{{ 'v12' contains 12 }}", "true" },
                { "{{ null contains 1 }}", "false" },
                { "{{ 2 in [1, 2] }}", "true" },
                { "{{ '2' in [1, 2] }}", "true" },
                { "{{ 5 not in [1, 2] }}", "true" },
                { "{{ 'a' in {'a': 1} }}", "true" },
                { "{{ 1 in {'a': 1} }}", "true" },
                { "{{ null in [null] }}", "false" },
                { "{{ 1..4 }}", "[1,2,3,4]" },
                { "{{ 'a'..'d' }}", "[\"a\",\"b\",\"c\",\"d\"]" },
                { "{{ 3..1 }}", "[]" },
        };

        RUN_CASES(cases);
}

static void tests_tell(void **state) {
        static const struct test_case cases[] = {
                { "{{ 2 is even }}", "true" },
                { "{{ 3 is odd }}", "true" },
                { "{{ -3 is odd }}", "true" },
                { "{{ 3 is not even }}", "true" },
                { "{{ null is null }}", "true" },
                { "{{ trigger.nothing is null }}", "true" },
                { "{{ trigger.data is defined }}", "true" },
                { "{{ trigger.nothing is defined }}", "false" },
                { "{{ trigger.nope is defined }}", "false" },
                { "{{ nope.nope is not defined }}", "true" },
                { "{{ nope is null }}", "true" },
                { "{{ nope is empty }}", "true" },
                { "{{ '' is empty }}", "true" },
                { "{{ ' ' is empty }}", "true" },
                { "{{ [] is empty }}", "true" },
                { "{{ {} is not empty }}", "false" },
                { "{{ 0 is empty }}", "false" },
                { "{{ [1] is iterable }}", "true" },
                { "{{ 'a' is iterable }}", "false" },
                { "{{ {'a': 1} is map }}", "true" },
                { "{{ '{}' is json }}", "true" },
                { "{{ '{' is json }}", "false" },
        };

        RUN_CASES(cases);
}

static void operators_bind_as_in_pebble(void **state) {
        static const struct test_case cases[] = {
                { "{{ 1 + 2 * 3 }}", "7" },
                { "{{ (1 + 2) * 3 }}", "9" },
                { "{{ 10 - 2 - 3 }}", "5" },
                { "{{ 2 * 6 / 4 }}", "3" },
                { "{{ 1 + 1 == 2 and 3 > 2 }}", "true" },
                { "{{ true or false and false }}", "true" },
                { "{{ not false or true }}", "true" },
                { "{{ 2 is even and 3 is odd }}", "true" },
                { "{{ 1 + 1 is even }}", "true" },
                { "{{ 'a' ~ 'b' | upper }}", "\"AB\"" },
                { "{{ 'a' + 'b' | upper }}", "\"aB\"" },
                { "{{ nope ?? 'a' | upper }}", "\"A\"" },
                { "{{ nope ?? 'a' ~ 'b' }}", "\"ab\"" },
                { "{{ -1 | abs }}", "1" },
                { "{{ 2 + 1..2 | length }}", "4" },
                { "{{ 1 in [1] == true }}", "false" },
        };

        RUN_CASES(cases);
}

static void what_is_undefined_has_a_fallback(void **state) {
        static const struct test_case cases[] = {
                { "{{ nope ?? 'd' }}", "\"d\"" },
                { "{{ nope.a.b['c'] ?? 'd' }}", "\"d\"" },
                { "{{ nope ?? nope2 ?? 'd' }}", "\"d\"" },
                { "{{ trigger.nothing ?? 'd' }}", "\"d\"" },
                { "{{ trigger.nothing ??? 'd' }}", "null" },
                { "{{ nope ??? 'd' }}", "\"d\"" },
                { "{{ inputs.list[9] ?? 'd' }}", "\"d\"" },
                { "{{ inputs.empty ?? 'd' }}", "\"\"" },
                { "{{ nope | default('d') }}", "\"d\"" },
                { "{{ trigger.nope | upper | default('d') }}", "\"d\"" },
                { "{{ inputs.empty | default('d') }}", "\"d\"" },
                { "{{ trigger.nothing | default('d') }}", "\"d\"" },
                { "{{ inputs[nope] ?? 'd' }}", "\"d\"" },
                { "{{ (nope ?? inputs.list)[0] }}", "3" },
        };

        RUN_CASES(cases);
}

static void text_around_stays_as_it_is(void **state) {
        static const struct test_case cases[] = {
                { "", "\"\"" },
                { "plain { text } % #", "\"plain { text } % #\"" },
                { "a {{ 1 }} b {{ 'c' }}", "\"a 1 b c\"" },
                { "{{ null }}.", "\".\"" },
                { "{{ true }}{{ [1, 'a'] }}{{ {'k': null} }}", "\"true[1,\\\"a\\\"]{\\\"k\\\":null}\"" },
                { "a{# comment {{ nope }} #}b", "\"ab\"" },
                { "a {#- c -#} b", "\"ab\"" },
                { "a \n {{- 1 -}} \n b", "\"a1b\"" },
                { "a {{- 1 }} b", "\"a1 b\"" },
                { "a {% if true -%}  x  {%- endif %} b", "\"a x b\"" },
                { "{% raw %}{{ x }}{% if %}{% endraw %}!", "\"{{ x }}{% if %}!\"" },
                { "{% verbatim %} {{ x }} {% endverbatim %}", "\" {{ x }} \"" },
                { "{% raw -%} {{ x }} {%- endraw %}", "\"{{ x }}\"" },
                { "{{ '}}' }}", "\"}}\"" },
                { "{{ \"%}\" }}", "\"%}\"" },
                { "\xf0\x9f\x9a\x80 {{ '\xc3\xa9' }}", "\"\xf0\x9f\x9a\x80 \xc3\xa9\"" },
        };

        RUN_CASES(cases);
}

static void if_takes_the_first_true_branch(void **state) {
        static const struct test_case cases[] = {
                { "{% if true %}a{% endif %}", "\"a\"" },
                { "{% if false %}a{% endif %}", "\"\"" },
                { "{% if false %}a{% else %}b{% endif %}", "\"b\"" },
                { "{% if false %}a{% elseif true %}b{% elseif nope %}c{% else %}d{% endif %}", "\"b\"" },
                { "{% if false %}a{% elseif false %}b{% else %}c{% if true %}d{% endif %}{% endif %}", "\"cd\"" },
                { "{% if inputs.list[0] > 2 and inputs.flag %}y{% endif %}", "\"y\"" },
                { "{% if false %}a{% else %}{% if false %}b{% else %}c{% endif %}{% endif %}", "\"c\"" },
        };

        RUN_CASES(cases);
}

static void for_goes_over_lists_and_maps(void **state) {
        static const struct test_case cases[] = {
                { "{% for i in inputs.list %}{{ i }},{% endfor %}", "\"3,1,2,\"" },
                { "{% for i in 1..3 %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}",
                  "\"0truefalse3;1falsefalse3;2falsetrue3;\"" },
                { "{% for i in 1..3 %}{{ loop.revindex }}{% endfor %}", "\"210\"" },
                { "{% for e in inputs.map %}{{ e.key }}={{ e.value }} {% endfor %}", "\"x=1 y=[true] \"" },
                { "{% for i in inputs.none %}a{% else %}none{% endfor %}", "\"none\"" },
                { "{% for i in null %}a{% else %}none{% endfor %}", "\"\"" },
                { "{% for i in [[1, 2], [3]] %}{% for j in i %}{{ j }}{{ loop.index }} {% endfor %}{{ loop.index }};{% "
                  "endfor %}",
                  "\"10 21 0;30 1;\"" },
                { "{% for trigger in [1] %}{{ trigger }}{% endfor %}{{ trigger.data }}", "\"1hello\"" },
                { "{% for i in [1] %}{% endfor %}{{ i ?? 'gone' }}", "\"gone\"" },
        };

        RUN_CASES(cases);
}

static void set_keeps_a_value(void **state) {
        static const struct test_case cases[] = {
                { "{% set a = 1 %}{{ a + 1 }}", "\"2\"" },
                { "{% set a = 1 %}{% set a = a + 1 %}{{ a }}", "\"2\"" },
                { "{% set sum = 0 %}{% for i in inputs.list %}{% set sum = sum + i %}{% endfor %}{{ sum }}", "\"6\"" },
                { "{% for i in 1..2 %}{{ last ?? '-' }}{% set last = i %}{% endfor %}{{ last ?? 'gone' }}",
                  "\"-1gone\"" },
                { "{% if true %}{% set a = 1 %}{% endif %}{{ a }}", "\"1\"" },
                { "{% set trigger = 'mine' %}{{ trigger }}", "\"mine\"" },
        };

        RUN_CASES(cases);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(literals_are_what_they_look_like),
                cmocka_unit_test(values_are_reached_by_name_and_key),
                cmocka_unit_test(numbers_keep_their_digits),
                cmocka_unit_test(arithmetic_is_exact),
                cmocka_unit_test(plus_joins_texts_and_lists),
                cmocka_unit_test(comparisons_compare_values),
                cmocka_unit_test(logic_knows_pebbles_truth),
                cmocka_unit_test(membership_and_ranges),
                cmocka_unit_test(tests_tell),
                cmocka_unit_test(operators_bind_as_in_pebble),
                cmocka_unit_test(what_is_undefined_has_a_fallback),
                cmocka_unit_test(text_around_stays_as_it_is),
                cmocka_unit_test(if_takes_the_first_true_branch),
                cmocka_unit_test(for_goes_over_lists_and_maps),
                cmocka_unit_test(set_keeps_a_value),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
