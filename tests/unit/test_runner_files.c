/* SPDX-License-Identifier: Apache-2.0 */
/* Files of an execution, by the real runner: inputFiles, outputFiles, read(), fileURI(), and what is left of them. */
#include "common/base/json.h"
#include "common/link/execution_file.h"
#include "runner/glob.h"
#include "tests/unit/runner_execute.h"

#define SHELL(id, command) \
        "  - id: " id "\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands:\n      - |\n        " command "\n"
#define MORE(property) "    " property "\n"
#define RETURN(id, format) "  - {id: " id ", type: io.kestra.plugin.core.debug.Return, format: \"" format "\"}\n"

/* --- globs ---------------------------------------------------------------------------------------------------------- */

static void globs_match_as_javas_do(void **state) {
        static const struct {
                const char *pattern, *path;
                bool matches;
        } cases[] = {
                { "*.txt", "a.txt", true },          { "*.txt", "d/a.txt", false },       { "*.txt", ".txt", true },
                { "**.txt", "d/e/a.txt", true },     { "**/*.txt", "d/a.txt", true },     { "**/*.txt", "a.txt", false },
                { "d/**", "d/e/f", true },           { "d/**", "d", false },              { "d/*/f", "d/e/f", true },
                { "d/*/f", "d/e/e/f", false },       { "?.c", "x.c", true },              { "?.c", "\xc3\xa4.c", true },
                { "?", "/", false },                 { "[a-c]x", "bx", true },            { "[a-c]x", "dx", false },
                { "[!a-c]x", "dx", true },           { "[!a]x", "/x", false },            { "[-a]", "-", true },
                { "{a,bc}.o", "a.o", true },         { "{a,bc}.o", "bc.o", true },        { "{a,bc}.o", "b.o", false },
                { "{*.a,**/b}", "x/y/b", true },     { "{,x}y", "y", true },              { "{,x}y", "xy", true },
                { "\\*", "*", true },                { "\\*", "a", false },               { "a,b}", "a,b}", true },
                { "", "", true },                    { "", "a", false },                  { "\xc3\xa4*", "\xc3\xa4\xc3\xb6", true },
                { "[]a]", "]", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(glob_freep) struct glob *g = NULL;

                assert_int_equal(glob_new(cases[i].pattern, &g), 0);
                if (glob_matches(g, cases[i].path) != cases[i].matches)
                        fail_msg("%s on %s", cases[i].pattern, cases[i].path);
                if (glob_matches(g, cases[i].path) != cases[i].matches) /* nothing is left of the first time */
                        fail_msg("%s on %s again", cases[i].pattern, cases[i].path);
        }
}

static void malformed_globs_are_refused(void **state) {
        static const char *const bad[] = { "[", "[a", "[!", "[]", "{a", "{a,{b}}", "a\\" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct glob *g = NULL;

                if (glob_new(bad[i], &g) != -EINVAL)
                        fail_msg("%s", bad[i]);
        }
}

/* One that tries the ways through it one after the other would not be done before the stars are cold. */
static void no_glob_tries_its_ways_one_after_the_other(void **state) {
        static char path[4000], pattern[4000];
        _cleanup_(glob_freep) struct glob *g = NULL;

        memset(path, 'a', sizeof(path) - 1);
        for (size_t i = 0; i + 3 < sizeof(pattern); i += 3)
                memcpy(pattern + i, "**a", 3);
        pattern[2001] = 'b';
        assert_int_equal(glob_new(pattern, &g), 0);
        assert_false(glob_matches(g, path));
}

/* --- what is kept ---------------------------------------------------------------------------------------------------- */

static struct value *outputs_of(const struct driver *d, size_t run) {
        struct value *v = NULL;

        assert_int_equal(json_parse(d->runs[run].outputs, strlen(d->runs[run].outputs), &v, NULL, NULL), 0);
        return v;
}

/* The content behind a URI, after the execution's end. */
static void assert_kept(const struct driver *d, const char *uri, const char *text) {
        _cleanup_close_ int fd = -1;
        char content[256] = { 0 };

        assert_non_null(uri);
        fd = execution_file_open(d->folder, uri);
        if (fd < 0)
                fail_msg("%s: %s", uri, strerror(-fd));
        assert_true(read(fd, content, sizeof(content) - 1) >= 0);
        assert_string_equal(content, text);
}

static void output_files_outlive_the_execution(void **state) {
        struct driver *d = *state;
        _cleanup_value_ struct value *outputs = NULL;
        const struct value *files;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("make", "mkdir sub; echo one > a.txt; echo two > 'sub/b $(x).txt'; echo no > c.dat")
                                       MORE("outputFiles: ['*.txt', 'sub/*']")),
                         RUN_SUCCESS);
        outputs = outputs_of(d, 0);
        files = value_map_get(outputs, "outputFiles");
        assert_int_equal(value_count(files), 2);
        assert_kept(d, value_map_string(files, "a.txt"), "one\n");
        assert_kept(d, value_map_string(files, "sub/b $(x).txt"), "two\n");
        assert_true(execution_file_is_uri(value_map_string(files, "sub/b $(x).txt")));
}

