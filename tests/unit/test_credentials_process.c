/* SPDX-License-Identifier: Apache-2.0 */
/* credential_process: real programs, started by a chain. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "common/base/spawn.h"
#include "tests/unit/credentials_fixture.h"

/* A profile whose program is this shell script. */
static void use_script(struct fixture *f, const char *script) {
        _cleanup_free_ char *path = path_join(f->folder, "helper");
        _cleanup_free_ char *text = text_printf("#!/bin/sh\n%s\n", script);
        _cleanup_free_ char *profile = text_printf("[default]\ncredential_process = %s --key SECRET-argument\n", path);
        assert_int_equal(file_write_at(-100, path, text, strlen(text), 0700), 0);
        assert_int_equal(chmod(path, 0700), 0);
        use_file(f, profile);
}

static void assert_no_children(void) {
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

/* The chain waits a moment for what it kills, and not for ever: on a busy machine the kill may be all that is done. */
static void assert_killed(void) {
        int status;

        (void)alarm(60);
        while (waitpid(-1, &status, 0) > 0)
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        (void)alarm(0);
        assert_no_children();
}

static void a_program_gives_credentials(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_script(f, "echo '{\"Version\":1,\"AccessKeyId\":\"'$1$2'\",\"SecretAccessKey\":\"SECRET\","
                      "\"SessionToken\":\"SECRET-t\",\"Expiration\":\"2099-01-01T00:00:00Z\"}'");
        get(f, &o);
        assert_string_equal(o.why, "");
        assert_string_equal(o.found->access_key_id, "--keySECRET-argument");
        assert_string_equal(o.found->session_token, "SECRET-t");
        assert_string_equal(o.found->provider, "process");
        assert_true(o.found->expires_usec < USEC_INFINITY);
        assert_no_children();
}

static void without_an_expiration_they_last(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_script(f, "echo '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\"}'");
        get(f, &o);
        assert_true(o.found->expires_usec == USEC_INFINITY);
        assert_null(o.found->session_token);
}

static void it_runs_again_when_they_expire(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        use_script(f, "echo '{\"Version\":1,\"AccessKeyId\":\"'$$'\",\"SecretAccessKey\":\"SECRET\","
                      "\"Expiration\":\"2020-01-01T00:00:00Z\"}'");
        get(f, &first);
        assert_null(credentials_cached(f->chain));
        get(f, &second);
        assert_string_not_equal(first.found->access_key_id, second.found->access_key_id);
}

static void many_waits_start_one_program(void **state) {
        struct fixture *f = *state;
        struct outcome o[10] = { 0 };
        _cleanup_free_ char *count = path_join(f->folder, "count"), *text = NULL;
        _cleanup_free_ char *script = text_printf(
                "echo x >>%s\necho '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\"}'", count);
        use_script(f, script);
        make_chain(f);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++)
                assert_int_equal(credentials_get(f->chain, on_credentials, &o[i], NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
                assert_true(loop_until(f->event, &o[i].done));
                assert_int_equal(o[i].error, 0);
                outcome_done(&o[i]);
        }
        assert_int_equal(file_read(count, 100, &text, NULL), 0);
        assert_string_equal(text, "x\n");
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        unsigned *ticks = userdata;
        (*ticks)++;
        sd_event_source_set_time_relative(source, 1000);
        return 0;
}

/* The program waits for a line that this test writes from the loop's own turns: a loop that stood still would never
 * get to it. */
static void the_loop_turns_while_it_runs(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *gate = path_join(f->folder, "gate");
        _cleanup_free_ char *script = text_printf(
                "read x <%s\necho '{\"Version\":1,\"AccessKeyId\":\"'$x'\",\"SecretAccessKey\":\"SECRET\"}'", gate);
        sd_event_source *tick = NULL;
        unsigned ticks = 0;
        assert_int_equal(mkfifo(gate, 0600), 0);
        use_script(f, script);
        make_chain(f);
        sd_event_add_time_relative(f->event, &tick, CLOCK_MONOTONIC, 1000, 1, on_tick, &ticks);
        sd_event_source_set_enabled(tick, SD_EVENT_ON);
        assert_int_equal(credentials_get(f->chain, on_credentials, &o, NULL), 0);
        while (ticks < 20)
                assert_true(sd_event_run(f->event, 10000000) > 0);
        assert_false(o.done);
        _cleanup_close_ int fd = open(gate, O_WRONLY);
        assert_int_equal(fd_write_all(fd, "opened\n", 7), 0);
        assert_true(loop_until(f->event, &o.done));
        assert_string_equal(o.found->access_key_id, "opened");
        sd_event_source_disable_unref(tick);
}

static void what_it_leaves_behind_does_not_hold_the_answer_up(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *pid_file = path_join(f->folder, "pid"), *text = NULL;
        _cleanup_free_ char *script =
                text_printf("sleep 1000 &\necho $! >%s\necho "
                            "'{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\"}'",
                            pid_file);
        int64_t pid;
        use_script(f, script);
        get(f, &o);
        assert_int_equal(o.error, 0);
        assert_int_equal(file_read(pid_file, 100, &text, NULL), 0);
        text[strcspn(text, "\n")] = '\0';
        assert_int_equal(text_to_i64(text, 2, INT32_MAX, &pid), 0);
        kill((pid_t)pid, SIGKILL);
}

static void what_goes_wrong_is_told_without_output_or_arguments(void **state) {
        static const struct {
                const char *script;
                int error;
                const char *why;
        } rows[] = {
                { "echo SECRET; echo SECRET >&2; exit 3", -EIO, "/helper ended with exit code 3" },
                { "kill -KILL $$", -EIO, "/helper was ended by signal 9" },
                { "exit 0", -EBADMSG, "/helper: the answer is not a JSON object" },
                { "echo SECRET", -EBADMSG, "/helper: the answer is not a JSON object" },
                { "echo '[]'", -EBADMSG, "/helper: the answer has no Version 1" },
                { "echo '{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\"}'", -EBADMSG,
                  "/helper: the answer has no Version 1" },
                { "echo '{\"Version\":2,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\"}'", -EBADMSG,
                  "/helper: the answer has no Version 1" },
                { "echo '{\"Version\":1,\"SecretAccessKey\":\"SECRET\"}'", -EBADMSG,
                  "/helper: the answer has no AccessKeyId or SecretAccessKey" },
                { "echo '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\",\"Expiration\":7}'",
                  -EBADMSG, "/helper: the answer's Expiration is not a time" },
                { "while :; do echo SECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRET; done", -EFBIG,
                  "/helper wrote more than" },
                { "exec sleep 1000", -ETIMEDOUT, "/helper did not end within 300ms" },
                { "exec >&-; exec sleep 1000", -ETIMEDOUT, "/helper did not end within 300ms" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                f->environment = text_list_free(f->environment);
                f->options.process_timeout_usec = rows[i].error == -ETIMEDOUT ? 300 * USEC_PER_MSEC : 0;
                use_imds(f);
                use_script(f, rows[i].script);
                make_chain(f);
                get(f, &o);
                if (o.error != rows[i].error || !strstr(o.why, rows[i].why))
                        fail_msg("%s: %d '%s'", rows[i].script, o.error, o.why);
                assert_int_equal(f->server.request_count, 0);
                if (rows[i].error == -EFBIG || rows[i].error == -ETIMEDOUT)
                        assert_killed();
                assert_no_children();
        }
}

static void a_program_that_cannot_be_run_is_told(void **state) {
        static const struct {
                const char *command;
                int error;
                const char *why;
        } rows[] = {
                { "/nonexistent/helper SECRET", -ENOENT,
                  "files (credential_process): /nonexistent/helper cannot be run: No such file or directory" },
                { "no-such-helper-anywhere", -ENOENT, "no-such-helper-anywhere cannot be run: No such file" },
                { "/etc/passwd", -EACCES, "/etc/passwd cannot be run: Permission denied" },
                { "/bin/echo 'SECRET", -EINVAL,
                  "the credential_process of profile 'default' is no command line: a quote is not closed" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                _cleanup_free_ char *profile = text_printf("[default]\ncredential_process = %s\n", rows[i].command);
                f->environment = text_list_free(f->environment);
                use_imds(f);
                use_file(f, profile);
                make_chain(f);
                get(f, &o);
                if (o.error != rows[i].error || !strstr(o.why, rows[i].why))
                        fail_msg("%s: %d '%s'", rows[i].command, o.error, o.why);
                assert_int_equal(f->server.request_count, 0);
        }
}

static void no_shell_sees_the_command(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *trap = path_join(f->folder, "trap");
        _cleanup_free_ char *profile = text_printf(
                "[default]\ncredential_process = /bin/echo '{\"Version\":1,\"AccessKeyId\":\"$HOME`touch %s`\","
                "\"SecretAccessKey\":\"SECRET\"}'\n",
                trap);
        _cleanup_free_ char *literal = text_printf("$HOME`touch %s`", trap);
        use_file(f, profile);
        get(f, &o);
        assert_string_equal(o.why, "");
        assert_string_equal(o.found->access_key_id, literal);
        assert_int_equal(access(trap, F_OK), -1);
}

static void a_chain_that_goes_ends_its_program(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        _cleanup_free_ char *gate = path_join(f->folder, "gate");
        _cleanup_free_ char *script = text_printf("echo started >%s\nexec sleep 1000", gate);
        char line[8];
        assert_int_equal(mkfifo(gate, 0600), 0);
        use_script(f, script);
        make_chain(f);
        assert_int_equal(credentials_get(f->chain, on_credentials, &o, NULL), 0);
        assert_true(sd_event_run(f->event, 10000000) > 0);
        _cleanup_close_ int fd = open(gate, O_RDONLY);
        assert_int_equal(read(fd, line, sizeof(line)), sizeof(line));
        f->chain = credentials_chain_free(f->chain);
        assert_killed();
        assert_int_equal(o.count, 0);
}

static void whoever_clears_strays_away_leaves_it_alone(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *gate = path_join(f->folder, "gate");
        _cleanup_free_ char *script = text_printf(
                "read x <%s\necho '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"SECRET\"}'", gate);
        assert_int_equal(mkfifo(gate, 0600), 0);
        use_script(f, script);
        make_chain(f);
        assert_int_equal(credentials_get(f->chain, on_credentials, &o, NULL), 0);
        assert_true(sd_event_run(f->event, 10000000) > 0);
        assert_int_equal(spawn_reap_strays(NULL, 0), 0);
        _cleanup_close_ int fd = open(gate, O_WRONLY);
        assert_int_equal(fd_write_all(fd, "\n", 1), 0);
        assert_true(loop_until(f->event, &o.done));
        assert_string_equal(o.why, "");
        assert_int_equal(o.error, 0);
}

static void command_lines_are_split_into_words(void **state) {
        static const struct {
                const char *text, *words; /* joined by '|'; NULL: refused */
        } rows[] = {
                { "a", "a" },
                { "  a\tb  c ", "a|b|c" },
                { "/opt/x y --a=b", "/opt/x|y|--a=b" },
                { "'a b' \"c d\"", "a b|c d" },
                { "a'b c'd", "ab cd" },
                { "a\\ b", "a b" },
                { "'a\\b'", "a\\b" },
                { "\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d" },
                { "\"it's\" '\"'", "it's|\"" },
                { "a '' \"\"", "a||" },
                { "$HOME ~ `x` *", "$HOME|~|`x`|*" },
                { "", NULL },
                { "  ", NULL },
                { "'a", NULL },
                { "a \"b", NULL },
                { "a\\", NULL },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(text_list_freep) char **words = NULL;
                _cleanup_(buf_done) struct buf joined = { 0 };
                int r = credentials_split_command(rows[i].text, &words);
                if (r != (rows[i].words ? 0 : -EINVAL))
                        fail_msg("[%s]: %d", rows[i].text, r);
                for (char **w = words; w && *w; w++)
                        buf_appendf(&joined, "%s%s", w == words ? "" : "|", *w);
                if (rows[i].words && !text_eq(joined.data, rows[i].words))
                        fail_msg("[%s] became [%s], expected [%s]", rows[i].text, joined.data, rows[i].words);
        }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_program_gives_credentials),
                TEST(without_an_expiration_they_last),
                TEST(it_runs_again_when_they_expire),
                TEST(many_waits_start_one_program),
                TEST(the_loop_turns_while_it_runs),
                TEST(what_it_leaves_behind_does_not_hold_the_answer_up),
                TEST(what_goes_wrong_is_told_without_output_or_arguments),
                TEST(a_program_that_cannot_be_run_is_told),
                TEST(no_shell_sees_the_command),
                TEST(a_chain_that_goes_ends_its_program),
                TEST(whoever_clears_strays_away_leaves_it_alone),
                cmocka_unit_test(command_lines_are_split_into_words),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
