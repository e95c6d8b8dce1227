/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/load.h"

int load_config(const char *path, struct diag *diag, struct config **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct flow_set flows = { 0 };
        int r = config_load(path, diag, &config);

        if (r < 0)
                return r;
        r = flow_set_load(config->flows, &config->security, diag, &flows);
        if (r >= 0)
                r = config_resolve(config, &flows, diag);
        flow_set_done(&flows);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(config);
        return 0;
}