static void a_failed_task_keeps_its_files_too(void **state) {
        struct driver *d = *state;
        _cleanup_value_ struct value *outputs = NULL;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("make", "echo report > r; exit 3") MORE("outputFiles: [r, none]")), RUN_FAILED);
        outputs = outputs_of(d, 0);
        assert_kept(d, value_map_string(value_map_get(outputs, "outputFiles"), "r"), "report\n");
}

static void later_tasks_get_files_by_uri(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("make", "printf 'x y' > a.txt") MORE("outputFiles: [a.txt]")
                                       SHELL("use", "rm a.txt; cat {{ outputs.make.outputFiles['a.txt'] }} in/copy; echo")
                                       MORE("inputFiles: {in/copy: \"{{ outputs.make.outputFiles['a.txt'] }}\", plain: text}")
                                       RETURN("read", "{{ read(outputs.make.outputFiles['a.txt']) }}+{{ read('plain') }}+{{ read(fileURI('plain')) }}")
                                       "  - id: py\n    type: io.kestra.plugin.scripts.python.Script\n"
                                       "    script: \"print(open('{{ outputs.make.outputFiles['a.txt'] }}').read())\"\n"),
                         RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 x yx y\n6 x y\n");
        assert_string_equal(d->runs[2].outputs, "{\"value\":\"x y+text+text\"}");
}

static void nothing_outside_the_execution_can_be_read(void **state) {
        static const char *const flows[] = {
                "tasks:\n" RETURN("r", "{{ read('/etc/passwd') }}"),
                "tasks:\n" RETURN("r", "{{ read('../../../etc/passwd') }}"),
                "tasks:\n" RETURN("r", "{{ read('file:///etc/passwd') }}"),
                "tasks:\n" RETURN("r", "{{ fileURI('/etc/passwd') }}"),
                "tasks:\n" RETURN("r", "{{ read('sqsflow://1k3x9p2m7q4ab/1-x') }}"),
                "tasks:\n" SHELL("link", "ln -s /etc/passwd p; ln -s /etc e") RETURN("r", "{{ read('p') }}"),
                "tasks:\n" SHELL("link", "ln -s /etc/passwd p; ln -s /etc e") RETURN("r", "{{ read('e/passwd') }}"),
                "tasks:\n" SHELL("link", "ln -s /etc/passwd p") RETURN("r", "{{ fileURI('p') }}"),
                "tasks:\n" SHELL("s", "true") MORE("inputFiles: {x: 'sqsflow://1k3x9p2m7q4ab/1-x'}"),
                "tasks:\n" SHELL("s", "true") MORE("inputFiles: {../x: y}"),
                "tasks:\n" SHELL("link", "ln -s /tmp t") SHELL("s", "true") MORE("inputFiles: {t/sqsflow-escaped: y}"),
        };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
                if (driver_run(d, flows[i]) != RUN_FAILED || strstr(d->error, "root:"))
                        fail_msg("%s", flows[i]);
        assert_int_equal(access("/tmp/sqsflow-escaped", F_OK), -1);
}

static void links_are_no_output_files(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "ln -s /etc/passwd p; ln -s /etc e; mkfifo f") MORE("outputFiles: ['**']")), RUN_SUCCESS);
        assert_string_equal(d->runs[0].outputs, "{\"vars\":{},\"exitCode\":0,\"outputFiles\":{}}");
}

