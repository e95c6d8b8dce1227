/* SPDX-License-Identifier: Apache-2.0 */
/* What happens is an event of task_state.h; apply() is the one place where a state changes, and it turns off what the
 * new state may not own: the timer, and the work of an attempt that is over.
 *
 * A timeout and a cancel both ask the kind to end its attempt, and the attempt's end then decides: after a timeout it is
 * a failure whatever it looks like, after a cancel the run was KILLED. */
#include "runner/task_run.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/flow/task_type.h"
#include "common/flow/truth.h"
#include "runner/execution.h"
#include "runner/iteration.h"
#include "runner/render.h"
#include "runner/run_functions.h"
#include "runner/run_variables.h"

/* Its timeout counts. */
static bool is_timed(enum run_state s) {
        return s == RUN_RUNNING || s == RUN_QUEUED;
}

static bool is_attempting(enum run_state s) {
        return is_timed(s) || s == RUN_KILLING;
}

static void apply(struct task_run *run, enum task_event event) {
        int next = task_state_next(run->state, event);

        assert(next >= 0);
        if (!is_timed(run->state) || !is_timed((enum run_state)next))
                run->timer = sd_event_source_unref(run->timer);
        if (is_attempting(run->state) && !is_attempting((enum run_state)next) && run->kind->free_work)
                run->kind->free_work(run);
        run->state = (enum run_state)next;
        outbox_task_run(run->execution->shop.outbox, run);
        if (!run_state_is_final(run->state))
                return;
        run->end_usec = clock_realtime_usec();
        if (run->outputs)
                run_variables_put_out(run);
        run->on_end(run->userdata, run);
}

/* What the task's owner allows to pass counts as less. */
static enum task_event allowed(const struct task_run *run, enum task_event event) {
        if (event == TASK_FAIL && run->task->allow_failure)
                event = TASK_WARN;
        return event == TASK_WARN && run->task->allow_warning ? TASK_SUCCEED : event;
}

static void set_error(struct task_run *run, char *error) {
        free(run->error);
        run->error = error;
}

/* --- attempts ------------------------------------------------------------------------------------------------------- */

static int on_timeout(sd_event_source *s, uint64_t usec, void *userdata) {
        struct task_run *run = userdata;

        run->timed_out = true;
        if (run->kind->cancel)
                run->kind->cancel(run);
        return 0;
}

static int arm(struct task_run *run, uint64_t usec, sd_event_time_handler_t handler) {
        return sd_event_add_time_relative(run->execution->shop.event, &run->timer, CLOCK_MONOTONIC, usec, 1, handler, run);
}

/* -EBADMSG: the attempt has been failed. */
static int start_timeout(struct task_run *run) {
        struct scope scope = { .execution = run->execution, .run = run };
        _cleanup_value_ struct value *text = NULL;
        _cleanup_free_ char *problem = NULL;
        int r;

        run->timeout_usec = USEC_INFINITY;
        if (!run->task->timeout)
                return 0;
        r = render_text(&scope, run->task->timeout, strlen(run->task->timeout), RENDER_TEXT, &text, &problem);
        if (r == 0 && duration_parse(value_string(text), &run->timeout_usec) < 0) {
                problem = text_printf("'%s' is not a duration such as PT30S", value_string(text));
                r = -EBADMSG;
        }
        if (r == 0)
                r = arm(run, run->timeout_usec, on_timeout);
        if (r < 0)
                task_run_fail(run, NULL, "timeout: %s", problem ? problem : "out of memory");
        return r;
}

static void begin_attempt(struct task_run *run) {
        run->attempts++;
        run->timed_out = false;
        run->cause = NULL;
        run->outputs = value_unref(run->outputs);
        set_error(run, NULL);
        if (run->attempts == 1) {
                run->start_usec = clock_realtime_usec();
                run->first_attempt_usec = clock_monotonic_usec();
        }
        apply(run, TASK_START);
        if (start_timeout(run) == 0)
                run->kind->start(run);
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata) {
        begin_attempt(userdata);
        return 0;
}

/* A task's own retry, else the flow's when that means failed tasks. Flowables are left to their children's. */
static const struct flow_retry *retry_of(const struct task_run *run) {
        const struct flow_retry *of_flow = run->execution->flow->retry;

        if (run->task->retry)
                return run->task->retry;
        return of_flow && !of_flow->new_execution && run->task->branch_count == 0 ? of_flow : NULL;
}

static double random_fraction(void) {
        uint32_t bits = 0;

        (void)!random_bytes(&bits, sizeof(bits));
        return bits / 4294967296.0;
}

/* True when another attempt will follow. */
static bool retry(struct task_run *run) {
        const struct flow_retry *how = retry_of(run);
        uint64_t elapsed, delay;

        if (!how)
                return false;
        elapsed = usec_sub(clock_monotonic_usec(), run->first_attempt_usec);
        delay = flow_retry_delay_usec(how, run->attempts + 1, elapsed, random_fraction());
        if (delay == USEC_INFINITY)
                return false;
        apply(run, TASK_RETRY);
        execution_logf(run->execution, run, LOG_WARNING, "attempt %u failed: %s", run->attempts, run->error);
        return arm(run, delay, on_retry) >= 0;
}

