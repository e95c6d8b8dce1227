/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger demands before it polls, asked at times of the test's choice: what of the outcome is news. */
#include "tests/unit/flow_text.h"

#include "agent/demand.h"
#include "common/base/clock.h"

#define TASKS "id: f\nnamespace: n\ntasks: [{id: a, type: " LOG ", message: x}]\n"
#define TRIGGER                                                                                                        \
        TASKS "triggers:\n"                                                                                            \
              "  - id: t\n"                                                                                            \
              "    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n"                                                   \
              "    queueUrl: q\n"
#define BETWEEN "io.kestra.plugin.core.condition.DateTimeBetween"
#define T2000 (UINT64_C(946684800) * USEC_PER_SEC) /* 2000-01-01T00:00:00Z */
#define YEAR (UINT64_C(366) * 86400 * USEC_PER_SEC)

static const struct config config = { .secrets = (char *)"/nonexistent" };
static const struct services services = { .config = &config };

static struct trigger_config config_of(struct flow *flow, const char *id) {
        return (struct trigger_config){ .flow = flow, .id = (char *)(uintptr_t)id };
}

static void assert_answer(struct demand *d, uint64_t now_usec, enum demand_news news, const char *reason, bool is_problem) {
        assert_int_equal(demand_ask(d, &services, now_usec), news);
        assert_int_equal(d->fails, reason != NULL);
        assert_int_equal(d->is_problem, is_problem);
        if (reason)
                assert_string_equal(d->reason, reason);
        else
                assert_null(d->reason);
}

static void a_change_is_news_once(void **state) {
        _cleanup_(flow_unrefp) struct flow *flow =
                load_with(TRIGGER "    conditions: [{type: " BETWEEN ", after: 2001-01-01T00:00:00Z}, {type: " BETWEEN
                                  ", before: 2003-01-01T00:00:00Z}]\n", NULL);
        const struct trigger_config c = config_of(flow, "n.f.t");
        struct demand d;

        demand_init(&d, &c);
        assert_non_null(d.trigger);
        assert_false(d.fails);
        assert_answer(&d, T2000, DEMAND_FAILS, "the trigger's condition 1 (DateTimeBetween) does not hold", false);
        assert_answer(&d, T2000 + 1, DEMAND_NO_NEWS, "the trigger's condition 1 (DateTimeBetween) does not hold", false);
        assert_answer(&d, T2000 + YEAR, DEMAND_HOLDS_AGAIN, NULL, false);
        assert_answer(&d, T2000 + YEAR + 1, DEMAND_NO_NEWS, NULL, false);
        assert_answer(&d, T2000 + 5 * YEAR, DEMAND_FAILS, "the trigger's condition 2 (DateTimeBetween) does not hold", false);
        /* the clock was set back: still closed, for another reason */
        assert_answer(&d, T2000, DEMAND_NO_NEWS, "the trigger's condition 1 (DateTimeBetween) does not hold", false);
        demand_done(&d);
}

static void a_problem_is_news_until_it_is_gone_whatever_time_it_shows(void **state) {
#define WHEN "the trigger's 'when': "
        _cleanup_(flow_unrefp) struct flow *flow =
                load_with(TRIGGER "    when: \"{{ trigger.date < '2001' ? vars.x : trigger.date < '2003' ? (now('yyyy-MM-dd', timeZone='UTC') ~ 'x') | "
                                  "date : trigger.date < '2005' }}\"\n", NULL);
        const struct trigger_config c = config_of(flow, "n.f.t");
        struct demand d;
        char *told;

        demand_init(&d, &c);
        assert_answer(&d, T2000 + YEAR / 2, DEMAND_PROBLEM, WHEN "'vars' has no 'x'", true);
        assert_answer(&d, T2000 + YEAR / 2 + 1, DEMAND_NO_NEWS, WHEN "'vars' has no 'x'", true);
        assert_int_equal(demand_ask(&d, &services, T2000 + YEAR + YEAR / 2), DEMAND_PROBLEM);
        told = text_dup(d.reason);
        assert_int_equal(demand_ask(&d, &services, T2000 + YEAR + YEAR / 3), DEMAND_NO_NEWS);
        assert_string_not_equal(d.reason, told); /* another day is in it */
        free(told);
        assert_answer(&d, T2000 + 4 * YEAR, DEMAND_HOLDS_AGAIN, NULL, false);
        assert_answer(&d, T2000 + YEAR / 2, DEMAND_PROBLEM, WHEN "'vars' has no 'x'", true);
        assert_answer(&d, T2000 + 6 * YEAR, DEMAND_NO_NEWS, "the trigger's 'when' does not hold", false);
        assert_answer(&d, T2000 + YEAR / 2, DEMAND_PROBLEM, WHEN "'vars' has no 'x'", true);
        demand_done(&d);
}

/* Those of agent.yaml, and those that only look at messages. */
static void most_triggers_demand_nothing(void **state) {
        static const struct {
                const char *demands, *id;
        } cases[] = {
                { "", "n.f.t" },
                { "    when: \"{{ trigger.data == 'x' }}\"\n", "n.f.t" },
                { "    when: false\n", "orders" },
                { "    when: false\n", "n.f.other" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = text_printf(TRIGGER "%s", cases[i].demands);
                _cleanup_(flow_unrefp) struct flow *flow = load_with(text, NULL);
                const struct trigger_config c = config_of(flow, cases[i].id);
                struct demand d;

                demand_init(&d, &c);
                assert_null(d.trigger);
                assert_answer(&d, T2000, DEMAND_NO_NEWS, NULL, false);
                demand_done(&d);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_change_is_news_once),
                cmocka_unit_test(a_problem_is_news_until_it_is_gone_whatever_time_it_shows),
                cmocka_unit_test(most_triggers_demand_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
