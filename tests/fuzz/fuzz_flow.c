/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a flow file: loading ends with a flow or with findings, never with both or neither. The first byte
 * chooses the options. */
#include <stdint.h>
#include <stdlib.h>

#include "common/flow/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct flow_load_options options = { 0 };
        struct diag diag = DIAG_INIT;
        struct flow *flow = NULL;
        int r;

        if (size == 0)
                return 0;
        options.accept_unsupported = data[0] & 1;
        options.allow_containers = data[0] & 2;
        options.allow_shell_interpolation = data[0] & 4;
        r = flow_load((const char *)data + 1, size - 1, "fuzz.yaml", &options, &diag, &flow);
        if ((r == 0) != (flow != NULL) || (r < 0 && diag.error_count == 0))
                abort();
        flow_unref(flow);
        diag_done(&diag);
        return 0;
}
