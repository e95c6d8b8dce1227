/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/yaml.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/base/yaml.h"

static struct yaml_node *parse(const char *text) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct yaml_node *node = NULL;
        int r = yaml_parse(text, strlen(text), "f.yaml", &diag, &node);

        if (r < 0)
                fail_msg("%s: %s", text, diag.count > 0 ? diag.entries[0].message : "no finding");
        assert_int_equal(diag.count, 0);
        return node;
}

static void assert_json(const char *text, const char *json) {
        _cleanup_(yaml_freep) struct yaml_node *node = parse(text);
        _cleanup_value_ struct value *v = yaml_to_value(node);
        _cleanup_free_ char *back = json_to_text(v, JSON_COMPACT);

        assert_string_equal(back, json);
}

/* All findings of the text, as they are shown. */
static void assert_findings(const char *text, size_t len, const char *expected) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = { 0 };
        struct yaml_node *node = NULL;

        assert_int_equal(yaml_parse(text, len, "f.yaml", &diag, &node), -EBADMSG);
        assert_null(node);
        assert_int_equal(diag_write(&diag, &out), 0);
        assert_string_equal(out.data, expected);
}

static void scalars_resolve_by_the_core_schema(void **state) {
        assert_json("[1, -2.50, 1e3, -0, 12345678901234567890]", "[1,-2.50,1e3,-0,12345678901234567890]");
        assert_json("[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]");
        assert_json("[null, Null, NULL, ~, ]", "[null,null,null,null]");
        assert_json("a:\nb: ~", "{\"a\":null,\"b\":null}");
}

static void what_only_looks_like_another_type_is_a_string(void **state) {
        assert_json("[yes, no, on, off, tRUE, nuLL, 0x1F, 1_000, 0o17, 010, +1, .5, 5., .inf, .nan, 1:30, 2026-11-23]",
                    "[\"yes\",\"no\",\"on\",\"off\",\"tRUE\",\"nuLL\",\"0x1F\",\"1_000\",\"0o17\",\"010\",\"+1\",\".5\","
                    "\"5.\",\".inf\",\".nan\",\"1:30\",\"2026-11-23\"]");
        assert_json("['1', \"true\", '', \"~\"]", "[\"1\",\"true\",\"\",\"~\"]");
        assert_json("a: !!str 1\nb: ! true", "{\"a\":\"1\",\"b\":\"true\"}");
        assert_json("a: |\n  1\nb: >\n  null\n", "{\"a\":\"1\\n\",\"b\":\"null\\n\"}");
}

static void nodes_know_their_place_and_style(void **state) {
        _cleanup_(yaml_freep) struct yaml_node *node = parse("id: orders\ntasks:\n  - id: 'one'\n    type: x\n");
        struct yaml_node *task = yaml_get(node, "tasks")->items[0];

        assert_int_equal(node->kind, YAML_MAP);
        assert_int_equal(node->count, 2);
        assert_int_equal(node->keys[1]->line, 2);
        assert_int_equal(node->keys[1]->column, 1);
        assert_int_equal(yaml_get(node, "tasks")->kind, YAML_LIST);
        assert_int_equal(yaml_get(task, "id")->line, 3);
        assert_int_equal(yaml_get(task, "id")->column, 9);
        assert_false(yaml_get(task, "id")->plain);
        assert_true(yaml_get(task, "type")->plain);
        assert_int_equal(yaml_get(task, "type")->line, 4);
        assert_string_equal(yaml_get(task, "id")->text, "one");
        assert_null(yaml_get(task, "nothing"));
        assert_null(yaml_get(yaml_get(node, "tasks"), "id"));
}

static void null_is_absent_empty_or_said(void **state) {
        _cleanup_(yaml_freep) struct yaml_node *node = parse("a:\nb: ~\nc: ''\nd: null\ne: 'null'\nf: []");

        assert_true(yaml_is_null(NULL));
        assert_true(yaml_is_null(yaml_get(node, "a")));
        assert_true(yaml_is_null(yaml_get(node, "b")));
        assert_false(yaml_is_null(yaml_get(node, "c")));
        assert_true(yaml_is_null(yaml_get(node, "d")));
        assert_false(yaml_is_null(yaml_get(node, "e")));
        assert_false(yaml_is_null(yaml_get(node, "f")));
        assert_int_equal(value_type(yaml_to_value(NULL)), VALUE_NULL);
}

static void aliases_are_copies(void **state) {
        _cleanup_(yaml_freep) struct yaml_node *node = parse("a: &x {k: [1, 2]}\nb: *x\nc: &x 5\nd: *x\n");

        assert_ptr_not_equal(yaml_get(node, "a"), yaml_get(node, "b"));
        assert_int_equal(yaml_get(node, "b")->line, 1);
        assert_json("a: &x {k: [1, 2]}\nb: *x\nc: &x 5\nd: *x\n",
                    "{\"a\":{\"k\":[1,2]},\"b\":{\"k\":[1,2]},\"c\":5,\"d\":5}");
}

