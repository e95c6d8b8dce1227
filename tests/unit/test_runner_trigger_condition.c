/* SPDX-License-Identifier: Apache-2.0 */
/* An execution whose trigger's `when` or `conditions` do not hold ends CANCELLED, and nothing of its flow has run. */
#include "tests/unit/runner_execute.h"

#define LOG_TASK(id) "{id: " id ", type: io.kestra.plugin.core.log.Log, message: " id "}"
#define REST                                                                                                           \
        "tasks: [" LOG_TASK("ran") "]\n"                                                                               \
        "errors: [" LOG_TASK("error") "]\n"                                                                            \
        "finally: [" LOG_TASK("final") "]\n"                                                                           \
        "afterExecution: [" LOG_TASK("after") "]\n"
#define TRIGGER(id) "  - id: " id "\n    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n    queueUrl: q\n"
#define CORE "io.kestra.plugin.core.condition."
#define EXPRESSION(text) "{type: " CORE "Expression, expression: \"" text "\"}"
#define NOT(list) "{type: " CORE "Not, conditions: [" list "]}"
#define OR(list) "{type: " CORE "Or, conditions: [" list "]}"
#define YES EXPRESSION("{{ trigger.data == 'x' }}")
#define NO EXPRESSION("{{ trigger.data != 'x' }}")
#define NEVER "{type: " CORE "DateTimeBetween, before: 1999-12-31T00:00:00Z}"
#define SINCE "{type: " CORE "DateTimeBetween, after: 1999-12-31T00:00:00Z}"
#define WEEKDAY_OF(date) "{type: " CORE "DayWeek, dayOfWeek: FRIDAY, date: \"" date "\"}"

/* `demands` are lines of the second trigger. */
static void run_as(struct driver *d, const char *demands, const char *trigger_id) {
        _cleanup_free_ char *flow = text_printf("variables: {wanted: x}\ninputs: [{id: n, type: INT, defaults: 7}]\n"
                                                "labels: {team: blue}\n" REST "triggers:\n" TRIGGER("one")
                                                TRIGGER("two") "%s", demands);
        const struct frame_message m = { .body = { "x", 1 }, .receive_count = 2 };
        const struct frame_execute f = { .trigger_kind = TRIGGER_MESSAGE, .messages = &m, .message_count = 1,
                                         .trigger_id = { trigger_id, strlen(trigger_id) } };

        driver_start(d, flow, &f);
        driver_wait(d, &d->ended);
        if (d->goes_on)
                driver_wait(d, &d->done);
}

static void run(struct driver *d, const char *demands) {
        run_as(d, demands, "shop.test.two");
}

static void an_execution_runs_when_all_holds(void **state) {
        static const char *const cases[] = {
                "",
                "    when: \"{{ trigger.data == vars.wanted }}\"\n",
                "    when: \"{{ trigger.receiveCount == 2 and flow.id == 'test' and inputs.n == 7 and labels.team == 'blue' }}\"\n",
                "    when: \"{{ now() | date('EEEE') == 'Monday' or true }}\"\n",
                "    when: \"{{ [] }}\"\n",
                "    when: 'true'\n",
                "    conditions: [" YES ", " YES "]\n",
                "    conditions: [" NOT(NO ", " NO) "]\n",
                "    conditions: [" OR(NO ", " YES) "]\n",
                "    conditions: [" NOT(OR(NO ", " NOT(YES))) "]\n",
                "    when: \"{{ true }}\"\n    conditions: [" YES "]\n",
                /* dates, beside what reads the message */
                "    conditions: [" OR(NO ", " SINCE) ", " NOT(NO ", " NEVER) "]\n",
                "    conditions: [" NOT(NO ", " WEEKDAY_OF("{{ trigger.date | dateAdd(1, 'DAYS') | date('yyyy') }}-01-01") ", " NOT(SINCE)) "]\n"
                        "    when: true\n",
                "    conditions: [" WEEKDAY_OF("{{ trigger.data == 'x' ? '1999-12-31' : 'never' }}") "]\n",
                "    when: \"{{ trigger.data == 'x' and trigger.date > '2000' and trigger['date'] > '2000' }}\"\n",
                /* what reads nothing of the execution was asked before the message came */
                "    when: false\n    conditions: [" NEVER ", " EXPRESSION("{{ vars.nothing }}") "]\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct driver *d = *state;

                run(d, cases[i]);
                if (d->state != RUN_SUCCESS)
                        print_error("%s", cases[i]);
                assert_int_equal(d->state, RUN_SUCCESS);
                assert_true(driver_logged(d, "6 ran\n"));
        }
}

