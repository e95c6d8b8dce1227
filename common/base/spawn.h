/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a child process, and ending a whole tree of them.
 *
 * The child is made with vfork semantics: cheap whatever the parent's size, and an exec that fails is reported to the
 * caller with its errno instead of as an exit code. The child gets an empty signal mask and default dispositions, its
 * own process group (so that the tree can be killed), only the descriptors it is given, and dies when its parent's
 * thread dies (PR_SET_PDEATHSIG). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cleanup.h"

struct spawn_options {
        const char *path;            /* executable; looked up in the parent's PATH when it holds no '/',
                                      * else relative to cwd */
        char *const *argv;           /* NULL-terminated */
        char *const *envp;           /* NULL-terminated: the whole environment */
        const char *cwd;             /* NULL: inherit */
        int stdin_fd;                /* -1: /dev/null */
        int stdout_fd;               /* -1: /dev/null */
        int stderr_fd;               /* -1: /dev/null */
        int extra_fd;                /* becomes descriptor 3; -1: none */
        int cgroup_fd;               /* a cgroup v2 folder the child is started in; -1: the parent's */
        int death_signal;            /* what the child gets when the parent dies; 0: none */
        int umask;                   /* -1: inherit */
        uint64_t data_bytes;         /* RLIMIT_DATA of the child: its private writable memory; 0: inherit */
        bool new_session;            /* setsid() instead of setpgid(0, 0) */
};

#define SPAWN_OPTIONS_INIT \
        ((struct spawn_options){ .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .extra_fd = -1, .cgroup_fd = -1, \
                                 .death_signal = 9, .umask = -1 })

/* Starts the child. 0 with its pid (not yet reaped: the caller waits for it), or -errno of the step that failed
 * (-ENOENT: no such program). The given descriptors stay the caller's. */
int spawn(const struct spawn_options *o, pid_t *ret_pid) _must_check_;

/* Ignores a signal in this process but not in its children. The one way for a program that spawns: what it ignores is looked
 * at once, before its first child. 0 or -errno. */
int spawn_ignore(int number);

/* Sends `sig` to the process group `pgid`, and to every descendant of `pid` that left the group (read from /proc).
 * -ESRCH when nothing was there to signal. */
int spawn_kill_tree(pid_t pid, int sig);

/* Makes this process adopt orphaned descendants (PR_SET_CHILD_SUBREAPER), so that none can escape it. */
int spawn_become_subreaper(void);

/* Kills (SIGKILL) and reaps every child of this process except those in `keep` (may be NULL), repeatedly until none
 * is left or nothing changes any more. Cheap when there is none: one waitid(). Returns how many were killed, or
 * -errno. */
int spawn_reap_strays(const pid_t *keep, size_t keep_count);

/* Between these two no spawn_reap_strays() of this process touches the child: a module that starts one and waits for it
 * by itself need not be known to whoever clears strays away. Only whole processes have children, hence no handle. 0, or
 * -EAGAIN when too many are held. */
int spawn_hold(pid_t pid) _must_check_;
void spawn_release(pid_t pid);
/* Holds all children that there are: those that a shell had before it became this program. 0; -EAGAIN, -ENOMEM. */
int spawn_hold_all(void) _must_check_;
