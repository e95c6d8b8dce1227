/* SPDX-License-Identifier: Apache-2.0 */
/* What a cancel does to tasks inside tasks, executed by the real runner. (tests/flows shows the rest.) */
#include "tests/unit/runner_processes.h"

#define SLEEPER(id, indent) \
        indent "- id: " id "\n" indent "  type: io.kestra.plugin.scripts.shell.Commands\n" \
        indent "  commands: ['echo $$ > pid-" id "', 'sleep 60']\n"

static void cancel(struct driver *d) {
        assert_int_equal(runner_link_cancel(d->link, d->execution_id), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        driver_wait(d, &d->ended);
}

static struct driver_run_state {
        enum run_state state;
        size_t count;
} state_of(const struct driver *d, const char *id) {
        struct driver_run_state s = { 0 };

        for (size_t i = 0; i < d->run_count; i++)
                if (strcmp(d->runs[i].id, id) == 0) {
                        s.state = d->runs[i].state;
                        s.count++;
                }
        return s;
}

static void a_cancel_reaches_every_descendant_and_nothing_follows(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *work = text_printf("%s/runner-%d/work", d->folder, (int)runner_link_pid(d->link));
        _cleanup_free_ char *a = text_printf("%s/pid-a", work), *b = text_printf("%s/pid-b", work);
        pid_t pid_a, pid_b;

        driver_start(d,
                     "tasks:\n"
                     "  - id: outer\n    type: io.kestra.plugin.core.flow.Parallel\n    tasks:\n"
                     SLEEPER("a", "      ")
                     "      - id: each\n        type: io.kestra.plugin.core.flow.ForEach\n        values: [1]\n        tasks:\n"
                     SLEEPER("b", "          ")
                     "          - {id: next, type: io.kestra.plugin.core.log.Log, message: never}\n"
                     "        finally: [{id: f1, type: io.kestra.plugin.core.log.Log, message: never}]\n"
                     "    errors: [{id: e1, type: io.kestra.plugin.core.log.Log, message: never}]\n"
                     "errors: [{id: e2, type: io.kestra.plugin.core.log.Log, message: never}]\n"
                     "finally: [{id: f2, type: io.kestra.plugin.core.log.Log, message: never}]\n", NULL);
        pid_a = driver_await_pid(d, a);
        pid_b = driver_await_pid(d, b);
        cancel(d);
        assert_int_equal(d->state, RUN_KILLED);
        assert_int_equal(d->run_count, 4);
        for (size_t i = 0; i < d->run_count; i++)
                assert_int_equal(d->runs[i].state, RUN_KILLED);
        assert_true(driver_gone_within(pid_a, 0));
        assert_true(driver_gone_within(pid_b, 0));
        assert_null(d->log.data);
}

static void a_cancel_ends_the_pause_between_two_attempts_of_a_flow(void **state) {
        struct driver *d = *state;

        driver_start(d, "retry: {type: constant, interval: PT1H, behavior: CREATE_NEW_EXECUTION}\n"
                        "tasks: [{id: bad, type: io.kestra.plugin.core.execution.Fail}]\n"
                        "afterExecution: [{id: after, type: io.kestra.plugin.core.log.Log, message: never}]\n", NULL);
        while (!d->log.data)
                assert_true(sd_event_run(d->event, USEC_PER_SEC) >= 0);
        cancel(d);
        assert_int_equal(d->state, RUN_KILLED);
        assert_int_equal(d->run_count, 1);
        assert_int_equal(state_of(d, "bad").state, RUN_FAILED);
}

static void a_cancel_ends_a_task_that_waits_for_its_flow(void **state) {
        struct driver *d = *state;

        /* this driver answers no question */
        driver_start(d, "tasks: [{id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: a, flowId: b}]\n", NULL);
        driver_await_run(d);
        cancel(d);
        assert_int_equal(d->state, RUN_KILLED);
        assert_int_equal(state_of(d, "call").state, RUN_KILLED);
        assert_int_equal(driver_run(d, "tasks: [{id: next, type: io.kestra.plugin.core.log.Log, message: x}]\n"), RUN_SUCCESS);
}

#define AWAIT(file) "until test -e " file "; do sleep 0.01; done"
#define SHELL(id, more, commands) \
        "- {id: " id ", type: io.kestra.plugin.scripts.shell.Commands, " more "commands: [" commands "]}\n"

/* The stray is there before the other task begins, and is asked for a sign after that has ended. */
static void a_stray_of_one_task_outlives_the_end_of_another(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d,
                                    "tasks:\n"
                                    "  - id: both\n    type: io.kestra.plugin.core.flow.Parallel\n    tasks:\n      "
                                    SHELL("keeps", "timeout: PT90S, ", "'(setsid sh -c \"touch up; " AWAIT("asked") "; touch survived\" &)', '"
                                                   AWAIT("survived") "'")
                                    "      - id: other\n        type: io.kestra.plugin.core.flow.Sequential\n        tasks:\n          "
                                    SHELL("wait", "", "'" AWAIT("up") "'") "          "
                                    SHELL("late", "timeout: PT0.2S, allowFailure: true, ", "sleep 60") "          "
                                    SHELL("ask", "", "touch asked")),
                         RUN_WARNING);
        assert_int_equal(state_of(d, "keeps").state, RUN_SUCCESS);
        assert_int_equal(state_of(d, "late").state, RUN_WARNING);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(a_cancel_reaches_every_descendant_and_nothing_follows),
                PROMISE(a_cancel_ends_the_pause_between_two_attempts_of_a_flow),
                PROMISE(a_cancel_ends_a_task_that_waits_for_its_flow),
                PROMISE(a_stray_of_one_task_outlives_the_end_of_another),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
