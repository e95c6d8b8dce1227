/* SPDX-License-Identifier: Apache-2.0 */
/* A program of the administrator's that writes credentials as JSON. ("Process credential provider", AWS SDKs and Tools
 * Reference Guide.) It runs beside the loop: its output is a pipe, its end a pidfd. When it has ended, all that it
 * wrote is in the pipe, so what it left running behind cannot hold the answer up. It gets no terminal, and its messages
 * are dropped: they could repeat what must not be logged. For the same reason an error names the program and not its
 * arguments. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/spawn.h"
#include "common/base/text.h"

#define OUTPUT_MAX_BYTES ((size_t)64 * 1024)
#define KILL_WAIT_MSEC 100
#define READ_BYTES ((size_t)4096)

extern char **environ;

struct process {
        struct credentials_query *query;
        char **argv;
        pid_t pid; /* 0: not running, or reaped */
        int pidfd, output;
        sd_event_source *on_end, *on_output, *on_timeout;
        struct buf answer;
        bool too_much;
};

/* Once the pid is ours no more nobody may signal it. */
static void forget(struct process *p) {
        spawn_release(p->pid);
        p->pid = 0;
}

static void end_process(struct process *p) {
        struct pollfd ended = { .fd = p->pidfd, .events = POLLIN };

        (void)spawn_kill_tree(p->pid, SIGKILL);
        if (p->pidfd >= 0)
                (void)poll(&ended, 1, KILL_WAIT_MSEC);
        (void)waitpid(p->pid, NULL, WNOHANG);
        forget(p);
}

static void process_free(void *state) {
        struct process *p = state;
        if (p->pid > 0)
                end_process(p);
        sd_event_source_disable_unref(p->on_end);
        sd_event_source_disable_unref(p->on_output);
        sd_event_source_disable_unref(p->on_timeout);
        close_fd(p->pidfd);
        close_fd(p->output);
        if (p->answer.data)
                secret_wipe(p->answer.data, p->answer.cap);
        buf_done(&p->answer);
        text_list_free(p->argv);
        free(p);
}

/* --- its output --------------------------------------------------------------------------------------------------- */

/* Reads what is there; false at the end of the stream. */
static bool read_output(struct process *p) {
        for (;;) {
                char *room = buf_reserve(&p->answer, READ_BYTES);
                if (!room) {
                        p->too_much = true;
                        return false;
                }
                ssize_t n = read(p->output, room, READ_BYTES);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 && errno == EAGAIN;
                buf_commit(&p->answer, (size_t)n);
        }
}

static void fail_too_much(struct process *p) {
        credentials_failed(p->query, -EFBIG, "%s wrote more than %zu bytes", p->argv[0], OUTPUT_MAX_BYTES - READ_BYTES);
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct process *p = userdata;
        if (read_output(p))
                return 0;
        if (p->too_much)
                fail_too_much(p);
        else
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF); /* the exit is still to come */
        return 0;
}

/* --- its end ------------------------------------------------------------------------------------------------------ */

static void answer(struct process *p, int status) {
        struct credentials_query *q = p->query;
        struct aws_credentials *c = NULL;
        const char *why = "out of memory";

        if (p->too_much) {
                fail_too_much(p);
                return;
        }
        if (WIFSIGNALED(status)) {
                credentials_failed(q, -EIO, "%s was ended by signal %d", p->argv[0], WTERMSIG(status));
                return;
        }
        if (WEXITSTATUS(status) != 0) {
                credentials_failed(q, -EIO, "%s ended with exit code %d", p->argv[0], WEXITSTATUS(status));
                return;
        }
        int r = credentials_from_process(p->answer.len > 0 ? p->answer.data : "", p->answer.len, &c, &why);
        if (r < 0)
                credentials_failed(q, r, "%s: %s", p->argv[0], why);
        else
                credentials_found(q, c);
}

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct process *p = userdata;
        int status = 0;

        /* Whoever else waits for all children may have reaped it; then its output alone says whether it worked. */
        if (waitpid(p->pid, &status, WNOHANG) == 0)
                return 0;
        forget(p);
        if (sd_event_source_get_enabled(p->on_output, NULL) > 0)
                (void)read_output(p);
        answer(p, status);
        return 0;
}

static uint64_t timeout_usec(const struct process *p) {
        uint64_t usec = p->query->options->process_timeout_usec;
        return usec > 0 ? usec : CREDENTIALS_PROCESS_TIMEOUT_USEC;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        struct process *p = userdata;
        char limit[DURATION_MAX];
        credentials_failed(p->query, -ETIMEDOUT, "%s did not end within %s", p->argv[0],
                           duration_format_human(timeout_usec(p), limit));
        return 0;
}

/* --- its start ---------------------------------------------------------------------------------------------------- */

static int run(struct process *p) {
        char *const *environment = p->query->options->environment;
        _cleanup_close_ int write_end = -1;
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        p->output = fds[0];
        write_end = fds[1];
        if (fcntl(p->output, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        o.path = p->argv[0];
        o.argv = p->argv;
        o.envp = environment ? environment : environ;
        o.stdout_fd = write_end;
        int r = spawn(&o, &p->pid);
        if (r == 0)
                r = spawn_hold(p->pid);
        if (r < 0)
                return r;
        p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
        return p->pidfd < 0 ? -errno : 0;
}

static int watch(struct process *p) {
        sd_event *event = p->query->options->event;
        int r = sd_event_add_io(event, &p->on_output, p->output, EPOLLIN, on_output, p);
        if (r >= 0)
                r = sd_event_add_io(event, &p->on_end, p->pidfd, EPOLLIN, on_ended, p);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &p->on_timeout, CLOCK_MONOTONIC, timeout_usec(p), USEC_PER_MSEC,
                                               on_timeout, p);
        return r < 0 ? r : 0;
}

static struct process *process_new(struct credentials_query *q) {
        struct process *p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        p->query = q;
        p->pidfd = p->output = -1;
        p->answer = BUF_INIT(OUTPUT_MAX_BYTES);
        q->state = p;
        q->state_free = process_free;
        return p;
}

void credentials_process_start(struct credentials_query *q, const struct aws_profile *profile) {
        struct process *p = process_new(q);
        if (!p) {
                credentials_failed(q, -ENOMEM, "out of memory");
                return;
        }
        int r = credentials_split_command(aws_profile_get(profile, "credential_process"), &p->argv);
        if (r < 0) {
                credentials_failed(q, r, "the credential_process of profile '%s' is no command line: %s", profile->name,
                                   r == -EINVAL ? "a quote is not closed" : strerror(-r));
                return;
        }
        r = run(p);
        if (r == 0)
                r = watch(p);
        if (r < 0)
                credentials_failed(q, r, "%s cannot be run: %s", p->argv[0], strerror(-r));
}
