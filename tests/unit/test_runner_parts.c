/* SPDX-License-Identifier: Apache-2.0 */
/* The runner's pure parts. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/flow/task_type.h"
#include "common/flow/truth.h"
#include "runner/batch_failures.h"
#include "runner/environment.h"
#include "runner/lines.h"
#include "runner/log_level.h"
#include "runner/output_line.h"
#include "runner/render.h"
#include "runner/script_command.h"
#include "runner/secrets.h"
#include "runner/task_kind.h"
#include "runner/task_state.h"

static struct value *json(const char *text) {
        struct value *v = NULL;

        assert_int_equal(json_parse(text, strlen(text), &v, NULL, NULL), 0);
        return v;
}

/* --- the table of tasks --------------------------------------------------------------------------------------------- */

static void every_supported_task_type_has_a_kind_and_no_other(void **state) {
        const struct task_type *t;
        const struct task_kind *k;
        size_t supported = 0, kinds = 0;

        for (size_t i = 0; (t = task_type_at(i)); i++)
                if (t->supported && !(t->flags & TASK_TRIGGER)) {
                        supported++;
                        if (!task_kind_find(t->name))
                                fail_msg("the runner has no kind for %s", t->name);
                }
        for (; (k = task_kind_at(kinds)); kinds++)
                assert_non_null(k->start);
        assert_int_equal(supported, kinds);
}

