/* SPDX-License-Identifier: Apache-2.0 */
/* One turn of the loop is: wait, handle one event, write what is due. Handlers only put frames into the outbox and set
 * flags; executions are freed and the socket is written in between, with no callback on the stack. An execution's end is
 * written when nothing more can be done without waiting, and takes everything before along; other news wait up to
 * LINGER_USEC, so that a short execution wakes the driver once.
 *
 * Executions that came together are run one after another. Those that end within their start (no process, no wait) need
 * no copy of their frame, which stays in the input buffer meanwhile, and their ends are written together: at the latest
 * when they fill a pipe's worth or the first is END_LATE_USEC old. One that goes on takes the input buffer over, and
 * what comes while it runs waits in a list.
 *
 * The end of the socket means that the driver is gone. Then nobody is left to report to, and the only duty is to leave
 * no process behind. SIGTERM and SIGINT are ignored: they are meant for the driver, which decides what becomes of the
 * execution (a stop drains). */
#include "runner/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "common/base/clock.h"
#include "common/base/hide.h"
#include "common/base/spawn.h"
#include "common/link/codec.h"
#include "runner/execution.h"
#include "runner/execution_call.h"
#include "runner/waiting.h"

#define READ_BYTES (64ul * 1024)
#define KEEP_BYTES_MAX (1024ul * 1024)
#define LINGER_USEC (20 * USEC_PER_MSEC)
#define END_LATE_USEC (5 * USEC_PER_MSEC)

struct session {
        int fd;
        sd_event *event;
        sd_event_source *source;
        sd_event_source *linger; /* armed while news wait */
        struct buf in;
        struct waiting waiting; /* empty while no execution runs */
        struct outbox outbox;
        uint64_t flushed_usec;  /* monotonic: when ends were last written in the middle of a turn */
        struct reaper reaper;
        struct flow_cache flows;
        struct flow_library library;
        struct folder_spare spare;
        struct execution *execution;
        bool flush_due, over;
        int result; /* when over */
};

