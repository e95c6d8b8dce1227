/* SPDX-License-Identifier: Apache-2.0 */
/* Task processes under the real runner: what they are given, what they print, and that none of them is ever left. */
#include "tests/unit/runner_processes.h"

#define SHELL(id, command) \
        "  - id: " id "\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands:\n      - |\n        " command "\n"
#define SCRIPT(language, text) \
        "tasks:\n  - id: s\n    type: io.kestra.plugin.scripts." language ".Script\n    script: |\n" text
#define MORE(property) "    " property "\n"

/* A daemon in a session of its own whose parent is gone; it writes its pid to FOLDER/daemon. */
#define DAEMON(folder) "(setsid sh -c \"echo \\$\\$ > " folder "/daemon; exec sleep 300\" > /dev/null 2>&1 &)"

static void the_runner_says_that_it_is_ready(void **state) {
        struct driver *d = *state;

        driver_wait(d, &d->ready);
}

static void a_process_sees_the_message_and_no_credentials(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *folder = NULL;
        char id[IDENT_TEXT_SIZE];

        assert_int_equal(driver_run_message(d, "tasks:\n" SHELL("s", "env | sort; ls -A | wc -l; pwd"), "x", 1), RUN_SUCCESS);
        assert_true(driver_logged(d, "6 SQSFLOW_MESSAGE_ID=m-1\n"));
        assert_true(driver_logged(d, "6 SQSFLOW_RECEIVE_COUNT=2\n"));
        assert_true(driver_logged(d, "6 SQSFLOW_QUEUE_URL=http://q/orders\n"));
        assert_true(driver_logged(d, "6 TRACEPARENT=00-ab\n"));
        assert_true(driver_logged(d, "6 SQSFLOW_FLOW_ID=test\n"));
        assert_true(driver_logged(d, "6 LC_ALL=C.UTF-8\n"));
        assert_true(driver_logged(d, "\n6 0\n6 /tmp/runner-test-")); /* an empty working directory */
        assert_false(driver_logged(d, "NOTIFY_SOCKET"));
        assert_false(driver_logged(d, "WATCHDOG"));
        assert_false(driver_logged(d, "geheim"));
        assert_false(driver_logged(d, "CREDENTIALS"));
        assert_false(driver_logged(d, "SECRET"));
        folder = text_printf("%s/%s", d->folder, ident_format(d->execution_id, id));
        assert_int_equal(access(folder, F_OK), -1); /* it had no files to keep */
}

static void a_folder_that_is_used_again_is_as_new(void **state) {
        struct driver *d = *state;
        const char *show = "tasks:\n" SHELL("s", "ls -A | wc -l; cat \"$SQSFLOW_MESSAGE_FILE\"; ls -A .. | tr \"\\n\" ,");
        const char *spoil[] = { "touch left", "mkdir ../left", "rmdir ../work; mkdir ../work; touch ../work/x", "chmod 755 .",
                                "ln -s /etc/passwd ../message -f", "mv ../work ../gone", "touch .hidden; exit 1",
                                "(setsid sleep 300 > /dev/null 2>&1 &)" };

        for (size_t i = 0; i < ARRAY_SIZE(spoil); i++) {
                _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", "%s"), spoil[i]);

                assert_int_equal(driver_run_message(d, show, "a long one\n", 11), RUN_SUCCESS);
                assert_string_equal(d->log.data, "6 0\n6 a long one\n6 message,work,\n");
                (void)driver_run_message(d, flow, "another\n", 8);
                assert_int_equal(driver_run_message(d, show, "short\n", 6), RUN_SUCCESS);
                assert_string_equal(d->log.data, "6 0\n6 short\n6 message,work,\n");
        }
}

static void a_message_file_that_a_task_has_linked_is_left_alone(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *copy = NULL, *path = text_printf("%s/linked", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", "ln \"$SQSFLOW_MESSAGE_FILE\" %s"), path);

        assert_int_equal(driver_run_message(d, flow, "first", 5), RUN_SUCCESS);
        assert_int_equal(driver_run_message(d, "tasks:\n" SHELL("s", ":"), "second", 6), RUN_SUCCESS);
        assert_int_equal(file_read(path, 100, &copy, NULL), 0);
        assert_string_equal(copy, "first");
}

static void a_message_reaches_the_task_byte_for_byte(void **state) {
        struct driver *d = *state;
        size_t len = 1024 * 1024;
        _cleanup_free_ char *body = malloc(len), *copy = NULL, *path = text_printf("%s.copy", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", "cat \"$SQSFLOW_MESSAGE_FILE\" > %s"), path);
        size_t copy_len;

        assert_non_null(body);
        for (size_t i = 0; i < len; i++)
                body[i] = (char)(i * 7 + i / 251); /* every byte there is, NUL and CR LF too */
        assert_int_equal(driver_run_message(d, flow, body, len), RUN_SUCCESS);
        assert_int_equal(file_read(path, len * 2, &copy, &copy_len), 0);
        assert_int_equal(copy_len, len);
        assert_memory_equal(copy, body, len);
        (void)unlink(path);
}

