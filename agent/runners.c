/* SPDX-License-Identifier: Apache-2.0 */
/* Last in, first out, so that a quiet host uses few runners and the others grow old enough to end. */
#include "agent/runners.h"

#include <errno.h>
#include <utlist.h>

#include "common/base/clock.h"
#include "common/base/spawn.h"
#include "common/base/text.h"

#define IDLE_MAX_USEC (30 * USEC_PER_SEC)
#define SWEEP_USEC (10 * USEC_PER_SEC)

extern char **environ;

/* What of the agent's environment a runner may see: nothing of AWS, nothing of systemd's notification. */
static bool is_allowed(const char *variable) {
        static const char *const names[] = { "PATH=", "LANG=", "LC_", "TZ=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "TMPDIR=",
                                             "CREDENTIALS_DIRECTORY=", "SECRET_", "ENV_", "ASAN_OPTIONS=", "UBSAN_OPTIONS=" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (text_after(variable, names[i]))
                        return true;
        return false;
}

static int choose_environment(char ***ret) {
        _cleanup_(text_list_freep) char **list = calloc(1, sizeof *list);

        if (!list)
                return -ENOMEM;
        for (char **e = environ; *e; e++)
                if (is_allowed(*e) && text_list_add(&list, *e) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(list);
        return 0;
}

static void runner_free(struct runner *r) {
        struct runners *p = r->pool;

        if (r->work) {
                DL_DELETE(p->busy, r);
                p->busy_count--;
        } else {
                DL_DELETE(p->idle, r);
                p->idle_count--;
        }
        if (r->has_unsent)
                DL_DELETE2(p->unsent, r, unsent_prev, unsent_next);
        runner_link_free(r->link);
        free(r);
}

static void on_frame(void *userdata, struct runner_link *link, const struct frame *frame) {
        struct runner *r = userdata;

        if (r->work)
                r->pool->handlers->on_frame(r->pool->userdata, r, frame);
}

/* A runner that was killed could not end what its tasks had started: those are this process's children now
 * (spawn_become_subreaper), as everything is that is no runner. */
static void end_strays(const struct runners *p) {
        _cleanup_free_ pid_t *keep = calloc(p->idle_count + p->busy_count + 1, sizeof *keep);
        const struct runner *r;
        size_t count = 0;

        if (!keep)
                return;
        for (r = p->idle; r; r = r->next) keep[count++] = runner_link_pid(r->link);
        for (r = p->busy; r; r = r->next) keep[count++] = runner_link_pid(r->link);
        (void)spawn_reap_strays(keep, count);
}

static void on_gone(void *userdata, struct runner_link *link, int status) {
        struct runner *r = userdata;
        struct runners *p = r->pool;

        if (r->work)
                p->handlers->on_death(p->userdata, r, status);
        runner_free(r);
        end_strays(p);
}

static int runner_new(struct runners *p, struct runner **ret) {
        static const struct runner_link_handlers handlers = { .on_frame = on_frame, .on_gone = on_gone };
        _cleanup_free_ struct runner *r = calloc(1, sizeof *r);
        int error;

        if (!r)
                return -ENOMEM;
        r->pool = p;
        error = runner_link_new(p->event, p->program, p->environment, -1, &handlers, r, &r->link);
        if (error < 0)
                return error;
        DL_PREPEND(p->idle, r);
        p->idle_count++;
        *ret = TAKE_PTR(r);
        return 0;
}

int runners_take(struct runners *p, void *work, struct runner **ret) {
        struct runner *r = p->idle;
        int error = r ? 0 : runner_new(p, &r);

        if (error < 0)
                return error;
        DL_DELETE(p->idle, r);
        p->idle_count--;
        DL_APPEND(p->busy, r);
        p->busy_count++;
        r->work = work;
        *ret = r;
        return 0;
}

void runners_give_back(struct runners *p, struct runner *r) {
        r->work = NULL;
        r->idle_since_usec = clock_monotonic_usec();
        DL_DELETE(p->busy, r);
        p->busy_count--;
        DL_PREPEND(p->idle, r);
        p->idle_count++;
}

void runners_kill(struct runners *p, struct runner *r) {
        runner_free(r);
}

void runners_note_unsent(struct runners *p, struct runner *r) {
        if (r->has_unsent)
                return;
        r->has_unsent = true;
        DL_APPEND2(p->unsent, r, unsent_prev, unsent_next);
}

void runners_flush(struct runners *p) {
        struct runner *r;

        while ((r = p->unsent)) {
                DL_DELETE2(p->unsent, r, unsent_prev, unsent_next);
                r->has_unsent = false;
                (void)runner_link_flush(r->link); /* its end is told by on_gone */
        }
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata) {
        struct runners *p = userdata;
        uint64_t now = clock_monotonic_usec();

        while (p->idle_count > p->keep_idle && usec_add(p->idle->prev->idle_since_usec, IDLE_MAX_USEC) < now)
                runner_free(p->idle->prev); /* utlist: the head's prev is the tail */
        sd_event_source_set_time(source, usec_add(now, SWEEP_USEC));
        return 0;
}

int runners_init(struct runners *p, sd_event *event, const char *program, unsigned keep_idle,
                 const struct runners_handlers *handlers, void *userdata) {
        int r;

        *p = (struct runners){ .event = event, .keep_idle = keep_idle, .handlers = handlers, .userdata = userdata };
        p->program = text_dup(program);
        r = p->program ? choose_environment(&p->environment) : -ENOMEM;
        if (r >= 0)
                r = spawn_become_subreaper();
        if (r >= 0)
                r = sd_event_add_time(event, &p->timer, CLOCK_MONOTONIC, usec_add(clock_monotonic_usec(), SWEEP_USEC),
                                      USEC_PER_SEC, on_sweep, p);
        if (r >= 0)
                r = sd_event_source_set_enabled(p->timer, SD_EVENT_ON);
        return r < 0 ? r : 0;
}

void runners_done(struct runners *p) {
        while (p->busy)
                runner_free(p->busy);
        while (p->idle)
                runner_free(p->idle);
        sd_event_source_unref(p->timer);
        text_list_free(p->environment);
        free(p->program);
        *p = (struct runners){ 0 };
}
