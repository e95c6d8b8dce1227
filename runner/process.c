/* SPDX-License-Identifier: Apache-2.0 */
/* One process per task, cheap when it is short.
 *
 * One signalfd hears of all exits, so that a process costs no pidfd. It comes before the pipes: when a process exits,
 * a single poll() tells whether all its descendants closed their ends too. They usually did; then the rest is read
 * (read() cannot block on a pipe without writers) and the run ends in the same turn. Otherwise a grandchild holds a
 * pipe: its lines are taken for a short grace, then the pipes are closed.
 *
 * With a control group, an execution's processes cannot leave it by any number of forks and sessions: at the end it is
 * looked at once, and killed as a whole when somebody is left. Without, those are found as orphans that the kernel hands to
 * this process, and by /proc.
 *
 * The pipes are blocking, because a task shares its end with whatever it starts. They are read once per wake-up. */
#include "runner/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/spawn.h"
#include "runner/lines.h"

#define READ_BYTES (64ul * 1024) /* what a pipe holds */

struct stream {
        struct process *process;
        sd_event_source *source;
        int fd; /* -1: at its end */
        struct lines lines;
};

struct process {
        struct reaper *reaper;
        struct process *next;
        struct process_handlers handlers;
        void *userdata;
        sd_event_source *timer; /* of the grace, or between SIGTERM and SIGKILL */
        struct stream streams[PROCESS_STREAM_COUNT];
        pid_t pid;
        int status;
        struct cgroup_usage usage;
        uint64_t oom_kills; /* of the group, at the start */
        bool exited, stopping;
};

/* --- streams -------------------------------------------------------------------------------------------------------- */

static void on_line(void *userdata, const char *text, size_t len, bool cut) {
        struct stream *s = userdata;
        struct process *p = s->process;

        p->handlers.on_line(p->userdata, s == &p->streams[PROCESS_STDERR] ? PROCESS_STDERR : PROCESS_STDOUT, text, len,
                            cut);
}

static void stream_close(struct stream *s) {
        if (s->fd < 0)
                return;
        lines_end(&s->lines, on_line, s);
        s->source = sd_event_source_unref(s->source);
        s->fd = close_fd(s->fd);
}

/* Reads once. False at the end of the stream. Out of memory loses the line, not the process. */
static bool stream_read(struct stream *s) {
        ssize_t n = read(s->fd, s->process->reaper->read_buffer, READ_BYTES);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return true;
        if (n <= 0)
                return false;
        (void)lines_feed(&s->lines, s->process->reaper->read_buffer, (size_t)n, on_line, s);
        return true;
}

static void end_if_over(struct process *p) {
        for (int i = 0; i < PROCESS_STREAM_COUNT; i++)
                if (p->streams[i].fd >= 0)
                        return;
        if (!p->exited)
                return;
        p->timer = sd_event_source_unref(p->timer);
        p->handlers.on_end(p->userdata, p, p->status);
}

static int on_stream(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct stream *s = userdata;

        if (!stream_read(s)) {
                stream_close(s);
                end_if_over(s->process);
        }
        return 0;
}

