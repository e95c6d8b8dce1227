/* SPDX-License-Identifier: Apache-2.0 */
/* The child of vfork() borrows the parent's memory, and the parent stands still until it executes its program or
 * exits. So everything that needs memory or a choice is done before: looking the program up, opening /dev/null. The
 * child only makes system calls, through functions that are async-signal-safe, and leaves the errno of a step that
 * failed where the parent reads it. All signals are blocked around it: a handler of the parent must not run in the
 * child, on the parent's memory. Ending trees of processes is in spawn_kill.c.
 *
 * clone3() is vfork() with two more wishes. It makes a child for another cgroup there: moving it would stop the forks of its
 * whole thread group and wait for an RCU grace period, which takes longer than everything else here. And it takes handlers
 * away, so that only those signals are left to reset that this process ignores; to reset all is 64 system calls, as long
 * as the rest of a start. */
#include "common/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define TARGET_COUNT 4 /* stdin, stdout, stderr, the extra one */

struct child {
        const struct spawn_options *options;
        const char *path;
        pid_t parent;
        int fds[TARGET_COUNT]; /* what becomes descriptor 0, 1, 2, 3; -1: nothing */
        bool by_clone3;        /* it is in its cgroup, and has no handlers */
        volatile int error;    /* errno of the step that failed; written by the child */
};

static bool is_program(const char *path) {
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Like execvp() looks: -EACCES when there is only one that may not be executed. */
static int look_up(const char *name, char out[PATH_MAX]) {
        const char *dirs = getenv("PATH"), *next;
        int r = -ENOENT;

        for (dirs = dirs ? dirs : PATH_DEFAULT; dirs; dirs = next) {
                size_t len = strcspn(dirs, ":");

                next = dirs[len] == ':' ? dirs + len + 1 : NULL;
                if (len == 0 || snprintf(out, PATH_MAX, "%.*s/%s", (int)len, dirs, name) >= PATH_MAX)
                        continue; /* an empty entry would mean the current folder: never look there */
                if (is_program(out))
                        return 0;
                if (access(out, F_OK) == 0)
                        r = -EACCES;
        }
        return r;
}

/* --- signals -------------------------------------------------------------------------------------------------------- */

static struct {
        bool known;
        sigset_t set;
} ignored; /* dispositions are of the whole process */

/* What was ignored when this program was started (systemd and nohup do so), or since. */
static void learn_ignored(void) {
        struct sigaction sa;

        if (ignored.known)
                return;
        ignored.known = true;
        (void)sigemptyset(&ignored.set);
        for (int i = 1; i < NSIG; i++)
                if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
                        (void)sigaddset(&ignored.set, i);
}

int spawn_ignore(int number) {
        learn_ignored();
        if (signal(number, SIG_IGN) == SIG_ERR || sigaddset(&ignored.set, number) < 0)
                return -errno;
        return 0;
}

/* Ignored signals stay ignored over exec, and handlers must not run here, so everything goes to the default. The two
 * that cannot be set, and those that the C library keeps for itself, fail harmlessly. */
static void reset_signals(bool has_handlers) {
        struct sigaction sa = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int i = 1; i < NSIG; i++)
                if (has_handlers || sigismember(&ignored.set, i) == 1)
                        (void)sigaction(i, &sa, NULL);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* --- the child ------------------------------------------------------------------------------------------------------ */

static int enter_cgroup(int cgroup_fd) {
        int fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

        return fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -1;
}

/* The wanted descriptors may stand in each other's places: those are first copied out of the way. */
static int place_fds(int fds[TARGET_COUNT]) {
        unsigned first_closed = fds[TARGET_COUNT - 1] >= 0 ? TARGET_COUNT : TARGET_COUNT - 1;

        for (int i = 0; i < TARGET_COUNT; i++)
                if (fds[i] >= 0 && fds[i] < TARGET_COUNT) {
                        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, TARGET_COUNT);
                        if (fds[i] < 0)
                                return -1;
                }
        for (int i = 0; i < TARGET_COUNT; i++)
                if (fds[i] >= 0 && dup2(fds[i], i) < 0)
                        return -1;
        /* Where a sandbox forbids it, all descriptors of ours are close-on-exec anyway. */
        (void)close_range(first_closed, ~0U, 0);
        return 0;
}

