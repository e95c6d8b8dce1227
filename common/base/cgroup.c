/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's half: finding the own group, taking it over, making and removing groups below it. Whether a group is
 * delegated cannot be read anywhere that every version of systemd writes; so it is tried. What must not happen is that a
 * group is taken that others use too (a login session, started by root): hence the rule that this process is alone. */
#include "common/base/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cgroup_private.h"
#include "common/base/file.h"
#include "common/base/text.h"

#define PROC_BYTES_MAX (1024ul * 1024)

static const struct {
        const char *name;
        unsigned controller;
} controllers_known[] = { { "cpu", CGROUP_CPU }, { "memory", CGROUP_MEMORY }, { "pids", CGROUP_PIDS } };

/* --- pure parts ------------------------------------------------------------------------------------------------------ */

struct span {
        const char *at;
        size_t len;
};

/* The n-th word (from 0) of a line that ends at `end`. */
static struct span word(const char *line, const char *end, unsigned n) {
        const char *at = line;

        for (;; n--) {
                size_t len = strcspn(at, " \n");

                if (at + len > end)
                        len = (size_t)(end - at);
                if (n == 0 || at + len >= end)
                        return n == 0 ? (struct span){ at, len } : (struct span){ end, 0 };
                at += len + 1;
        }
}

/* mountinfo: id parent major:minor root mountpoint options [tags…] - type source options. proc(5) */
static bool find_mount(const char *mountinfo, struct span *ret_root, struct span *ret_point) {
        for (const char *line = mountinfo; *line;) {
                const char *end = strchrnul(line, '\n'), *type = strstr(line, " - ");

                if (type && type < end && strncmp(type + 3, "cgroup2 ", 8) == 0) {
                        *ret_root = word(line, end, 3);
                        *ret_point = word(line, end, 4);
                        return true;
                }
                line = *end ? end + 1 : end;
        }
        return false;
}

static bool find_membership(const char *membership, struct span *ret) {
        for (const char *line = membership; *line;) {
                const char *end = strchrnul(line, '\n'), *path = text_after(line, "0::");

                if (path && path <= end) {
                        *ret = (struct span){ path, (size_t)(end - path) };
                        return true;
                }
                line = *end ? end + 1 : end;
        }
        return false;
}

char *cgroup_path_from(const char *mountinfo, const char *membership) {
        struct span root, point, group;

        if (!find_mount(mountinfo, &root, &point) || !find_membership(membership, &group))
                return NULL;
        if (root.len == 1)
                root.len = 0; /* "/" */
        if (group.len < root.len || strncmp(group.at, root.at, root.len) != 0 || memmem(group.at, group.len, "/..", 3))
                return NULL;
        group.at += root.len;
        group.len -= root.len;
        if (group.len == 1 && *group.at == '/')
                group.len = 0;
        if (group.len > 0 && *group.at != '/')
                return NULL;
        return text_printf("%.*s%.*s", (int)point.len, point.at, (int)group.len, group.at);
}

uint64_t cgroup_stat_value(const char *text, const char *name) {
        size_t len = strlen(name);

        for (const char *line = text; *line;) {
                const char *end = strchrnul(line, '\n');

                if (strncmp(line, name, len) == 0 && line[len] == ' ')
                        return strtoull(line + len + 1, NULL, 10);
                line = *end ? end + 1 : end;
        }
        return 0;
}

void cgroup_put_controllers(struct buf *out, unsigned controllers) {
        const char *between = "";

        for (size_t i = 0; i < ARRAY_SIZE(controllers_known); i++)
                if (controllers & controllers_known[i].controller) {
                        buf_appendf(out, "%s%s", between, controllers_known[i].name);
                        between = " ";
                }
}

/* --- files of a group ------------------------------------------------------------------------------------------------ */

static char *read_file(const char *path, const char *name) {
        _cleanup_free_ char *file = path_join(path, name);
        char *text = NULL;

        return file && file_read(file, PROC_BYTES_MAX, &text, NULL) == 0 ? text : NULL;
}

