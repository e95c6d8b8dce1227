/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of "is" and "is not". Each gives a boolean. */
#include <errno.h>

#include "common/base/json.h"
#include "common/expr/expr_number.h"
#include "common/expr/expr_routines.h"
#include "common/expr/expr_values.h"

static int give(bool b, struct value **ret) {
        return evaluation_give(value_new_bool(b), ret);
}

static int parity(const struct call *c, int odd, struct value **ret) {
        int64_t i;

        if (value_to_i64(c->input, &i) < 0)
                return call_fail(c, "'is %s' asks about a whole number, not about %s%s", c->at->call.routine->name,
                                 value_type(c->input) == VALUE_NULL ? "" : "a ", value_type_name(c->input));
        return give((i % 2 != 0) == odd, ret);
}

static int test_even(const struct call *c, struct value **ret) {
        return parity(c, 0, ret);
}

static int test_odd(const struct call *c, struct value **ret) {
        return parity(c, 1, ret);
}

/* In Pebble null counts as not defined. */
static int test_defined(const struct call *c, struct value **ret) {
        return give(value_type(c->input) != VALUE_NULL, ret);
}

static int test_null(const struct call *c, struct value **ret) {
        return give(value_type(c->input) == VALUE_NULL, ret);
}

static int test_empty(const struct call *c, struct value **ret) {
        return give(values_empty(c->input), ret);
}

static int test_iterable(const struct call *c, struct value **ret) {
        return give(value_type(c->input) == VALUE_LIST, ret);
}

static int test_map(const struct call *c, struct value **ret) {
        return give(value_type(c->input) == VALUE_MAP, ret);
}

static int test_json(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *parsed = NULL;
        int r;

        if (value_type(c->input) != VALUE_STRING)
                return give(false, ret);
        r = json_parse(value_string(c->input), value_string_len(c->input), &parsed, NULL, NULL);
        return r == -ENOMEM ? r : give(r == 0, ret);
}

const struct expr_routine expr_tests[] = {
        { "defined", 0, 0, .lenient = true, .takes_null = true, .apply = test_defined },
        { "empty", 0, 0, .lenient = true, .takes_null = true, .apply = test_empty },
        { "even", 0, 0, .takes_null = true, .apply = test_even },
        { "iterable", 0, 0, .takes_null = true, .apply = test_iterable },
        { "json", 0, 0, .takes_null = true, .apply = test_json },
        { "map", 0, 0, .takes_null = true, .apply = test_map },
        { "null", 0, 0, .lenient = true, .takes_null = true, .apply = test_null },
        { "odd", 0, 0, .takes_null = true, .apply = test_odd },
};

const size_t expr_test_count = ARRAY_SIZE(expr_tests);
