/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_parse on any bytes. What it refuses must have a finding; what it accepts must become a value that JSON can
 * carry. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(yaml_freep) struct yaml_node *node = NULL;
        _cleanup_value_ struct value *v = NULL, *back = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = yaml_parse((const char *)data, size, "f.yaml", &diag, &node);
        if (r < 0) {
                assert(r == -EBADMSG && diag.error_count > 0);
                return 0;
        }
        assert(diag.error_count == 0);
        v = yaml_to_value(node);
        assert(v);
        text = json_to_text(v, JSON_COMPACT);
        assert(text && json_parse(text, strlen(text), &back, NULL, NULL) == 0);
        assert(value_equal(v, back));
        return 0;
}
