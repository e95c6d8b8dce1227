/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups, version 2 (kernel: Documentation/admin-guide/cgroup-v2.rst): the one door to /sys/fs/cgroup.
 *
 * A service with a delegated group G (systemd: Delegate=yes) gets this layout:
 *
 *   G/agent        the agent and its runners: once G has controllers, no process may stand in G itself
 *   G/runner-<n>   the task processes of one runner, with their limits; empty between executions
 *
 * The first half is the agent's: it makes and removes groups by path. The second half is the runner's: it keeps one group
 * open, so that an execution costs some reads and no group is made or removed for it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

#define CGROUP_AGENT "agent"
#define CGROUP_RUNNER_PREFIX "runner-"

enum cgroup_controller { CGROUP_CPU = 1, CGROUP_MEMORY = 2, CGROUP_PIDS = 4 };

struct cgroup_limits {
        uint64_t memory_bytes; /* of the group; 0: none. Swap is not given on top */
        unsigned processes;    /* and threads; 0: none */
        unsigned cpu_weight;   /* 1-10000, the kernel's default is 100; 0: the default */
};

/* Where this process stands, of the texts of /proc/self/mountinfo and /proc/self/cgroup: the path in the file system,
 * owned. NULL: version 2 is not mounted, does not show this process's group, or memory is out. Pure. */
char *cgroup_path_from(const char *mountinfo, const char *membership);
/* A number of a "name value" file such as cpu.stat; 0 when `name` is not in it. Pure. */
uint64_t cgroup_stat_value(const char *text, const char *name);
/* "cpu memory pids", those of `controllers`. Pure. */
void cgroup_put_controllers(struct buf *out, unsigned controllers);

/* Tries to use the group that this process stands in as its own: makes G/agent, moves there, and enables the controllers
 * it may. 0 with G's owned path and the controllers (enum cgroup_controller); -ENOENT: no version 2 here; -EBUSY: other
 * processes are in the group, or in G/agent, so it is not this agent's; -EACCES, -EROFS, …: not delegated. On failure
 * nothing has changed. */
int cgroup_take_over(char **ret_path, unsigned *ret_controllers) _must_check_;

/* Makes the group at `path`. 0 or -errno. */
int cgroup_make(const char *path) _must_check_;
/* Sets the limits; none is set where its controller is not in `controllers`. 0, or -errno of the last one that failed. */
int cgroup_limit(const char *path, const struct cgroup_limits *limits, unsigned controllers) _must_check_;
/* True when files in memory (tmpfs, shared memory) that outlived their processes take up so much of the group's limit that
 * it should not be used again. Two short reads at most; false without a limit. */
bool cgroup_is_used_up(const char *path, const struct cgroup_limits *limits);
/* Kills all that is in the group and removes it. 0 (also when there is none), or -errno: -EBUSY when something in it did
 * not die within a second. */
int cgroup_remove(const char *path);
/* Removes every group of a runner below `path`: how many there were. */
unsigned cgroup_remove_runners(const char *path);

struct cgroup; /* a group that is kept open */

struct cgroup_usage {
        uint64_t cpu_usec;     /* of all processes that were in it, since the last time */
        uint64_t memory_bytes; /* the most that was charged to it (page cache too), since the last time; 0: not known */
};

/* 0 or -errno. */
int cgroup_open(const char *path, struct cgroup **ret) _must_check_;
struct cgroup *cgroup_close(struct cgroup *g);
int cgroup_fd(const struct cgroup *g); /* for spawn_options.cgroup_fd */
/* Kills what is in it and waits until it is empty. 0: it was empty; 1: something was killed; -errno. */
int cgroup_clear(struct cgroup *g);
/* How many processes the kernel has killed here for want of memory, ever; 0 without the memory controller. */
uint64_t cgroup_oom_kills(const struct cgroup *g);
/* Counters since the last call. The peak is exact where the kernel can reset it (6.12); before, it is told only when it
 * rose above that of all earlier executions. */
struct cgroup_usage cgroup_take_usage(struct cgroup *g);
