/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/json.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"

static struct value *parse(const char *text) {
        const char *error = "none";
        struct value *v = NULL;
        int r = json_parse(text, strlen(text), &v, &error, NULL);

        if (r < 0)
                fail_msg("%s: %s", text, error);
        return v;
}

static void assert_refused(const char *text, int expected, size_t expected_offset) {
        struct value *untouched = NULL, *v = untouched;
        const char *error = NULL;
        size_t offset = 9999;

        if (json_parse(text, strlen(text), &v, &error, &offset) != expected || offset != expected_offset)
                fail_msg("%s: error '%s' at %zu", text, error, offset);
        assert_non_null(error);
        assert_ptr_equal(v, untouched);
}

/* What goes in comes out, byte for byte. */
static void valid_text_survives_a_round_trip(void **state) {
        static const char *const texts[] = {
                "null",
                "true",
                "[]",
                "{}",
                "\"\"",
                "[1,2.50,-0,-0.0,0,-7,1e400,1E-7,12345678901234567890,123456789012345,1234567890123456,0.1,1.0]",
                "{\"b\":1,\"a\":{\"B\":[null,true,false]}}",
                "{\"Body\":1,\"body\":2,\"BODY\":3}",
                "\"\\u0001\"",
                "\"\\u0001\\u0001\"",
                "\"\\u00011.10\"",
                "[\"\\u0001\\u0001x\",1.10,\"\\u0001\"]",
                "{\"\\u0001key\":\"\\u0001\"}",
                "{\"\":\"empty key\"}",
                "\"\\\"\\\\\\b\\f\\n\\r\\t\\u001f/\x7f\"",
                "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_value_ struct value *v = parse(texts[i]);
                _cleanup_free_ char *back = json_to_text(v, JSON_COMPACT);

                assert_string_equal(back, texts[i]);
        }
}

