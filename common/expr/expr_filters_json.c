/* SPDX-License-Identifier: Apache-2.0 */
/* Filters between values and their text forms, and "default". JSON is Ion too, so toIon and toJson are one. */
#include "common/base/json.h"
#include "common/expr/expr_filters.h"
#include "common/expr/expr_values.h"
#include "common/expr/expr_yaml.h"

/* Pebble's default steps in for what is undefined, null or empty. */
int filter_default(const struct call *c, struct value **ret) {
        bool missing = values_empty(c->input);

        *ret = value_ref(missing && c->args[0] ? c->args[0] : c->input);
        return 0;
}

int filter_to_json(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);

        json_write(&b, c->input, JSON_COMPACT);
        return call_text(c, &b, ret);
}

int filter_string(const struct call *c, struct value **ret) {
        return evaluation_to_text(c->e, c->at, c->input, ret);
}

int filter_yaml(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);

        expr_yaml_write(&b, c->input);
        return call_text(c, &b, ret);
}
