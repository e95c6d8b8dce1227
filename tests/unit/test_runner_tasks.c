/* SPDX-License-Identifier: Apache-2.0 */
/* What flows do, executed by the real runner. */
#include "tests/unit/runner_execute.h"

#define LOG(id, message) "  - {id: " id ", type: io.kestra.plugin.core.log.Log, message: \"" message "\"}\n"
#define RETURN(id, format) "  - {id: " id ", type: io.kestra.plugin.core.debug.Return, format: \"" format "\"}\n"
#define FAIL(id, message) "  - {id: " id ", type: io.kestra.plugin.core.execution.Fail, errorMessage: \"" message "\"}\n"
#define SHELL(id, command) \
        "  - id: " id "\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands:\n      - '" command "'\n"
#define B(text) { text, sizeof(text) - 1 }
#define MORE(property) "    " property "\n"

static void a_log_task_logs_its_message_and_succeeds(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run_message(d, "tasks:\n" LOG("hello", "got {{ trigger.data | upper }}"), "abc", 3),
                         RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 got ABC\n");
        assert_int_equal(d->run_count, 1);
        assert_string_equal(d->runs[0].id, "hello");
        assert_int_equal(d->runs[0].state, RUN_SUCCESS);
        assert_int_equal(d->runs[0].frames, 1); /* started and ended in one turn */
        assert_int_equal(d->runs[0].parent, FRAME_NO_PARENT);
}

static void a_flow_without_processes_makes_no_folder(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" LOG("a", "x")), RUN_SUCCESS);
        assert_int_equal(rmdir(d->folder), 0); /* it is empty */
}

static void outputs_are_seen_by_later_tasks_and_by_the_flow(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" RETURN("one", "x1") SHELL("two", "echo \"::{\\\"outputs\\\":{\\\"n\\\":42}}::\"")
                                       RETURN("three", "{{ outputs.one.value }}-{{ outputs.two.vars.n }}")
                                       "outputs:\n  - {id: all, type: STRING, value: \"{{ outputs.three.value }}\"}\n"),
                         RUN_SUCCESS);
        assert_string_equal(d->runs[1].outputs, "{\"vars\":{\"n\":42},\"exitCode\":0}");
        assert_string_equal(d->outputs, "{\"all\":\"x1-42\"}");
        assert_null(d->log.data); /* an output line is not logged */
}

static void a_failing_task_ends_the_flow_after_errors_and_finally(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" FAIL("bad", "no stock") LOG("never", "never")
                                       "errors:\n" LOG("onerror", "errors ran") "finally:\n" LOG("last", "finally ran")),
                         RUN_FAILED);
        assert_string_equal(d->error, "task 'bad' failed: no stock");
        assert_string_equal(d->log.data, "6 errors ran\n6 finally ran\n");
        assert_int_equal(d->run_count, 3);
}

static void finally_runs_after_success_and_after_execution_last(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" LOG("a", "one") "errors:\n" LOG("b", "never") "finally:\n"
                                       LOG("c", "two {{ execution.state }}") "afterExecution:\n"
                                       LOG("e", "three {{ execution.state }}")), RUN_SUCCESS);
        driver_wait(d, &d->done);
        assert_string_equal(d->log.data, "6 one\n6 two RUNNING\n6 three SUCCESS\n");
}

static void a_sequential_nests_with_its_own_errors(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d,
                                    "tasks:\n"
                                    "  - id: outer\n"
                                    "    type: io.kestra.plugin.core.flow.Sequential\n"
                                    "    allowFailure: true\n"
                                    "    tasks:\n"
                                    "      - {id: in1, type: io.kestra.plugin.core.log.Log, message: one}\n"
                                    "      - {id: in2, type: io.kestra.plugin.core.execution.Fail}\n"
                                    "    errors:\n"
                                    "      - {id: in3, type: io.kestra.plugin.core.log.Log, message: caught}\n"
                                    LOG("after", "goes on")),
                         RUN_WARNING);
        assert_string_equal(d->log.data, "6 one\n6 caught\n6 goes on\n");
        assert_int_equal(d->runs[0].state, RUN_WARNING);
        assert_int_equal(d->runs[1].parent, 0);
        assert_int_equal(d->runs[2].state, RUN_FAILED);
}

