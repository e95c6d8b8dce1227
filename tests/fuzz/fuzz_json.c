/* SPDX-License-Identifier: Apache-2.0 */
/* json_parse on any bytes. What it accepts must read back equal after it is written, in either style, and writing must
 * have reached a fixed point. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct value *v, enum json_style style) {
        _cleanup_free_ char *text = json_to_text(v, style), *again = NULL;
        _cleanup_value_ struct value *back = NULL;

        assert(text);
        assert(json_parse(text, strlen(text), &back, NULL, NULL) == 0);
        assert(value_equal(v, back));
        again = json_to_text(back, style);
        assert(again && strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_value_ struct value *v = NULL;
        const char *error = NULL;
        size_t offset = 0;

        if (json_parse((const char *)data, size, &v, &error, &offset) < 0) {
                assert(error && offset <= size);
                return 0;
        }
        check(v, JSON_COMPACT);
        check(v, JSON_PRETTY);
        return 0;
}
