/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a request's members, with the refusals that the live service words the same way for all of them. */
#include "common/base/text.h"
#include "tests/queue/operation.h"

static int wrong_type(struct request *r, const char *name, const char *wanted) {
        return failure_set(&r->failure, FAILURE_SERIALIZATION, "%s must be %s.", name, wanted);
}

static const struct value *member(const struct value *params, const char *name) {
        const struct value *v = value_map_get(params, name);

        return v && value_type(v) != VALUE_NULL ? v : NULL;
}

int param_number(struct request *r, const struct value *params, const char *name, int64_t min, int64_t max,
                 int64_t *ret) {
        const struct value *v = member(params, name);
        int64_t number;

        if (!v)
                return 0;
        if (value_type(v) != VALUE_NUMBER || value_to_i64(v, &number) < 0)
                return wrong_type(r, name, "a whole number");
        if (number < min || number > max)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Value %lld for parameter %s is invalid. Reason: Must be between %lld and %lld, if "
                                   "provided.",
                                   (long long)number, name, (long long)min, (long long)max);
        *ret = number;
        return 0;
}

int param_text(struct request *r, const struct value *params, const char *name, bool required, const char **ret) {
        const struct value *v = member(params, name);

        if (v && value_type(v) != VALUE_STRING)
                return wrong_type(r, name, "a string");
        if (required && (!v || value_string_len(v) == 0))
                return failure_set(&r->failure, FAILURE_MISSING_PARAMETER, "The request must contain the parameter %s.",
                                   name);
        *ret = v ? value_string(v) : NULL;
        return 0;
}

int param_token(struct request *r, const struct value *params, const char *name, const char **ret) {
        int failed = param_text(r, params, name, false, ret);
        if (failed || !*ret)
                return failed;

        bool valid = **ret && strlen(*ret) <= 128;
        for (const char *p = *ret; valid && *p; p++)
                valid = *p > ' ' && *p < 0x7f;
        if (!valid)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Value %s for parameter %s is invalid. Reason: %s can only include alphanumeric and "
                                   "punctuation characters. 1 to 128 in length.",
                                   *ret, name, name);
        return 0;
}

int param_list(struct request *r, const struct value *params, const char *name, const struct value **ret) {
        const struct value *v = member(params, name);

        if (v && value_type(v) != VALUE_LIST)
                return wrong_type(r, name, "a list");
        *ret = v;
        return 0;
}