/* Every state and event: what is not listed cannot happen. */
static void task_states_follow_their_table(void **state) {
        static const struct {
                enum run_state from;
                enum task_event event;
                enum run_state to;
        } moves[] = {
                { RUN_CREATED, TASK_SKIP, RUN_SKIPPED },     { RUN_CREATED, TASK_START, RUN_RUNNING },
                { RUN_CREATED, TASK_WARN, RUN_WARNING },     { RUN_CREATED, TASK_FAIL, RUN_FAILED },
                { RUN_CREATED, TASK_CANCEL, RUN_KILLED },    { RUN_CREATED, TASK_SUCCEED, RUN_SUCCESS },
                { RUN_RUNNING, TASK_SUCCEED, RUN_SUCCESS },
                { RUN_RUNNING, TASK_WARN, RUN_WARNING },     { RUN_RUNNING, TASK_FAIL, RUN_FAILED },
                { RUN_RUNNING, TASK_RETRY, RUN_RETRYING },   { RUN_RUNNING, TASK_CANCEL, RUN_KILLING },
                { RUN_RUNNING, TASK_QUEUE, RUN_QUEUED },     { RUN_QUEUED, TASK_START, RUN_RUNNING },
                { RUN_QUEUED, TASK_SUCCEED, RUN_SUCCESS },   { RUN_QUEUED, TASK_WARN, RUN_WARNING },
                { RUN_QUEUED, TASK_FAIL, RUN_FAILED },       { RUN_QUEUED, TASK_RETRY, RUN_RETRYING },
                { RUN_QUEUED, TASK_CANCEL, RUN_KILLING },
                { RUN_RETRYING, TASK_START, RUN_RUNNING },   { RUN_RETRYING, TASK_CANCEL, RUN_KILLED },
                { RUN_KILLING, TASK_SUCCEED, RUN_KILLED },   { RUN_KILLING, TASK_WARN, RUN_KILLED },
                { RUN_KILLING, TASK_FAIL, RUN_KILLED },
        };

        for (int s = 0; s < RUN_STATE_COUNT; s++)
                for (int e = 0; e < TASK_EVENT_COUNT; e++) {
                        int expected = -EPROTO;

                        for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
                                if ((int)moves[i].from == s && (int)moves[i].event == e)
                                        expected = (int)moves[i].to;
                        assert_int_equal(task_state_next((enum run_state)s, (enum task_event)e), expected);
                }
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static struct buf seen;

static void on_line(void *userdata, const char *text, size_t len, bool cut) {
        if (len > 100)
                buf_appendf(&seen, "(%zu)", len);
        else
                buf_append(&seen, text, len);
        buf_append_str(&seen, cut ? "~|" : "|");
}

static void assert_lines(const char *expected) {
        assert_string_equal(seen.data ? seen.data : "", expected);
        buf_done(&seen);
}

static void lines_come_whole_wherever_reads_cut_them(void **state) {
        static const char text[] = "one\n\ntwo\r\nthree";
        struct lines l = LINES_INIT;

        for (size_t piece = 1; piece <= sizeof(text); piece++) {
                for (size_t at = 0; at < sizeof(text) - 1; at += piece)
                        assert_int_equal(lines_feed(&l, text + at, MIN(piece, sizeof(text) - 1 - at), on_line, NULL), 0);
                lines_end(&l, on_line, NULL);
                assert_lines("one||two|three|");
        }
        lines_done(&l);
}

static void long_lines_are_cut_and_output_lines_are_not(void **state) {
        static char x[OUTPUT_LINE_BYTES_MAX * 2];
        struct lines l = LINES_INIT;

        memset(x, 'x', sizeof(x));
        for (int i = 0; i < 40; i++)
                assert_int_equal(lines_feed(&l, x, 60000, on_line, NULL), 0);
        assert_int_equal(lines_feed(&l, "\nnext\n", 6, on_line, NULL), 0);
        assert_lines("(65536)~|next|");
        assert_int_equal(lines_feed(&l, x, LINE_BYTES_MAX, on_line, NULL), 0);
        assert_int_equal(lines_feed(&l, "\n", 1, on_line, NULL), 0);
        assert_lines("(65536)|");
        memcpy(x, "::{", 3);
        x[200000] = '\n';
        assert_int_equal(lines_feed(&l, x, 50000, on_line, NULL), 0);
        assert_int_equal(lines_feed(&l, x + 50000, 150001, on_line, NULL), 0);
        assert_lines("(200000)|");
        x[200000] = 'x';
        assert_int_equal(lines_feed(&l, x, sizeof(x), on_line, NULL), 0);
        assert_true(l.partial.cap <= OUTPUT_LINE_BYTES_MAX);
        lines_end(&l, on_line, NULL);
        assert_lines("(1048576)~|");
        lines_done(&l);
}

static void output_lines_are_told_from_log_lines(void **state) {
        static const struct {
                const char *line;
                int result;
        } cases[] = {
                { "::{}::", 0 },         { "::{\"outputs\":{\"a\":1}}::", 0 },  { "plain", 1 },
                { "::", 1 },             { " ::{}::", 1 },                      { "::{}:: ", 1 },
                { "::{}", 1 },           { "::{a}::", -EBADMSG },               { "::{\"outputs\":[]}::", -EBADMSG },
                { "::{}::{}::", -EBADMSG }, { "::{\"logs\":[1]}::", -EBADMSG }, { "::{\"metrics\":{}}::", -EBADMSG },
                { "::{\"other\":1}::", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct output_line l = { 0 };
                const char *problem = NULL;
                int r = output_line_parse(cases[i].line, strlen(cases[i].line), &l, &problem);

                if (r != cases[i].result)
                        fail_msg("%s: %d", cases[i].line, r);
                assert_true((r == -EBADMSG) == (problem != NULL));
                output_line_done(&l);
        }
}

/* --- commands ------------------------------------------------------------------------------------------------------- */

static void assert_command(enum script_variant variant, const char *interpreter, const char *before, const char *body,
                           bool fail_fast, const char *expected) {
        _cleanup_value_ struct value *i = interpreter ? json(interpreter) : NULL, *b = before ? json(before) : NULL,
                                     *t = json(body);
        const struct script_source s = { variant, i, b, t, fail_fast, "/f" };
        _cleanup_(buf_done) struct buf line = BUF_INIT(0);
        struct script_command c = { 0 };

        assert_int_equal(script_command_make(&s, &c), 0);
        for (char **a = c.argv; *a; a++)
                buf_appendf(&line, "[%.30s]", *a);
        assert_string_equal(line.data, expected);
        script_command_done(&c);
}

static void commands_are_one_session_and_scripts_a_file(void **state) {
        assert_command(SCRIPT_SHELL_COMMANDS, NULL, NULL, "[\":\"]", true, "[/bin/sh][-c][set -e\n:]");
        assert_command(SCRIPT_SHELL_COMMANDS, "[\"bash\",\"-c\"]", "[\"a\"]", "[\"b\",\"c\"]", false, "[bash][-c][a\nb\nc]");
        assert_command(SCRIPT_SHELL_SCRIPT, NULL, NULL, "\"x\"", true, "[/bin/sh][-e][/f.sh]");
        assert_command(SCRIPT_SHELL_SCRIPT, NULL, NULL, "\"x\"", false, "[/bin/sh][/f.sh]");
        assert_command(SCRIPT_SHELL_SCRIPT, "[\"bash\",\"-lc\"]", NULL, "\"x\"", false, "[bash][-l][/f.sh]");
        assert_command(SCRIPT_SHELL_SCRIPT, "[\"perl\"]", NULL, "\"x\"", true, "[perl][/f.sh]");
        assert_command(SCRIPT_SHELL_SCRIPT, NULL, "[\"cd x\"]", "\"y\"", true,
                       "[/bin/sh][-c][set -e\ncd x\nexec \"$@\"][sh][/bin/sh][-e][/f.sh]");
        assert_command(SCRIPT_PYTHON_SCRIPT, NULL, NULL, "\"x\"", true, "[python3][-c][import builtins, sys; builtins][/f.py]");
}

static void commands_that_are_no_texts_are_refused(void **state) {
        _cleanup_value_ struct value *list = json("[\"a\", [1]]"), *text = json("\"a\"");
        struct script_source s = { .variant = SCRIPT_SHELL_COMMANDS, .body = list, .file = "/f" };
        struct script_command c;

        assert_int_equal(script_command_make(&s, &c), -EINVAL);
        s.body = text;
        assert_int_equal(script_command_make(&s, &c), -EINVAL);
        s.variant = SCRIPT_SHELL_SCRIPT;
        s.body = list;
        assert_int_equal(script_command_make(&s, &c), -EINVAL);
}

/* --- the rest ------------------------------------------------------------------------------------------------------- */

static void tasks_inherit_an_allow_list_only(void **state) {
        assert_true(environment_is_allowed("PATH=/bin"));
        assert_true(environment_is_allowed("LC_TIME=C"));
        assert_true(environment_is_allowed("TMPDIR=/x"));
        assert_false(environment_is_allowed("PATHS=/bin"));
        assert_false(environment_is_allowed("AWS_SECRET_ACCESS_KEY=x"));
        assert_false(environment_is_allowed("NOTIFY_SOCKET=x"));
        assert_false(environment_is_allowed("CREDENTIALS_DIRECTORY=x"));
        assert_false(environment_is_allowed("LD_PRELOAD=x"));
}

static void secrets_are_masked_in_every_place_of_a_value(void **state) {
        _cleanup_(secrets_done) struct secrets s = { 0 };
        _cleanup_value_ struct value *v = json("{\"a\":[\"xabcdefyabc\",\"clean\"],\"n\":1420,\"m\":7,\"abc\":null}");
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);

        assert_int_equal(secrets_note(&s, "abc"), 0);
        assert_int_equal(secrets_note(&s, "abcdef"), 0);
        assert_int_equal(secrets_note(&s, "42"), 0);
        assert_int_equal(secrets_write_masked(&s, &b, v), 0);
        assert_string_equal(b.data, "{\"a\":[\"x******y******\",\"clean\"],\"n\":\"******\",\"m\":7,\"******\":null}");
}

/* --- secrets in other dress ------------------------------------------------------------------------------------------ */

static void assert_masked(const struct secrets *s, const char *text, const char *expected) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);

        assert_int_equal(secrets_mask(s, &b, text, strlen(text)), 0);
        assert_string_equal(b.data ? b.data : "", expected);
}