/* Reads what is left where nobody can write any more. */
static void drain_closed(struct process *p) {
        struct pollfd fds[PROCESS_STREAM_COUNT];

        for (int i = 0; i < PROCESS_STREAM_COUNT; i++)
                fds[i] = (struct pollfd){ .fd = p->streams[i].fd, .events = POLLIN };
        if (poll(fds, PROCESS_STREAM_COUNT, 0) <= 0)
                return;
        for (int i = 0; i < PROCESS_STREAM_COUNT; i++)
                if (fds[i].revents & (POLLHUP | POLLERR)) {
                        while (stream_read(&p->streams[i]))
                                ;
                        stream_close(&p->streams[i]);
                }
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

static int on_grace_over(sd_event_source *source, uint64_t usec, void *userdata) {
        struct process *p = userdata;

        for (int i = 0; i < PROCESS_STREAM_COUNT; i++)
                stream_close(&p->streams[i]);
        end_if_over(p);
        return 0;
}

static int arm(struct process *p, uint64_t usec, sd_event_time_handler_t handler) {
        p->timer = sd_event_source_unref(p->timer);
        return sd_event_add_time_relative(p->reaper->event, &p->timer, CLOCK_MONOTONIC, usec, 1, handler, p);
}

static size_t running(const struct reaper *r, pid_t *pids);

static void on_exit_of_process(struct process *p, int status) {
        p->exited = true;
        p->status = status;
        if (p->stopping) {
                (void)spawn_kill_tree(p->pid, SIGKILL);
                if (running(p->reaper, NULL) == 0) /* a stray may be another task's */
                        (void)reaper_end_strays(p->reaper);
        }
        drain_closed(p);
        if (p->streams[PROCESS_STDOUT].fd >= 0 || p->streams[PROCESS_STDERR].fd >= 0) {
                if (arm(p, PROCESS_PIPE_GRACE_USEC, on_grace_over) < 0)
                        (void)on_grace_over(NULL, 0, p);
                return;
        }
        end_if_over(p);
}

static int on_term_over(sd_event_source *source, uint64_t usec, void *userdata) {
        struct process *p = userdata;

        if (!p->exited)
                (void)spawn_kill_tree(p->pid, SIGKILL);
        return 0;
}

void process_stop(struct process *p) {
        if (p->exited || p->stopping)
                return;
        p->stopping = true;
        (void)spawn_kill_tree(p->pid, SIGTERM);
        if (arm(p, PROCESS_TERM_USEC, on_term_over) < 0)
                (void)spawn_kill_tree(p->pid, SIGKILL);
}

/* --- the start ------------------------------------------------------------------------------------------------------ */

static int open_stream(struct process *p, enum process_stream which, int *ret_write_fd) {
        struct stream *s = &p->streams[which];
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        s->fd = fds[0];
        *ret_write_fd = fds[1];
        return sd_event_add_io(p->reaper->event, &s->source, s->fd, EPOLLIN, on_stream, s);
}

static struct process *process_new(struct reaper *r, const struct process_handlers *handlers, void *userdata) {
        struct process *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->reaper = r;
        p->handlers = *handlers;
        p->userdata = userdata;
        p->exited = true; /* until it is started */
        for (int i = 0; i < PROCESS_STREAM_COUNT; i++)
                p->streams[i] = (struct stream){ .process = p, .fd = -1, .lines = LINES_INIT };
        p->next = r->first;
        r->first = p;
        return p;
}

DEFINE_CLEANUP(struct process *, process_free)

int process_start(struct reaper *r, char *const *argv, char *const *envp, const char *cwd,
                  const struct process_handlers *handlers, void *userdata, struct process **ret) {
        _cleanup_(process_freep) struct process *p = process_new(r, handlers, userdata);
        _cleanup_close_ int out = -1, err = -1;
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        int k;

        if (!p)
                return -ENOMEM;
        k = open_stream(p, PROCESS_STDOUT, &out);
        if (k < 0)
                return k;
        k = open_stream(p, PROCESS_STDERR, &err);
        if (k < 0)
                return k;
        o.path = argv[0];
        o.argv = argv;
        o.envp = envp;
        o.cwd = cwd;
        o.stdin_fd = r->null_fd;
        o.stdout_fd = out;
        o.stderr_fd = err;
        o.umask = (int)r->umask;
        o.data_bytes = r->data_bytes;
        o.cgroup_fd = r->group ? cgroup_fd(r->group) : -1;
        p->oom_kills = r->group ? cgroup_oom_kills(r->group) : 0;
        k = spawn(&o, &p->pid);
        if (k < 0)
                return k;
        p->exited = false;
        r->unclean = r->group_used = true;
        *ret = TAKE_PTR(p);
        return 0;
}

struct process *process_free(struct process *p) {
        if (!p)
                return NULL;
        if (!p->exited)
                (void)spawn_kill_tree(p->pid, SIGKILL); /* the reaper collects it */
        for (struct process **at = &p->reaper->first; *at; at = &(*at)->next)
                if (*at == p) {
                        *at = p->next;
                        break;
                }
        for (int i = 0; i < PROCESS_STREAM_COUNT; i++) {
                sd_event_source_unref(p->streams[i].source);
                close_fd(p->streams[i].fd);
                lines_done(&p->streams[i].lines);
        }
        sd_event_source_unref(p->timer);
        free(p);
        return NULL;
}

/* --- the reaper ----------------------------------------------------------------------------------------------------- */

static uint64_t usec_of(const struct timeval *t) {
        return (uint64_t)t->tv_sec * USEC_PER_SEC + (uint64_t)t->tv_usec;
}

static void on_exit_of_child(struct reaper *r, pid_t pid, int status, const struct rusage *used) {
        const struct cgroup_usage usage = { .cpu_usec = usec_of(&used->ru_utime) + usec_of(&used->ru_stime),
                                            .memory_bytes = (uint64_t)used->ru_maxrss * 1024 };

        r->usage.cpu_usec += usage.cpu_usec;
        r->usage.memory_bytes = MAX(r->usage.memory_bytes, usage.memory_bytes);
        for (struct process *p = r->first; p; p = p->next)
                if (p->pid == pid && !p->exited) {
                        p->usage = usage;
                        on_exit_of_process(p, status);
                        break;
                }
}

static int on_sigchld(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct reaper *r = userdata;
        struct rusage used;
        int status;
        pid_t pid;

        while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
                on_exit_of_child(r, pid, status, &used);
        return 0;
}

struct cgroup_usage process_usage(const struct process *p) {
        return p->usage;
}

bool process_ran_out_of_memory(const struct process *p) {
        const struct cgroup *group = p->reaper->group;

        return group && cgroup_oom_kills(group) > p->oom_kills;
}

int reaper_init(struct reaper *r, sd_event *event) {
        int k;

        *r = (struct reaper){ .event = event, .umask = 077 };
        r->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (r->null_fd < 0)
                return -errno;
        r->read_buffer = malloc(READ_BYTES);
        if (!r->read_buffer)
                return -ENOMEM;
        k = sd_event_add_signal(event, &r->source, SIGCHLD, on_sigchld, r);
        if (k < 0)
                return k;
        return sd_event_source_set_priority(r->source, SD_EVENT_PRIORITY_IMPORTANT);
}

static size_t running(const struct reaper *r, pid_t *pids) {
        size_t n = 0;

        for (const struct process *p = r->first; p; p = p->next)
                if (!p->exited) {
                        if (pids)
                                pids[n] = p->pid;
                        n++;
                }
        return n;
}

int reaper_end_strays(struct reaper *r) {
        _cleanup_free_ pid_t *keep = NULL;
        int cleared = 0, reaped;
        size_t count;

        if (!r->unclean)
                return 0;
        count = running(r, NULL);
        keep = calloc(count + 1, sizeof(*keep));
        if (!keep)
                return -ENOMEM;
        r->unclean = count > 0;
        if (r->group && count == 0)
                cleared = cgroup_clear(r->group);
        reaped = spawn_reap_strays(keep, running(r, keep));
        return reaped != 0 ? reaped : cleared;
}

struct cgroup_usage reaper_take_usage(struct reaper *r) {
        struct cgroup_usage usage = r->usage, all;

        r->usage = (struct cgroup_usage){ 0 };
        if (!r->group_used)
                return usage;
        r->group_used = false;
        if (!r->group)
                return usage;
        all = cgroup_take_usage(r->group);
        return (struct cgroup_usage){ .cpu_usec = all.cpu_usec,
                                      .memory_bytes = all.memory_bytes > 0 ? all.memory_bytes : usage.memory_bytes };
}

void reaper_kill_all(struct reaper *r) {
        for (struct process *p = r->first; p; p = p->next)
                if (!p->exited) {
                        (void)spawn_kill_tree(p->pid, SIGKILL);
                        p->exited = true;
                }
        (void)reaper_end_strays(r);
}

void reaper_done(struct reaper *r) {
        reaper_kill_all(r);
        r->source = sd_event_source_unref(r->source);
        close_fd(r->null_fd);
        free(r->read_buffer);
        r->read_buffer = NULL;
        r->group = cgroup_close(r->group);
}