static void a_task_whose_run_if_is_false_is_skipped(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "variables: {go: '0'}\ntasks:\n"
                                       "  - {id: a, type: io.kestra.plugin.core.log.Log, message: x, runIf: \"{{ vars.go }}\"}\n"
                                       LOG("b", "y")), RUN_SUCCESS);
        assert_int_equal(d->runs[0].state, RUN_SKIPPED);
        assert_string_equal(d->log.data, "6 y\n");
}

static void an_undefined_variable_fails_the_task_and_is_named(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" LOG("a", "{{ vars.nothing }}")), RUN_FAILED);
        assert_non_null(strstr(d->error, "nothing"));
        assert_true(driver_logged(d, "^"));
}

static void a_failed_task_is_tried_again(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("flaky", "test \"$SQSFLOW_ATTEMPT\" = 3")
                                       MORE("retry: {type: constant, interval: PT0.01S, maxAttempts: 5}")), RUN_SUCCESS);
        assert_int_equal(d->runs[0].attempts, 3);
        assert_int_equal(driver_run(d, "tasks:\n" SHELL("bad", "exit 7")
                                       MORE("retry: {type: constant, interval: PT0.01S, maxAttempts: 2}")), RUN_FAILED);
        assert_int_equal(d->runs[0].attempts, 2);
        assert_string_equal(d->error, "task 'bad' failed: exited with code 7");
}

static void a_retry_is_seen_as_one_run_that_is_retrying(void **state) {
        struct driver *d = *state;

        driver_start(d, "tasks:\n  - id: bad\n    type: io.kestra.plugin.core.execution.Fail\n"
                        "    retry: {type: constant, interval: PT1H, maxAttempts: 2}\n", NULL);
        driver_await_run(d);
        assert_int_equal(d->runs[0].state, RUN_RETRYING);
        assert_int_equal(runner_link_cancel(d->link, d->execution_id), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_KILLED);
        assert_int_equal(d->runs[0].state, RUN_KILLED);
}

static void allow_failure_makes_a_warning_and_keeps_outputs(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" SHELL("bad", "exit 3") MORE("allowFailure: true")
                                       LOG("b", "code {{ outputs.bad.exitCode }}")), RUN_WARNING);
        assert_string_equal(d->log.data, "6 code 3\n");
        assert_string_equal(d->runs[0].error, "exited with code 3");
}

static void a_secret_is_masked_wherever_it_comes_out(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" LOG("a", "the {{ secret('TOKEN') }} is") SHELL("b", "echo \"<$T>\"")
                                       MORE("env: {T: \"{{ secret('TOKEN') }}\"}") RETURN("c", "{{ secret('TOKEN') }}")),
                         RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 the ****** is\n6 <******>\n");
        assert_string_equal(d->runs[2].outputs, "{\"value\":\"******\"}");
        assert_int_equal(driver_run(d, "tasks:\n" LOG("a", "{{ secret('ABSENT') }}")), RUN_FAILED);
        assert_non_null(strstr(d->error, "there is no secret 'ABSENT'"));
}

static void labels_inputs_and_environment_are_variables(void **state) {
        struct driver *d = *state;
        const struct frame_execute f = { .inputs = { "{\"n\":12345678901234567890}", 26 },
                                         .labels = { "{\"team\":\"x\"}", 12 } };
        const char *flow = "inputs:\n  - {id: n, type: INT}\n  - {id: size, type: STRING, defaults: big}\n"
                           "labels: {stage: prod}\n"
                           "tasks:\n" LOG("a", "{{ inputs.n }} {{ inputs.size }} {{ labels.team }} {{ labels.stage }} "
                                               "{{ envs.shop_region }} {{ flow.namespace }} {{ task.id }}");

        driver_start(d, flow, &f);
        driver_wait(d, &d->ended);
        assert_string_equal(d->log.data, "6 12345678901234567890 big x prod north shop a\n");
        assert_int_equal(driver_run(d, flow), RUN_FAILED);
        assert_string_equal(d->error, "the input 'n' is required and was not given");
}

