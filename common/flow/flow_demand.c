/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flow/flow_demand.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/flow/condition_date.h"
#include "common/flow/truth.h"

bool flow_demand_exists(const struct flow_trigger *t, enum flow_demand which) {
        bool of_execution = which == DEMANDS_OF_EXECUTION;

        if (t->when && t->when_needs_execution == of_execution)
                return true;
        for (size_t i = 0; i < t->conditions.count; i++)
                if (t->conditions.items[i].needs_execution == of_execution)
                        return true;
        return false;
}

/* --- each: 1 when it holds, 0 when it does not, or as the scope's render() -------------------------------------------- */

static int expression_holds(const struct flow_demand_scope *s, const char *text, char **ret_problem) {
        _cleanup_value_ struct value *v = NULL;
        int r = s->render(s->userdata, text, true, &v, ret_problem);

        return r < 0 ? r : truth_of_value(v);
}

static int date_holds(const struct flow_demand_scope *s, const struct flow_condition *c, char **ret_problem) {
        struct value *values[FLOW_CONDITION_TEXT_COUNT] = { NULL };
        const char *texts[FLOW_CONDITION_TEXT_COUNT] = { NULL };
        int r = 0;

        for (size_t i = 0; r == 0 && i < FLOW_CONDITION_TEXT_COUNT; i++) {
                const char *text = c->texts[i] || i != CONDITION_DATE ? c->texts[i] : "{{ trigger.date }}";

                if (text)
                        r = s->render(s->userdata, text, false, &values[i], ret_problem);
                texts[i] = text && r == 0 ? value_string(values[i]) : NULL;
        }
        if (r == 0)
                r = condition_date_holds(c->type, texts, ret_problem);
        for (size_t i = 0; i < FLOW_CONDITION_TEXT_COUNT; i++)
                value_unref(values[i]);
        return r;
}

static int condition_holds(const struct flow_demand_scope *s, const struct flow_condition *c, char **ret_problem) {
        int r = 0;

        if (c->type == FLOW_CONDITION_EXPRESSION)
                return expression_holds(s, c->texts[CONDITION_EXPRESSION], ret_problem);
        if (c->type != FLOW_CONDITION_NOT && c->type != FLOW_CONDITION_OR)
                return date_holds(s, c, ret_problem);
        for (size_t i = 0; r == 0 && i < c->of.count; i++)
                r = condition_holds(s, &c->of.items[i], ret_problem);
        return r < 0 ? r : (r > 0) == (c->type == FLOW_CONDITION_OR);
}

/* --- the outcome ------------------------------------------------------------------------------------------------------ */

/* Of what is called `what`, for how it came out: 0, or what flow_demand_check() returns. */
static int outcome(int r, const char *what, char **problem) {
        _cleanup_free_ char *why = TAKE_PTR(*problem);

        if (r > 0)
                return 0;
        if (r == 0)
                *problem = text_printf("%s does not hold", what);
        else if (why)
                *problem = text_printf("%s: %s", what, why);
        return r < 0 ? r : FLOW_DEMAND_FAILS;
}

int flow_demand_check(const struct flow_trigger *t, enum flow_demand which, const struct flow_demand_scope *s,
                      char **ret_problem) {
        bool of_execution = which == DEMANDS_OF_EXECUTION;
        int r = 0;

        if (t->when && t->when_needs_execution == of_execution)
                r = outcome(expression_holds(s, t->when, ret_problem), "the trigger's 'when'", ret_problem);
        for (size_t i = 0; r == 0 && i < t->conditions.count; i++) {
                const struct flow_condition *c = &t->conditions.items[i];
                _cleanup_free_ char *what = NULL;

                if (c->needs_execution != of_execution)
                        continue;
                what = text_printf("the trigger's condition %zu (%s)", i + 1, flow_condition_name(c->type));
                r = what ? outcome(condition_holds(s, c, ret_problem), what, ret_problem) : -ENOMEM;
        }
        return r;
}
