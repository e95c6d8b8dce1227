/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the picture of live_frame.c again and again, ten times a second and with every change of the terminal's size. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "cli/live_frame.h"
#include "cli/live_screen.h"
#include "cli/run_view.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define TICK_USEC (100 * USEC_PER_MSEC)

struct live {
        struct run_view view; /* first */
        sd_event_source *timer, *resized, *continued;
        char *title, *remark;
        enum run_state state;
        uint64_t end_usec;     /* of the execution; 0: it runs */
        unsigned tick;
        struct live_screen screen;
};

/* `last`: all rows, however many; they scroll by and stay. */
static int draw(struct live *l, bool last) {
        struct live_frame frame = { .progress = l->view.subject.progress, .title = l->title, .remark = l->remark,
                                    .state = l->state, .now_usec = l->end_usec ? l->end_usec : clock_realtime_usec(),
                                    .tick = l->tick };
        struct canvas canvas = terminal_canvas(), drawn = canvas;
        struct buf out = BUF_INIT(0), picture = BUF_INIT(0);
        unsigned rows = 0;
        int r;

        drawn.rows = last ? 0 : canvas.rows;
        r = live_frame_write(&frame, &drawn, &picture, &rows);
        if (r == 0)
                r = live_screen_put(&l->screen, picture.data, rows, canvas.columns, &out);
        if (r == 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        (void)fflush(stdout);
        buf_done(&out);
        buf_done(&picture);
        return r;
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct live *l = userdata;

        l->tick++;
        (void)draw(l, false);
        (void)sd_event_source_set_time(source, clock_monotonic_usec() + TICK_USEC);
        return 0;
}

static int on_resize(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void)draw(userdata, false);
        return 0;
}

/* After a stop the shell has written below the picture: it starts anew. */
static int on_continue(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct live *l = userdata;

        live_screen_forget(&l->screen);
        (void)draw(l, false);
        return 0;
}

/* --- the view -------------------------------------------------------------------------------------------------------- */

static int start(struct run_view *view) {
        return draw((struct live *)view, false);
}

/* The progress has it; the next tick, not a tenth of a second away, shows it. */
static int task_run(struct run_view *view, uint32_t index, bool has_changed) {
        return 0;
}

static int log_line(struct run_view *view, const struct frame_log *f) {
        return 0;
}

static int say(struct run_view *view, const char *text) {
        struct live *l = (struct live *)view;
        int r = text_replace(&l->remark, text);

        return r < 0 ? r : draw(l, false);
}

static void flush(struct run_view *view) {
}

static int end(struct run_view *view, const struct run_end *end) {
        struct live *l = (struct live *)view;
        int r;

        l->state = end->record.state;
        l->end_usec = end->record.end_usec;
        l->remark = (free(l->remark), NULL);
        r = draw(l, true);
        return r < 0 ? r : run_view_print_end(view, end);
}

static void live_free(struct run_view *view) {
        struct live *l = (struct live *)view;

        sd_event_source_disable_unref(l->timer);
        sd_event_source_disable_unref(l->resized);
        sd_event_source_disable_unref(l->continued);
        live_screen_done(&l->screen);
        free(l->title);
        free(l->remark);
        free(l);
}

static int watch(struct live *l, sd_event *event) {
        sigset_t mask;
        int r = 0;

        sigemptyset(&mask);
        sigaddset(&mask, SIGWINCH);
        sigaddset(&mask, SIGCONT);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                r = -errno;
        if (r >= 0)
                r = sd_event_add_signal(event, &l->resized, SIGWINCH, on_resize, l);
        if (r >= 0)
                r = sd_event_add_signal(event, &l->continued, SIGCONT, on_continue, l);
        if (r >= 0)
                r = sd_event_add_time(event, &l->timer, CLOCK_MONOTONIC, clock_monotonic_usec() + TICK_USEC,
                                      10 * USEC_PER_MSEC, on_tick, l);
        return r >= 0 ? sd_event_source_set_enabled(l->timer, SD_EVENT_ON) : r;
}

struct run_view *run_view_new_live(const struct run_subject *subject, sd_event *event) {
        static const struct run_view_ops ops = { .start = start, .task_run = task_run, .log = log_line, .say = say,
                                                 .flush = flush, .end = end, .free = live_free };
        struct live *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        l->view = (struct run_view){ &ops, *subject };
        l->state = RUN_RUNNING;
        l->title = text_printf("%s.%s", subject->flow->namespace, subject->flow->id);
        if (!l->title || watch(l, event) < 0)
                return run_view_free(&l->view);
        return &l->view;
}