static void fail(struct task_run *run, struct value *outputs, char *error) {
        value_unref(run->outputs);
        run->outputs = outputs;
        set_error(run, run->state == RUN_KILLING ? (free(error), NULL) : error);
        if (run->error && !run->cause) /* a flowable's failure is that of its task */
                error_logs_note(run->execution, run, run->error, strlen(run->error));
        if (is_timed(run->state) && retry(run))
                return;
        if (run->state == RUN_RETRYING) { /* its timer could not be armed */
                apply(run, TASK_CANCEL);
                return;
        }
        apply(run, allowed(run, TASK_FAIL));
}

static void fail_timed_out(struct task_run *run, struct value *outputs) {
        char duration[DURATION_MAX];

        fail(run, outputs, text_printf("timed out after %s", duration_format_human(run->timeout_usec, duration)));
}

void task_run_fail(struct task_run *run, struct value *outputs, const char *fmt, ...) {
        char *error = NULL;
        va_list ap;

        if (run->timed_out) {
                fail_timed_out(run, outputs);
                return;
        }
        va_start(ap, fmt);
        if (vasprintf(&error, fmt, ap) < 0)
                error = NULL;
        va_end(ap);
        fail(run, outputs, error);
}

static void succeed(struct task_run *run, struct value *outputs, enum task_event event) {
        if (run->timed_out) {
                fail_timed_out(run, outputs);
                return;
        }
        value_unref(run->outputs);
        run->outputs = outputs;
        apply(run, allowed(run, event));
}

void task_run_succeed(struct task_run *run, struct value *outputs) {
        const struct flow_retry *how = retry_of(run);

        succeed(run, outputs, run->attempts > 1 && how && how->warning_on_retry ? TASK_WARN : TASK_SUCCEED);
}

void task_run_warn(struct task_run *run, struct value *outputs) {
        succeed(run, outputs, TASK_WARN);
}

void task_run_queue(struct task_run *run, bool is_queued) {
        if (run->state == (is_queued ? RUN_RUNNING : RUN_QUEUED))
                apply(run, is_queued ? TASK_QUEUE : TASK_START);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

/* 1: run it, 0: skip it, -EBADMSG with the run's error set. */
static int is_wanted(struct task_run *run) {
        struct scope scope = { .execution = run->execution, .run = run };
        _cleanup_value_ struct value *v = NULL;
        _cleanup_free_ char *problem = NULL;
        int r;

        if (!run->task->run_if)
                return 1;
        r = render_text(&scope, run->task->run_if, strlen(run->task->run_if), RENDER_TYPED, &v, &problem);
        if (r == 0)
                return truth_of_value(v);
        set_error(run, text_printf("runIf: %s", problem ? problem : "out of memory"));
        return r;
}

void task_run_start(struct task_run *run) {
        int wanted = is_wanted(run);

        if (wanted > 0) {
                begin_attempt(run);
                return;
        }
        run->start_usec = clock_realtime_usec();
        apply(run, wanted == 0 ? TASK_SKIP : allowed(run, TASK_FAIL));
}

void task_run_cancel(struct task_run *run) {
        if (run_state_is_final(run->state) || run->state == RUN_KILLING)
                return;
        apply(run, TASK_CANCEL);
        if (run->state == RUN_KILLING && run->kind->cancel)
                run->kind->cancel(run);
}

const struct iteration *task_run_own_iteration(const struct task_run *run) {
        return run->iteration == (run->parent ? run->parent->iteration : NULL) ? NULL : run->iteration;
}

struct folder *task_run_folder(const struct task_run *run) {
        for (const struct task_run *p = run->parent; p && p->execution == run->execution; p = p->parent)
                if (p->shared)
                        return p->shared;
        return &run->execution->folder;
}

struct task_run *task_run_new(struct execution *e, struct task_run *parent, struct iteration *iteration,
                              const struct flow_task *task, void (*on_end)(void *userdata, struct task_run *run),
                              void *userdata) {
        struct execution *top = e->top;
        struct task_run *run, **runs;

        if (top->run_count >= EXECUTION_TASK_RUNS_MAX)
                return NULL;
        if ((top->run_count & (top->run_count - 1)) == 0) { /* room for the next power of two */
                /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
                runs = reallocarray(top->runs, MAX(top->run_count * 2, (size_t)1), sizeof(*runs));
                if (!runs)
                        return NULL;
                top->runs = runs;
        }
        run = calloc(1, sizeof(*run));
        if (!run)
                return NULL;
        *run = (struct task_run){
                .execution = e,
                .parent = parent,
                .iteration = iteration_ref(iteration),
                .task = task,
                .kind = task_kind_find(task->type->name),
                .index = (uint32_t)top->run_count,
                .state = RUN_CREATED,
                .on_end = on_end,
                .userdata = userdata,
        };
        assert(run->kind); /* a unit test holds the tables together */
        top->runs[top->run_count++] = run;
        return run;
}

struct task_run *task_run_free(struct task_run *run) {
        if (!run)
                return NULL;
        sd_event_source_unref(run->timer);
        if (is_attempting(run->state) && run->kind->free_work)
                run->kind->free_work(run);
        value_unref(run->outputs);
        iteration_unref(run->iteration);
        free(run->error);
        free(run);
        return NULL;
}