static int write_file(const char *path, const char *name, const char *text) {
        _cleanup_free_ char *file = path_join(path, name);
        _cleanup_close_ int fd = file ? open(file, O_WRONLY | O_CLOEXEC) : -1;

        if (!file)
                return -ENOMEM;
        return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* --- the agent's group ----------------------------------------------------------------------------------------------- */

static char *own_path(void) {
        _cleanup_free_ char *mounts = NULL, *membership = NULL;

        if (file_read("/proc/self/mountinfo", PROC_BYTES_MAX, &mounts, NULL) < 0 ||
            file_read("/proc/self/cgroup", PROC_BYTES_MAX, &membership, NULL) < 0)
                return NULL;
        return cgroup_path_from(mounts, membership);
}

static bool is_alone(const char *path) {
        _cleanup_free_ char *procs = read_file(path, "cgroup.procs"), *self = text_printf("%d\n", (int)getpid());

        return procs && self && strcmp(procs, self) == 0;
}

static bool is_populated(const char *path) {
        _cleanup_free_ char *events = read_file(path, "cgroup.events");

        return events && cgroup_stat_value(events, "populated") > 0;
}

/* Each for itself: what one of them needs may not be there for another. */
static unsigned enable_controllers(const char *path) {
        unsigned enabled = 0;

        for (size_t i = 0; i < ARRAY_SIZE(controllers_known); i++) {
                char text[16];

                (void)snprintf(text, sizeof(text), "+%s", controllers_known[i].name);
                if (write_file(path, "cgroup.subtree_control", text) == 0)
                        enabled |= controllers_known[i].controller;
        }
        return enabled;
}

int cgroup_take_over(char **ret_path, unsigned *ret_controllers) {
        _cleanup_free_ char *path = own_path(), *own = path ? path_join(path, CGROUP_AGENT) : NULL;
        int r;

        if (!own)
                return -ENOENT;
        if (!is_alone(path) || is_populated(own))
                return -EBUSY;
        if (mkdir(own, 0755) < 0 && errno != EEXIST)
                return -errno;
        r = write_file(own, "cgroup.procs", "0");
        if (r < 0) {
                (void)rmdir(own);
                return r;
        }
        *ret_controllers = enable_controllers(path);
        *ret_path = TAKE_PTR(path);
        return 0;
}

/* --- the runners' groups --------------------------------------------------------------------------------------------- */

int cgroup_make(const char *path) {
        return mkdir(path, 0755) < 0 ? -errno : 0;
}

static int limit(const char *path, const char *name, uint64_t value, const char *without) {
        char text[24];

        (void)snprintf(text, sizeof(text), "%" PRIu64, value);
        return write_file(path, name, value > 0 ? text : without);
}

int cgroup_limit(const char *path, const struct cgroup_limits *l, unsigned controllers) {
        int r = 0, k;

        if (controllers & CGROUP_MEMORY) {
                k = limit(path, "memory.max", l->memory_bytes, "max");
                r = k < 0 ? k : r;
                /* A kernel without swap has no such file. All die together: half an execution is of no use. */
                (void)write_file(path, "memory.swap.max", l->memory_bytes > 0 ? "0" : "max");
                k = write_file(path, "memory.oom.group", "1");
                r = k < 0 ? k : r;
        }
        if (controllers & CGROUP_PIDS) {
                k = limit(path, "pids.max", l->processes, "max");
                r = k < 0 ? k : r;
        }
        if (controllers & CGROUP_CPU) {
                k = limit(path, "cpu.weight", l->cpu_weight, "100");
                r = k < 0 ? k : r;
        }
        return r;
}

/* Page cache is in memory.current, too, but gives way. */
bool cgroup_is_used_up(const char *path, const struct cgroup_limits *limits) {
        _cleanup_free_ char *current = NULL, *stat = NULL;
        uint64_t much = limits->memory_bytes / 8;

        if (much == 0)
                return false;
        current = read_file(path, "memory.current");
        if (!current || strtoull(current, NULL, 10) <= much)
                return false;
        stat = read_file(path, "memory.stat");
        return stat && cgroup_stat_value(stat, "shmem") > much;
}

int cgroup_remove(const char *path) {
        _cleanup_close_ int fd = -1;
        int r;

        if (rmdir(path) == 0 || errno == ENOENT)
                return 0;
        if (errno != EBUSY)
                return -errno;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = fd < 0 ? -errno : cgroup_kill_at(fd);
        if (r < 0)
                return r;
        return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

unsigned cgroup_remove_runners(const char *path) {
        DIR *dir = opendir(path);
        struct dirent *entry;
        unsigned count = 0;

        if (!dir)
                return 0;
        while ((entry = readdir(dir))) {
                _cleanup_free_ char *group = NULL;

                if (!text_after(entry->d_name, CGROUP_RUNNER_PREFIX))
                        continue;
                group = path_join(path, entry->d_name);
                count += group && cgroup_remove(group) == 0;
        }
        (void)closedir(dir);
        return count;
}
