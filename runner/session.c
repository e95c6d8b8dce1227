/* SPDX-License-Identifier: Apache-2.0 */
/* One turn of the loop is: wait, handle one event, write what is due. Handlers only put frames into the outbox and set
 * flags; executions are freed and the socket is written in between, with no callback on the stack. An execution's end is
 * written at once, and takes everything before along; other news wait up to LINGER_USEC, so that a short execution
 * wakes the driver once.
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
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "common/base/clock.h"
#include "common/base/spawn.h"
#include "runner/execution.h"

#define READ_BYTES (64ul * 1024)
#define KEEP_BYTES_MAX (1024ul * 1024)
#define LINGER_USEC (20 * USEC_PER_MSEC)

struct session {
        int fd;
        sd_event *event;
        sd_event_source *source;
        sd_event_source *linger; /* armed while news wait */
        struct buf in;
        struct outbox outbox;
        struct reaper reaper;
        struct flow_cache flows;
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

/* --- frames --------------------------------------------------------------------------------------------------------- */

static int on_execute(struct session *s, const char *bytes, size_t len) {
        const struct workshop shop = { .event = s->event, .reaper = &s->reaper, .outbox = &s->outbox,
                                       .spare = &s->spare };
        int r;

        if (s->execution)
                return -EPROTO;
        r = execution_new(&shop, &s->flows, bytes, len, &s->execution);
        if (r < 0)
                return r;
        execution_start(s->execution);
        return 0;
}

static int on_frame(struct session *s, const struct frame *f, const char *bytes, size_t len) {
        switch (f->kind) {
        case FRAME_FLOW: /* one of the running execution must not be replaced under it */
                return s->execution ? -EPROTO : flow_cache_put(&s->flows, &f->flow);
        case FRAME_EXECUTE:
                return on_execute(s, bytes, len);
        case FRAME_CANCEL: /* one that has ended meanwhile is not meant any more */
                if (s->execution && s->execution->request->execution_id == f->cancel)
                        execution_cancel(s->execution);
                return 0;
        default:
                return -EPROTO;
        }
}

/* Frees an execution that has reported its end. */
static void clear_ended(struct session *s) {
        if (!s->execution || !s->execution->ended)
                return;
        if (s->execution->end_error < 0)
                end_session(s, s->execution->end_error);
        s->execution = execution_free(s->execution);
}

static int take_frames(struct session *s) {
        size_t taken = 0, used;
        struct frame f;
        int r;

        while ((r = frame_get(s->in.data + taken, s->in.len - taken, &f, &used)) > 0) {
                r = on_frame(s, &f, s->in.data + taken, used);
                frame_done(&f);
                clear_ended(s);
                taken += used;
                if (r < 0)
                        break;
        }
        buf_consume(&s->in, taken);
        if (s->in.len == 0 && s->in.cap > KEEP_BYTES_MAX)
                buf_done(&s->in);
        return r;
}

static int read_socket(struct session *s) {
        void *p = buf_reserve(&s->in, READ_BYTES);
        ssize_t n;

        if (!p)
                return buf_error(&s->in);
        n = recv(s->fd, p, READ_BYTES, 0);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0) {
                end_session(s, 0);
                return 0;
        }
        buf_commit(&s->in, (size_t)n);
        return take_frames(s);
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
        int r;

        if (!outbox_has_news(&s->outbox, &urgent)) {
                s->flush_due = false;
                return 0;
        }
        if (!urgent && !s->flush_due)
                return linger(s);
        s->flush_due = false;
        r = outbox_flush(&s->outbox, s->fd);
        if (r < 0)
                return r;
        return sd_event_source_set_io_events(s->source, r > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int turn(struct session *s) {
        int r = sd_event_run(s->event, UINT64_MAX);

        if (r < 0)
                return r;
        clear_ended(s);
        return flush_if_due(s);
}

/* SIGCHLD is read from the loop; what ends other programs is not for this one. */
static int set_signals(void) {
        static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
        sigset_t child;

        for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
                if (signal(ignored[i], SIG_IGN) == SIG_ERR)
                        return -errno;
        (void)sigemptyset(&child);
        (void)sigaddset(&child, SIGCHLD);
        return sigprocmask(SIG_BLOCK, &child, NULL) < 0 ? -errno : 0;
}

static int session_init(struct session *s, int fd) {
        int r;

        s->fd = fd;
        s->in = BUF_INIT(FRAME_BYTES_MAX + READ_BYTES);
        outbox_init(&s->outbox);
        r = set_signals();
        if (r == 0)
                r = spawn_become_subreaper();
        if (r < 0)
                return r;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_new(&s->event);
        if (r < 0)
                return r;
        r = reaper_init(&s->reaper, s->event);
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
        folder_spare_done(&s->spare);
        reaper_done(&s->reaper);
        flow_cache_done(&s->flows);
        outbox_done(&s->outbox);
        buf_done(&s->in);
        sd_event_source_unref(s->source);
        sd_event_source_unref(s->linger);
        sd_event_unref(s->event);
        close_fd(s->fd);
}

int session_run(int fd) {
        _cleanup_free_ struct session *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        r = session_init(s, fd);
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