static int prepare(struct child *c) {
        const struct spawn_options *o = c->options;

        if ((o->new_session ? setsid() : setpgid(0, 0)) < 0)
                return -1;
        if (o->death_signal > 0) {
                if (prctl(PR_SET_PDEATHSIG, o->death_signal) < 0)
                        return -1;
                if (getppid() != c->parent) { /* it died before the line above */
                        errno = ESRCH;
                        return -1;
                }
        }
        if (o->cgroup_fd >= 0 && !c->by_clone3 && enter_cgroup(o->cgroup_fd) < 0)
                return -1;
        if (o->data_bytes > 0 && setrlimit(RLIMIT_DATA, &(struct rlimit){ o->data_bytes, o->data_bytes }) < 0)
                return -1;
        if (o->umask >= 0)
                (void)umask((mode_t)o->umask);
        if (o->cwd && chdir(o->cwd) < 0)
                return -1;
        return place_fds(c->fds);
}

static _Noreturn __attribute__((noinline)) void run_child(struct child *c) {
        if (prepare(c) == 0) {
                reset_signals(!c->by_clone3);
                (void)execve(c->path, c->options->argv, c->options->envp);
        }
        c->error = errno;
        _exit(127);
}

/* A system call that the child returns from, too, on the parent's stack: so no function may return in between, and it
 * is made in place. AddressSanitizer keeps accounts of the stack that only vfork() is known to. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__SANITIZE_ADDRESS__)
static inline __attribute__((always_inline)) long clone3_here(const struct clone_args *args) {
#ifdef __x86_64__
        long r = SYS_clone3;

        __asm__ volatile("syscall" : "+a"(r) : "D"(args), "S"(sizeof(*args)) : "rcx", "r11", "memory");
        return r;
#else
        register long x8 __asm__("x8") = SYS_clone3;
        register long x0 __asm__("x0") = (long)args;
        register long x1 __asm__("x1") = sizeof(*args);

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
        return x0;
#endif
}
#else
static inline __attribute__((always_inline)) long clone3_here(const struct clone_args *args) {
        return -ENOSYS;
}
#endif

/* The child's pid or -errno: -ENOSYS when this kernel (before 5.7) or a sandbox does not know how. */
static __attribute__((noinline)) long start_by_clone3(struct child *c) {
        const int cgroup_fd = c->options->cgroup_fd;
        const struct clone_args args = {
                .flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
                .exit_signal = SIGCHLD,
                .cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
        };
        long r;

        c->by_clone3 = true;
        r = clone3_here(&args);
        if (r == 0)
                run_child(c);
        if (r < 0)
                c->by_clone3 = false;
        return r == -E2BIG || r == -EINVAL || r == -EPERM ? -ENOSYS : r;
}

/* A child that runs, or whose error is in `c`. Its pid, or -errno. run_child() never returns. */
static long start_child(struct child *c) {
        long r = start_by_clone3(c);
        pid_t pid;

        if (r != -ENOSYS)
                return r;
        /* posix_spawn() has no words for a cgroup, a death signal or a umask. */
        pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
        if (pid == 0)
                run_child(c); /* NOLINT(clang-analyzer-unix.Vfork) */
        return pid < 0 ? -errno : pid;
}

static int start(struct child *c, pid_t *ret_pid) {
        sigset_t all, before;
        long pid;
        int error;

        learn_ignored();
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, &before);
        pid = start_child(c);
        error = pid < 0 ? (int)-pid : c->error;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        if (error != 0) {
                while (pid > 0 && waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                return -error;
        }
        *ret_pid = (pid_t)pid;
        return 0;
}

int spawn(const struct spawn_options *o, pid_t *ret_pid) {
        _cleanup_close_ int null_fd = -1;
        char found[PATH_MAX];
        struct child c = { .options = o, .path = o->path, .parent = getpid() };
        const int given[TARGET_COUNT] = { o->stdin_fd, o->stdout_fd, o->stderr_fd, o->extra_fd };

        if (!strchr(o->path, '/')) {
                int r = look_up(o->path, found);

                if (r < 0)
                        return r;
                c.path = found;
        }
        for (int i = 0; i < TARGET_COUNT; i++) {
                c.fds[i] = given[i];
                if (given[i] >= 0 || i == TARGET_COUNT - 1)
                        continue;
                if (null_fd < 0)
                        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
                if (null_fd < 0)
                        return -errno;
                c.fds[i] = null_fd;
        }
        return start(&c, ret_pid);
}
