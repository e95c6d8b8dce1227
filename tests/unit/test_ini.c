/* SPDX-License-Identifier: Apache-2.0 */
/* The rules are those of the parser tests that the AWS SDKs share, in our words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/ini.h"
#include "common/base/text.h"

static struct ini *parse(const char *text) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct ini *i = NULL;
        int r = ini_parse(text, strlen(text), "config", &diag, &i);
        if (r < 0)
                fail_msg("%s: %s", text, diag.count ? diag.entries[0].message : strerror(-r));
        return i;
}

struct expectation {
        const char *text, *type, *section, *key, *value; /* value NULL: absent */
};

static void expect(const struct expectation *list, size_t count) {
        for (size_t n = 0; n < count; n++) {
                const struct expectation *e = &list[n];
                _cleanup_(ini_freep) struct ini *i = parse(e->text);
                const struct ini_section *s = ini_find(i, e->type, e->section);
                const char *value = ini_get(s, e->key);
                if (!text_eq(value, e->value))
                        fail_msg("%s\n%s should be '%s', is '%s'", e->text, e->key, e->value, value);
        }
}

static void values_are_read_by_the_published_rules(void **state) {
        static const struct expectation list[] = {
                { "[profile foo]\nname = value", "profile", "foo", "name", "value" },
                { "[profile foo]\r\nname = value\r\n", "profile", "foo", "name", "value" },
                { "[profile foo]\nname = val=ue", "profile", "foo", "name", "val=ue" },
                { "[profile foo]\nname = 😂", "profile", "foo", "name", "😂" },
                { "[profile foo]\nname \t=  \tvalue \t", "profile", "foo", "name", "value" },
                { "[profile foo]\nname =", "profile", "foo", "name", "" },
                { "[profile foo]\nNAME = value", "profile", "foo", "name", "value" },
                { "\t \n[profile foo]\n\t\n \nname = value\n\t \n[profile bar]\n \t", "profile", "foo", "name",
                  "value" },
                { "[foo]\nname=value", "", "foo", "name", "value" },
                { "[services local]\nname=value", "services", "local", "name", "value" },
                { "[sso-session foo]\nname=value", "sso-session", "foo", "name", "value" },
                { "[sso-sessionfoo]\nname=value", "", "sso-sessionfoo", "name", "value" },
        };
        expect(list, ARRAY_SIZE(list));
}

static void comments_end_values_only_after_white_space(void **state) {
        static const struct expectation list[] = {
                { "# c\n[profile foo] # c\nname = value # c with # sign", "profile", "foo", "name", "value" },
                { "; c\n[profile foo] ; c\nname = value ; c with ; sign", "profile", "foo", "name", "value" },
                { ";\n[profile foo];\nname = value ;\n", "profile", "foo", "name", "value" },
                { "[profile foo]\nname = value; adjacent", "profile", "foo", "name", "value; adjacent" },
                { "[profile foo]\nname = value# adjacent", "profile", "foo", "name", "value# adjacent" },
                { "[profile foo]\nname = # c", "profile", "foo", "name", "" },
        };
        expect(list, ARRAY_SIZE(list));
}

static void indented_lines_continue_a_value(void **state) {
        static const struct expectation list[] = {
                { "[profile foo]\nname = value\n -continued", "profile", "foo", "name", "value\n-continued" },
                { "[profile foo]\nname = value\n -a\n -b", "profile", "foo", "name", "value\n-a\n-b" },
                { "[profile foo]\nname = value\n \t -a \t ", "profile", "foo", "name", "value\n-a" },
                { "[profile foo]\nname = value\n -a # no comment", "profile", "foo", "name", "value\n-a # no comment" },
                { "[profile foo]\nname = value\n -a ; no comment", "profile", "foo", "name", "value\n-a ; no comment" },
        };
        expect(list, ARRAY_SIZE(list));
}

static void what_appears_again_is_merged_and_the_last_wins(void **state) {
        static const struct expectation list[] = {
                { "[profile foo]\na = 1\n[profile foo]\nb = 2", "profile", "foo", "a", "1" },
                { "[profile foo]\na = 1\n[profile foo]\nb = 2", "profile", "foo", "b", "2" },
                { "[profile foo]\na = 1\na = 2", "profile", "foo", "a", "2" },
                { "[profile foo]\nA = 1\n[profile foo]\na = 2", "profile", "foo", "a", "2" },
                { "[profile foo]\na = 1\n[profile Foo]\na = 2", "profile", "foo", "a", "1" },
        };
        expect(list, ARRAY_SIZE(list));
}

