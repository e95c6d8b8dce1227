/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fault.h"

#ifdef SQSFLOW_FAULTS

#include <stdlib.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"

static const char *const names[FAULT_COUNT] = { [FAULT_POLL] = "poll", [FAULT_LEASE] = "lease", [FAULT_STORE] = "store" };
static bool is_thrown[FAULT_COUNT];

bool fault_is_on(enum fault fault) {
        const char *folder = getenv("SQSFLOW_FAULTS");
        _cleanup_free_ char *path = folder ? path_join(folder, names[fault]) : NULL;

        if (!is_thrown[fault] && path && unlink(path) == 0) {
                log_warning(0, "Fault switch: %s is frozen", names[fault]);
                is_thrown[fault] = true;
        }
        return is_thrown[fault];
}

void fault_hang(enum fault fault) {
        while (fault_is_on(fault))
                (void)pause();
}

#endif
