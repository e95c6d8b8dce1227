/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/inputs.h"

#include <errno.h>
#include <syslog.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/input_value.h"
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

static const struct flow_input *find_input(const struct flow *f, const char *id) {
        for (size_t i = 0; i < f->input_count; i++)
                if (text_eq(f->inputs[i].id, id))
                        return &f->inputs[i];
        return NULL;
}

static bool is_given(const struct value *given, const struct flow_input *in) {
        const struct value *v = value_map_get(given, in->id);

        return v && value_type(v) != VALUE_NULL;
}

/* Puts what was given into the map, each read as the type that the flow says; what the flow does not know, as it is. */
static int put_given(const struct execution *e, const struct value *given, struct value *map, char **ret_problem) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < value_count(given); i++) {
                const char *id = value_map_key_at(given, i);
                const struct flow_input *in = find_input(e->flow, id);
                struct value *v = NULL;

                if (in && is_given(given, in))
                        r = input_value_read(in, value_map_at(given, i), &v, ret_problem);
                else if (!in)
                        v = value_ref(value_map_at(given, i));
                if (v)
                        r = value_map_put(map, id, v);
        }
        return r;
}

int inputs_check(struct execution *e, char **ret_problem) {
        _cleanup_value_ struct value *given = NULL, *read = NULL;
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
                if (in->required && !in->defaults && !is_given(given, in)) {
                        *ret_problem = text_printf("the input '%s' is required and was not given", in->id);
                        return -EBADMSG;
                }
        }
        read = value_new_map();
        return read ? put_given(e, given, read, ret_problem) : -ENOMEM;
}

static int fill_default(struct execution *e, const struct flow_input *in, struct value *map, char **ret_problem) {
        struct scope scope = { .execution = e };
        _cleanup_value_ struct value *v = NULL;
        struct value *read = NULL;
        int r;

        if (!in->defaults)
                return value_map_put(map, in->id, value_new_null());
        r = render_value(&scope, in->defaults, RENDER_TYPED, &v, ret_problem);
        if (r == 0 && value_type(v) == VALUE_NULL)
                return value_map_put(map, in->id, value_new_null());
        if (r == 0)
                r = input_value_read(in, v, &read, ret_problem);
        return r < 0 ? r : value_map_put(map, in->id, read);
}

int inputs_fill(struct execution *e, struct value *map) {
        _cleanup_value_ struct value *given = NULL;
        _cleanup_free_ char *problem = NULL;
        int r;

        r = given_inputs(e, &given);
        if (r == 0)
                r = put_given(e, given, map, &problem);
        for (size_t i = 0; r == 0 && i < e->flow->input_count; i++)
                if (!value_map_get(map, e->flow->inputs[i].id))
                        r = fill_default(e, &e->flow->inputs[i], map, &problem);
        if (problem) /* the expression that asked only learns that the inputs cannot be read */
                execution_logf(e, NULL, LOG_ERR, "%s", problem);
        return r;
}
