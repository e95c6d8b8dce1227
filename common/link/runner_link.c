/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's end of a runner.
 *
 * Two sources of the loop: the socket, and a pidfd that tells the runner's exit. The exit is the one event that ends a
 * link: what the runner wrote before is read first, then on_gone() is called. A runner that closes its socket or
 * speaks nonsense is killed, and that leads to its exit.
 *
 * The runner is started without a death signal: a kill would leave its tasks' grandchildren behind. When this process
 * dies, the runner reads the end of the socket, kills everything below it and exits. For the same reason
 * runner_link_free() closes the socket first and kills only a runner that does not leave in time, with all that is below
 * it.
 *
 * A handler may free the link: while handlers run, freeing only marks it, and whoever called the handler frees it. */
#include "common/link/runner_link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/spawn.h"
#include "common/base/text.h"
#include "common/flow/flow_calls.h"
#include "common/link/codec.h"

#define READ_BYTES (64ul * 1024)
#define KEEP_BYTES_MAX (1024ul * 1024) /* a buffer that a big message made bigger is given back */
#define LEAVE_MSEC 1000              /* how long a runner has to end its tasks and leave when its link is freed */

struct sent_flow {
        uint64_t revision;
        struct flow_load_options options;
};

struct runner_link {
        struct runner_link_handlers handlers;
        void *userdata;
        sd_event_source *socket_source, *pid_source;
        int fd, pidfd;
        pid_t pid;
        struct buf in, out;
        size_t out_sent;
        struct sent_flow flows[RUNNER_FLOWS_MAX];
        size_t flow_count; /* ever sent; the slot of number n is n % RUNNER_FLOWS_MAX */
        bool in_handler, freed;
};

/* --- what comes in -------------------------------------------------------------------------------------------------- */

/* Calls the handler; false when the link was freed by it. */
static bool tell_frame(struct runner_link *link, const struct frame *frame) {
        link->in_handler = true;
        link->handlers.on_frame(link->userdata, link, frame);
        link->in_handler = false;
        return !link->freed;
}

/* Tells every whole frame of the input. 1 when the link was freed meanwhile, 0, -errno. */
static int take_frames(struct runner_link *link) {
        size_t taken = 0, used;
        struct frame frame;
        int r;

        while ((r = frame_get(link->in.data + taken, link->in.len - taken, &frame, &used)) > 0) {
                bool alive = tell_frame(link, &frame);
                frame_done(&frame);
                taken += used;
                if (!alive)
                        return 1;
        }
        buf_consume(&link->in, taken);
        if (link->in.len == 0 && link->in.cap > KEEP_BYTES_MAX)
                buf_done(&link->in);
        return r;
}

/* 1: bytes were read, 0: none are there now, -EPIPE at the end, -errno. */
static int read_some(struct runner_link *link) {
        void *p = buf_reserve(&link->in, READ_BYTES);
        ssize_t n;

        if (!p)
                return buf_error(&link->in);
        n = recv(link->fd, p, READ_BYTES, 0);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -EPIPE;
        buf_commit(&link->in, (size_t)n);
        return 1;
}

/* And everything below it, which it would have ended: afterwards only who adopts orphans could find that. */
static void kill_runner(const struct runner_link *link) {
        (void)spawn_kill_tree(link->pid, SIGKILL);
}

/* A runner that cannot be talked to any more is of no use: its exit follows and is told. */
static void give_up(struct runner_link *link) {
        link->socket_source = sd_event_source_unref(link->socket_source);
        if (link->pid > 0)
                kill_runner(link);
}

static struct runner_link *link_destroy(struct runner_link *link);

static int on_socket(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct runner_link *link = userdata;
        int r = 0;

        if (revents & EPOLLOUT)
                (void)runner_link_flush(link);
        if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                r = read_some(link);
                if (r > 0)
                        r = take_frames(link);
        }
        if (r < 0)
                give_up(link);
        if (r > 0)
                link_destroy(link);
        return 0;
}

/* Reads what the runner said before it went. 1 when the link was freed meanwhile. */
static int read_rest(struct runner_link *link) {
        if (!link->socket_source)
                return 0;
        while (read_some(link) > 0) {
                int r = take_frames(link);
                if (r != 0)
                        return r > 0;
        }
        return 0;
}

