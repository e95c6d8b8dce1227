/* SPDX-License-Identifier: Apache-2.0 */
/* How a called execution comes by its flow's place (`concurrency.limit`): the driver counts them, over all runners. One of a
 * flow without a limit asks nobody. What asked stands in a list of top until it has its place or its end. */
#include <errno.h>
#include <syslog.h>
#include <utlist.h>

#include "common/base/text.h"
#include "runner/execution_call.h"
#include "runner/task_run.h"

/* --- to the driver ----------------------------------------------------------------------------------------------------- */

/* The number of the innermost execution around it that has a place and cannot end before it; top cannot in any case, and
 * has 0. One that nobody waits for holds up top alone. */
static uint64_t outer_of(const struct execution *e) {
        while (!e->is_detached) {
                e = e->caller->execution;
                if (e->place == PLACE_OF_CALL_TAKEN || e == e->top)
                        return e->call_number;
        }
        return 0;
}

static int ask(struct execution *e) {
        _cleanup_free_ char *name = text_printf("%s.%s", e->flow->namespace, e->flow->id);
        const struct frame_place f = {
                .execution_id = e->top->request->execution_id,
                .call = e->call_number,
                .outer = outer_of(e),
                .name = { name, name ? strlen(name) : 0 },
                .limit = e->flow->concurrency_limit,
                .behavior = (uint8_t)e->flow->concurrency_behavior,
        };

        return name ? outbox_place(e->shop.outbox, FRAME_PLACE_WANTED, &f) : -ENOMEM;
}

static void leave_list(struct execution *e) {
        if (e->place == PLACE_OF_CALL_ASKED)
                DL_DELETE2(e->top->asking, e, prev_asking, next_asking);
        e->place = PLACE_OF_CALL_NONE;
}

void execution_place_leave(struct execution *e) {
        const struct frame_place f = { .execution_id = e->top->request->execution_id, .call = e->call_number };

        if (e->place == PLACE_OF_CALL_NONE)
                return;
        leave_list(e);
        (void)outbox_place(e->shop.outbox, FRAME_PLACE_LEFT, &f); /* without memory the session ends, and all places with it */
}

/* --- the way in -------------------------------------------------------------------------------------------------------- */

static void start(struct execution *e) {
        e->handlers->on_start(e->caller, e, false);
        execution_start(e);
}

/* It never began. `problem` is copied. */
static void end_unstarted(struct execution *e, enum run_state state, const char *problem) {
        e->state = state;
        if (problem)
                execution_set_error(e, NULL, problem);
        execution_conclude(e);
}

void execution_enter(struct execution *e) {
        if (e->flow->concurrency_limit == 0) {
                start(e);
                return;
        }
        if (ask(e) < 0) {
                end_unstarted(e, RUN_FAILED, "out of memory");
                return;
        }
        e->state = RUN_QUEUED;
        e->place = PLACE_OF_CALL_ASKED;
        DL_APPEND2(e->top->asking, e, prev_asking, next_asking);
}

void execution_withdraw(struct execution *e) {
        end_unstarted(e, RUN_KILLED, NULL);
}

static void wait_in_line(struct execution *e) {
        execution_logf(e, e->caller, LOG_INFO, "waits until fewer executions of flow '%s.%s' run (concurrency.limit)",
                       e->flow->namespace, e->flow->id);
        e->handlers->on_start(e->caller, e, true);
}

static struct execution *find(const struct execution *top, uint64_t call) {
        struct execution *e;

        DL_FOREACH2(top->asking, e, next_asking)
                if (e->call_number == call)
                        return e;
        return NULL;
}

int execution_place_answer(struct execution *top, const struct frame_place *f) {
        struct execution *e = find(top, f->call);
        _cleanup_free_ char *problem = NULL;

        if (!e)
                return 0; /* the answer crossed its end */
        if (f->answer == PLACE_WAITS) {
                wait_in_line(e);
                return 0;
        }
        if (f->answer > PLACE_STUCK)
                return -EPROTO;
        leave_list(e);
        if (f->answer == PLACE_GIVEN) {
                e->place = PLACE_OF_CALL_TAKEN;
                start(e);
                return 0;
        }
        problem = text_dup_n(f->problem.data ? f->problem.data : "", f->problem.len);
        e->is_refused = f->answer == PLACE_STUCK;
        end_unstarted(e, f->answer == PLACE_CANCELLED ? RUN_CANCELLED : RUN_FAILED, problem ? problem : "out of memory");
        return 0;
}
