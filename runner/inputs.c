/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/inputs.h"

#include <errno.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/render.h"

/* What the driver gave; an empty map when nothing. */
static int given_inputs(const struct execution *e, struct value **ret) {
        const struct bytes in = e->request->inputs;
        _cleanup_value_ struct value *v = NULL;
        int r;

        if (in.len == 0) {
                *ret = value_new_map();
                return *ret ? 0 : -ENOMEM;
        }
        r = json_parse(in.data, in.len, &v, NULL, NULL);
        if (r < 0)
                return r;
        if (value_type(v) != VALUE_MAP)
                return -EBADMSG;
        *ret = TAKE_PTR(v);
        return 0;
}

int inputs_check(struct execution *e, char **ret_problem) {
        _cleanup_value_ struct value *given = NULL;
        int r;

        if (e->flow->input_count == 0 && e->request->inputs.len == 0)
                return 0;
        r = given_inputs(e, &given);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                *ret_problem = text_dup("the inputs are not a JSON object");
                return -EBADMSG;
        }
        for (size_t i = 0; i < e->flow->input_count; i++) {
                const struct flow_input *in = &e->flow->inputs[i];
                if (in->required && !in->defaults && !value_map_get(given, in->id)) {
                        *ret_problem = text_printf("the input '%s' is required and was not given", in->id);
                        return -EBADMSG;
                }
        }
        return 0;
}

static int fill_default(struct execution *e, const struct flow_input *in, struct value *map) {
        struct scope scope = { e, NULL };
        _cleanup_free_ char *problem = NULL;
        struct value *v = NULL;
        int r;

        if (!in->defaults)
                return value_map_put(map, in->id, value_new_null());
        r = render_value(&scope, in->defaults, RENDER_TYPED, &v, &problem);
        return r < 0 ? r : value_map_put(map, in->id, v);
}

int inputs_fill(struct execution *e, struct value *map) {
        _cleanup_value_ struct value *given = NULL;
        int r;

        r = given_inputs(e, &given);
        for (size_t i = 0; r == 0 && i < value_count(given); i++)
                r = value_map_put(map, value_map_key_at(given, i), value_ref(value_map_at(given, i)));
        for (size_t i = 0; r == 0 && i < e->flow->input_count; i++)
                if (!value_map_get(map, e->flow->inputs[i].id))
                        r = fill_default(e, &e->flow->inputs[i], map);
        return r;
}