static const struct {
        const char *text, *findings;
} refused[] = {
        { "", "f.yaml: the file is empty\n" },
        { "# only a comment\n", "f.yaml: the file is empty\n" },
        { "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key 'a' stands here a second time; it was first set at 1:1\n" },
        { "a: {x: 1, x: 2}\nb: 1\n\"b\": 2\n",
          "f.yaml:1:11: the key 'x' stands here a second time; it was first set at 1:5\n"
          "f.yaml:3:1: the key 'b' stands here a second time; it was first set at 2:1\n" },
        { "a:\n\t- x\n",
          "f.yaml:2:1: found character that cannot start any token, while scanning for the next token (line 2)\n" },
        { "a: [1, 2\nb: 3\n",
          "f.yaml:2:2: did not find expected ',' or ']', while parsing a flow sequence (line 1)\n" },
        { "a: 1\n  b: 2\n", "f.yaml:2:4: mapping values are not allowed in this context\n" },
        { "a: *x\n", "f.yaml:1:4: this alias names no anchor that stands before it\n" },
        { "a: &x [*x]\n", "f.yaml:1:8: this alias names no anchor that stands before it\n" },
        { "a: &x {b: 1}\nc:\n  <<: *x\n",
          "f.yaml:3:3: merge keys (<<) are not supported; write the properties out\n" },
        { "[a]: 1\n", "f.yaml:1:1: a key must be a simple text\n" },
        { "? {a: 1}\n: 1\n", "f.yaml:1:3: a key must be a simple text\n" },
        { "a: !!int 1\n", "f.yaml:1:4: tags are not supported\n" },
        { "a: !foo [1]\n", "f.yaml:1:4: tags are not supported\n" },
        { "a: \"x\\0y\"\n", "f.yaml:1:4: a text may not hold the character NUL\n" },
        { "a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; a file holds one\n" },
        { "a: gr\xc3\xbc\xc3\x9f \x01x\n", "f.yaml:1:9: control characters are not allowed\n" },
        { "a: 1\nb: \xff\n", "f.yaml:2:4: invalid leading UTF-8 octet\n" },
};

static void mistakes_are_refused_with_line_and_column(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                assert_findings(refused[i].text, strlen(refused[i].text), refused[i].findings);
        assert_findings("a: 1\0", 5, "f.yaml:1:5: control characters are not allowed\n");
}

static void a_document_may_have_marks_around_it(void **state) {
        assert_json("%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}");
        assert_json("\xef\xbb\xbf" "a: 1\nb: 2\n", "{\"a\":1,\"b\":2}");
        assert_findings("\xef\xbb\xbf" "a: [\n", 8, "f.yaml:2:1: did not find expected node content, while parsing a flow node (line 2)\n");
}

static void nesting_is_bounded(void **state) {
        char text[2 * (YAML_DEPTH_MAX + 1) + 1] = "";

        memset(text, '[', YAML_DEPTH_MAX);
        memset(text + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
        yaml_free(parse(text));
        memset(text, '[', YAML_DEPTH_MAX + 1);
        memset(text + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
        assert_findings(text, sizeof(text) - 1, "f.yaml:1:65: the nesting is too deep\n");
}

static void aliases_cannot_grow_without_bound(void **state) {
        static const char laughs[] = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                                     "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                                     "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                                     "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct yaml_node *node = NULL;

        assert_int_equal(yaml_parse(laughs, strlen(laughs), "f.yaml", &diag, &node), -EBADMSG);
        assert_string_equal(diag.entries[0].message, "the aliases of this file make it too large");
}

/* The copies of an alias may stand deeper than the text does. */
static void aliases_cannot_nest_without_bound(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct yaml_node *node = NULL;

        assert_int_equal(buf_append_str(&b, "a0: &a0 x\n"), 0);
        for (int i = 1; i < 200; i++)
                assert_int_equal(buf_appendf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1), 0);
        assert_int_equal(yaml_parse(b.data, b.len, "f.yaml", &diag, &node), -EBADMSG);
        assert_string_equal(diag.entries[0].message, "the nesting is too deep");
}

static void a_file_that_is_too_large_is_refused(void **state) {
        _cleanup_free_ char *text = malloc(YAML_BYTES_MAX + 1);

        memset(text, 'a', YAML_BYTES_MAX + 1);
        assert_findings(text, YAML_BYTES_MAX + 1, "f.yaml: the file is larger than 1048576 bytes\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(scalars_resolve_by_the_core_schema),
                cmocka_unit_test(what_only_looks_like_another_type_is_a_string),
                cmocka_unit_test(nodes_know_their_place_and_style),
                cmocka_unit_test(null_is_absent_empty_or_said),
                cmocka_unit_test(aliases_are_copies),
                cmocka_unit_test(mistakes_are_refused_with_line_and_column),
                cmocka_unit_test(a_document_may_have_marks_around_it),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(aliases_cannot_grow_without_bound),
                cmocka_unit_test(aliases_cannot_nest_without_bound),
                cmocka_unit_test(a_file_that_is_too_large_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
