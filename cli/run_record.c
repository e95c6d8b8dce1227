/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "common/store/store_read.h"

#define WAIT_USEC (5 * USEC_PER_SEC) /* for another one that writes */
#define WAIT_STEP_NSEC 10000000L
#define NEWS_USEC USEC_PER_SEC
#define RETAIN_ROWS 1000
#define RETAIN_FOLDERS 100
#define ORPHANS_MAX 64

struct run_record {
        char *state, *store, *lock;
        int lock_fd;
        struct store_execution start; /* the texts are owned */
        struct progress *progress;    /* borrowed */
        size_t log_count;             /* lines of it that are recorded */
        sd_event_source *timer;       /* armed while something is not */
        bool is_started;              /* the start is recorded */
        bool is_ended;                /* so is the end */
        char *problem;
};

/* --- the store, for a moment ----------------------------------------------------------------------------------------- */

static int note(struct run_record *r, int error, const char *message) {
        (void)text_replace(&r->problem, message ? message : strerror(-error));
        return error;
}

static int open_store(struct run_record *r, struct store **ret) {
        const struct timespec step = { .tv_nsec = WAIT_STEP_NSEC };
        uint64_t until_usec = clock_monotonic_usec() + WAIT_USEC;

        for (;;) {
                _cleanup_free_ char *message = NULL;
                int e = store_open(r->store, STORE_HISTORY_ALL, ret, &message);

                if (e == 0)
                        return 0;
                if (e != -EBUSY || clock_monotonic_usec() >= until_usec)
                        return note(r, e, message);
                (void)nanosleep(&step, NULL);
        }
}

static int commit(struct run_record *r, struct store *s) {
        int e = store_commit(s);

        return e < 0 ? note(r, e, store_problem(s)) : 0;
}

/* --- who lives ------------------------------------------------------------------------------------------------------- */

static char *lock_path(const char *state, uint64_t id) {
        char text[IDENT_TEXT_SIZE];

        return text_printf("%s/run-%s.lock", state, ident_format(id, text));
}

/* True when no process holds the execution's lock. */
static bool is_dead(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);

        return fd < 0 ? errno == ENOENT : flock(fd, LOCK_EX | LOCK_NB) == 0;
}

enum run_owner run_record_owner(const char *state, uint64_t id) {
        _cleanup_free_ char *lock = lock_path(state, id), *store = path_join(state, "sqsflow.db");

        if (!lock || !store)
                return RUN_OWNER_LIVES;
        if (access(lock, F_OK) == 0)
                return is_dead(lock) ? RUN_OWNER_RUN_DIED : RUN_OWNER_LIVES;
        return store_is_owned(store) == 0 ? RUN_OWNER_AGENT_DIED : RUN_OWNER_LIVES;
}

struct orphans {
        struct run_record *record;
        struct store *store;
        int error;
};

/* Reads go by a connection of their own: what is committed here does not change them. */
static int end_orphan(void *userdata, const struct store_record *found) {
        struct orphans *o = userdata;
        _cleanup_free_ char *lock = lock_path(o->record->state, found->id);
        struct store_execution again = { .id = found->id, .flow = found->flow, .flow_revision = found->flow_revision,
                                         .trigger = found->trigger, .start_usec = found->start_usec };
        struct store_end end = { .execution_id = found->id, .state = RUN_KILLED, .end_usec = clock_realtime_usec(),
                                 .error = "'sqsflow run' ended while this ran" };

        if (!lock)
                return -ENOMEM;
        if (!is_dead(lock))
                return 0;
        /* The store ends only what was started through the same door. */
        if (store_execution_started(o->store, &again) < 0 || store_commit(o->store) < 0 ||
            store_execution_ended(o->store, &end, NULL, NULL) < 0 || store_commit(o->store) < 0)
                return -EIO;
        (void)unlink(lock);
        return 0;
}

static void end_orphans(struct run_record *r, struct store *s) {
        const struct store_filter filter = { .state = RUN_RUNNING, .limit = ORPHANS_MAX };
        _cleanup_(store_reader_freep) struct store_reader *reader = NULL;
        struct orphans o = { .record = r, .store = s };

        if (store_reader_open(r->store, &reader, NULL) == 0)
                (void)store_reader_list(reader, &filter, end_orphan, &o);
}

/* --- start ----------------------------------------------------------------------------------------------------------- */

static int write_start(struct run_record *r, struct store *s) {
        int e = store_execution_started(s, &r->start);

        if (e < 0)
                return note(r, e, NULL);
        e = commit(r, s);
        r->is_started = r->is_started || e == 0;
        return e;
}