static void a_message_that_is_not_json_fails_an_execution_that_wants_json(void **state) {
        struct driver *d = *state;
        struct frame_message m = { .body = { "{\"a\": [1, 2]}", 13 } };
        const struct frame_execute f = { .trigger_kind = TRIGGER_MESSAGE, .json_data = 1, .messages = &m,
                                         .message_count = 1 };

        driver_start(d, "tasks:\n" LOG("a", "{{ trigger.data.a[1] }}"), &f);
        driver_wait(d, &d->ended);
        assert_string_equal(d->log.data, "6 2\n");
        m.body = (struct bytes){ "{oops", 5 };
        driver_start(d, "tasks:\n" LOG("a", "constant"), &f);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_FAILED);
        assert_non_null(strstr(d->error, "the message's body is not JSON"));
}

static void a_message_that_no_expression_can_carry_says_so(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run_message(d, "tasks:\n" LOG("a", "{{ trigger.data }}"), "a\0b", 3), RUN_FAILED);
        assert_true(driver_logged(d, "3 the message holds a NUL byte"));
}

/* A member that is read alone is made alone (variables.c); read through the whole, it must be the same. */
static void a_member_read_alone_is_what_the_whole_holds(void **state) {
        static const char *const members[] = { "trigger.data", "trigger.messageId", "trigger.receiveCount", "trigger.queueUrl",
                                               "trigger.groupId", "trigger.sentAt", "trigger.attributes",
                                               "trigger.messageAttributes", "flow.id", "flow.namespace", "flow.revision",
                                               "execution.id", "execution.startDate", "execution.state", "task.id",
                                               "task.type", "taskrun.id", "taskrun.startDate", "taskrun.attemptsCount" };
        const struct frame_message m = { .body = B("{\"a\": 1.50}"), .message_id = B("m-1"), .receive_count = 3,
                                         .queue_url = B("http://q"), .sent_usec = 1700000000123456,
                                         .attributes = B("{\"SenderId\":\"X\"}"),
                                         .message_attributes = B("{\"k\":{\"type\":\"String\",\"value\":\"v\"}}") };
        const struct frame_execute f = { .trigger_kind = TRIGGER_MESSAGE, .json_data = 1, .messages = &m,
                                         .message_count = 1 };
        struct driver *d = *state;

        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
                int root = (int)strcspn(members[i], ".");
                _cleanup_free_ char *flow = text_printf("tasks:\n" RETURN("alone", "{{ %s | toJson }}")
                                                        RETURN("through", "{%% set whole = %.*s %%}{{ whole%s | toJson }}"),
                                                        members[i], root, members[i], members[i] + root);
                /* what differs from task to task is compared within one */
                _cleanup_free_ char *same = text_printf("tasks:\n" LOG("l", "{%% set whole = %.*s %%}{{ (whole%s | toJson) == "
                                                        "(%s | toJson) }}"), root, members[i], members[i] + root, members[i]);

                driver_start(d, same, &f);
                driver_wait(d, &d->ended);
                assert_string_equal(d->log.data, "6 true\n");
                driver_start(d, flow, &f);
                driver_wait(d, &d->ended);
                assert_int_equal(d->state, RUN_SUCCESS);
                if (strncmp(members[i], "task", 4) != 0)
                        assert_string_equal(d->runs[0].outputs, d->runs[1].outputs);
        }
        driver_start(d, "tasks:\n" LOG("l", "{{ trigger | toJson }}") LOG("m", "{{ trigger.mesageId }}"), &f);
        driver_wait(d, &d->ended);
        assert_true(driver_logged(d, "6 {\"data\":{\"a\":1.50},\"messageId\":\"m-1\",\"receiveCount\":3,\"queueUrl\":\"http://q\","
                                     "\"groupId\":null,\"sentAt\":\"2023-11-14T22:13:20.123Z\",\"attributes\":{\"SenderId\":\"X\"},"
                                     "\"messageAttributes\":{\"k\":{\"type\":\"String\",\"value\":\"v\"}}}\n"));
        assert_non_null(strstr(d->error, "did you mean 'messageId'"));
}

