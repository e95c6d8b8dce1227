/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/trigger_condition.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/flow/flow_demand.h"
#include "runner/execution.h"
#include "runner/render.h"

static int render(void *userdata, const char *text, bool is_typed, struct value **ret, char **ret_problem) {
        return render_text(userdata, text, strlen(text), is_typed ? RENDER_TYPED : RENDER_TEXT, ret, ret_problem);
}

int trigger_condition_check(struct execution *e, char **ret_problem) {
        const struct bytes id = e->request->trigger_id;
        const struct flow_trigger *t = id.len > 0 ? flow_trigger_find(e->flow, id.data, id.len) : NULL;
        struct scope scope = { .execution = e, .trigger_date_usec = clock_realtime_usec() };
        const struct flow_demand_scope demands = { .userdata = &scope, .render = render };

        return t ? flow_demand_check(t, DEMANDS_OF_EXECUTION, &demands, ret_problem) : 0;
}
