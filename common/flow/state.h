/* SPDX-License-Identifier: Apache-2.0 */
/* The states of executions and task runs, named as Kestra names them. */
#pragma once

#include <stdbool.h>

enum run_state {
        RUN_CREATED,
        RUN_QUEUED,
        RUN_RUNNING,
        RUN_RETRYING,
        RUN_KILLING,
        RUN_SUCCESS,
        RUN_WARNING,
        RUN_FAILED,
        RUN_KILLED,
        RUN_CANCELLED,
        RUN_SKIPPED,
        RUN_STATE_COUNT,
};

const char *run_state_name(enum run_state s);       /* "SUCCESS" */
int run_state_from_name(const char *name);          /* -EINVAL; upper case only */
bool run_state_is_final(enum run_state s);
/* SUCCESS, WARNING, SKIPPED and CANCELLED are not failures; an execution's message is deleted on SUCCESS and WARNING
 * only (P1). */
bool run_state_settles_message(enum run_state s);