static void section_names_are_trimmed_and_checked(void **state) {
        static const struct expectation list[] = {
                { "[profile \tfoo \t]\na=1", "profile", "foo", "a", "1" },
                { "[   profile foo    ]\na=1", "profile", "foo", "a", "1" },
                { "[profile\tfoo]\na=1", "profile", "foo", "a", "1" },
                { "[profile some-thing:long/the_one%only.foo@bar+]\na=1", "profile",
                  "some-thing:long/the_one%only.foo@bar+", "a", "1" },
                { "[profile foo!bar]\na=1", "profile", "foo!bar", "a", NULL },
                { "[profile foo]\na=1\n[profile in valid]\na = 2\n b\n[profile bar]\na = 3", "profile", "foo", "a",
                  "1" },
                { "[profile foo]\na=1\n[profile in valid]\na = 2\n b\n[profile bar]\na = 3", "profile", "bar", "a",
                  "3" },
                { "[profile foo]\nin valid = 2\n more\na = 1", "profile", "foo", "in valid", NULL },
                { "[profile foo]\nin valid = 2\n more\na = 1", "profile", "foo", "a", "1" },
        };
        expect(list, ARRAY_SIZE(list));
}

static void an_empty_value_may_hold_nested_properties(void **state) {
        _cleanup_(ini_freep) struct ini *i =
                parse("[services s]\nsqs =\n endpoint_url = http://127.0.0.1:9324\n\t \n empty =\n# c\n other = x # y\n"
                      "dynamodb =\n endpoint_url = z\nplain = v\n");
        const struct ini_section *s = ini_find(i, "services", "s");
        assert_string_equal(ini_get_nested(s, "sqs", "endpoint_url"), "http://127.0.0.1:9324");
        assert_string_equal(ini_get_nested(s, "sqs", "empty"), "");
        assert_string_equal(ini_get_nested(s, "sqs", "other"), "x # y");
        assert_string_equal(ini_get_nested(s, "dynamodb", "endpoint_url"), "z");
        assert_string_equal(ini_get(s, "plain"), "v");
        assert_null(ini_get_nested(s, "plain", "x"));
        assert_null(ini_get_nested(s, "s3", "endpoint_url"));
        assert_null(ini_get_nested(NULL, "s3", "endpoint_url"));
}

static void what_the_sdks_call_an_error_is_told_with_its_line(void **state) {
        static const struct {
                const char *text;
                unsigned line;
        } wrong[] = {
                { "[profile foo", 1 },
                { "name = value", 1 },
                { "[profile foo]\n= value", 2 },
                { "[profile foo]\nkey : value", 2 },
                { " -continued", 1 },
                { "[profile foo]\n\n -continued", 3 },
                { "[profile foo]\nname = value\n[profile foo]\n -continued", 4 },
                { "[profile foo]\ns3 =\n invalid", 3 },
                { "[profile foo]\ns3 =\n = value", 3 },
                { "[profile foo] x", 1 },
        };
        for (size_t n = 0; n < ARRAY_SIZE(wrong); n++) {
                _cleanup_(diag_done) struct diag diag = DIAG_INIT;
                struct ini *i = NULL;
                assert_int_equal(ini_parse(wrong[n].text, strlen(wrong[n].text), "config", &diag, &i), -EBADMSG);
                assert_null(i);
                assert_int_equal(diag.count, 1);
                assert_int_equal(diag.entries[0].line, wrong[n].line);
                assert_string_equal(diag.entries[0].file, "config");
        }
}

static void size_is_bounded_and_empty_is_fine(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(ini_freep) struct ini *empty = parse("");
        struct ini *i = NULL;
        assert_int_equal(empty->count, 0);
        assert_int_equal(ini_parse("", INI_BYTES_MAX + 1, "config", &diag, &i), -E2BIG);
        assert_null(ini_find(NULL, "", "x"));
        assert_null(ini_get(NULL, "x"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_read_by_the_published_rules),
                cmocka_unit_test(comments_end_values_only_after_white_space),
                cmocka_unit_test(indented_lines_continue_a_value),
                cmocka_unit_test(what_appears_again_is_merged_and_the_last_wins),
                cmocka_unit_test(section_names_are_trimmed_and_checked),
                cmocka_unit_test(an_empty_value_may_hold_nested_properties),
                cmocka_unit_test(what_the_sdks_call_an_error_is_told_with_its_line),
                cmocka_unit_test(size_is_bounded_and_empty_is_fine),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
