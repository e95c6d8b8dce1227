/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger demands before it starts an execution: how it is read, and what is said when it is wrong. */
#include "tests/unit/flow_text.h"
#include "tests/unit/wrong_flow.h"

#define TASKS "tasks: [{id: a, type: " LOG ", message: x}]\n"
#define TRIGGER                                                                                                        \
        HEAD TASKS "triggers:\n"                                                                                       \
                   "  - id: t\n"                                                                                       \
                   "    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n"                                              \
                   "    queueUrl: q\n"
#define CORE "io.kestra.plugin.core.condition."
#define OLD "io.kestra.core.models.conditions.types."

static void when_is_kept_as_it_is_written(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load_with(TRIGGER "    when: \"{{ trigger.data == 'x' }}\"\n", NULL);

        assert_string_equal(f->triggers[0].when, "{{ trigger.data == 'x' }}");
        assert_int_equal(f->triggers[0].conditions.count, 0);
        assert_null(value_map_get(f->triggers[0].properties, "when"));
}

static void a_trigger_that_demands_nothing_has_neither(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load_with(TRIGGER "    when:\n    conditions: []\n", NULL);

        assert_null(f->triggers[0].when);
        assert_int_equal(f->triggers[0].conditions.count, 0);
}

static void conditions_are_read_as_they_nest(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load_with(TRIGGER
                "    conditions:\n"
                "      - {type: " CORE "Expression, expression: \"{{ a }}\"}\n"
                "      - type: " CORE "Not\n"
                "        conditions:\n"
                "          - type: " CORE "Or\n"
                "            conditions: [{type: " CORE "Expression, expression: \"{{ b }}\"}, {type: " CORE "Expression, expression: \"{{ c }}\"}]\n",
                NULL);
        const struct flow_conditions *all = &f->triggers[0].conditions;
        const struct flow_condition *or;

        assert_int_equal(all->count, 2);
        assert_int_equal(all->items[0].type, FLOW_CONDITION_EXPRESSION);
        assert_string_equal(all->items[0].texts[CONDITION_EXPRESSION], "{{ a }}");
        assert_int_equal(all->items[1].type, FLOW_CONDITION_NOT);
        assert_int_equal(all->items[1].of.count, 1);
        or = &all->items[1].of.items[0];
        assert_int_equal(or->type, FLOW_CONDITION_OR);
        assert_int_equal(or->of.count, 2);
        assert_string_equal(or->of.items[1].texts[CONDITION_EXPRESSION], "{{ c }}");
}