static void a_batch_names_the_messages_that_stay(void **state) {
        struct driver *d = *state;
        const struct frame_message m[] = { { .body = { "a", 1 }, .message_id = { "id-a", 4 } },
                                           { .body = { "b", 1 }, .message_id = { "id-b", 4 } } };
        const struct frame_execute f = { .trigger_kind = TRIGGER_BATCH, .messages = m, .message_count = 2 };

        driver_start(d, "tasks:\n" LOG("l", "{{ trigger.count }} {{ trigger.messages[1].data }}")
                        SHELL("s", "wc -l < \"$SQSFLOW_MESSAGES_FILE\"; "
                                   "echo \"::{\\\"outputs\\\":{\\\"batchItemFailures\\\":[{\\\"itemIdentifier\\\":\\\"id-b\\\"}]}}::\""), &f);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 2 b\n6 2\n");
        assert_string_equal(d->batch_failures, "[\"id-b\"]");

        driver_start(d, "tasks:\n" SHELL("s", "echo \"::{\\\"outputs\\\":{\\\"batchItemFailures\\\":[\\\"id-b\\\"]}}::\""), &f);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_FAILED); /* the wrong shape must not delete what was meant to stay */
}

static void ten_thousand_tasks_do_not_nest(void **state) {
        struct driver *d = *state;
        _cleanup_(buf_done) struct buf flow = BUF_INIT(0);

        buf_append_str(&flow, "tasks:\n");
        for (int i = 0; i < 10000; i++)
                buf_appendf(&flow, "  - {id: t%d, type: io.kestra.plugin.core.log.Log, message: x, disabled: %s}\n", i,
                            i < 20 ? "false" : "true");
        assert_int_equal(driver_run(d, flow.data), RUN_SUCCESS);
        assert_int_equal(d->run_count, 20);
}

static void what_is_logged_beyond_the_limit_is_dropped_with_a_note_that_names_it(void **state) {
        const struct frame_execute f = { .log_bytes = 25 + 2 * FRAME_LOG_LINE_COST };
        struct driver *d = *state;

        driver_start(d, "tasks:\n" LOG("a", "ten bytes.") LOG("b", "ten bytes.") LOG("c", "ten bytes.") LOG("e", "x"), &f);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 ten bytes.\n6 ten bytes.\n4 this execution has logged 89 bytes, which is the "
                                         "limit (limits.logBytes): the rest is dropped\n");
}

static void lines_without_a_text_are_limited_too(void **state) {
        const struct frame_execute f = { .log_bytes = 10 * FRAME_LOG_LINE_COST };
        struct driver *d = *state;

        driver_start(d, "tasks:\n  - {id: a, type: io.kestra.plugin.scripts.shell.Commands, commands: [\"yes '' | head -n 100\"]}\n",
                     &f);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_SUCCESS);
        assert_string_equal(d->log.data, "6 \n6 \n6 \n6 \n6 \n6 \n6 \n6 \n6 \n6 \n4 this execution has logged 320 bytes, which is "
                                         "the limit (limits.logBytes): the rest is dropped\n");
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(a_log_task_logs_its_message_and_succeeds),
                PROMISE(a_flow_without_processes_makes_no_folder),
                PROMISE(outputs_are_seen_by_later_tasks_and_by_the_flow),
                PROMISE(a_failing_task_ends_the_flow_after_errors_and_finally),
                PROMISE(finally_runs_after_success_and_after_execution_last),
                PROMISE(a_sequential_nests_with_its_own_errors),
                PROMISE(a_task_whose_run_if_is_false_is_skipped),
                PROMISE(an_undefined_variable_fails_the_task_and_is_named),
                PROMISE(a_failed_task_is_tried_again),
                PROMISE(a_retry_is_seen_as_one_run_that_is_retrying),
                PROMISE(allow_failure_makes_a_warning_and_keeps_outputs),
                PROMISE(a_secret_is_masked_wherever_it_comes_out),
                PROMISE(labels_inputs_and_environment_are_variables),
                PROMISE(a_message_that_is_not_json_fails_an_execution_that_wants_json),
                PROMISE(a_message_that_no_expression_can_carry_says_so),
                PROMISE(a_member_read_alone_is_what_the_whole_holds),
                PROMISE(a_batch_names_the_messages_that_stay),
                PROMISE(what_is_logged_beyond_the_limit_is_dropped_with_a_note_that_names_it),
                PROMISE(lines_without_a_text_are_limited_too),
                PROMISE(ten_thousand_tasks_do_not_nest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