static void end_session(struct session *s, int result) {
        if (!s->over)
                s->result = result;
        s->over = true;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

static int flush(struct session *s) {
        int r = outbox_flush(&s->outbox, s->fd);

        if (r < 0)
                return r;
        return sd_event_source_set_io_events(s->source, r > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Between two executions: writes the ends that should not wait for the next one. */
static int flush_ends(struct session *s) {
        uint64_t now = clock_monotonic_usec(), woken = now;

        (void)sd_event_now(s->event, CLOCK_MONOTONIC, &woken);
        if (!outbox_is_full(&s->outbox) && now - MAX(woken, s->flushed_usec) <= END_LATE_USEC)
                return 0;
        s->flushed_usec = now;
        return flush(s);
}

/* --- frames --------------------------------------------------------------------------------------------------------- */

/* Frees an execution that has reported its end. */
static void clear_ended(struct session *s) {
        if (!s->execution || !s->execution->ended)
                return;
        if (s->execution->end_error < 0)
                end_session(s, s->execution->end_error);
        s->execution = execution_free(s->execution);
}

static int on_execute(struct session *s, struct frame *f) {
        const struct workshop shop = { .event = s->event, .reaper = &s->reaper, .outbox = &s->outbox,
                                       .spare = &s->spare, .library = &s->library };
        int r;

        r = flush_ends(s);
        if (r < 0)
                return r;
        r = execution_new(&shop, &s->flows, f, &s->execution);
        if (r < 0)
                return r;
        execution_start(s->execution);
        clear_ended(s);
        return 0;
}

/* FLOW or EXECUTE, while no execution runs. */
static int on_work(struct session *s, struct frame *f) {
        return f->kind == FRAME_FLOW ? flow_cache_put(&s->flows, &f->flow) : on_execute(s, f);
}

/* One that has ended meanwhile is not meant any more. */
static int on_cancel(struct session *s, uint64_t execution_id) {
        const struct frame_end end = { .execution_id = execution_id, .state = RUN_KILLED };

        if (waiting_drop_execution(&s->waiting, execution_id))
                return outbox_end(&s->outbox, &end);
        if (s->execution && s->execution->request->execution_id == execution_id)
                execution_cancel(s->execution);
        clear_ended(s);
        return 0;
}

/* What an execution asked for; it may end by that. */
static int on_found(struct session *s, const struct frame_flow *f) {
        int r = flow_library_take(&s->library, f);

        clear_ended(s);
        return r;
}

static int on_place(struct session *s, const struct frame_place *f) {
        int r = 0;

        if (s->execution && s->execution->request->execution_id == f->execution_id)
                r = execution_place_answer(s->execution, f);
        clear_ended(s);
        return r;
}

static int on_settle(struct session *s, const struct frame_settle *f) {
        if (s->execution && s->execution->request->execution_id == f->execution_id)
                execution_settle(s->execution, f->success);
        clear_ended(s);
        return 0;
}

static int on_frame(struct session *s, struct frame *f, const char *bytes, size_t len) {
        switch (f->kind) {
        case FRAME_FLOW: /* one of the running execution must not be replaced under it */
        case FRAME_EXECUTE:
                return s->execution ? waiting_add(&s->waiting, bytes, len) : on_work(s, f);
        case FRAME_CANCEL:
                return on_cancel(s, f->cancel);
        case FRAME_FLOW_FOUND:
                return on_found(s, &f->flow);
        case FRAME_PLACE_ANSWER:
                return on_place(s, &f->place);
        case FRAME_SETTLE:
                return on_settle(s, &f->settle);
        default:
                return -EPROTO;
        }
}

/* Does what waits, as far as it goes without waiting. */
static int work_off(struct session *s) {
        struct frame f;
        size_t len, used;
        char *bytes;
        int r = 0;

        while (r >= 0 && !s->over && !s->execution && (bytes = waiting_take(&s->waiting, &len))) {
                r = frame_get(bytes, len, &f, &used);
                if (r > 0) {
                        r = on_work(s, &f);
                        frame_done(&f);
                }
                if (s->execution)
                        s->execution->frame_bytes = bytes;
                else
                        free(bytes);
        }
        return r;
}

/* The execution that goes on keeps the input buffer, which its frame stands in; what follows, from `taken`, moves. */
static int part_with_input(struct session *s, size_t *taken) {
        struct buf rest = BUF_INIT(s->in.max);
        int r = buf_append(&rest, s->in.data + *taken, s->in.len - *taken);

        if (r < 0)
                return r;
        s->execution->frame_bytes = buf_take(&s->in, NULL);
        s->in = rest;
        *taken = 0;
        return 0;
}

static int take_frames(struct session *s) {
        size_t taken = 0, used;
        struct frame f;
        int r;

        while ((r = frame_get(s->in.data + taken, s->in.len - taken, &f, &used)) > 0) {
                bool was_running = s->execution;

                r = on_frame(s, &f, s->in.data + taken, used);
                frame_done(&f);
                taken += used;
                if (r >= 0 && s->execution && !was_running)
                        r = part_with_input(s, &taken);
                if (r >= 0)
                        r = work_off(s);
                if (r < 0 || s->over)
                        break;
        }
        buf_consume(&s->in, taken);
        if (s->in.len == 0 && s->in.cap > KEEP_BYTES_MAX)
                buf_done(&s->in);
        return r;
}

/* Reads until the socket is empty, so that what came together is answered together. */
static int read_socket(struct session *s) {
        ssize_t n;
        int r;

        do {
                void *p = buf_reserve(&s->in, READ_BYTES);
                if (!p)
                        return buf_error(&s->in);
                n = recv(s->fd, p, READ_BYTES, 0);
                if (n == 0 || (n < 0 && errno == ECONNRESET)) {
                        end_session(s, 0);
                        return 0;
                }
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                buf_commit(&s->in, (size_t)n);
                r = take_frames(s);
        } while (r >= 0 && !s->over && (size_t)n == READ_BYTES);
        return r;
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct session *s = userdata;
        int r;

        if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                r = read_socket(s);
                if (r < 0)
                        end_session(s, r);
        }
        return 0; /* EPOLLOUT: the turn's end writes */
}

/* --- the loop ------------------------------------------------------------------------------------------------------- */

static int on_linger_over(sd_event_source *source, uint64_t usec, void *userdata) {
        struct session *s = userdata;

        s->flush_due = true;
        return 0;
}

/* Arms the timer unless it runs. It is left running when a flush comes first: at a high rate that saves most of the
 * arming, and a flush too many costs nothing. */
static int linger(struct session *s) {
        int enabled, r = sd_event_source_get_enabled(s->linger, &enabled);

        if (r < 0 || enabled != SD_EVENT_OFF)
                return r;
        r = sd_event_source_set_time_relative(s->linger, LINGER_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(s->linger, SD_EVENT_ONESHOT);
}

static int flush_if_due(struct session *s) {
        bool urgent;

        if (!outbox_has_news(&s->outbox, &urgent)) {
                s->flush_due = false;
                return 0;
        }
        if (!urgent && !s->flush_due)
                return linger(s);
        s->flush_due = false;
        return flush(s);
}

/* Does what needs no waiting. An execution's end is written before its afterExecution begins. */
static int go_on(struct session *s) {
        int r;

        do {
                clear_ended(s);
                r = work_off(s);
                if (r >= 0)
                        r = flush_if_due(s);
        } while (r >= 0 && !s->over && s->execution && execution_begin_after(s->execution));
        return r;
}

static int turn(struct session *s) {
        int r = sd_event_run(s->event, UINT64_MAX);

        return r < 0 ? r : go_on(s);
}

/* SIGCHLD is read from the loop; what ends other programs is not for this one. */
static int set_signals(void) {
        static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
        sigset_t child;

        for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
                if (spawn_ignore(ignored[i]) < 0)
                        return -errno;
        (void)sigemptyset(&child);
        (void)sigaddset(&child, SIGCHLD);
        return sigprocmask(SIG_BLOCK, &child, NULL) < 0 ? -errno : 0;
}

static int session_init(struct session *s, int fd, const char *cgroup) {
        const struct rlimit no_core = { 0 }; /* a task's memory holds messages and secrets */
        int r;

        s->fd = fd;
        s->in = BUF_INIT(FRAME_BYTES_MAX + READ_BYTES);
        outbox_init(&s->outbox);
        s->library.outbox = &s->outbox;
        r = hide_process();
        if (r == 0)
                r = set_signals();
        if (r == 0)
                r = spawn_become_subreaper();
        if (r < 0)
                return r;
        if (setrlimit(RLIMIT_CORE, &no_core) < 0)
                return -errno;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_new(&s->event);
        if (r < 0)
                return r;
        r = reaper_init(&s->reaper, s->event);
        if (r == 0 && cgroup)
                r = cgroup_open(cgroup, &s->reaper.group);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(s->event, &s->linger, CLOCK_MONOTONIC, LINGER_USEC, USEC_PER_MSEC, on_linger_over, s);
        if (r < 0)
                return r;
        r = sd_event_add_io(s->event, &s->source, fd, EPOLLIN, on_socket, s);
        return r < 0 ? r : frame_put_ready(&s->outbox.ready);
}

static void session_done(struct session *s) {
        reaper_kill_all(&s->reaper); /* first of all: folders are removed after that */
        s->execution = execution_free(s->execution);
        waiting_done(&s->waiting);
        folder_spare_done(&s->spare);
        reaper_done(&s->reaper);
        flow_library_done(&s->library);
        flow_cache_done(&s->flows);
        outbox_done(&s->outbox);
        buf_done(&s->in);
        sd_event_source_unref(s->source);
        sd_event_source_unref(s->linger);
        sd_event_unref(s->event);
        close_fd(s->fd);
}

int session_run(int fd, const char *cgroup) {
        _cleanup_free_ struct session *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        r = session_init(s, fd, cgroup);
        if (r == 0)
                r = outbox_flush(&s->outbox, fd);
        while (r >= 0 && !s->over)
                r = turn(s);
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                end_session(s, r);
        r = s->result;
        session_done(s);
        return r;
}