static void an_execution_ends_cancelled_without_a_task_when_something_does_not_hold(void **state) {
#define WHEN_FAILS "the trigger's 'when' does not hold"
        static const struct {
                const char *demands, *error;
        } cases[] = {
                { "    when: \"{{ trigger.data == 'y' }}\"\n", WHEN_FAILS },
                { "    when: \"{{ trigger.data == 'x' ? null : 1 }}\"\n", WHEN_FAILS },
                { "    when: \" {{ trigger.data == 'x' ? 0 : 1 }} \"\n", WHEN_FAILS },
                { "    when: \"{{ trigger.data == 'y' }}\"\n    conditions: [" YES "]\n", WHEN_FAILS },
                { "    when: true\n    conditions: [" NO "]\n", "the trigger's condition 1 (Expression) does not hold" },
                { "    conditions: [" YES ", " NO "]\n", "the trigger's condition 2 (Expression) does not hold" },
                { "    conditions: [" NOT(NO ", " YES) "]\n", "the trigger's condition 1 (Not) does not hold" },
                { "    conditions: [" OR(NO ", " NO) "]\n", "the trigger's condition 1 (Or) does not hold" },
                { "    conditions: [" NEVER ", " OR(NO ", " NEVER) "]\n", "the trigger's condition 2 (Or) does not hold" },
                { "    conditions: [" WEEKDAY_OF("{{ trigger.data == 'x' ? '1999-12-30' : 'never' }}") "]\n",
                  "the trigger's condition 1 (DayWeek) does not hold" },
                { "    conditions: [" NOT(OR(NO ", " YES)) "]\n", "the trigger's condition 1 (Not) does not hold" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct driver *d = *state;

                run(d, cases[i].demands);
                if (d->state != RUN_CANCELLED)
                        print_error("%s", cases[i].demands);
                assert_int_equal(d->state, RUN_CANCELLED);
                assert_string_equal(d->error, cases[i].error);
                assert_int_equal(d->run_count, 0);
                assert_false(d->goes_on);
        }
}

static void what_cannot_be_rendered_fails_the_execution(void **state) {
        struct driver *d = *state;

        run(d, "    when: \"{{ trigger.dat == 'x' }}\"\n");
        assert_int_equal(d->state, RUN_FAILED);
        assert_string_equal(d->error, "the trigger's 'when': 'trigger' has no 'dat'; did you mean 'data'?");
        assert_int_equal(d->run_count, 0);
        run(d, "    conditions: [" YES ", " NOT(NO ", " EXPRESSION("{{ vars.nothing }}")) "]\n");
        assert_int_equal(d->state, RUN_FAILED);
        assert_string_equal(d->error, "the trigger's condition 2 (Not): 'vars' has no 'nothing'");
        assert_int_equal(d->run_count, 0);
        run(d, "    conditions: [" WEEKDAY_OF("{{ trigger.data }}") "]\n");
        assert_int_equal(d->state, RUN_FAILED);
        assert_string_equal(d->error, "the trigger's condition 1 (DayWeek): 'date' does not come to a date such as 2026-12-31, or a "
                                      "date and time with its offset");
}

/* An agent.yaml's, a person's, one of another flow. */
static void nothing_is_demanded_of_an_execution_that_another_trigger_started(void **state) {
        static const char *const others[] = { "", "by-hand", "two", "shop.test.one", "shop.test.tw", "shop.test.twoo",
                                              "shop.text.two", "shoe.test.two", "shop.test.", "shop.test" };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                struct driver *d = *state;

                run_as(d, "    when: \"{{ trigger.data != 'x' }}\"\n", others[i]);
                assert_int_equal(d->state, RUN_SUCCESS);
        }
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(an_execution_runs_when_all_holds),
                PROMISE(an_execution_ends_cancelled_without_a_task_when_something_does_not_hold),
                PROMISE(what_cannot_be_rendered_fails_the_execution),
                PROMISE(nothing_is_demanded_of_an_execution_that_another_trigger_started),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
