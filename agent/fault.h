/* SPDX-License-Identifier: Apache-2.0 */
/* Switches that freeze a part of the agent, to see that the watchdog notices (P10). Only in builds with SQSFLOW_FAULTS
 * (`make faults`, for the system tests); elsewhere nothing of it is left.
 *
 * A switch is thrown by making the file poll, lease or store in the folder that $SQSFLOW_FAULTS names. The agent takes the
 * file away and stays frozen until it dies, so that its successor is well. */
#pragma once

#include <stdbool.h>

enum fault {
        FAULT_POLL,  /* answers of receives are not looked at */
        FAULT_LEASE, /* nothing is extended */
        FAULT_STORE, /* a commit does not come back */
        FAULT_COUNT,
};

#ifdef SQSFLOW_FAULTS
bool fault_is_on(enum fault fault);
void fault_hang(enum fault fault); /* comes back only when the switch is off */
#else
static inline bool fault_is_on(enum fault fault) {
        return false;
}
static inline void fault_hang(enum fault fault) {
}
#endif
