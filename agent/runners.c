/* SPDX-License-Identifier: Apache-2.0 */
/* Last in, first out, so that a quiet host uses few runners and the others grow old enough to end. */
#include "agent/runners.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utlist.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/spawn.h"
#include "common/base/text.h"

#define IDLE_MAX_USEC (30 * USEC_PER_SEC)
#define SWEEP_USEC (10 * USEC_PER_SEC)
#define DESCRIPTORS_LEFT 64

static void remove_group(const char *path) {
        int r = cgroup_remove(path);

        if (r < 0)
                log_error(r, "The control group %s cannot be removed", path);
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
        if (r->group)
                remove_group(r->group);
        free(r->group);
        free(r);
}

static void on_frame(void *userdata, struct runner_link *link, const struct frame *frame) {
        struct runner *r = userdata;

        if (frame->kind == FRAME_READY) {
                r->is_ready = true;
                r->pool->handlers->on_ready(r->pool->userdata);
        } else if (r->work)
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

/* Frees a runner that was killed, and does what it could not do any more. */
static void clear_away(struct runner *r) {
        struct runners *p = r->pool;
        enum run_state state = r->left_state;
        uint64_t left = r->left;
        pid_t pid = r->pid;

        runner_free(r);
        end_strays(p);
        p->handlers->on_left(p->userdata, pid, left, state);
}

static void on_gone(void *userdata, struct runner_link *link, int status) {
        struct runner *r = userdata;
        struct runners *p = r->pool;

        if (!r->is_ready)
                p->handlers->on_stillborn(p->userdata, status);
        if (r->work)
                p->handlers->on_death(p->userdata, r, status);
        clear_away(r);
}

/* Some descriptors stay for calls to SQS, which keep the leases, and for the status socket. They are given out from the lowest
 * on. */
static bool has_descriptors(void) {
        struct rlimit limit;
        _cleanup_close_ int lowest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

        if (lowest < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return lowest >= 0 || errno == EBADF;
        return limit.rlim_cur == RLIM_INFINITY || (rlim_t)lowest + MIN(limit.rlim_cur / 4, (rlim_t)DESCRIPTORS_LEFT) < limit.rlim_cur;
}

static int runner_new(struct runners *p, struct runner **ret) {
        static const struct runner_link_handlers handlers = { .on_frame = on_frame, .on_gone = on_gone };
        _cleanup_free_ struct runner *r = calloc(1, sizeof *r);
        int error;

        if (!r)
                return -ENOMEM;
        if (!has_descriptors())
                return -EMFILE;
        r->pool = p;
        r->limits = p->limits;
        error = isolation_make_group(p->isolation, &r->limits, &r->group);
        if (error < 0)
                return error;
        error = runner_link_new(p->event, p->program, p->environment, r->group, &handlers, r, &r->link);
        if (error < 0) {
                if (r->group)
                        remove_group(r->group);
                free(r->group);
                return error;
        }
        r->pid = runner_link_pid(r->link);
        DL_PREPEND(p->idle, r);
        p->idle_count++;
        *ret = TAKE_PTR(r);
        return 0;
}

/* A reload changed what its group may use. */
static int renew_limits(struct runner *r) {
        struct runners *p = r->pool;
        int error;

        if (!r->group || memcmp(&r->limits, &p->limits, sizeof(r->limits)) == 0)
                return 0;
        error = cgroup_limit(r->group, &p->limits, p->isolation->controllers);
        if (error == 0)
                r->limits = p->limits;
        return error;
}

int runners_take(struct runners *p, void *work, struct runner **ret) {
        struct runner *r = p->idle;
        int error = r ? renew_limits(r) : runner_new(p, &r);

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

int runners_try(struct runners *p) {
        struct runner *r;
        int error = runner_new(p, &r);

        if (error < 0)
                return error;
        r->idle_since_usec = clock_monotonic_usec();
        DL_DELETE(p->idle, r); /* behind those that are ready */
        DL_APPEND(p->idle, r);
        return 0;
}

bool runners_have_ready(struct runners *p) {
        struct runner *r = p->idle;

        while (r && !r->is_ready)
                r = r->next;
        if (!r)
                return false;
        DL_DELETE(p->idle, r);
        DL_PREPEND(p->idle, r);
        return true;
}

void runners_give_back(struct runners *p, struct runner *r) {
        if (r->group && cgroup_is_used_up(r->group, &r->limits)) {
                runner_free(r);
                return;
        }
        r->work = NULL;
        r->idle_since_usec = clock_monotonic_usec();
        DL_DELETE(p->busy, r);
        p->busy_count--;
        DL_PREPEND(p->idle, r);
        p->idle_count++;
        if (r->is_old)
                runner_free(r);
}

void runners_kill(struct runners *p, struct runner *r) {
        clear_away(r);
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

int runners_set_credentials(struct runners *p, bool with_credentials) {
        char **environment;
        int r;

        if (p->environment && p->with_credentials == with_credentials)
                return 0;
        r = runner_environment(with_credentials, &environment);
        if (r < 0)
                return r;
        text_list_free(p->environment);
        p->environment = environment;
        p->with_credentials = with_credentials;
        while (p->idle)
                runner_free(p->idle);
        for (struct runner *b = p->busy; b; b = b->next) b->is_old = true;
        return 0;
}

int runners_init(struct runners *p, sd_event *event, const char *program, struct isolation *isolation, unsigned keep_idle,
                 bool with_credentials, const struct runners_handlers *handlers, void *userdata) {
        int r;

        *p = (struct runners){ .event = event, .keep_idle = keep_idle, .handlers = handlers, .userdata = userdata };
        p->isolation = isolation;
        p->program = text_dup(program);
        r = p->program ? runners_set_credentials(p, with_credentials) : -ENOMEM;
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
        end_strays(p); /* of those that had to be killed because they did not leave */
        sd_event_source_unref(p->timer);
        text_list_free(p->environment);
        free(p->program);
        *p = (struct runners){ 0 };
}
