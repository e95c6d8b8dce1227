/* SPDX-License-Identifier: Apache-2.0 */
/* Joins executions with runners. A runner has one lane: the executions that it was given and has not ended, the first of
 * which it works on. Most lanes have one; executions that wait for nothing (flow.h: is_instant) and start together share a
 * lane, so that a wake-up of the runner and an answer serve many of them.
 *
 * An execution that goes on behind its end (afterExecution, messages that its tasks hold) leaves its lane when it ends,
 * and the trigger's messages with it; the lane, and the slot, stay taken until the runner says that all is done. What
 * comes until then is still recorded.
 *
 * An execution that is cancelled has a kill deadline: then its runner is killed, and its tasks die with it. When a runner
 * dies, the first of its lane has failed; the others never began and go back. */
#include "agent/engine_local.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "agent/execution.h"
#include "agent/leftovers.h"
#include "agent/record.h"
#include "agent/runners.h"
#include "agent/supply.h"
#include "agent/task_log.h"
#include "agent/trigger.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/link/calls.h"

#define KILL_AFTER_USEC (5 * USEC_PER_SEC) /* the runner gives tasks a grace of less */
#define KILL_LIVENESS_USEC (15 * USEC_PER_SEC)
#define SCRATCH_BYTES_MAX ((size_t)256 * 1024 * 1024)

#define LANE_JOBS_MAX 16

struct job {
        struct job *prev, *next;        /* of the lane */
        struct lane *lane;
        struct execution *execution;
        sd_event_source *kill_timer;    /* NULL: not cancelled */
        struct liveness_entry liveness; /* the same, in case the timer does not come */
};

/* afterExecution of an execution that has ended. */
struct after {
        struct trigger *trigger; /* referenced: its slot is still used; NULL: there is no such execution */
        struct place place;
        uint64_t execution_id;
        enum run_state state;    /* its end */
        char *message_id;        /* NULL: it had more than one */
        uint64_t log_budget;
        bool is_recorded;        /* the history keeps the execution */
};

struct lane {
        struct engine_local *engine;
        struct runner *runner;
        struct job *jobs;
        unsigned count;
        struct after after;
        struct calls calls;             /* from within the execution that its runner works on, or what goes on of it */
};

struct engine_local {
        struct engine engine;
        struct services *services;
        struct runners runners;
        struct supply supply;
        struct lane *filling;           /* takes more instant executions, until flush() */
        struct buf scratch;
};

static void job_free(struct job *job) {
        struct lane *lane = job->lane;

        DL_DELETE(lane->jobs, job);
        lane->count--;
        liveness_forget(&lane->engine->services->liveness, &job->liveness);
        sd_event_source_disable_unref(job->kill_timer);
        free(job);
}

static void lane_free(struct lane *lane) {
        if (lane->engine->filling == lane)
                lane->engine->filling = NULL;
        free(lane);
}

static void job_end(struct job *job, const struct frame_end *end) {
        struct execution *e = job->execution;

        job_free(job);
        execution_end(e, end);
}

static void job_end_without_runner(struct job *job, enum run_state state, const char *reason) {
        struct frame_end end = {
                .execution_id = execution_id(job->execution),
                .state = job->kill_timer ? RUN_KILLED : state,
                .error = { reason, strlen(reason) },
        };
        job_end(job, &end);
}

/* --- afterExecution -------------------------------------------------------------------------------------------------- */

static bool is_kept(const struct engine_local *e, enum run_state state) {
        enum config_keep keep = e->services->config->history.keep;

        return keep == KEEP_ALL || (keep == KEEP_FAILURES && state != RUN_SUCCESS);
}

/* Before the execution ends, so that its slot is at no time free. */
static void after_begin(struct lane *lane, struct execution *execution, enum run_state state) {
        lane->after = (struct after){
                .trigger = trigger_ref(execution_trigger(execution)),
                .execution_id = execution_id(execution),
                .state = state,
                .message_id = text_dup(execution_message_id(execution)), /* without memory: its lines go without */
                .log_budget = *execution_log_budget(execution),
                .is_recorded = is_kept(lane->engine, state),
        };
        slots_begin(lane->engine->services->slots, &lane->after.trigger->slots, &lane->after.place);
}

static void after_end(struct lane *lane) {
        calls_leave_all(&lane->calls);
        slots_end(lane->engine->services->slots, &lane->after.trigger->slots, &lane->after.place);
        trigger_unref(lane->after.trigger);
        free(lane->after.message_id);
        lane->after = (struct after){ 0 };
}

static void after_cut_off(struct lane *lane, const char *reason) {
        char id[IDENT_TEXT_SIZE];

        log_warning(0, "What execution %s still had to do behind its end was cut off: %s", ident_format(lane->after.execution_id, id), reason);
        after_end(lane);
}

/* --- what a runner says ---------------------------------------------------------------------------------------------- */

/* What its runner is at, before it is no more. */
static void lane_note_left(struct lane *lane) {
        bool is_after = lane->after.trigger != NULL;

        if (!is_after && !lane->jobs)
                return;
        lane->runner->left = is_after ? lane->after.execution_id : execution_id(lane->jobs->execution);
        lane->runner->left_state = is_after ? lane->after.state : RUN_FAILED;
}

