/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/value_text.h"

#include "common/base/json.h"
#include "common/base/text.h"

char *value_text(const struct value *v) {
        switch (value_type(v)) {
        case VALUE_NULL:
                return text_dup("");
        case VALUE_STRING:
                return text_dup_n(value_string(v), value_string_len(v));
        default:
                return json_to_text(v, JSON_COMPACT);
        }
}