static void older_names_mean_the_same(void **state) {
        static const struct {
                const char *name;
                enum flow_condition_type type;
                const char *rest;
        } cases[] = {
#define X "expression: \"{{ x }}\""
                { CORE "ExpressionCondition", FLOW_CONDITION_EXPRESSION, X },
                { OLD "ExpressionCondition", FLOW_CONDITION_EXPRESSION, X },
                { OLD "VariableCondition", FLOW_CONDITION_EXPRESSION, X },
                { CORE "NotCondition", FLOW_CONDITION_NOT, "conditions: [{type: " CORE "Expression, " X "}]" },
                { OLD "NotCondition", FLOW_CONDITION_NOT, "conditions: [{type: " CORE "Expression, " X "}]" },
                { CORE "OrCondition", FLOW_CONDITION_OR, "conditions: [{type: " CORE "Expression, " X "}]" },
                { OLD "OrCondition", FLOW_CONDITION_OR, "conditions: [{type: " CORE "Expression, " X "}]" },
                { CORE "DateTimeBetween", FLOW_CONDITION_DATE_TIME_BETWEEN, "after: 2026-01-01T00:00:00Z" },
                { CORE "DateTimeBetweenCondition", FLOW_CONDITION_DATE_TIME_BETWEEN, "before: 2026-01-01T00:00:00+02:00" },
                { OLD "DateTimeBetweenCondition", FLOW_CONDITION_DATE_TIME_BETWEEN, "after: \"{{ vars.x }}\"" },
                { CORE "TimeBetween", FLOW_CONDITION_TIME_BETWEEN, "after: '16:00:00+02:00'" },
                { CORE "TimeBetweenCondition", FLOW_CONDITION_TIME_BETWEEN, "before: '16:00Z'" },
                { OLD "TimeBetweenCondition", FLOW_CONDITION_TIME_BETWEEN, "before: '16:00:00.5-01:00'" },
                { CORE "DayWeek", FLOW_CONDITION_DAY_WEEK, "dayOfWeek: MONDAY" },
                { CORE "DayWeekCondition", FLOW_CONDITION_DAY_WEEK, "dayOfWeek: SUNDAY, date: 2026-01-01" },
                { OLD "DayWeekCondition", FLOW_CONDITION_DAY_WEEK, "dayOfWeek: \"{{ vars.x }}\"" },
                { CORE "DayWeekInMonth", FLOW_CONDITION_DAY_WEEK_IN_MONTH, "dayOfWeek: MONDAY, dayInMonth: LAST" },
                { CORE "DayWeekInMonthCondition", FLOW_CONDITION_DAY_WEEK_IN_MONTH, "dayOfWeek: MONDAY, dayInMonth: FIRST" },
                { OLD "DayWeekInMonthCondition", FLOW_CONDITION_DAY_WEEK_IN_MONTH, "dayOfWeek: MONDAY, dayInMonth: FOURTH" },
                { CORE "Weekend", FLOW_CONDITION_WEEKEND, "date: 2026-01-01T00:00:00Z" },
                { CORE "WeekendCondition", FLOW_CONDITION_WEEKEND, "date: \"{{ trigger.date }}\"" },
                { OLD "WeekendCondition", FLOW_CONDITION_WEEKEND, "date: \"{{ now() }}\"" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = text_printf(TRIGGER "    conditions: [{type: %s, %s}]\n", cases[i].name, cases[i].rest);
                _cleanup_(flow_unrefp) struct flow *f = load_with(text, NULL);

                assert_int_equal(f->triggers[0].conditions.count, 1);
                assert_int_equal(f->triggers[0].conditions.items[0].type, cases[i].type);
        }
}

/* What reads nothing of an execution can be asked before one is there. */
static void what_it_reads_decides_whether_it_needs_an_execution(void **state) {
        static const struct {
                const char *text;
                bool needs;
        } cases[] = {
                { "{{ now() | date('EEEE') == 'Monday' }}", false },
                { "{{ trigger.date | date('HH') > 8 and vars.open and envs.site == 'a' and labels.team == flow.id }}", false },
                { "{{ trigger['date'] }}", false },
                { "{{ secret('OPEN') == 'yes' and env('SITE') is defined }}", false },
                { "{% set x = now() %}{% for i in [1, 2] %}{{ loop.index ~ i ~ x }}{% endfor %}{{ x }}", false },
                { "{{ trigger.data }}", true },
                { "{{ trigger }}", true },
                { "{{ trigger[vars.x] }}", true },
                { "{{ trigger.count > 2 ? true : false }}", true },
                { "{{ vars.x == inputs.n }}", true },
                { "{{ execution.id is defined }}", true },
                { "{{ [now(), {'a': trigger.receiveCount}] | length }}", true },
                { "{{ vars.a | default(trigger.data) }}", true },
                { "{{ vars[trigger.data] }}", true },
                { "{{ unknown }}", true },
                { "{{ render(vars.x) }}", true },
                { "{{ randomInt(0, 2) }}", true },
                { "{% if trigger.data %}true{% endif %}", true },
                { "{% if vars.a %}true{% elseif trigger.data %}true{% endif %}", true },
                { "{% if vars.a %}true{% else %}{{ trigger.data }}{% endif %}", true },
                { "{% for i in trigger.messages %}true{% endfor %}", true },
                { "{% for i in vars.a %}{{ trigger.data }}{% endfor %}", true },
                { "{% for i in vars.a %}x{% endfor %}{{ i }}", true },
                { "{% set x = trigger.data %}{{ x }}", true },
                { "{{ vars.a is not null and trigger.data is not null }}", true },
                { "{{ trigger.data }}{% set trigger = 1 %}", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = text_printf(TRIGGER "    when: \"%s\"\n    conditions:\n"
                                                        "      - {type: " CORE "Expression, expression: \"%s\"}\n",
                                                        cases[i].text, cases[i].text);
                _cleanup_(flow_unrefp) struct flow *f = load_with(text, NULL);

                if (f->triggers[0].when_needs_execution != cases[i].needs)
                        print_error("%s\n", cases[i].text);
                assert_int_equal(f->triggers[0].when_needs_execution, cases[i].needs);
                assert_int_equal(f->triggers[0].conditions.items[0].needs_execution, cases[i].needs);
        }
}

static void one_of_many_that_needs_an_execution_makes_all_of_them_wait_for_it(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load_with(TRIGGER
                "    conditions:\n"
                "      - {type: " CORE "Weekend}\n"
                "      - {type: " CORE "Weekend, date: \"{{ trigger.sentAt }}\"}\n"
                "      - {type: " CORE "DayWeek, dayOfWeek: \"{{ trigger.data }}\"}\n"
                "      - {type: " CORE "TimeBetween, after: \"{{ trigger.data }}\"}\n"
                "      - {type: " CORE "Not, conditions: [{type: " CORE "Weekend}, {type: " CORE "Weekend}]}\n"
                "      - type: " CORE "Not\n"
                "        conditions:\n"
                "          - type: " CORE "Or\n"
                "            conditions: [{type: " CORE "Weekend}, {type: " CORE "Expression, expression: \"{{ inputs.n }}\"}]\n",
                NULL);
        static const bool needs[] = { false, true, true, true, false, true };

        assert_int_equal(f->triggers[0].conditions.count, ARRAY_SIZE(needs));
        for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
                assert_int_equal(f->triggers[0].conditions.items[i].needs_execution, needs[i]);
}

static const struct wrong_flow wrong[] = {
        { TRIGGER "    when: '{{ trigger. }}'\n", "f.yaml:8:24: expected a name (one with a '-' in it is written ['like-this']), found '}}'\n" },
        { TRIGGER "    when: [a]\n", "f.yaml:8:11: 'when' must be text\n" },
        { TRIGGER "    conditions: {type: " CORE "Expression, expression: x}\n",
          "f.yaml:8:17: 'conditions' must be a list of conditions\n" },
        { TRIGGER "    conditions: [x, {expression: x}]\n",
          "f.yaml:8:18: a condition must be a map with a type, such as " CORE "Expression\n"
          "f.yaml:8:21: a condition must be a map with a type, such as " CORE "Expression\n" },
        { TRIGGER "    conditions:\n"
                  "      - {type: " CORE "DayWek, dayOfWeek: MONDAY}\n"
                  "      - {type: " OLD "Expression, expression: '{{ x }}'}\n"
                  "      - {type: " CORE "ExecutionStatus}\n"
                  "      - {type: " CORE "PublicHoliday}\n",
          "f.yaml:9:16: unknown condition type '" CORE "DayWek'; did you mean '" CORE "DayWeek'?\n"
          "f.yaml:10:16: condition type '" OLD "Expression' is not supported by sqsflow: say it with 'when', for example "
          "\"" FLOW_CONDITION_EXAMPLE "\"\n"
          "f.yaml:11:16: condition type '" CORE "ExecutionStatus' is not supported by sqsflow: say it with 'when', for example "
          "\"" FLOW_CONDITION_EXAMPLE "\"\n"
          "f.yaml:12:16: condition type '" CORE "PublicHoliday' is not supported by sqsflow, which knows no calendar of holidays: "
          "name the days with 'when', for example \"" FLOW_CONDITION_HOLIDAYS "\"\n" },
        { TRIGGER "    conditions:\n"
                  "      - {type: " CORE "DayWeek, dayOfWeek: MODNAY}\n"
                  "      - {type: " CORE "DayWeek, dayOfweek: MONDAY}\n"
                  "      - {type: " CORE "DayWeekInMonth, dayOfWeek: Monday, dayInMonth: FIFTH}\n",
          "f.yaml:9:68: 'dayOfWeek' must be MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY or SUNDAY, not 'MODNAY'\n"
          "f.yaml:10:9: a condition lacks the required property 'dayOfWeek'\n"
          "f.yaml:10:57: unknown property 'dayOfweek'; did you mean 'dayOfWeek'?\n"
          "f.yaml:11:75: 'dayOfWeek' must be MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY or SUNDAY, not 'Monday'\n"
          "f.yaml:11:95: 'dayInMonth' must be FIRST, SECOND, THIRD, FOURTH or LAST, not 'FIFTH'\n" },
        { TRIGGER "    conditions:\n"
                  "      - {type: " CORE "TimeBetween}\n"
                  "      - {type: " CORE "TimeBetween, after: '25:00:00Z', before: '16:00:00'}\n"
                  "      - {type: " CORE "TimeBetween, befor: '16:00:00Z'}\n"
                  "      - {type: " CORE "DateTimeBetween, date: '{{ trigger.date }}'}\n"
                  "      - {type: " CORE "DateTimeBetween, after: 2026-01-01T00:00:00, before: 2026-02-30T00:00:00Z}\n"
                  "      - {type: " CORE "DateTimeBetween, after: 2026-01-01, date: today}\n"
                  "      - {type: " CORE "Weekend, date: today}\n"
                  "      - {type: " CORE "Weekend, date: 2026-02-29}\n"
                  "      - {type: " CORE "Weekend, date: 2026-02-28T10:00:00}\n"
                  "      - {type: " CORE "DateTimeBetween, after: '{{ trigger.date | dat }}'}\n",
#define A_TIME "a time of day with its offset, such as 16:00:00+02:00"
#define A_DATE_TIME "a date and time with its offset, such as 2026-12-31T23:59:59Z"
#define A_DATE "a date such as 2026-12-31, or a date and time with its offset"
          "f.yaml:9:9: a condition of type TimeBetween needs 'after', 'before' or both\n"
          "f.yaml:10:68: 'after' must be " A_TIME ", not '25:00:00Z'\n"
          "f.yaml:10:89: 'before' must be " A_TIME ", not '16:00:00'\n"
          "f.yaml:11:9: a condition of type TimeBetween needs 'after', 'before' or both\n"
          "f.yaml:11:61: unknown property 'befor'; did you mean 'before'?\n"
          "f.yaml:12:9: a condition of type DateTimeBetween needs 'after', 'before' or both\n"
          "f.yaml:13:72: 'after' must be " A_DATE_TIME ", not '2026-01-01T00:00:00'\n"
          "f.yaml:13:101: 'before' must be " A_DATE_TIME ", not '2026-02-30T00:00:00Z'\n"
          "f.yaml:14:72: 'after' must be " A_DATE_TIME ", not '2026-01-01'\n"
          "f.yaml:14:90: 'date' must be " A_DATE_TIME ", not 'today'\n"
          "f.yaml:15:63: 'date' must be " A_DATE ", not 'today'\n"
          "f.yaml:16:63: 'date' must be " A_DATE ", not '2026-02-29'\n"
          "f.yaml:17:63: 'date' must be " A_DATE ", not '2026-02-28T10:00:00'\n"
          "f.yaml:18:91: there is no filter 'dat'; did you mean 'date'?\n" },
        { TRIGGER "    conditions:\n"
                  "      - {type: " CORE "Expression, expresion: x}\n"
                  "      - {type: " CORE "Not, conditions: []}\n"
                  "      - {type: " CORE "Or}\n",
          "f.yaml:9:9: a condition lacks the required property 'expression'\n"
          "f.yaml:9:60: unknown property 'expresion'; did you mean 'expression'?\n"
          "f.yaml:10:65: 'conditions' must not be empty\n"
          "f.yaml:11:9: a condition lacks the required property 'conditions'\n" },
        { TRIGGER "    conditions:\n"
                  "      - type: " CORE "Not\n"
                  "        conditions:\n"
                  "          - type: " CORE "Weekends\n"
                  "          - type: " CORE "Expression\n"
                  "            expression: '{{ trigger.data | jsn }}'\n",
          "f.yaml:11:19: unknown condition type '" CORE "Weekends'; did you mean '" CORE "Weekend'?\n"
          "f.yaml:13:44: there is no filter 'jsn'; did you mean 'join'?\n" },
};

static void every_wrong_condition_is_told_at_its_place(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_wrong_flow(&wrong[i]);
}

static void a_text_that_is_meant_as_an_expression_is_a_warning(void **state) {
        static const char text[] = TRIGGER "    when: trigger.data == 'x'\n"
                                   "    conditions: [{type: " CORE "Expression, expression: '0'}, {type: " CORE "Expression, expression: true}]\n"
                                   "errors: [{id: b, type: " LOG ", message: x, runIf: vars.x}, {id: c, type: " LOG ", message: x, when: 'true'}]\n"
                                   "finally: [{id: d, type: io.kestra.plugin.core.flow.If, condition: False, then: [{id: e, type: " LOG ", message: x}]}]\n";
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(flow_unrefp) struct flow *flow = NULL;
        _cleanup_(buf_done) struct buf out = BUF_INIT(0);

        assert_int_equal(flow_load(text, strlen(text), "f.yaml", NULL, &diag, &flow), 0);
        assert_int_equal(diag_write(&diag, &out), 0);
        assert_string_equal(out.data,
                "f.yaml:8:11: warning: 'when' is text, not an expression: it is always true\n"
                "f.yaml:9:81: warning: 'expression' is text, not an expression: it is always false\n"
                "f.yaml:10:74: warning: 'runIf' is text, not an expression: it is always true\n"
                "f.yaml:11:67: warning: 'condition' is text, not an expression: it is always true\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(when_is_kept_as_it_is_written),
                cmocka_unit_test(a_trigger_that_demands_nothing_has_neither),
                cmocka_unit_test(conditions_are_read_as_they_nest),
                cmocka_unit_test(older_names_mean_the_same),
                cmocka_unit_test(what_it_reads_decides_whether_it_needs_an_execution),
                cmocka_unit_test(one_of_many_that_needs_an_execution_makes_all_of_them_wait_for_it),
                cmocka_unit_test(every_wrong_condition_is_told_at_its_place),
                cmocka_unit_test(a_text_that_is_meant_as_an_expression_is_a_warning),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