/* The runner is no more. */
static void lane_end(struct lane *lane, const char *reason) {
        calls_leave_all(&lane->calls);
        if (lane->after.trigger)
                after_cut_off(lane, reason);
        else if (lane->jobs && lane->runner->is_ready)
                job_end_without_runner(lane->jobs, RUN_FAILED, reason);
        while (lane->jobs)
                job_end_without_runner(lane->jobs, RUN_KILLED, "its runner ended before it could begin");
        wish_turn(&lane->engine->services->wishes); /* places are free, too */
        lane_free(lane);
}

static void lane_give_back(struct lane *lane) {
        supply_returned(&lane->engine->supply);
        runners_give_back(&lane->engine->runners, lane->runner);
        lane_free(lane);
}

static void on_end(struct lane *lane, const struct frame_end *end) {
        struct job *job = lane->jobs;

        while (job && execution_id(job->execution) != end->execution_id)
                job = job->next;
        if (!job)
                return;
        if (job == lane->jobs) /* else it never began */
                calls_leave_all(&lane->calls);
        if (end->goes_on)
                after_begin(lane, job->execution, end->state);
        job_end(job, end);
        if (!lane->jobs && !lane->after.trigger)
                lane_give_back(lane);
}

static void on_done(struct lane *lane, uint64_t id) {
        if (!lane->after.trigger || lane->after.execution_id != id)
                return;
        after_end(lane);
        if (!lane->jobs)
                lane_give_back(lane);
}

static void write_line(const struct lane *lane, const struct frame_log *line) {
        const struct after *after = &lane->after;
        const struct execution *e;

        if (after->trigger) {
                task_log_write(after->trigger, after->execution_id, after->message_id, line);
                return;
        }
        e = lane->jobs->execution;
        task_log_write(execution_trigger(e), execution_id(e), execution_message_id(e), line);
}

/* A task run or a log line, of the execution that the runner works on. */
static int record(struct lane *lane, const struct frame *frame) {
        struct engine_local *e = lane->engine;
        struct after *after = lane->after.trigger ? &lane->after : NULL;
        uint64_t id = after ? after->execution_id : execution_id(lane->jobs->execution);

        if (frame->kind == FRAME_LOG)
                write_line(lane, &frame->log);
        if (after && !after->is_recorded)
                return 0;
        if (frame->kind == FRAME_TASK_RUN)
                return record_task_run(e->services->store, id, &frame->task_run, &e->scratch);
        return record_log(e->services->store, id, &frame->log,
                          after ? &after->log_budget : execution_log_budget(lane->jobs->execution));
}

/* A task of the execution that the runner works on calls a flow that has a limit. */
static int ask_place(struct lane *lane, const struct frame_place *wanted) {
        struct place *top = lane->after.trigger ? &lane->after.place : execution_place(lane->jobs->execution);

        return calls_ask(&lane->calls, top, wanted);
}

static void on_frame(void *userdata, struct runner *runner, const struct frame *frame) {
        struct engine_local *e = userdata;
        struct lane *lane = runner->work;
        int r = 0;

        switch (frame->kind) {
        case FRAME_TASK_RUN:
        case FRAME_LOG:
                r = record(lane, frame);
                break;
        case FRAME_END:
                on_end(lane, &frame->end);
                break;
        case FRAME_DONE:
                on_done(lane, frame->done);
                break;
        case FRAME_FLOW_WANTED:
                r = runner_link_answer(runner->link, frame->flow.name, &e->services->config->flow_set, NULL,
                                       &e->services->config->security);
                runners_note_unsent(&e->runners, runner);
                break;
        case FRAME_PLACE_WANTED:
                r = ask_place(lane, &frame->place);
                break;
        case FRAME_PLACE_LEFT:
                calls_leave(&lane->calls, &frame->place);
                break;
        default: /* METRIC has no record yet */
                break;
        }
        if (r < 0)
                log_error(r, "A record of an execution was left out, or an answer to its runner");
        wish_turn(&e->services->wishes);
}

static void on_ready(void *userdata) {
        supply_ready(&((struct engine_local *)userdata)->supply);
}

static void on_stillborn(void *userdata, int status) {
        supply_stillborn(&((struct engine_local *)userdata)->supply, status);
}

static void on_death(void *userdata, struct runner *runner, int status) {
        char reason[DEATH_TEXT_SIZE];

        (void)supply_describe_death(status, reason);
        lane_note_left(runner->work);
        lane_end(runner->work, reason);
}

static void on_left(void *userdata, pid_t runner, uint64_t left, enum run_state state) {
        const struct engine_local *e = userdata;

        leftovers_settle(e->services->config, runner, left, state);
}

static void on_answer(void *userdata) {
        struct lane *lane = userdata;

        runners_note_unsent(&lane->engine->runners, lane->runner);
}

static void probe(struct engine *engine) {
        supply_probe(&CONTAINER_OF(engine, struct engine_local, engine)->supply);
}

