/* SPDX-License-Identifier: Apache-2.0 */
/* One row per state: its name, whether it is an end, and whether a message may be deleted on it (P1). */
#include "common/flow/state.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
        const char *name;
        bool final, settles;
} states[RUN_STATE_COUNT] = {
        [RUN_CREATED] = { "CREATED", false, false },
        [RUN_QUEUED] = { "QUEUED", false, false },
        [RUN_RUNNING] = { "RUNNING", false, false },
        [RUN_RETRYING] = { "RETRYING", false, false },
        [RUN_KILLING] = { "KILLING", false, false },
        [RUN_SUCCESS] = { "SUCCESS", true, true },
        [RUN_WARNING] = { "WARNING", true, true },
        [RUN_FAILED] = { "FAILED", true, false },
        [RUN_KILLED] = { "KILLED", true, false },
        [RUN_CANCELLED] = { "CANCELLED", true, false },
        [RUN_SKIPPED] = { "SKIPPED", true, false },
};

/* States arrive as bytes from other processes, so an unknown one is answered, not asserted. */
static bool is_known(enum run_state s) {
        return (unsigned)s < RUN_STATE_COUNT;
}

const char *run_state_name(enum run_state s) {
        return is_known(s) ? states[s].name : "UNKNOWN";
}

int run_state_from_name(const char *name) {
        for (int i = 0; name && i < RUN_STATE_COUNT; i++)
                if (strcmp(states[i].name, name) == 0)
                        return i;
        return -EINVAL;
}

bool run_state_is_final(enum run_state s) {
        return is_known(s) && states[s].final;
}

bool run_state_settles_message(enum run_state s) {
        return is_known(s) && states[s].settles;
}