static int on_exit_of_runner(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct runner_link *link = userdata;
        int status = 0;

        if (waitpid(link->pid, &status, WNOHANG) == 0)
                return 0;
        link->pid = 0;
        if (read_rest(link) > 0) {
                link_destroy(link);
                return 0;
        }
        link->socket_source = sd_event_source_unref(link->socket_source);
        link->pid_source = sd_event_source_unref(link->pid_source);
        link->in_handler = true;
        link->handlers.on_gone(link->userdata, link, status);
        link->in_handler = false;
        if (link->freed)
                link_destroy(link);
        return 0;
}

/* --- what goes out -------------------------------------------------------------------------------------------------- */

int runner_link_flush(struct runner_link *link) {
        if (!link->socket_source)
                return -EPIPE;
        while (link->out_sent < link->out.len) {
                ssize_t n = send(link->fd, link->out.data + link->out_sent, link->out.len - link->out_sent, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return sd_event_source_set_io_events(link->socket_source, EPOLLIN | EPOLLOUT);
                if (n < 0)
                        return -errno;
                link->out_sent += (size_t)n;
        }
        link->out_sent = 0;
        buf_reset(&link->out);
        if (link->out.cap > KEEP_BYTES_MAX)
                buf_done(&link->out);
        return sd_event_source_set_io_events(link->socket_source, EPOLLIN);
}

/* A frame that did not fit is not there at all, so the buffer is still good. */
static int put_result(struct runner_link *link, int r) {
        link->out.error = 0;
        return r;
}

static struct sent_flow *find_sent(struct runner_link *link, uint64_t revision) {
        size_t count = MIN(link->flow_count, (size_t)RUNNER_FLOWS_MAX);

        for (size_t i = 0; i < count; i++)
                if (link->flows[i].revision == revision)
                        return &link->flows[i];
        return NULL;
}

static bool same_options(const struct flow_load_options *a, const struct flow_load_options *b) {
        return a->allow_containers == b->allow_containers &&
               a->allow_shell_interpolation == b->allow_shell_interpolation;
}

static int send_flow(struct runner_link *link, const struct flow *flow, const struct flow_load_options *options) {
        struct sent_flow *sent = find_sent(link, flow->revision);
        const struct frame_flow f = {
                .revision = flow->revision,
                .file = { flow->file, flow->file ? strlen(flow->file) : 0 },
                .source = { flow->source, flow->source_len },
                .allow_containers = options->allow_containers,
                .allow_shell_interpolation = options->allow_shell_interpolation,
        };
        int r;

        if (sent && same_options(&sent->options, options))
                return 0;
        r = frame_put_flow(&link->out, &f);
        if (r < 0)
                return put_result(link, r);
        if (!sent)
                sent = &link->flows[link->flow_count++ % RUNNER_FLOWS_MAX];
        *sent = (struct sent_flow){ flow->revision, *options };
        return 0;
}

int runner_link_execute(struct runner_link *link, const struct flow *flow, const struct flow_load_options *options,
                        const struct frame_execute *execute) {
        int r;

        r = send_flow(link, flow, options);
        if (r < 0)
                return r;
        return put_result(link, frame_put_execute(&link->out, execute));
}

int runner_link_cancel(struct runner_link *link, uint64_t execution_id) {
        return put_result(link, frame_put_cancel(&link->out, execution_id));
}

static int put_found(struct runner_link *link, struct bytes name, const struct flow *flow,
                     const struct flow_load_options *options, const char *problem) {
        struct frame_flow f = { .name = name, .problem = { problem, problem ? strlen(problem) : 0 } };

        if (flow)
                f = (struct frame_flow){
                        .name = name,
                        .revision = flow->revision,
                        .file = { flow->file, flow->file ? strlen(flow->file) : 0 },
                        .source = { flow->source, flow->source_len },
                        .allow_containers = options->allow_containers,
                        .allow_shell_interpolation = options->allow_shell_interpolation,
                };
        return put_result(link, frame_put_flow_found(&link->out, &f));
}

int runner_link_answer(struct runner_link *link, struct bytes name, const struct flow_set *set, const char *problem,
                       const struct flow_load_options *options) {
        _cleanup_free_ char *full_id = text_dup_n(name.data ? name.data : "", name.len), *near = NULL, *sentence = NULL;
        const struct flow *flow;

        if (!full_id)
                return -ENOMEM;
        flow = set ? flow_set_find(set, full_id) : NULL;
        if (flow)
                return put_found(link, name, flow, options, NULL);
        near = set ? flow_calls_nearest(set, full_id) : NULL;
        sentence = text_printf("there is no flow '%s'%s%s%s%s%s", full_id, near ? "; did you mean '" : "", near ? near : "",
                               near ? "'?" : "", problem ? ": " : "", problem ? problem : "");
        return sentence ? put_found(link, name, NULL, options, sentence) : -ENOMEM;
}

int runner_link_place(struct runner_link *link, const struct frame_place *answer) {
        return put_result(link, frame_put_place(&link->out, FRAME_PLACE_ANSWER, answer));
}

int runner_link_settle(struct runner_link *link, uint64_t execution_id, bool success) {
        return put_result(link, frame_put_settle(&link->out, &(struct frame_settle){ execution_id, success }));
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static int start_program(struct runner_link *link, const char *program, char *const *envp, const char *cgroup) {
        _cleanup_close_ int theirs = -1;
        char *const argv[] = { (char *)program, cgroup ? (char *)"--cgroup" : NULL, (char *)cgroup, NULL };
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;
        link->fd = fds[0];
        theirs = fds[1];

        struct spawn_options o = SPAWN_OPTIONS_INIT;
        o.path = program;
        o.argv = argv;
        o.envp = envp;
        o.stderr_fd = STDERR_FILENO;
        o.extra_fd = theirs;
        o.death_signal = 0;
        int r = spawn(&o, &link->pid);
        if (r < 0)
                return r;
        link->pidfd = (int)syscall(SYS_pidfd_open, link->pid, 0);
        return link->pidfd < 0 ? -errno : 0;
}

static int watch(struct runner_link *link, sd_event *event) {
        int r;

        r = sd_event_add_io(event, &link->socket_source, link->fd, EPOLLIN, on_socket, link);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &link->pid_source, link->pidfd, EPOLLIN, on_exit_of_runner, link);
        if (r < 0)
                return r;
        /* frames first: a runner's last words are handled before its end */
        return sd_event_source_set_priority(link->pid_source, SD_EVENT_PRIORITY_NORMAL + 1);
}

int runner_link_new(sd_event *event, const char *program, char *const *envp, const char *cgroup,
                    const struct runner_link_handlers *handlers, void *userdata, struct runner_link **ret) {
        struct runner_link *link = calloc(1, sizeof(*link));
        int r;

        if (!link)
                return -ENOMEM;
        link->fd = link->pidfd = -1;
        link->handlers = *handlers;
        link->userdata = userdata;
        link->in = BUF_INIT(FRAME_BYTES_MAX + READ_BYTES);
        link->out = BUF_INIT(FRAME_BYTES_MAX * 2);
        r = start_program(link, program, envp, cgroup);
        if (r == 0)
                r = watch(link, event);
        if (r < 0) {
                runner_link_free(link);
                return r;
        }
        *ret = link;
        return 0;
}

/* Ends the process: the end of its socket lets it kill its tasks and remove its folder. */
static void end_process(struct runner_link *link) {
        struct pollfd p = { .fd = link->pidfd, .events = POLLIN };

        link->fd = close_fd(link->fd);
        if (link->pid <= 0)
                return;
        if (link->pidfd < 0 || poll(&p, 1, LEAVE_MSEC) <= 0)
                kill_runner(link);
        while (waitpid(link->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        link->pid = 0;
}

static struct runner_link *link_destroy(struct runner_link *link) {
        sd_event_source_unref(link->socket_source);
        sd_event_source_unref(link->pid_source);
        end_process(link);
        close_fd(link->pidfd);
        buf_done(&link->in);
        buf_done(&link->out);
        free(link);
        return NULL;
}

struct runner_link *runner_link_free(struct runner_link *link) {
        if (!link)
                return NULL;
        if (link->in_handler) {
                link->freed = true;
                return NULL;
        }
        return link_destroy(link);
}

pid_t runner_link_pid(const struct runner_link *link) {
        return link->pid;
}