static void exit_codes_signals_and_missing_programs_are_told(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "echo out; echo err >&2; exit 3; echo never")), RUN_FAILED);
        assert_string_equal(d->error, "task 's' failed: exited with code 3");
        assert_true(driver_logged(d, "6 out\n"));
        assert_true(driver_logged(d, "3 err\n"));
        assert_string_equal(d->runs[0].outputs, "{\"vars\":{},\"exitCode\":3}");
        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "kill -9 $$")), RUN_FAILED);
        assert_string_equal(d->error, "task 's' failed: killed by SIGKILL");
        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", ":") MORE("interpreter: [no-such-shell, -c]")), RUN_FAILED);
        assert_string_equal(d->error, "task 's' failed: cannot start 'no-such-shell': there is no such program");
        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "no-such-command")), RUN_FAILED);
        assert_string_equal(d->error, "task 's' failed: exited with code 127 (a command was not found)");
}

static void a_run_that_was_told_ends_after_its_lines(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *file = text_printf("%s/told", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", "echo one; until test -e %s; do sleep 0.01; done; echo two"), file);

        driver_start(d, flow, NULL);
        driver_await_run(d);
        assert_int_equal(file_write_at(AT_FDCWD, file, "", 0, 0600), 0);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 one\n6 two\n");
        assert_int_equal(d->runs[0].frames, 2);
        assert_int_equal(d->late_lines, 0);
}

static void commands_stop_at_the_first_failure_unless_told_otherwise(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "false\n      - echo on")), RUN_FAILED);
        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "false\n      - echo on") MORE("failFast: false")), RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 on\n");
}

static void scripts_run_as_files_of_their_interpreter(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, SCRIPT("shell", "      echo \"$((1 + 1))\" \"$V\"\n")
                                       MORE("env: {V: a'b}") MORE("beforeCommands: ['echo first']")), RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 first\n6 2 a'b\n");
        assert_int_equal(driver_run(d, SCRIPT("python", "      from __future__ import annotations\n      import sys\n"
                                                        "      print(true, false, null, __name__, flush=True)\n"
                                                        "      raise ValueError('line 4')\n")), RUN_FAILED);
        assert_true(driver_logged(d, "6 True False None __main__\n"));
        assert_true(driver_logged(d, "script-0.py\", line 4, in <module>"));
        assert_true(driver_logged(d, "3     raise ValueError('line 4')\n"));
}

static void a_command_longer_than_an_argument_is_run(void **state) {
        struct driver *d = *state;
        _cleanup_(buf_done) struct buf flow = BUF_INIT(0);

        buf_append_str(&flow, "tasks:\n  - id: s\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands:\n      - ': ");
        for (int i = 0; i < 200000; i++)
                buf_append_char(&flow, 'x');
        buf_append_str(&flow, "'\n      - echo end\n");
        assert_int_equal(driver_run(d, flow.data), RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 end\n");
        assert_int_equal(driver_run_message(d, "tasks:\n" SHELL("s", ":") MORE("env: {B: \"{{ trigger.data }}\"}"),
                                            flow.data, flow.len), RUN_FAILED);
        assert_non_null(strstr(d->error, "read a long message from its file"));
}

static void a_timeout_kills_the_whole_tree(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *daemon_file = text_printf("%s/daemon", d->folder), *child_file = text_printf("%s/child", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", DAEMON("%s") "; trap \"\" TERM; (setsid sh -c \"trap '' "
                                                "TERM; echo \\$\\$ > %s; sleep 300; sleep 300\") & sleep 300; sleep 300")
                                                MORE("timeout: PT5S") MORE("allowFailure: true")
                                                SHELL("next", "kill -0 $(cat %s) || echo it is gone"),
                                                d->folder, child_file, daemon_file);
        pid_t orphan, child;

        driver_start(d, flow, NULL);
        orphan = driver_await_pid(d, daemon_file); /* in good time: the timeout is far longer than a start takes */
        child = driver_await_pid(d, child_file);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_WARNING);
        assert_string_equal(d->runs[0].error, "timed out after 5s");
        assert_true(driver_logged(d, "6 it is gone\n")); /* before the next task */
        assert_true(driver_is_gone(orphan)); /* at END, not some time later */
        assert_true(driver_is_gone(child));
}

static void an_execution_leaves_no_daemon_behind(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *file = text_printf("%s/daemon", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", DAEMON("%s") "; while ! test -s %s; do :; done"),
                                                d->folder, file);
        pid_t pid;

        driver_start(d, flow, NULL);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_SUCCESS);
        pid = driver_await_pid(d, file);
        assert_true(driver_is_gone(pid));
}

