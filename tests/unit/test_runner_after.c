/* SPDX-License-Identifier: Apache-2.0 */
/* afterExecution: behind END, before the next execution. */
#include "tests/unit/runner_processes.h"

#define LOG(id, message) "  - {id: " id ", type: io.kestra.plugin.core.log.Log, message: \"" message "\"}\n"
#define SHELL(id, command) \
        "  - id: " id "\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands:\n      - '" command "'\n"
/* Says that it has begun, and waits for the file `go`. */
#define WAITING(id) SHELL(id, "echo $$ > %s/pid; while ! test -e %s/go; do sleep 0.01; done; echo {{ execution.state }}")

static void let_go(const struct driver *d) {
        _cleanup_free_ char *path = path_join(d->folder, "go");

        assert_int_equal(file_write_at(AT_FDCWD, path, "", 0, 0600), 0);
}

static void the_end_does_not_wait_for_after_execution(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *pid_file = path_join(d->folder, "pid");
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("a", "echo kept > file") "afterExecution:\n" WAITING("w")
                                                SHELL("b", "cat file; exit 3") LOG("never", "never"), d->folder, d->folder);

        assert_int_equal(driver_run(d, flow), RUN_SUCCESS);
        assert_true(d->goes_on);
        assert_int_equal(d->run_count_at_end, 1);
        (void)driver_await_pid(d, pid_file);
        assert_false(d->done);
        let_go(d);
        driver_wait(d, &d->done);
        assert_string_equal(d->log.data, "6 SUCCESS\n6 kept\n"); /* the folder was still there */
        assert_int_equal(d->run_count, 3);
        assert_int_equal(d->runs[2].state, RUN_FAILED);
        assert_int_equal(d->state, RUN_SUCCESS);
}

static void after_execution_runs_after_a_failure_too(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("a", "exit 1") "afterExecution:\n"
                                       LOG("b", "{{ execution.state }}")), RUN_FAILED);
        driver_wait(d, &d->done);
        assert_string_equal(d->log.data, "6 FAILED\n");
}

static void no_process_is_left_at_the_end_nor_when_it_is_done(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *first = path_join(d->folder, "first"), *second = path_join(d->folder, "second");
        _cleanup_free_ char *flow = text_printf("tasks:\n" SHELL("a", "(setsid sh -c \"echo \\$\\$ > %s; exec sleep 300\" > "
                                                "/dev/null 2>&1 &); while ! test -s %s; do sleep 0.01; done")
                                                "afterExecution:\n" SHELL("b", "(setsid sh -c \"echo \\$\\$ > %s; exec sleep "
                                                "300\" > /dev/null 2>&1 &); while ! test -s %s; do sleep 0.01; done"),
                                                first, first, second, second);

        assert_int_equal(driver_run(d, flow), RUN_SUCCESS);
        assert_true(driver_is_gone(driver_await_pid(d, first)));
        driver_wait(d, &d->done);
        assert_true(driver_is_gone(driver_await_pid(d, second)));
}

static void the_next_execution_begins_when_it_is_done(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *flow = text_printf("tasks:\n" LOG("a", "one") "afterExecution:\n" WAITING("w"), d->folder,
                                                d->folder);
        _cleanup_free_ char *pid_file = path_join(d->folder, "pid");
        _cleanup_(flow_unrefp) struct flow *next = driver_load(d, "tasks:\n" LOG("a", "two"));
        struct frame_execute execute = { .execution_id = ident_new(), .revision = next->revision, .log_bytes = 1000,
                                         .folder = { d->folder, strlen(d->folder) } };

        assert_int_equal(driver_run(d, flow), RUN_SUCCESS);
        (void)driver_await_pid(d, pid_file);
        assert_int_equal(runner_link_execute(d->link, next, &d->options, &execute), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        d->next_execution_id = execute.execution_id;
        let_go(d);
        driver_wait(d, &d->done);
        driver_wait(d, &d->ended);
        assert_string_equal(d->log.data, "6 one\n6 SUCCESS\n6 two\n");
        assert_false(d->goes_on);
}

static void a_cancel_ends_after_execution_and_not_the_outcome(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *flow = text_printf("tasks:\n" LOG("a", "one") "afterExecution:\n" WAITING("w"), d->folder,
                                                d->folder);
        _cleanup_free_ char *pid_file = path_join(d->folder, "pid");
        pid_t pid;

        assert_int_equal(driver_run(d, flow), RUN_SUCCESS);
        pid = driver_await_pid(d, pid_file);
        assert_int_equal(runner_link_cancel(d->link, d->execution_id), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        driver_wait(d, &d->done);
        assert_true(driver_is_gone(pid));
        assert_int_equal(d->runs[1].state, RUN_KILLED);
        assert_int_equal(d->state, RUN_SUCCESS);
}

static void a_cancelled_execution_has_no_after_execution(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *flow = text_printf("tasks:\n" WAITING("w") "afterExecution:\n" LOG("a", "never"), d->folder,
                                                d->folder);
        _cleanup_free_ char *pid_file = path_join(d->folder, "pid");

        driver_start(d, flow, NULL);
        (void)driver_await_pid(d, pid_file);
        assert_int_equal(runner_link_cancel(d->link, d->execution_id), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_KILLED);
        assert_false(d->goes_on);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(the_end_does_not_wait_for_after_execution),
                PROMISE(after_execution_runs_after_a_failure_too),
                PROMISE(no_process_is_left_at_the_end_nor_when_it_is_done),
                PROMISE(the_next_execution_begins_when_it_is_done),
                PROMISE(a_cancel_ends_after_execution_and_not_the_outcome),
                PROMISE(a_cancelled_execution_has_no_after_execution),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