/* A lane with room for one more: the one that is being filled, or a new one. NULL and *ret_error. */
static struct lane *lane_get(struct engine_local *e, bool is_instant, int *ret_error) {
        struct lane *lane;

        if (is_instant && e->filling && e->filling->count < LANE_JOBS_MAX)
                return e->filling;
        lane = calloc(1, sizeof *lane);
        if (!lane) {
                *ret_error = -ENOMEM;
                return NULL;
        }
        lane->engine = e;
        *ret_error = supply_take(&e->supply, lane, &lane->runner);
        if (*ret_error < 0) {
                free(lane);
                return NULL;
        }
        lane->calls = (struct calls){ .places = &e->services->slots->places, .link = lane->runner->link,
                                      .on_answer = on_answer, .userdata = lane };
        if (is_instant)
                e->filling = lane;
        return lane;
}

static int start(struct engine *engine, struct execution *execution, const struct frame_execute *frame) {
        struct engine_local *e = CONTAINER_OF(engine, struct engine_local, engine);
        const struct flow *flow = execution_trigger(execution)->config.flow;
        _cleanup_free_ struct job *job = calloc(1, sizeof *job);
        struct lane *lane;
        int r = -ENOMEM;

        if (!job || !(lane = lane_get(e, flow->is_instant, &r)))
                return r;
        r = runner_link_execute(lane->runner->link, flow, &e->services->config->security, frame);
        if (r < 0) {
                if (lane->count == 0) {
                        runners_give_back(&e->runners, lane->runner);
                        lane_free(lane);
                }
                return r;
        }
        runners_note_unsent(&e->runners, lane->runner);
        job->lane = lane;
        job->execution = execution;
        DL_APPEND(lane->jobs, job);
        lane->count++;
        execution_set_engine_data(execution, TAKE_PTR(job), lane->runner->pid);
        return 0;
}

static void flush(struct engine *engine) {
        struct engine_local *e = CONTAINER_OF(engine, struct engine_local, engine);

        e->filling = NULL;
        runners_flush(&e->runners);
}

static int on_kill_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        struct lane *lane = ((struct job *)userdata)->lane;

        lane_note_left(lane);
        runners_kill(&lane->engine->runners, lane->runner);
        lane_end(lane, "killed: it did not end within the grace of its cancel");
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
        (void)runner_link_cancel(job->lane->runner->link, execution_id(execution));
        runners_note_unsent(&e->runners, job->lane->runner);
        wish_turn(&e->services->wishes);
}

static void end_after(struct engine *engine) {
        struct engine_local *e = CONTAINER_OF(engine, struct engine_local, engine);

        for (struct runner *r = e->runners.busy; r; r = r->next) {
                const struct lane *lane = r->work;

                if (!lane->after.trigger)
                        continue;
                (void)runner_link_cancel(r->link, lane->after.execution_id);
                runners_note_unsent(&e->runners, r);
        }
        wish_turn(&e->services->wishes);
}

static void settle(struct engine *engine, uint64_t id, bool success) {
        struct engine_local *e = CONTAINER_OF(engine, struct engine_local, engine);

        for (struct runner *r = e->runners.busy; r; r = r->next) {
                const struct lane *lane = r->work;

                if (!lane->after.trigger || lane->after.execution_id != id)
                        continue;
                (void)runner_link_settle(r->link, id, success);
                runners_note_unsent(&e->runners, r);
                return;
        }
}

int engine_local_new(struct services *services, struct engine_local **ret) {
        static const struct engine_ops ops = { .start = start, .probe = probe, .flush = flush, .cancel = cancel, .end_after = end_after,
                                              .settle = settle };
        static const struct runners_handlers handlers = { .on_ready = on_ready, .on_stillborn = on_stillborn, .on_frame = on_frame,
                                                           .on_death = on_death, .on_left = on_left };
        struct engine_local *e = calloc(1, sizeof *e);
        int r;

        if (!e)
                return -ENOMEM;
        e->engine.ops = &ops;
        e->services = services;
        e->supply = (struct supply){ .engine = &e->engine, .runners = &e->runners, .wishes = &services->wishes };
        e->scratch = BUF_INIT(SCRATCH_BYTES_MAX);
        r = runners_init(&e->runners, services->event, services->config->runner, services->isolation,
                         services->config->limits.idle_runners,
                         services->config->task_credentials == TASK_CREDENTIALS_ENVIRONMENT, &handlers, e);
        e->runners.limits = isolation_limits(&services->config->limits.task);
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
        for (struct runner *r = e->runners.busy; r; r = r->next) {
                struct lane *lane = r->work;

                calls_leave_all(&lane->calls);
                while (lane->jobs)
                        job_free(lane->jobs);
                if (lane->after.trigger)
                        after_end(lane);
                lane_free(lane);
        }
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
        e->runners.limits = isolation_limits(&config->limits.task);
        if (runners_set_credentials(&e->runners, config->task_credentials == TASK_CREDENTIALS_ENVIRONMENT) < 0)
                log_error(-ENOMEM, "security.taskCredentials could not be applied");
}