static void a_grandchild_that_holds_the_pipe_does_not_hang_the_execution(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "sleep 300 & echo done")), RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 done\n");
}

static size_t peak_bytes(pid_t pid) {
        _cleanup_free_ char *path = text_printf("/proc/%d/status", (int)pid), *text = NULL;

        assert_int_equal(file_read(path, 65536, &text, NULL), 0);
        return (size_t)strtoul(strstr(text, "VmHWM:") + 6, NULL, 10) * 1024;
}

static void a_task_that_prints_200_mb_neither_stalls_nor_grows_the_runner(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("s", "head -c 100000000 /dev/zero | tr \"\\000\" x; yes ab | head -c "
                                                             "100000000; echo; echo \"::{\\\"outputs\\\":{\\\"a\\\":1}}::\"")),
                         RUN_SUCCESS);
        assert_true(d->log_bytes <= 1100 * 1024);
        assert_true(driver_logged(d, "the rest is dropped"));
        assert_string_equal(d->runs[0].outputs, "{\"vars\":{\"a\":1},\"exitCode\":0}"); /* outputs are not dropped */
#ifndef __SANITIZE_ADDRESS__
        assert_true(peak_bytes(runner_link_pid(d->link)) < 64 * 1024 * 1024);
#else
        (void)peak_bytes;
#endif
}

static void a_cancel_ends_the_execution_as_killed(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *file = text_printf("%s/pid", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", "echo $$ > %s; exec sleep 300")
                                                "finally:\n  - {id: f, type: io.kestra.plugin.core.log.Log, message: x}\n", file);
        pid_t pid;

        driver_start(d, flow, NULL);
        pid = driver_await_pid(d, file);
        assert_int_equal(runner_link_cancel(d->link, d->execution_id + 1), 0); /* of another execution: nothing */
        assert_int_equal(runner_link_cancel(d->link, d->execution_id), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_KILLED);
        assert_int_equal(d->runs[0].state, RUN_KILLED);
        assert_int_equal(d->run_count, 1);
        assert_true(driver_is_gone(pid));
}

static void a_killed_runner_takes_its_task_along(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *file = text_printf("%s/pid", d->folder);
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("s", "echo $$ > %s; exec sleep 300"), file);
        pid_t pid;

        driver_start(d, flow, NULL);
        pid = driver_await_pid(d, file);
        assert_int_equal(kill(runner_link_pid(d->link), SIGKILL), 0);
        driver_wait(d, &d->gone);
        assert_true(WIFSIGNALED(d->status));
        assert_true(driver_gone_within(pid, DRIVER_WAIT_USEC));
}

static void a_hundred_flows_pass_through_a_cache_of_64(void **state) {
        struct driver *d = *state;

        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 100; i++) {
                        _cleanup_free_ char *flow = text_printf("tasks:\n  - {id: a, type: io.kestra.plugin.core.log.Log, "
                                                                "message: flow %d}\n", i);
                        _cleanup_free_ char *line = text_printf("6 flow %d\n", i);

                        assert_int_equal(driver_run(d, flow), RUN_SUCCESS);
                        assert_string_equal(d->log.data, line);
                }
}

static void a_program_that_is_not_there_is_an_error(void **state) {
        static const struct runner_link_handlers handlers = { driver_on_frame, driver_on_gone };
        struct driver *d = *state;
        char *const envp[] = { NULL };
        struct runner_link *link = NULL;

        assert_int_equal(runner_link_new(d->event, "/no/such/program", envp, NULL, &handlers, d, &link), -ENOENT);
        assert_null(link);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(the_runner_says_that_it_is_ready),
                PROMISE(a_process_sees_the_message_and_no_credentials),
                PROMISE(a_folder_that_is_used_again_is_as_new),
                PROMISE(a_message_file_that_a_task_has_linked_is_left_alone),
                PROMISE(a_message_reaches_the_task_byte_for_byte),
                PROMISE(exit_codes_signals_and_missing_programs_are_told),
                PROMISE(a_run_that_was_told_ends_after_its_lines),
                PROMISE(commands_stop_at_the_first_failure_unless_told_otherwise),
                PROMISE(scripts_run_as_files_of_their_interpreter),
                PROMISE(a_command_longer_than_an_argument_is_run),
                PROMISE(a_timeout_kills_the_whole_tree),
                PROMISE(an_execution_leaves_no_daemon_behind),
                PROMISE(a_grandchild_that_holds_the_pipe_does_not_hang_the_execution),
                PROMISE(a_task_that_prints_200_mb_neither_stalls_nor_grows_the_runner),
                PROMISE(a_cancel_ends_the_execution_as_killed),
                PROMISE(a_killed_runner_takes_its_task_along),
                PROMISE(a_hundred_flows_pass_through_a_cache_of_64),
                PROMISE(a_program_that_is_not_there_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
