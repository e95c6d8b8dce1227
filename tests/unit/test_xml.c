/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/aws/xml.h"
#include "common/base/text.h"

/* What the events of a document say, on one line; the error's name at the end. */
static char *trace(const char *text) {
        _cleanup_(buf_done) struct buf out = { 0 };
        struct xml x;
        int r;
        xml_init(&x, text, strlen(text));
        while ((r = xml_next(&x)) > 0)
                if (r == XML_OPEN)
                        buf_appendf(&out, "(%s ", x.names[x.depth - 1]);
                else
                        buf_appendf(&out, "%s) ", x.text.len > 0 ? x.text.data : "");
        xml_done(&x);
        buf_append_str(&out, r == 0 ? "." : r == -EBADMSG ? "bad" : r == -E2BIG ? "big" : "?");
        return buf_take(&out, NULL);
}

static void documents_are_read_by_events(void **state) {
        static const struct {
                const char *text, *trace;
        } rows[] = {
                { "<a/>", "(a ) ." },
                { "<?xml version=\"1.0\"?>\n<!-- c --><a></a>\n<!-- d -->\n", "(a ) ." },
                { "<a x='1' y = \"2>\"><b >t</b ></a>", "(a (b t) ) ." },
                { "<a> <b>1</b> <b>2</b> </a>", "(a (b 1) (b 2)  ) ." },
                { "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4e;&#x1F602;</a>", "(a <>&\"'AN\xf0\x9f\x98\x82) ." },
                { "<a>&amp;lt;</a>", "(a &lt;) ." },
                { "", "bad" },
                { "text", "bad" },
                { "<a>", "(a bad" },
                { "<a></b>", "(a bad" },
                { "<a><b></a></b>", "(a (b bad" },
                { "<a/><b/>", "(a ) bad" },
                { "<a/>x", "(a ) bad" },
                { "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", "bad" },
                { "<a>&e;</a>", "(a bad" },
                { "<a>&#0;</a>", "(a bad" },
                { "<a>&#xd800;</a>", "(a bad" },
                { "<a>&#x110000;</a>", "(a bad" },
                { "<a>&#;</a>", "(a bad" },
                { "<a>&#4e;</a>", "(a bad" },
                { "<a>& b</a>", "(a bad" },
                { "<a><![CDATA[x]]></a>", "(a bad" },
                { "<a><?pi x?></a>", "(a bad" },
                { "<a x/>", "bad" },
                { "<a x=1/>", "bad" },
                { "<a x=\"1\"y=\"2\"/>", "bad" },
                { "<a x=\"<\"/>", "bad" },
                { "< a/>", "bad" },
                { "<1a/>", "bad" },
                { "<a/", "bad" },
                { "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
                  "(a (a (a (a (a (a (a (a (a (a (a (a (a (a (a (a big" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *got = trace(rows[i].text);
                if (!text_eq(got, rows[i].trace))
                        fail_msg("%s: '%s', expected '%s'", rows[i].text, got, rows[i].trace);
        }
}

static void paths_are_whole(void **state) {
        static const char text[] = "<a><b><c>t</c></b></a>";
        struct xml x;
        xml_init(&x, text, strlen(text));
        assert_false(xml_is_at(&x, ""));
        while (xml_next(&x) == XML_OPEN)
                ;
        assert_true(xml_is_at(&x, "a/b/c"));
        static const char *const others[] = { "a/b", "a/b/c/d", "a/b/cc", "a/b/c/", "/a/b/c", "b/c", "a/bb/c", "" };
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (xml_is_at(&x, others[i]))
                        fail_msg("a/b/c was taken for '%s'", others[i]);
        xml_done(&x);
}

static void sizes_are_bounded(void **state) {
        _cleanup_(buf_done) struct buf name = { 0 }, text = { 0 };
        for (size_t i = 0; i < XML_NAME_MAX; i++)
                buf_append_char(&name, i == 0 ? '<' : 'a');
        _cleanup_free_ char *fits = NULL, *too_long = NULL, *too_much = NULL;
        fits = trace(name.data);
        assert_string_equal(fits, "bad"); /* it does not end, but its name does */
        buf_append_char(&name, 'a');
        too_long = trace(name.data);
        assert_string_equal(too_long, "big");
        buf_append_str(&text, "<a>");
        for (size_t i = 0; i < XML_TEXT_MAX_BYTES + 1; i++)
                buf_append_char(&text, 'x');
        buf_append_str(&text, "</a>");
        too_much = trace(text.data);
        assert_string_equal(too_much, "(a big");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(documents_are_read_by_events),
                cmocka_unit_test(paths_are_whole),
                cmocka_unit_test(sizes_are_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
