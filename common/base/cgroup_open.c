/* SPDX-License-Identifier: Apache-2.0 */
/* The runner's half: one group that is used over and over. Its files stay open and are read from their start again, which
 * is a fraction of opening them; and a peak that was reset is reset for the descriptor that reset it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "common/base/cgroup.h"
#include "common/base/cgroup_private.h"
#include "common/base/clock.h"

#define TEXT_BYTES 4096
#define KILL_AGAIN_MSEC 5
#define EMPTY_WAIT_USEC USEC_PER_SEC

struct cgroup {
        int fd, events_fd, cpu_fd;
        int peak_fd, memory_fd; /* -1: no memory controller */
        bool peak_resets;
        uint64_t cpu_usec, peak_bytes; /* at the last time */
};

/* A short file's text; "" on failure. */
static const char *read_text(int fd, char text[TEXT_BYTES]) {
        ssize_t n = fd < 0 ? -1 : pread(fd, text, TEXT_BYTES - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        return text;
}

static bool is_empty(int events_fd) {
        char text[TEXT_BYTES];

        return cgroup_stat_value(read_text(events_fd, text), "populated") == 0;
}

/* --- killing --------------------------------------------------------------------------------------------------------- */

static void write_file(int fd, const char *name, const char *text) {
        _cleanup_close_ int file_fd = openat(fd, name, O_WRONLY | O_CLOEXEC);

        if (file_fd >= 0)
                (void)!write(file_fd, text, strlen(text));
}

/* SIGKILL to everybody that is listed now. */
static void kill_each(int fd) {
        _cleanup_close_ int procs_fd = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        char text[TEXT_BYTES], *end;

        for (const char *at = read_text(procs_fd, text); *at; at = *end ? end + 1 : end) {
                long pid = strtol(at, &end, 10);

                if (end == at || pid <= 1 || (!*end && strlen(text) == TEXT_BYTES - 1))
                        return; /* not a whole number: the next turn has it */
                (void)kill((pid_t)pid, SIGKILL);
        }
}

/* A change of cgroup.events wakes poll() with POLLPRI. 0, or -EBUSY after a second; `by_name`: kills all the while. */
static int await_empty(int fd, int events_fd, bool by_name) {
        struct pollfd p = { .fd = events_fd, .events = POLLPRI };
        uint64_t end = usec_add(clock_monotonic_usec(), EMPTY_WAIT_USEC), now;

        while (!is_empty(events_fd)) {
                now = clock_monotonic_usec();
                if (now >= end)
                        return -EBUSY;
                if (by_name)
                        kill_each(fd);
                if (poll(&p, 1, by_name ? KILL_AGAIN_MSEC : (int)((end - now) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* One by one, without cgroup.kill: frozen, they do not fork any more, and die all the same. */
static int kill_by_name(int fd, int events_fd) {
        int r;

        write_file(fd, "cgroup.freeze", "1");
        r = await_empty(fd, events_fd, true);
        write_file(fd, "cgroup.freeze", "0");
        return r;
}

int cgroup_kill_at(int fd) {
        _cleanup_close_ int events_fd = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        _cleanup_close_ int kill_fd = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

        if (events_fd < 0)
                return -errno;
        if (kill_fd < 0 || write(kill_fd, "1", 1) < 0) /* before Linux 5.14 */
                return kill_by_name(fd, events_fd);
        return await_empty(fd, events_fd, false);
}

static bool has_processes(int fd) {
        _cleanup_close_ int procs_fd = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        char text[TEXT_BYTES];

        return *read_text(procs_fd, text) != '\0';
}

/* A group that goes on must not be killed by cgroup.kill: there are kernels (6.18 is one) that compare the kills which a
 * group has seen with those of the group that clone3() is called in, and kill every child that is started there later. A
 * process that was waited for may stand in its group for a moment more. */
int cgroup_clear(struct cgroup *g) {
        if (is_empty(g->events_fd))
                return 0;
        if (has_processes(g->fd)) {
                int r = kill_by_name(g->fd, g->events_fd);

                return r < 0 ? r : 1;
        }
        return await_empty(g->fd, g->events_fd, false);
}

/* --- counters -------------------------------------------------------------------------------------------------------- */

uint64_t cgroup_oom_kills(const struct cgroup *g) {
        char text[TEXT_BYTES];

        return cgroup_stat_value(read_text(g->memory_fd, text), "oom_kill");
}

static uint64_t read_peak(const struct cgroup *g) {
        char text[TEXT_BYTES];

        return strtoull(read_text(g->peak_fd, text), NULL, 10);
}

static uint64_t take_peak(struct cgroup *g) {
        uint64_t peak = read_peak(g), before = g->peak_bytes;

        if (!g->peak_resets) {
                g->peak_bytes = peak;
                return peak > before ? peak : 0;
        }
        (void)!pwrite(g->peak_fd, "0", 1, 0);
        return peak;
}

struct cgroup_usage cgroup_take_usage(struct cgroup *g) {
        char text[TEXT_BYTES];
        uint64_t cpu_usec = cgroup_stat_value(read_text(g->cpu_fd, text), "usage_usec");
        struct cgroup_usage u = { .cpu_usec = usec_sub(cpu_usec, g->cpu_usec), .memory_bytes = take_peak(g) };

        g->cpu_usec = cpu_usec;
        return u;
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

static int open_file(const struct cgroup *g, const char *name, int flags) {
        return openat(g->fd, name, flags | O_CLOEXEC);
}

/* The kernel refuses to open it for writing where it cannot reset it. */
static void open_peak(struct cgroup *g) {
        g->peak_fd = open_file(g, "memory.peak", O_RDWR);
        g->peak_resets = g->peak_fd >= 0;
        if (g->peak_fd < 0)
                g->peak_fd = open_file(g, "memory.peak", O_RDONLY);
}

int cgroup_open(const char *path, struct cgroup **ret) {
        struct cgroup *g = calloc(1, sizeof(*g));

        if (!g)
                return -ENOMEM;
        g->events_fd = g->cpu_fd = g->peak_fd = g->memory_fd = -1;
        g->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->fd >= 0)
                g->events_fd = open_file(g, "cgroup.events", O_RDONLY);
        if (g->events_fd < 0) {
                int r = -errno;

                cgroup_close(g);
                return r;
        }
        g->cpu_fd = open_file(g, "cpu.stat", O_RDONLY);
        g->memory_fd = open_file(g, "memory.events", O_RDONLY);
        open_peak(g);
        (void)cgroup_take_usage(g);
        *ret = g;
        return 0;
}

struct cgroup *cgroup_close(struct cgroup *g) {
        if (!g)
                return NULL;
        close_fd(g->fd);
        close_fd(g->events_fd);
        close_fd(g->cpu_fd);
        close_fd(g->peak_fd);
        close_fd(g->memory_fd);
        free(g);
        return NULL;
}

int cgroup_fd(const struct cgroup *g) {
        return g->fd;
}