static void a_secret_is_known_in_its_encodings(void **state) {
        static const struct {
                const char *text, *masked;
        } cases[] = {
                { "p@ss w/rd\"1 x", "****** x" },                        /* as it is */
                { "q=p%40ss%20w%2Frd%221&x", "q=******&x" },              /* URL-encoded, */
                { "q=p%40ss+w%2frd%221", "q=******" },                    /* as a form, in lower case */
                { "q=p@ss%20w/rd%221", "q=******" },                      /* or only what a path has to */
                { "{\"a\":\"p@ss w/rd\\\"1\"}", "{\"a\":\"******\"}" }, /* in JSON */
                { "{\"a\":\"p@ss w\\/rd\\u00221\"}", "{\"a\":\"******\"}" },
                { "p@ss w/rd", "******" },                                /* cut at the end */
                { "the p@ss w", "the p@ss w" },
                { "clean %40 + text", "clean %40 + text" },
        };
        _cleanup_(secrets_done) struct secrets s = { 0 };

        assert_int_equal(secrets_note(&s, "p@ss w/rd\"1"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_masked(&s, cases[i].text, cases[i].masked);
}

/* Whatever stands before and behind it, nothing of the secret can be read from what is left. */
static void base64_of_a_secret_is_known_at_every_offset(void **state) {
        static const char secret[] = "s3cr3t\xff\xfe-tok\xfb\xefn";
        _cleanup_(secrets_done) struct secrets s = { 0 };

        assert_int_equal(secrets_note(&s, secret), 0);
        for (size_t before = 0; before < 7; before++)
                for (size_t behind = 0; behind < 7; behind++) {
                        _cleanup_(buf_done) struct buf raw = BUF_INIT(0), packed = BUF_INIT(0), b = BUF_INIT(0);
                        size_t whole = before * 8 / 6, rest = behind * 8 / 6 + 4;

                        buf_append(&raw, "userna", before);
                        buf_append_str(&raw, secret);
                        buf_append(&raw, "behind", behind);
                        assert_int_equal(base64_encode(&packed, raw.data, raw.len), 0);
                        for (int url = 0; url < 2; url++) {
                                const char *mask;

                                buf_reset(&b);
                                assert_int_equal(secrets_mask(&s, &b, packed.data, packed.len), 0);
                                mask = strstr(b.data, SECRET_MASK);
                                if (!mask || (size_t)(mask - b.data) > whole || strlen(mask) - 6 > rest)
                                        fail_msg("%zu %zu: %s of %s", before, behind, b.data, packed.data);
                                for (char *p = packed.data; *p; p++)
                                        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
                        }
                }
}

static void secrets_with_parts_in_common_leave_none_of_them(void **state) {
        _cleanup_(secrets_done) struct secrets s = { 0 };

        assert_int_equal(secrets_note(&s, "user:hunter"), 0);
        assert_int_equal(secrets_note(&s, "hunter2-long-password"), 0);
        assert_int_equal(secrets_note(&s, "password"), 0);
        assert_masked(&s, "as user:hunter2-long-password.", "as ******.");
        assert_masked(&s, "as user:hunter2-long-passwort.", "as ******2-long-passwort.");
        assert_masked(&s, "passwordpassword", "************");
}

/* As base64(1) writes it, alone and behind something else; each line is a text of the log. */
static void base64_in_lines_is_known(void **state) {
        static const size_t widths[] = { 64, 76 };
        _cleanup_(secrets_done) struct secrets s = { 0 };
        char secret[300];

        for (size_t i = 0; i < sizeof(secret); i++)
                secret[i] = (char)('!' + (i * i + i * 7) % 90);
        secret[sizeof(secret) - 1] = '\0';
        assert_int_equal(secrets_note(&s, secret), 0);
        for (size_t i = 0; i < ARRAY_SIZE(widths) * 3; i++) {
                _cleanup_(buf_done) struct buf packed = BUF_INIT(0), lines = BUF_INIT(0), masked = BUF_INIT(0);
                _cleanup_free_ char *raw = text_printf("%.*s%s\n", (int)(i / 2), "u:", secret);
                size_t width = widths[i % 2], len;

                assert_int_equal(base64_encode(&packed, raw, strlen(raw)), 0);
                for (size_t at = 0; at < packed.len; at += width) {
                        _cleanup_(buf_done) struct buf line = BUF_INIT(0);

                        len = MIN(width, packed.len - at);
                        assert_int_equal(secrets_mask(&s, &line, packed.data + at, len), 0);
                        assert_true(line.len < len && line.len <= 6 + 4); /* but for what "u:" and the line's end left of it */
                        buf_append(&lines, packed.data + at, len);
                        buf_append_char(&lines, '\n');
                }
                assert_int_equal(secrets_mask(&s, &masked, lines.data, lines.len), 0); /* a value with all lines */
                assert_true(masked.len <= 6 + 4 + 4);
        }
        assert_masked(&s, "an ordinary line", "an ordinary line");
        assert_masked(&s, "ordinary0123456789", "ordinary0123456789");
}

static void the_lines_of_a_key_are_secret_each(void **state) {
        _cleanup_(secrets_done) struct secrets s = { 0 };

        assert_int_equal(secrets_note(&s, "-----BEGIN\nMIIEpAIBAAKC\nAQEA7\n"), 0);
        assert_masked(&s, "line MIIEpAIBAAKC.", "line ******.");
        assert_masked(&s, "AQEA7", "AQEA7"); /* too short to be told from other text */
}

static void a_secret_is_remembered_once(void **state) {
        _cleanup_(secrets_done) struct secrets s = { 0 };

        for (int i = 0; i < 100000; i++)
                assert_int_equal(secrets_note(&s, "the same secret"), 0);
        for (int i = 0, r = 0; r == 0; i++) {
                _cleanup_free_ char *text = text_printf("secret number %d", i);

                r = secrets_note(&s, text);
                assert_true(r == 0 || (r == -EOVERFLOW && i > 500));
                assert_true(i < 10000);
        }
}

/* Whatever made the time grow with the square of the text's length, or of how many secrets are in it, would take days. */
static void masking_a_long_text_full_of_secrets_comes_to_an_end(void **state) {
        static const char line[] = "The quick brown fox jumps over the lazy dog, 0123456789 times, with ";
        _cleanup_(secrets_done) struct secrets s = { 0 };
        _cleanup_(buf_done) struct buf text = BUF_INIT(0), masked = BUF_INIT(0), expected = BUF_INIT(0);

        for (int i = 0; i < 50; i++) {
                _cleanup_free_ char *secret = text_printf("%ctoken-%d-with-some-length", 'A' + i, i * 7919);
                assert_int_equal(secrets_note(&s, secret), 0);
        }
        for (int i = 0; i < 40000; i++) {
                buf_appendf(&text, "%s%ctoken-%d-with-some-length\n", line, 'A' + i % 50, i % 50 * 7919);
                buf_appendf(&expected, "%s%s\n", line, SECRET_MASK);
        }
        assert_int_equal(secrets_mask(&s, &masked, text.data, text.len), 0);
        assert_int_equal(masked.len, expected.len);
        assert_memory_equal(masked.data, expected.data, expected.len);
}

static void batch_failures_are_read_in_one_shape(void **state) {
        static const struct {
                const char *outputs;
                int result;
                size_t count;
        } cases[] = {
                { "{}", 0, 0 },
                { "{\"batchItemFailures\":null}", 0, 0 },
                { "{\"batchItemFailures\":[]}", 0, 0 },
                { "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"},{\"itemIdentifier\":\"b\"}]}", 0, 2 },
                { "{\"batchItemFailures\":\"a\"}", -EINVAL, 0 },
                { "{\"batchItemFailures\":[\"a\"]}", -EINVAL, 0 },
                { "{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}", -EINVAL, 0 },
                { "{\"batchItemFailures\":[{\"id\":\"a\"}]}", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_value_ struct value *ids = value_new_list(), *outputs = json(cases[i].outputs);

                assert_int_equal(batch_failures_add(ids, outputs), cases[i].result);
                if (cases[i].result == 0)
                        assert_int_equal(value_count(ids), cases[i].count);
        }
}

static void truth_is_as_flows_have_it(void **state) {
        static const char *const false_values[] = { "false", "\"false\"", "0", "\"0\"", "\"-0\"", "-0", "\"\"", "null" };
        static const char *const true_values[] = { "true", "1", "\"x\"", "\"no\"", "[]", "{}" };

        for (size_t i = 0; i < ARRAY_SIZE(false_values); i++) {
                _cleanup_value_ struct value *v = json(false_values[i]);
                assert_false(truth_of_value(v));
        }
        for (size_t i = 0; i < ARRAY_SIZE(true_values); i++) {
                _cleanup_value_ struct value *v = json(true_values[i]);
                assert_true(truth_of_value(v));
        }
        assert_int_equal(log_level_of("warn", -1), LOG_WARNING);
        assert_int_equal(log_level_of("loud", LOG_INFO), LOG_INFO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_supported_task_type_has_a_kind_and_no_other),
                cmocka_unit_test(task_states_follow_their_table),
                cmocka_unit_test(lines_come_whole_wherever_reads_cut_them),
                cmocka_unit_test(long_lines_are_cut_and_output_lines_are_not),
                cmocka_unit_test(output_lines_are_told_from_log_lines),
                cmocka_unit_test(commands_are_one_session_and_scripts_a_file),
                cmocka_unit_test(commands_that_are_no_texts_are_refused),
                cmocka_unit_test(tasks_inherit_an_allow_list_only),
                cmocka_unit_test(secrets_are_masked_in_every_place_of_a_value),
                cmocka_unit_test(a_secret_is_known_in_its_encodings),
                cmocka_unit_test(base64_of_a_secret_is_known_at_every_offset),
                cmocka_unit_test(secrets_with_parts_in_common_leave_none_of_them),
                cmocka_unit_test(base64_in_lines_is_known),
                cmocka_unit_test(the_lines_of_a_key_are_secret_each),
                cmocka_unit_test(a_secret_is_remembered_once),
                cmocka_unit_test(masking_a_long_text_full_of_secrets_comes_to_an_end),
                cmocka_unit_test(batch_failures_are_read_in_one_shape),
                cmocka_unit_test(truth_is_as_flows_have_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
