/* SPDX-License-Identifier: Apache-2.0 */
/* The value is read as its type; then come the rules, with limits as part of what they allow. */
#include "runner/input_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/expr/expr_regex.h"
#include "runner/typed_value.h"
#include "runner/value_text.h"

#define problem(in, v, ret_problem, ...) typed_value_problem("input", (in)->id, v, ret_problem, __VA_ARGS__)

/* What the flow says under `key`; NULL when nothing. */
static const struct value *rule(const struct flow_input *in, const char *key) {
        const struct value *v = value_map_get(in->properties, key);

        return v && value_type(v) != VALUE_NULL ? v : NULL;
}

/* `sign` is -1 where the value may not lie below the limit. */
static int check_limit(const struct flow_input *in, const struct typed_value *type, const struct value *v,
                       const char *key, int sign, char **ret_problem) {
        _cleanup_free_ char *limit = rule(in, key) ? value_text(rule(in, key)) : NULL, *text = value_text(v);

        if (!rule(in, key))
                return 0;
        if (!limit || !text)
                return -ENOMEM;
        return type->compare(text, limit) * sign > 0 ?
                       problem(in, v, ret_problem, "which is %s its '%s' %s", sign < 0 ? "below" : "beyond", key, limit) :
                       0;
}

static int check_limits(const struct flow_input *in, const struct typed_value *type, const struct value *v,
                        char **ret_problem) {
        static const struct {
                const char *key;
                int sign;
        } limits[] = { { "min", -1 }, { "after", -1 }, { "max", 1 }, { "before", 1 } };
        int r = 0;

        for (size_t i = 0; r == 0 && type->compare && i < ARRAY_SIZE(limits); i++)
                r = check_limit(in, type, v, limits[i].key, limits[i].sign, ret_problem);
        return r;
}

/* The whole text must match. */
static int check_validator(const struct flow_input *in, const struct value *v, char **ret_problem) {
        const struct value *pattern = rule(in, "validator");
        _cleanup_(expr_regex_done) struct expr_regex regex = EXPR_REGEX_INIT;
        regmatch_t groups[REGEX_GROUPS_MAX];
        _cleanup_free_ char *why = NULL;
        int r;

        if (!pattern || value_type(pattern) != VALUE_STRING || value_type(v) != VALUE_STRING)
                return 0;
        r = expr_regex_compile(&regex, value_string(pattern), &why);
        if (r == -EBADMSG)
                return problem(in, v, ret_problem, "and its validator %s cannot be used: %s", value_string(pattern), why);
        if (r < 0)
                return r;
        if (expr_regex_find(&regex, value_string(v), value_string_len(v), 0, groups) && groups[0].rm_so == 0 &&
            (size_t)groups[0].rm_eo == value_string_len(v))
                return 0;
        return problem(in, v, ret_problem, "which its validator %s does not match", value_string(pattern));
}

static int check_choice(const struct flow_input *in, const struct value *v, char **ret_problem) {
        const struct value *values = rule(in, "values");
        _cleanup_free_ char *shown = NULL;

        if (!values || value_type(values) != VALUE_LIST || value_type(v) != VALUE_STRING)
                return 0;
        for (size_t i = 0; i < value_count(values); i++) {
                _cleanup_free_ char *choice = value_text(value_list_at(values, i));

                if (!choice)
                        return -ENOMEM;
                if (text_eq(choice, value_string(v)))
                        return 0;
        }
        shown = json_to_text(values, JSON_COMPACT);
        return shown ? problem(in, v, ret_problem, "which is none of its values %s", shown) : -ENOMEM;
}

static int read_items(const struct flow_input *in, struct value **list, char **ret_problem) {
        const struct value *name = rule(in, "itemType");
        const struct typed_value *type = name ? typed_value_find(value_string(name)) : NULL;
        _cleanup_value_ struct value *read = type ? value_new_list() : NULL;

        if (!type)
                return 0;
        for (size_t i = 0; read && i < value_count(*list); i++) {
                struct value *item = NULL;
                int r = typed_value_read(type, "input", in->id, value_list_at(*list, i), &item, ret_problem);

                if (r == 0)
                        r = value_list_add(read, item);
                if (r < 0)
                        return r;
        }
        if (!read)
                return -ENOMEM;
        value_unref(*list);
        *list = TAKE_PTR(read);
        return 0;
}

int input_value_read(const struct flow_input *in, const struct value *given, struct value **ret, char **ret_problem) {
        const struct typed_value *type = typed_value_find(in->type);
        _cleanup_value_ struct value *v = NULL;
        int r;

        r = typed_value_read(type, "input", in->id, given, &v, ret_problem);
        if (r == 0)
                r = check_limits(in, type, v, ret_problem);
        if (r == 0)
                r = check_validator(in, v, ret_problem);
        if (r == 0)
                r = check_choice(in, v, ret_problem);
        if (r == 0 && value_type(v) == VALUE_LIST)
                r = read_items(in, &v, ret_problem);
        if (r == 0)
                *ret = TAKE_PTR(v);
        return r;
}
