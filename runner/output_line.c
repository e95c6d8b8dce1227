/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/output_line.h"

#include <errno.h>
#include <string.h>

#include "common/base/json.h"

#define MARK_BYTES 2 /* "::" */

bool output_line_begins(const char *text, size_t len) {
        return len >= 3 && memcmp(text, "::{", 3) == 0;
}

static bool has_form(const char *text, size_t len) {
        return len >= 6 && output_line_begins(text, len) && memcmp(text + len - 3, "}::", 3) == 0;
}

/* Takes a member over when it has the right type. */
static int member(const struct value *line, const char *key, enum value_type type, struct value **ret,
                  const char **ret_problem) {
        struct value *v = value_map_get(line, key);

        if (!v || value_type(v) == VALUE_NULL)
                return 0;
        if (value_type(v) != type) {
                *ret_problem = type == VALUE_MAP ? "\"outputs\" is not an object" :
                                                   "\"metrics\" or \"logs\" is not a list of objects";
                return -EBADMSG;
        }
        for (size_t i = 0; type == VALUE_LIST && i < value_count(v); i++)
                if (value_type(value_list_at(v, i)) != VALUE_MAP) {
                        *ret_problem = "\"metrics\" or \"logs\" is not a list of objects";
                        return -EBADMSG;
                }
        *ret = value_ref(v);
        return 0;
}

int output_line_parse(const char *text, size_t len, struct output_line *ret, const char **ret_problem) {
        struct output_line l = { 0 };
        _cleanup_value_ struct value *v = NULL;
        const char *problem = "not JSON";
        size_t offset;
        int r;

        if (!has_form(text, len))
                return 1;
        r = json_parse(text + MARK_BYTES, len - MARK_BYTES - MARK_BYTES, &v, &problem, &offset);
        if (r >= 0)
                r = member(v, "outputs", VALUE_MAP, &l.outputs, &problem);
        if (r >= 0)
                r = member(v, "metrics", VALUE_LIST, &l.metrics, &problem);
        if (r >= 0)
                r = member(v, "logs", VALUE_LIST, &l.logs, &problem);
        if (r == 0) {
                *ret = l;
                return 0;
        }
        output_line_done(&l);
        if (r == -ENOMEM)
                return r;
        *ret_problem = r == -E2BIG ? "nested too deeply" : problem;
        return -EBADMSG;
}

void output_line_done(struct output_line *l) {
        l->outputs = value_unref(l->outputs);
        l->metrics = value_unref(l->metrics);
        l->logs = value_unref(l->logs);
}
