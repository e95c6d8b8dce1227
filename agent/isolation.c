/* SPDX-License-Identifier: Apache-2.0 */
/* A group belongs to a runner and not to an execution: making and removing one costs more than a short execution, and a
 * runner, which runs one at a time, leaves its group empty behind each. */
#include "agent/isolation.h"

#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"

const char *isolation_problem(const struct isolation *i) {
        if (i->path)
                return NULL;
        switch (i->error) {
        case -ENOENT:
                return "there is no control group (version 2) here";
        case -EBUSY:
                return "the control group is shared with other processes";
        default:
                return "the control group is not delegated (Delegate=yes)";
        }
}

static void log_groups(const struct isolation *i, unsigned left) {
        struct buf names = BUF_INIT(0);

        cgroup_put_controllers(&names, i->controllers);
        log_info("Executions run in control groups below %s (controllers: %s)", i->path, names.len > 0 ? names.data : "none");
        buf_done(&names);
        if (left > 0)
                log_warning(0, "Removed %u control groups that the last agent left, with all that ran in them", left);
}

void isolation_init(struct isolation *i) {
        *i = (struct isolation){ 0 };
        i->error = cgroup_take_over(&i->path, &i->controllers);
        if (i->error == 0)
                log_groups(i, cgroup_remove_runners(i->path));
        else
                log_write(LOG_INFO, i->error, NULL, "Executions run in process groups: %s", isolation_problem(i));
}

void isolation_done(struct isolation *i) {
        free(i->path);
        *i = (struct isolation){ 0 };
}

void isolation_log_gaps(const struct isolation *i, const struct config_task_limits *limits) {
        if (isolation_data_bytes(i, limits) > 0)
                log_warning(0, "limits.task.memory holds for each process by itself: there is no memory controller");
        if (limits->processes > 0 && !(i->controllers & CGROUP_PIDS))
                log_warning(0, "limits.task.processes is not enforced: there is no pids controller");
        if (limits->cpu_weight > 0 && !(i->controllers & CGROUP_CPU))
                log_warning(0, "limits.task.cpuWeight is not enforced: there is no cpu controller");
}

struct cgroup_limits isolation_limits(const struct config_task_limits *l) {
        return (struct cgroup_limits){ .memory_bytes = l->memory_bytes, .processes = l->processes,
                                       .cpu_weight = l->cpu_weight };
}

uint64_t isolation_data_bytes(const struct isolation *i, const struct config_task_limits *limits) {
        return i->controllers & CGROUP_MEMORY ? 0 : limits->memory_bytes;
}

int isolation_make_group(struct isolation *i, const struct cgroup_limits *limits, char **ret_path) {
        _cleanup_free_ char *path = NULL;
        int r;

        *ret_path = NULL;
        if (!i->path)
                return 0;
        path = text_printf("%s/" CGROUP_RUNNER_PREFIX "%u", i->path, ++i->made_count);
        r = path ? cgroup_make(path) : -ENOMEM;
        if (r < 0)
                return r;
        r = cgroup_limit(path, limits, i->controllers);
        if (r < 0) {
                (void)cgroup_remove(path);
                return r;
        }
        *ret_path = TAKE_PTR(path);
        return 0;
}