static int begin(struct run_record *r) {
        _cleanup_(store_freep) struct store *s = NULL;
        int e = dir_make_all(r->state, 0700);

        if (e < 0)
                return note(r, e, NULL);
        r->lock_fd = open(r->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (r->lock_fd < 0 || flock(r->lock_fd, LOCK_EX | LOCK_NB) < 0)
                return note(r, -errno, NULL);
        e = open_store(r, &s);
        if (e < 0)
                return e;
        end_orphans(r, s);
        return write_start(r, s);
}

static int copy_start(struct run_record *r, const struct store_execution *start) {
        r->start = (struct store_execution){
                .id = start->id, .flow = text_dup(start->flow), .flow_revision = start->flow_revision,
                .trigger = text_dup(start->trigger), .start_usec = start->start_usec, .input = text_dup(start->input),
        };
        return r->start.flow && !r->start.trigger == !start->trigger && !r->start.input == !start->input ? 0 : -ENOMEM;
}

/* --- while it runs --------------------------------------------------------------------------------------------------- */

/* Each opening of the store begins to count log lines anew: so they say their places. */
static int queue_news(struct run_record *r, struct store *s) {
        const struct progress *p = r->progress;
        int e = 0;

        for (size_t i = 0; e == 0 && i < p->task_count; i++)
                if (p->tasks[i].is_known && !p->tasks[i].is_recorded)
                        e = store_task_run(s, &p->tasks[i].run);
        for (size_t i = r->log_count; e == 0 && i < p->log_count; i++) {
                struct store_log line = p->logs[i];

                line.seq = i + 1;
                e = store_log(s, &line);
        }
        return e;
}

static void note_news(struct run_record *r) {
        for (size_t i = 0; i < r->progress->task_count; i++)
                r->progress->tasks[i].is_recorded = true;
        r->log_count = r->progress->log_count;
}

/* Does not wait for another one that writes, and what fails is no news: the end tells. */
static int write_news(struct run_record *r) {
        _cleanup_(store_freep) struct store *s = NULL;
        int e = store_open(r->store, STORE_HISTORY_ALL, &s, NULL);

        if (e == 0 && !r->is_started)
                e = write_start(r, s);
        if (e == 0)
                e = queue_news(r, s);
        if (e == 0)
                e = store_commit(s);
        if (e >= 0)
                note_news(r);
        return e;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct run_record *r = userdata;

        if (write_news(r) < 0)
                run_record_changed(r);
        return 0;
}

void run_record_changed(struct run_record *r) {
        int enabled = SD_EVENT_OFF;

        if (!r || sd_event_source_get_enabled(r->timer, &enabled) < 0 || enabled != SD_EVENT_OFF)
                return;
        (void)sd_event_source_set_time(r->timer, clock_monotonic_usec() + NEWS_USEC);
        (void)sd_event_source_set_enabled(r->timer, SD_EVENT_ONESHOT);
}

static int make_timer(struct run_record *r, sd_event *event) {
        int e = sd_event_add_time(event, &r->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 10, on_timer, r);

        return e < 0 ? e : sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
}

struct run_record *run_record_begin(const char *state, const struct store_execution *start, struct progress *progress,
                                    sd_event *event) {
        struct run_record *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->lock_fd = -1;
        r->progress = progress;
        r->state = text_dup(state);
        r->store = path_join(state, "sqsflow.db");
        r->lock = lock_path(state, start->id);
        if (!r->state || !r->store || !r->lock || copy_start(r, start) < 0 || make_timer(r, event) < 0)
                return run_record_free(r);
        (void)begin(r);
        return r;
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

/* Again the start, since this handle of the store does not know it; without the input when that is there. */
static int start_again(struct run_record *r, struct store *s) {
        if (r->is_started)
                free((char *)TAKE_PTR(r->start.input));
        return write_start(r, s);
}

int run_record_end(struct run_record *r, const struct store_end *end) {
        _cleanup_(store_freep) struct store *s = NULL;
        int e = open_store(r, &s);

        if (e == 0 && !r->is_ended)
                e = start_again(r, s);
        if (e < 0)
                return e;
        e = queue_news(r, s);
        if (e == 0 && !r->is_ended)
                e = store_execution_ended(s, end, NULL, NULL);
        if (e < 0)
                return note(r, e, NULL);
        e = commit(r, s);
        if (e < 0)
                return e;
        note_news(r);
        (void)sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
        r->is_ended = true;
        free(TAKE_PTR(r->problem));
        (void)unlink(r->lock);
        return 0;
}

/* Those of others that run here hold their locks; so does this one's, unless its end is on disk. */
static bool is_alive(void *userdata, uint64_t id) {
        const struct run_record *r = userdata;
        _cleanup_free_ char *lock = lock_path(r->state, id);

        return !lock || (id == r->start.id ? !r->is_ended : !is_dead(lock));
}

void run_record_retain(struct run_record *r, const char *executions, uint64_t before_usec) {
        _cleanup_(store_freep) struct store *s = NULL;

        if (store_open(r->store, STORE_HISTORY_ALL, &s, NULL) == 0)
                (void)store_retain(s, before_usec, 0, RETAIN_ROWS);
        if (executions)
                (void)execution_folders_retain(executions, before_usec, RETAIN_FOLDERS, is_alive, r);
}

const char *run_record_problem(const struct run_record *r) {
        return r->problem;
}

const char *run_record_store(const struct run_record *r) {
        return r->store;
}

struct run_record *run_record_free(struct run_record *r) {
        if (!r)
                return NULL;
        sd_event_source_disable_unref(r->timer);
        if (r->lock_fd >= 0 && !r->is_started) /* no record asks for it */
                (void)unlink(r->lock);
        close_fd(r->lock_fd);
        free((char *)r->start.flow);
        free((char *)r->start.trigger);
        free((char *)r->start.input);
        free(r->state);
        free(r->store);
        free(r->lock);
        free(r->problem);
        free(r);
        return NULL;
}
