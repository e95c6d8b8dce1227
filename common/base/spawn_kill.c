/* SPDX-License-Identifier: Apache-2.0 */
/* Ending processes that may not want to end. Descendants are found through /proc/<pid>/task/<tid>/children, which
 * lists the children of each thread; they are collected before the first signal, because the children of a process
 * that died belong to somebody else. Where the kernel has no such file (CONFIG_PROC_CHILDREN), the process group is
 * all that is reached. */
#include "common/base/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/file.h"

#define TREE_MAX 4096                  /* descendants that are looked at; a fork bomb is the cgroup's business */
#define CHILDREN_BYTES_MAX 65536
#define REAP_TURNS_MAX 100
#define REAP_WAIT_MSEC 1000            /* a killed process that is stuck in the kernel is left behind after that */

struct pids {
        pid_t at[TREE_MAX];
        size_t count;
};

static void add_children(const char *children, struct pids *out) {
        char *end;

        for (const char *p = children; out->count < TREE_MAX; p = end) {
                long pid = strtol(p, &end, 10);

                if (end == p || pid <= 1)
                        return;
                out->at[out->count++] = (pid_t)pid;
        }
}

/* Adds the children of all threads of the process. A process that is gone has none. */
static void read_children(pid_t pid, struct pids *out) {
        char path[64];
        struct dirent *entry;
        DIR *threads;

        (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
        threads = opendir(path);
        if (!threads)
                return;
        while ((entry = readdir(threads))) {
                _cleanup_free_ char *children = NULL;

                if (entry->d_name[0] == '.')
                        continue;
                (void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, entry->d_name);
                if (file_read(path, CHILDREN_BYTES_MAX, &children, NULL) == 0)
                        add_children(children, out);
        }
        (void)closedir(threads);
}

/* The list grows while it is walked, so it ends up with the whole tree below pid. */
static struct pids *read_tree(pid_t pid) {
        struct pids *tree = calloc(1, sizeof(*tree));

        if (!tree)
                return NULL;
        read_children(pid, tree);
        for (size_t i = 0; i < tree->count; i++)
                read_children(tree->at[i], tree);
        return tree;
}

int spawn_kill_tree(pid_t pid, int sig) {
        _cleanup_free_ struct pids *tree = NULL;
        int r = -ESRCH;

        if (pid <= 1)
                return -EINVAL;
        tree = read_tree(pid);
        if (kill(-pid, sig) == 0)
                r = 0;
        for (size_t i = 0; tree && i < tree->count; i++)
                if (getpgid(tree->at[i]) != pid && kill(tree->at[i], sig) == 0)
                        r = 0;
        return r;
}

int spawn_become_subreaper(void) {
        return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0;
}

static bool has_children(void) {
        siginfo_t info;

        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

#define HELD_MAX 64

static pid_t held[HELD_MAX]; /* 0: free */

int spawn_hold(pid_t pid) {
        for (size_t i = 0; i < HELD_MAX; i++)
                if (held[i] == 0) {
                        held[i] = pid;
                        return 0;
                }
        return -EAGAIN;
}

void spawn_release(pid_t pid) {
        for (size_t i = 0; i < HELD_MAX; i++)
                if (held[i] == pid)
                        held[i] = 0;
}

int spawn_hold_all(void) {
        _cleanup_free_ struct pids *children = calloc(1, sizeof(*children));
        int r = children ? 0 : -ENOMEM;

        if (children)
                read_children(getpid(), children);
        for (size_t i = 0; r == 0 && i < children->count; i++)
                r = spawn_hold(children->at[i]);
        return r;
}

static bool is_kept(pid_t pid, const pid_t *keep, size_t keep_count) {
        for (size_t i = 0; i < HELD_MAX; i++)
                if (held[i] == pid)
                        return true;
        for (size_t i = 0; i < keep_count; i++)
                if (keep[i] == pid)
                        return true;
        return false;
}

/* Reaps it if it has ended, or waits for that without WNOHANG in `flags`. 1 when it did, 0 when it still runs, -errno
 * (-ECHILD: not ours any more). */
static int reap(pid_t pid, int flags) {
        siginfo_t info = { 0 };

        if (waitid(P_PID, (id_t)pid, &info, WEXITED | flags) < 0)
                return -errno;
        return info.si_pid == pid;
}

/* Waits for a process that was sent SIGKILL, and reaps it. */
static int reap_killed(pid_t pid) {
        _cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (fd < 0)
                return reap(pid, 0); /* a sandbox without that call: without a limit of time then */
        (void)poll(&p, 1, REAP_WAIT_MSEC);
        return reap(pid, WNOHANG);
}

/* Leaves in `strays` only those that still run and are not kept. Returns how many were found ended, and reaped. */
static size_t drop_ended(struct pids *strays, const pid_t *keep, size_t keep_count) {
        size_t running = 0, ended = 0;

        for (size_t i = 0; i < strays->count; i++) {
                pid_t pid = strays->at[i];
                int r = is_kept(pid, keep, keep_count) ? -ECHILD : reap(pid, WNOHANG);

                ended += r > 0;
                if (r == 0)
                        strays->at[running++] = pid;
        }
        strays->count = running;
        return ended;
}

/* First all signals, then all waits: they die at the same time. Returns how many did. */
static size_t kill_all(const struct pids *strays) {
        size_t killed = 0;

        for (size_t i = 0; i < strays->count; i++)
                (void)kill(strays->at[i], SIGKILL);
        for (size_t i = 0; i < strays->count; i++)
                killed += reap_killed(strays->at[i]) > 0;
        return killed;
}

/* What a stray leaves behind becomes our child when it dies (spawn_become_subreaper), hence the turns. */
int spawn_reap_strays(const pid_t *keep, size_t keep_count) {
        _cleanup_free_ struct pids *strays = NULL;
        size_t killed = 0;

        if (!has_children())
                return 0;
        strays = calloc(1, sizeof(*strays));
        if (!strays)
                return -ENOMEM;
        for (int turn = 0; turn < REAP_TURNS_MAX; turn++) {
                size_t ended, now;

                strays->count = 0;
                read_children(getpid(), strays);
                ended = drop_ended(strays, keep, keep_count);
                now = kill_all(strays);
                killed += now;
                if (ended + now == 0)
                        break;
        }
        return (int)killed;
}
