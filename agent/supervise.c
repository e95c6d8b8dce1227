/* SPDX-License-Identifier: Apache-2.0 */
/* Two timers: one a second for STATUS (sent when it changed) and for EXTEND_TIMEOUT_USEC while stopping, and one for the
 * watchdog, at a third of its interval. (sd_notify(3), sd_watchdog_enabled(3).) */
#include "agent/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agent/events.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define STATUS_USEC USEC_PER_SEC
#define EXTEND_USEC (15 * USEC_PER_SEC)
#define START_EXTEND_USEC (5 * USEC_PER_MINUTE) /* nothing can be said while SQLite sorts or commits */

struct supervise {
        struct services *services;
        void (*describe)(void *userdata, struct buf *line);
        void *userdata;
        sd_event_source *status_timer, *watchdog_timer;
        uint64_t watchdog_usec;
        struct buf line, sent;
        bool is_stopping, is_stuck;
};

/* A new line would begin another assignment. */
static void notify_status(char *line) {
        for (char *c = line; *c; c++)
                if ((unsigned char)*c < ' ')
                        *c = ' ';
        (void)sd_notifyf(0, "STATUS=%s", line);
}

static void send_status(struct supervise *s) {
        buf_reset(&s->line);
        s->describe(s->userdata, &s->line);
        if (buf_error(&s->line) < 0 || (s->line.len == s->sent.len && s->sent.len > 0 &&
                                        memcmp(s->line.data, s->sent.data, s->line.len) == 0))
                return;
        notify_status(s->line.data);
        buf_reset(&s->sent);
        (void)buf_append(&s->sent, s->line.data, s->line.len);
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct supervise *s = userdata;

        send_status(s);
        if (s->is_stopping)
                (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, EXTEND_USEC);
        sd_event_source_set_time(source, usec_add(clock_monotonic_usec(), STATUS_USEC));
        return 0;
}

static int on_watchdog_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct supervise *s = userdata;
        uint64_t now = clock_monotonic_usec();
        const struct liveness_entry *late = liveness_overdue(&s->services->liveness, now);

        if (!late)
                (void)sd_notify(0, "WATCHDOG=1");
        else if (!s->is_stuck)
                log_write(LOG_ERR, 0, LOG_FIELDS(EVENT(EVENT_STUCK)),
                          "Stuck past its deadline: %s. The watchdog is not fed any more", late->name);
        s->is_stuck = late != NULL;
        sd_event_source_set_time(source, usec_add(now, s->watchdog_usec / 3));
        return 0;
}

static int add_timer(struct supervise *s, uint64_t first_usec, sd_event_time_handler_t handler, sd_event_source **ret) {
        int r = sd_event_add_time(s->services->event, ret, CLOCK_MONOTONIC, usec_add(clock_monotonic_usec(), first_usec),
                                  100 * USEC_PER_MSEC, handler, s);

        return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_ON);
}

int supervise_new(struct services *services, void (*describe)(void *userdata, struct buf *line), void *userdata,
                  struct supervise **ret) {
        _cleanup_(supervise_freep) struct supervise *s = calloc(1, sizeof *s);
        int r = 0;

        if (!s)
                return -ENOMEM;
        s->services = services;
        s->describe = describe;
        s->userdata = userdata;
        if (getenv("NOTIFY_SOCKET")) {
                r = add_timer(s, STATUS_USEC, on_status_timer, &s->status_timer);
                if (r >= 0 && sd_watchdog_enabled(0, &s->watchdog_usec) > 0)
                        r = add_timer(s, 0, on_watchdog_timer, &s->watchdog_timer);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

struct supervise *supervise_free(struct supervise *s) {
        if (!s)
                return NULL;
        sd_event_source_unref(s->status_timer);
        sd_event_source_unref(s->watchdog_timer);
        buf_done(&s->line);
        buf_done(&s->sent);
        free(s);
        return NULL;
}

void supervise_explain(const char *text) {
        _cleanup_free_ char *line = text_dup(text);

        if (line)
                notify_status(line);
}

int supervise_refuse(int error, const char *fmt, ...) {
        _cleanup_(buf_done) struct buf why = BUF_INIT(0);
        va_list ap;

        va_start(ap, fmt);
        (void)buf_appendv(&why, fmt, ap);
        va_end(ap);
        if (error < 0)
                (void)buf_appendf(&why, ": %s", strerror(-error));
        if (buf_error(&why) < 0) {
                log_error(error, "The agent cannot start");
                return error;
        }
        log_error(0, "%s", why.data);
        notify_status(why.data);
        return error;
}

void supervise_still_starting(uint64_t *told_usec, const char *what) {
        uint64_t now = clock_monotonic_usec();

        if (*told_usec > 0 && now < usec_add(*told_usec, STATUS_USEC))
                return;
        *told_usec = now;
        (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64 "\nSTATUS=%s", START_EXTEND_USEC, what);
}

void supervise_ready(struct supervise *s) {
        (void)sd_notify(0, "READY=1");
        send_status(s);
}

void supervise_reloading(struct supervise *s) {
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_usec());
}

void supervise_stopping(struct supervise *s) {
        s->is_stopping = true;
        (void)sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64, EXTEND_USEC);
        send_status(s);
}
