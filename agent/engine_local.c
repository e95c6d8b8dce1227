/* SPDX-License-Identifier: Apache-2.0 */
/* Joins executions with runners. An execution that is cancelled has a kill deadline: then its runner is killed, and its
 * tasks die with it. */
#include "agent/engine_local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/execution.h"
#include "agent/record.h"
#include "agent/runners.h"
#include "agent/trigger.h"
#include "agent/turn.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/base/text.h"

#define KILL_AFTER_USEC (5 * USEC_PER_SEC) /* the runner gives tasks a grace of less */
#define KILL_LIVENESS_USEC (15 * USEC_PER_SEC)
#define SCRATCH_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* What a runner works on. */
struct job {
        struct engine_local *engine;
        struct execution *execution;
        struct runner *runner;
        sd_event_source *kill_timer;    /* NULL: not cancelled */
        struct liveness_entry liveness; /* the same, in case the timer does not come */
};

struct engine_local {
        struct engine engine;
        struct services *services;
        struct runners runners;
        struct buf scratch;
};

static void job_free(struct job *job) {
        liveness_forget(&job->engine->services->liveness, &job->liveness);
        sd_event_source_disable_unref(job->kill_timer);
        free(job);
}

static void job_end(struct job *job, const struct frame_end *end) {
        struct execution *e = job->execution;

        job_free(job);
        execution_end(e, end);
}

static void job_end_without_runner(struct job *job, const char *reason) {
        struct frame_end end = {
                .execution_id = execution_id(job->execution),
                .state = job->kill_timer ? RUN_KILLED : RUN_FAILED,
                .error = { reason, strlen(reason) },
        };
        job_end(job, &end);
}

static void on_frame(void *userdata, struct runner *runner, const struct frame *frame) {
        struct engine_local *e = userdata;
        struct job *job = runner->work;
        uint64_t id = execution_id(job->execution);
        int r = 0;

        switch (frame->kind) {
        case FRAME_TASK_RUN:
                r = record_task_run(e->services->store, id, &frame->task_run, &e->scratch);
                break;
        case FRAME_LOG:
                r = record_log(e->services->store, id, &frame->log, execution_log_budget(job->execution));
                break;
        case FRAME_END:
                if (frame->end.execution_id == id) {
                        runners_give_back(&e->runners, runner);
                        job_end(job, &frame->end);
                }
                break;
        default: /* READY; METRIC has no record yet */
                break;
        }
        if (r < 0)
                log_error(r, "A record of an execution was left out");
        turn_request(e->services->turn);
}

static void on_death(void *userdata, struct runner *runner, int status) {
        char reason[96];

        if (WIFSIGNALED(status))
                snprintf(reason, sizeof reason, "the runner was killed by signal %d", WTERMSIG(status));
        else
                snprintf(reason, sizeof reason, "the runner ended unexpectedly with status %d", WEXITSTATUS(status));
        job_end_without_runner(runner->work, reason);
}

static int start(struct engine *engine, struct execution *execution, const struct frame_execute *frame) {
        struct engine_local *e = CONTAINER_OF(engine, struct engine_local, engine);
        _cleanup_free_ struct job *job = calloc(1, sizeof *job);
        int r;

        if (!job)
                return -ENOMEM;
        job->engine = e;
        job->execution = execution;
        r = runners_take(&e->runners, job, &job->runner);
        if (r < 0)
                return r;
        r = runner_link_execute(job->runner->link, execution_trigger(execution)->config.flow,
                                &e->services->config->security, frame);
        if (r < 0) {
                runners_give_back(&e->runners, job->runner);
                return r;
        }
        runners_note_unsent(&e->runners, job->runner);
        execution_set_engine_data(execution, TAKE_PTR(job));
        return 0;
}

static void flush(struct engine *engine) {
        runners_flush(&CONTAINER_OF(engine, struct engine_local, engine)->runners);
}

static int on_kill_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        struct job *job = userdata;
        struct runner *runner = job->runner;

        runners_kill(&job->engine->runners, runner);
        job_end_without_runner(job, "killed: it did not end within the grace of its cancel");
        return 0;
}

static void cancel(struct engine *engine, struct execution *execution) {
        struct engine_local *e = CONTAINER_OF(engine, struct engine_local, engine);
        struct job *job = execution_engine_data(execution);
        uint64_t now = clock_monotonic_usec();

        if (!job || job->kill_timer)
                return;
        if (sd_event_add_time(e->services->event, &job->kill_timer, CLOCK_MONOTONIC, usec_add(now, KILL_AFTER_USEC), 0,
                              on_kill_deadline, job) < 0) {
                log_error(-ENOMEM, "The kill deadline of an execution could not be set");
                return;
        }
        liveness_watch(&e->services->liveness, &job->liveness, "execution", usec_add(now, KILL_LIVENESS_USEC));
        (void)runner_link_cancel(job->runner->link, execution_id(execution));
        runners_note_unsent(&e->runners, job->runner);
        turn_request(e->services->turn);
}

int engine_local_new(struct services *services, struct engine_local **ret) {
        static const struct engine_ops ops = { .start = start, .flush = flush, .cancel = cancel };
        static const struct runners_handlers handlers = { .on_frame = on_frame, .on_death = on_death };
        struct engine_local *e = calloc(1, sizeof *e);
        int r;

        if (!e)
                return -ENOMEM;
        e->engine.ops = &ops;
        e->services = services;
        e->scratch = BUF_INIT(SCRATCH_BYTES_MAX);
        r = runners_init(&e->runners, services->event, services->config->runner, services->config->limits.idle_runners,
                         &handlers, e);
        if (r < 0) {
                engine_local_free(e);
                return r;
        }
        *ret = e;
        return 0;
}

struct engine_local *engine_local_free(struct engine_local *e) {
        if (!e)
                return NULL;
        for (struct runner *r = e->runners.busy; r; r = r->next)
                job_free(r->work);
        runners_done(&e->runners);
        buf_done(&e->scratch);
        free(e);
        return NULL;
}

struct engine *engine_local_engine(struct engine_local *e) {
        return &e->engine;
}

void engine_local_reconfigure(struct engine_local *e) {
        const struct config *config = e->services->config;

        (void)text_replace(&e->runners.program, config->runner);
        e->runners.keep_idle = config->limits.idle_runners;
}
