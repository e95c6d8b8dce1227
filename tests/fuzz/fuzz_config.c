/* SPDX-License-Identifier: Apache-2.0 */
/* config_parse on any bytes. What it refuses must have a finding; what it accepts must be within its limits. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "common/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(config_freep) struct config *config = NULL;
        int r = config_parse((const char *)data, size, "/etc/sqsflow/agent.yaml", &diag, &config);

        if (r < 0) {
                assert(r == -EBADMSG && diag.error_count > 0);
                return 0;
        }
        assert(diag.error_count == 0);
        assert(config->limits.executions >= 1 && config->limits.executions <= CONFIG_EXECUTIONS_MAX);
        for (size_t i = 0; i < config->trigger_count; i++) {
                const struct trigger_config *t = &config->triggers[i];
                struct trigger_config copy;

                assert(t->id && t->queue_name && t->flow_id && t->wait_sec <= 20 && t->visibility_sec <= 43200);
                assert(trigger_config_copy(t, &copy) == 0);
                assert(trigger_config_equal(t, &copy));
                trigger_config_done(&copy);
        }
        return 0;
}
