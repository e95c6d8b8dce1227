/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on numbers. */
#include <errno.h>
#include <string.h>

#include "common/expr/expr_filters.h"
#include "common/expr/expr_number.h"
#include "common/expr/expr_number_format.h"

int filter_abs(const struct call *c, struct value **ret) {
        int r = call_input_is(c, VALUE_NUMBER);

        return r < 0 ? r : evaluation_give(number_absolute(c->input), ret);
}

/* --- text to number -------------------------------------------------------------------------------------------- */

struct number_type {
        const char *name;
        bool whole;
        int64_t min, max; /* of a whole one; 0, 0: any */
};

static const struct number_type types[] = {
        { "INT", true, INT32_MIN, INT32_MAX },
        { "LONG", true, INT64_MIN, INT64_MAX },
        { "BIGINTEGER", true, 0, 0 },
        { "FLOAT", false, 0, 0 },
        { "DOUBLE", false, 0, 0 },
        { "BIGDECIMAL", false, 0, 0 },
};

static bool fits(const struct number_type *t, const struct value *v) {
        int64_t i;

        if (t->whole && !number_is_whole(v))
                return false;
        return t->max == 0 || (value_to_i64(v, &i) == 0 && i >= t->min && i <= t->max);
}

static int check_type(const struct call *c, const struct value *v) {
        const char *name = "";
        int r = call_arg_text(c, 0, "", &name);

        if (r < 0 || *name == '\0')
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (strcmp(types[i].name, name) == 0)
                        return fits(&types[i], v) ? 0 : call_fail(c, "%s is not of the type %s", value_number(v), name);
        return call_fail(c, "'number' knows INT, FLOAT, LONG, DOUBLE, BIGDECIMAL and BIGINTEGER as 'type', not '%s'",
                         name);
}

/* The digits stay as they are. What has an optional sign and zeros in front is a number for people, but ambiguous: Java
 * would read 010 as eight. */
int filter_number(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *text = NULL, *number = NULL;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        errno = 0;
        number = value_new_number(value_string(text));
        if (!number && errno != EINVAL)
                return -ENOMEM;
        if (!number)
                return call_fail(c, "the text is not a number: '%.40s'", value_string(text));
        r = check_type(c, number);
        if (r == 0)
                *ret = TAKE_PTR(number);
        return r;
}

/* Without a pattern as Java's NumberFormat for English. */
int filter_number_format(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        const char *pattern = "", *why = NULL;
        int r = call_input_is(c, VALUE_NUMBER);

        if (r == 0)
                r = call_arg_text(c, 0, "#,##0.###", &pattern);
        if (r < 0)
                return r;
        r = number_format(&b, value_number(c->input), pattern, &why);
        if (r == -EINVAL)
                r = call_fail(c, "the pattern '%s' cannot be used: %s", pattern, why);
        else if (r == -ERANGE)
                r = call_fail(c, "the number is too big or too small to be written out");
        if (r < 0 && buf_error(&b) == 0) {
                buf_done(&b);
                return r;
        }
        return call_text(c, &b, ret);
}