static void white_space_and_escapes_are_read(void **state) {
        static const struct {
                const char *text, *compact;
        } cases[] = {
                { " \t\r\n[ 1 ,\n2 ] ", "[1,2]" },
                { "{ \"a\" : 1.0 , \"b\" : [ ] }", "{\"a\":1.0,\"b\":[]}" },
                { "\"\\/\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"/A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
                { "\"\\uDBFF\\uDFFF\"", "\"\xf4\x8f\xbf\xbf\"" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_value_ struct value *v = parse(cases[i].text);
                _cleanup_free_ char *back = json_to_text(v, JSON_COMPACT);

                assert_string_equal(back, cases[i].compact);
        }
}

static void a_string_that_looks_like_a_marked_number_stays_a_string(void **state) {
        _cleanup_value_ struct value *v = parse("[\"\\u00011.10\",1.10]");

        assert_int_equal(value_type(value_list_at(v, 0)), VALUE_STRING);
        assert_string_equal(value_string(value_list_at(v, 0)), "\0011.10");
        assert_int_equal(value_type(value_list_at(v, 1)), VALUE_NUMBER);
}

static void long_strings_come_through_with_and_without_escapes(void **state) {
        static const char *const parts[] = { "", "\\n", "\\u0001", "gr\xc3\xbc\xc3\x9f" };

        for (size_t len = 60; len < 70; len++)
                for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                        _cleanup_(buf_done) struct buf b = { 0 };
                        _cleanup_value_ struct value *v = NULL;
                        _cleanup_free_ char *back = NULL;

                        assert_int_equal(buf_appendf(&b, "[\"%s%0*d\",1.10,{\"%0*d\":\"%0*d%s\"}]", parts[i], (int)len, 1,
                                                     (int)len, 2, (int)len, 3, parts[i]), 0);
                        v = parse(b.data);
                        back = json_to_text(v, JSON_COMPACT);
                        assert_string_equal(back, b.data);
                }
}

/* The marks are ours; text that spells them out is only text. */
static void a_string_that_looks_like_a_carried_one_stays_itself(void **state) {
        _cleanup_value_ struct value *v = parse("[\"\\u0001@0,99\",\"@0,99\"]");

        assert_string_equal(value_string(value_list_at(v, 0)), "\001@0,99");
        assert_string_equal(value_string(value_list_at(v, 1)), "@0,99");
}

static void what_is_no_json_is_refused_with_its_place(void **state) {
        static const struct {
                const char *text;
                size_t offset;
        } cases[] = {
                { "", 0 },
                { "  ", 2 },
                { "nul", 0 },
                { "True", 0 },
                { "NaN", 0 },
                { "-Infinity", 1 },
                { "\xef\xbb\xbf{}", 0 },
                { "[1,]", 3 },
                { "[1 2]", 3 },
                { "[1", 2 },
                { "{\"a\":1,}", 7 },
                { "{\"a\" 1}", 5 },
                { "{a:1}", 1 },
                { "{'a':1}", 1 },
                { "{1:1}", 1 },
                { "[1] x", 4 },
                { "{}{}", 2 },
                { "1 /* c */", 2 },
                { "01", 0 },
                { "-01", 1 },
                { "+1", 0 },
                { "1.", 2 },
                { ".5", 0 },
                { "1e", 2 },
                { "1e+", 3 },
                { "-", 1 },
                { "0x10", 1 },
                { "\"abc", 0 },
                { "\"a\nb\"", 2 },
                { "\"a\tb\"", 2 },
                { "\"abcdefgh\x01\"", 9 },
                { "\"\\x41\"", 1 },
                { "\"\\", 1 },
                { "\"\\u12\"", 1 },
                { "\"\\u12g4\"", 1 },
                { "\"a\\u0000b\"", 2 },
                { "{\"a\\u0000b\":1}", 3 },
                { "\"\\ud83d\"", 1 },
                { "\"\\ud83dx\"", 1 },
                { "\"\\ud83d\\u0041\"", 1 },
                { "\"\\ude00\"", 1 },
                { "\"\\ude00\\ud83d\"", 1 },
                { "\"\\ud83d\\ud83d\"", 1 },
                { "\"\xff\"", 0 },
                { "\"\xed\xa0\x80\"", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_refused(cases[i].text, -EBADMSG, cases[i].offset);
}

static void duplicate_keys_are_refused_where_the_second_stands(void **state) {
        assert_refused("{\"a\":1,\"a\":2}", -EBADMSG, 7);
        assert_refused("{\"a\":1.10,\"b\":{\"a\":[{\"x\":1}]}, \"c\":[{\"y\":1,\"z\":1,\"y\":1}]}", -EBADMSG, 49);
        assert_refused("{\"a\":1,\"\\u0061\":2}", -EBADMSG, 7);
}

static void a_nul_byte_is_no_end(void **state) {
        struct value *v;

        assert_int_equal(json_parse("[1]\0", 4, &v, NULL, NULL), -EBADMSG);
        assert_int_equal(json_parse("[1\0]", 4, &v, NULL, NULL), -EBADMSG);
        assert_int_equal(json_parse("\"a\0b\"", 5, &v, NULL, NULL), -EBADMSG);
}

static void text_is_read_only_to_its_length(void **state) {
        _cleanup_value_ struct value *v = NULL;
        _cleanup_free_ char *exact = malloc(3); /* so that sanitizers see a read beyond */

        memcpy(exact, "123", 3);
        assert_int_equal(json_parse(exact, 3, &v, NULL, NULL), 0);
        assert_string_equal(value_number(v), "123");
}

static void nest(struct buf *b, int depth, const char *open, const char *close) {
        for (int i = 0; i < depth; i++)
                assert_int_equal(buf_append_str(b, open), 0);
        assert_int_equal(buf_append_str(b, "1"), 0);
        for (int i = 0; i < depth; i++)
                assert_int_equal(buf_append_str(b, close), 0);
}

static void nesting_is_bounded(void **state) {
        _cleanup_(buf_done) struct buf good = { 0 }, lists = { 0 }, maps = { 0 }, huge = { 0 };
        _cleanup_value_ struct value *v = NULL;
        struct value *none;

        nest(&good, JSON_DEPTH_MAX, "[", "]");
        assert_int_equal(json_parse(good.data, good.len, &v, NULL, NULL), 0);
        nest(&lists, JSON_DEPTH_MAX + 1, "[", "]");
        assert_int_equal(json_parse(lists.data, lists.len, &none, NULL, NULL), -E2BIG);
        nest(&maps, JSON_DEPTH_MAX + 1, "{\"a\":", "}");
        assert_int_equal(json_parse(maps.data, maps.len, &none, NULL, NULL), -E2BIG);
        nest(&huge, 1000000, "[", "]");
        assert_int_equal(json_parse(huge.data, huge.len, &none, NULL, NULL), -E2BIG);
}

static void long_numbers_keep_every_digit(void **state) {
        char digits[301];
        _cleanup_value_ struct value *v = NULL;

        memset(digits, '7', sizeof(digits) - 1);
        digits[100] = '.';
        digits[300] = '\0';
        v = parse(digits);
        assert_string_equal(value_number(v), digits);
}

static void long_strings_are_scanned_to_the_last_byte(void **state) {
        /* Every position of a special character within the words of eight bytes. */
        for (size_t at = 0; at < 20; at++) {
                char text[32] = "\"aaaaaaaaaaaaaaaaaaaaaaaaa\"";
                struct value *v = NULL;

                text[1 + at] = '\x1f';
                assert_refused(text, -EBADMSG, 1 + at);
                text[1 + at] = '\x7f';
                v = parse(text);
                assert_int_equal(value_string_len(v), 25);
                value_unref(v);
                memcpy(text + 1 + at, "\\n", 2);
                v = parse(text);
                assert_int_equal(value_string_len(v), 24);
                value_unref(v);
        }
}

static void pretty_text_is_indented_by_two(void **state) {
        _cleanup_value_ struct value *v = parse("{\"a\":[1,{}],\"b\":{\"c\":[]}}");
        _cleanup_free_ char *text = json_to_text(v, JSON_PRETTY);

        assert_string_equal(text, "{\n"
                                  "  \"a\": [\n"
                                  "    1,\n"
                                  "    {}\n"
                                  "  ],\n"
                                  "  \"b\": {\n"
                                  "    \"c\": []\n"
                                  "  }\n"
                                  "}");
}

static void bytes_that_are_not_utf8_are_replaced_when_written(void **state) {
        _cleanup_(buf_done) struct buf b = { 0 };

        assert_int_equal(json_write_string(&b, "a\xff\xc3\xbc\xe2\x82\n", 7), 0);
        assert_string_equal(b.data, "\"a\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd\\n\"");
}

static void a_full_buffer_is_reported(void **state) {
        _cleanup_value_ struct value *v = parse("[1,2,3]");
        _cleanup_(buf_done) struct buf b = BUF_INIT(5);

        assert_int_equal(json_write(&b, v, JSON_COMPACT), -E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(valid_text_survives_a_round_trip),
                cmocka_unit_test(white_space_and_escapes_are_read),
                cmocka_unit_test(a_string_that_looks_like_a_marked_number_stays_a_string),
                cmocka_unit_test(long_strings_come_through_with_and_without_escapes),
                cmocka_unit_test(a_string_that_looks_like_a_carried_one_stays_itself),
                cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
                cmocka_unit_test(duplicate_keys_are_refused_where_the_second_stands),
                cmocka_unit_test(a_nul_byte_is_no_end),
                cmocka_unit_test(text_is_read_only_to_its_length),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(long_numbers_keep_every_digit),
                cmocka_unit_test(long_strings_are_scanned_to_the_last_byte),
                cmocka_unit_test(pretty_text_is_indented_by_two),
                cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_when_written),
                cmocka_unit_test(a_full_buffer_is_reported),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
