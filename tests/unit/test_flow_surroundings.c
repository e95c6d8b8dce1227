/* SPDX-License-Identifier: Apache-2.0 */
/* Where a filtered message may stand. In every text MESSAGE stands for the expression that is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/flow/flow_surroundings.h"

struct place {
        const char *text, *around;
};

static void check(const struct place *places, size_t count, const char *(*surroundings)(const char *, size_t)) {
        for (size_t i = 0; i < count; i++) {
                const char *place = strstr(places[i].text, "MESSAGE");
                const char *got = surroundings(places[i].text, (size_t)(place - places[i].text));

                if ((got == NULL) != (places[i].around == NULL) || (got && strcmp(got, places[i].around) != 0))
                        fail_msg("%s: in %s, not %s", places[i].text, got ? got : "nothing",
                                 places[i].around ? places[i].around : "nothing");
        }
}

static void a_shell_word_may_stand_where_words_do(void **state) {
        static const struct place places[] = {
                { "echo MESSAGE", NULL },
                { "MESSAGE", NULL },
                { "a='b c' \"d\" MESSAGE", NULL },
                { "echo pre'fix'MESSAGE", NULL },
                { "echo \\\" MESSAGE", NULL },
                { "echo \\' MESSAGE", NULL },
                { "echo \"$(cat MESSAGE)\"", NULL },
                { "x=$(echo $(cat MESSAGE))", NULL },
                { "(cd x; echo MESSAGE)", NULL },
                { "case x in a) echo MESSAGE;; esac", NULL },
                { "# don't\necho MESSAGE", NULL },
                { "echo a#b' 'MESSAGE", NULL },
                { "echo \"a # b\" MESSAGE", NULL },
                { "cat <<EOF\nit's\nEOF\necho MESSAGE", NULL },
                { "cat <<-'EOF'\n\t\"\n\tEOF\necho MESSAGE", NULL },
                { "cat <<< MESSAGE", NULL },
                { "echo $((1 << 2)) MESSAGE", NULL },
                { "echo {{ \"it's\" }} MESSAGE", NULL },
                { "{% if x %}'a'{% endif %} MESSAGE", NULL },
        };
        check(places, ARRAY_SIZE(places), flow_shell_surroundings);
}

static void a_shell_word_may_not_stand_in_what_ends_or_ignores_its_quotes(void **state) {
        static const struct place places[] = {
                { "echo \"MESSAGE\"", "double quotes" },
                { "echo \"a\" \"b MESSAGE\"", "double quotes" },
                { "echo 'MESSAGE'", "single quotes" },
                { "echo 'a\\' 'MESSAGE'", "single quotes" },
                { "sh -c \"echo 'MESSAGE'\"", "double quotes" },
                { "echo \"$(echo \"MESSAGE\")\"", "double quotes" },
                { "echo `cat MESSAGE`", "backticks" },
                { "echo \"`cat MESSAGE`\"", "backticks" },
                { "echo $((MESSAGE + 1))", "arithmetic" },
                { "echo x # MESSAGE", "a comment" },
                { "# MESSAGE", "a comment" },
                { "cat <<EOF\nMESSAGE\nEOF", "a here-document" },
                { "cat <<'EOF' >x\none\nMESSAGE\nEOF", "a here-document" },
                { "cat <<-EOF\n\tMESSAGE\n\tEOF", "a here-document" },
                { "cat <<EOF\nEOF \nMESSAGE\nEOF", "a here-document" },
                { "((((((((((((((((((((((((((((((((((MESSAGE", "too many parentheses" },
        };
        check(places, ARRAY_SIZE(places), flow_shell_surroundings);
}

static void a_literal_may_stand_where_values_do(void **state) {
        static const struct place places[] = {
                { "x = MESSAGE", NULL },
                { "x = 'a' + MESSAGE", NULL },
                { "x = 'it\\'s' + MESSAGE", NULL },
                { "'''it's\n\"'''\nx = MESSAGE", NULL },
                { "\"\"\"doc\"\"\"\nx = MESSAGE", NULL },
                { "x = ''\ny = MESSAGE", NULL },
                { "# don't\nx = MESSAGE", NULL },
                { "// don't\nconst x = MESSAGE", NULL },
                { "const t = `it's ${1}`; const x = MESSAGE", NULL },
                { "x = json.loads({{ \"'\" }}, MESSAGE)", NULL },
        };
        check(places, ARRAY_SIZE(places), flow_code_surroundings);
}

static void a_literal_may_not_stand_in_another(void **state) {
        static const struct place places[] = {
                { "x = json.loads('MESSAGE')", "quotes" },
                { "x = \"MESSAGE\"", "quotes" },
                { "x = f'{MESSAGE}'", "quotes" },
                { "x = '''\nMESSAGE'''", "quotes" },
                { "x = r\"\"\"a\" MESSAGE\"\"\"", "quotes" },
                { "const x = `a\n${MESSAGE}`", "quotes" },
                { "x = 'a\\\\' + 'MESSAGE'", "quotes" },
                { "# MESSAGE", "a comment" },
        };
        check(places, ARRAY_SIZE(places), flow_code_surroundings);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_shell_word_may_stand_where_words_do),
                cmocka_unit_test(a_shell_word_may_not_stand_in_what_ends_or_ignores_its_quotes),
                cmocka_unit_test(a_literal_may_stand_where_values_do),
                cmocka_unit_test(a_literal_may_not_stand_in_another),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
