/* SPDX-License-Identifier: Apache-2.0 */
/* Kestra renders an output to a text and reads that as the declared type. Here an expression's own value is read, which comes
 * to the same: a list is the text of a list for a STRING, and the text of a list is a list for an ARRAY. */
#include "runner/flow_outputs.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/render.h"
#include "runner/typed_value.h"
#include "runner/value_text.h"

/* Replaces *v by its text. */
static int to_text(struct value **v) {
        char *text = value_text(*v);
        struct value *made = text ? value_new_string_take(text, strlen(text)) : NULL;

        if (!made)
                return -ENOMEM;
        value_unref(*v);
        *v = made;
        return 0;
}

static int render(struct scope *s, const struct flow_output *o, struct value **ret, char **ret_problem) {
        _cleanup_free_ char *why = NULL;
        int r;

        s->may_fail = !o->required;
        r = render_value(s, o->value, RENDER_TYPED, ret, &why);
        s->may_fail = false;

        if (r == 0 || !why)
                return r;
        *ret_problem = text_printf("the output '%s': %s", o->id, why);
        return *ret_problem ? -EBADMSG : -ENOMEM;
}

static int make(struct scope *s, const struct flow_output *o, struct value **ret, char **ret_problem) {
        const struct typed_value *type = typed_value_find(o->type);
        _cleanup_value_ struct value *v = NULL;
        int r = render(s, o, &v, ret_problem);

        if (r == 0 && text_eq(type->name, "STRING"))
                r = to_text(&v);
        return r < 0 ? r : typed_value_read(type, "output", o->id, v, ret, ret_problem);
}

int flow_output_make(struct scope *s, const struct flow_output *o, struct value **ret, char **ret_problem) {
        _cleanup_free_ char *problem = NULL;
        int r = make(s, o, ret, &problem);

        if (r == -EBADMSG && !o->required) {
                execution_logf(s->execution, s->run, LOG_WARNING, "left empty: %s", problem);
                *ret = value_new_null();
                return *ret ? 0 : -ENOMEM;
        }
        if (problem)
                *ret_problem = TAKE_PTR(problem);
        return r;
}

int flow_outputs_make(struct scope *s, const struct flow_output *outputs, size_t count, struct value **ret,
                      char **ret_problem) {
        _cleanup_value_ struct value *map = count > 0 ? value_new_map() : NULL;

        for (size_t i = 0; i < count; i++) {
                struct value *v = NULL;
                int r = map ? flow_output_make(s, &outputs[i], &v, ret_problem) : -ENOMEM;

                if (r == 0)
                        r = value_map_put(map, outputs[i].id, v);
                if (r < 0)
                        return r;
        }
        if (map)
                *ret = TAKE_PTR(map);
        return 0;
}