static void a_message_that_looks_like_a_uri_is_content(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run_message(d, "tasks:\n" SHELL("s", "cat body; echo") MORE("inputFiles: {body: '{{ trigger.data }}'}"),
                                            "file:///etc/passwd", 18), RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 file:///etc/passwd\n");
}

static void what_may_be_kept_is_bounded(void **state) {
        struct driver *d = *state;
        const struct frame_execute f = { .files_max_bytes = 1000 };

        driver_start(d, "tasks:\n" SHELL("s", "head -c 600 /dev/zero > a; head -c 600 /dev/zero > b") MORE("outputFiles: ['*']"), &f);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_FAILED);
        assert_string_equal(d->error, "task 's' failed: outputFiles: 'b' cannot be kept: the execution would keep more files than it may (limits.fileBytes)");
}

static void the_driver_says_whose_files_are_kept(void **state) {
        static const char ok[] = "tasks:\n" SHELL("s", "echo x > a") MORE("outputFiles: [a]");
        static const char bad[] = "tasks:\n" SHELL("s", "echo x > a; false") MORE("outputFiles: [a]");
        static const struct {
                const char *flow;
                enum keep_files keep;
                bool kept;
        } cases[] = {
                { ok, KEEP_FILES_ALL, true },          { bad, KEEP_FILES_ALL, true },   { ok, KEEP_FILES_OF_FAILURES, false },
                { bad, KEEP_FILES_OF_FAILURES, true }, { ok, KEEP_FILES_NONE, false }, { bad, KEEP_FILES_NONE, false },
        };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct frame_execute f = { .keep_files = (uint8_t)cases[i].keep };
                char id[IDENT_TEXT_SIZE];
                _cleanup_free_ char *path = NULL;

                driver_start(d, cases[i].flow, &f);
                driver_wait(d, &d->ended);
                path = text_printf("%s/%s", d->folder, ident_format(d->execution_id, id));
                assert_int_equal(access(path, F_OK) == 0, cases[i].kept);
        }
}

/* Its bodies, a value a line, as in Kestra; all that the messages have is in SQSFLOW_MESSAGES_FILE. */
static void a_batch_is_a_file_of_the_execution(void **state) {
        static const struct {
                bool json;
                const char *uri, *length;
        } cases[] = {
                { false, "6 \"1\"\n6 \"[2]\"\n6 2\n", "{\"value\":\"10\"}" },
                { true, "6 1\n6 [2]\n6 2\n", "{\"value\":\"6\"}" },
        };
        const struct frame_message m[] = { { .body = { "1", 1 }, .message_id = { "id-a", 4 } },
                                           { .body = { "[2]", 3 }, .message_id = { "id-b", 4 } } };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct frame_execute f = { .trigger_kind = TRIGGER_BATCH, .messages = m, .message_count = 2,
                                                 .json_data = cases[i].json };

                driver_start(d, "tasks:\n" RETURN("n", "{{ read(trigger.uri) | length }}")
                                SHELL("s", "cat copy; grep -c id- \"$SQSFLOW_MESSAGES_FILE\"")
                                MORE("inputFiles: {copy: '{{ trigger.uri }}'}"), &f);
                driver_wait(d, &d->ended);
                assert_int_equal(d->state, RUN_SUCCESS);
                assert_string_equal(d->log.data, cases[i].uri);
                assert_string_equal(d->runs[0].outputs, cases[i].length);
        }
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(globs_match_as_javas_do),
                cmocka_unit_test(malformed_globs_are_refused),
                cmocka_unit_test(no_glob_tries_its_ways_one_after_the_other),
                PROMISE(output_files_outlive_the_execution),
                PROMISE(a_failed_task_keeps_its_files_too),
                PROMISE(later_tasks_get_files_by_uri),
                PROMISE(nothing_outside_the_execution_can_be_read),
                PROMISE(links_are_no_output_files),
                PROMISE(a_message_that_looks_like_a_uri_is_content),
                PROMISE(what_may_be_kept_is_bounded),
                PROMISE(the_driver_says_whose_files_are_kept),
                PROMISE(a_batch_is_a_file_of_the_execution),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
