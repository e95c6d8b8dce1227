/* SPDX-License-Identifier: Apache-2.0 */
/* How executions are kept apart: each runner's tasks in a control group of their own (common/base/cgroup.h) when the
 * agent's group is delegated to it, else in process groups. */
#pragma once

#include <stdint.h>

#include "common/base/cgroup.h"
#include "common/config/config.h"

struct isolation {
        char *path;           /* the delegated group; NULL: process groups */
        unsigned controllers; /* enum cgroup_controller */
        int error;            /* why there is no group: -errno */
        unsigned made_count;
};

/* Finds out by trying, removes the groups that an earlier agent left with all that runs in them, and logs which it is. To
 * be called before a process is started. */
void isolation_init(struct isolation *i);
void isolation_done(struct isolation *i);

/* Why there is no group, for people; NULL when there is one. */
const char *isolation_problem(const struct isolation *i);
/* Logs which of the configured limits hold for nothing, or for each process by itself only. */
void isolation_log_gaps(const struct isolation *i, const struct config_task_limits *limits);

struct cgroup_limits isolation_limits(const struct config_task_limits *limits);
/* What each task process is limited to because its group is not: RLIMIT_DATA, 0: nothing. */
uint64_t isolation_data_bytes(const struct isolation *i, const struct config_task_limits *limits);

/* Makes a group for one runner: 0 with its owned path, or NULL when there are no groups. -errno: it cannot be made, or
 * limited. */
int isolation_make_group(struct isolation *i, const struct cgroup_limits *limits, char **ret_path) _must_check_;
