/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/each.h"

#include <errno.h>

#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/flowable.h"
#include "runner/iteration.h"
#include "runner/render.h"
#include "runner/task_run.h"

/* --- members ---------------------------------------------------------------------------------------------------------- */

static void stop(struct each *e) {
        crew_stop(&e->crew);
        for (size_t i = 0; i < e->values.count; i++)
                if (e->members[i].iteration)
                        block_stop(&e->members[i].block);
}

static void member_ended(struct each_member *m) {
        struct each *e = m->each;
        bool fatal = e->kind->on_member_end(e, m);

        e->ended[m->block.state]++;
        if (fatal && e->state != RUN_FAILED) {
                e->state = m->block.state;
                e->cause = m->block.cause;
        }
        if (fatal)
                stop(e);
        crew_ended(&e->crew);
}

static void on_block_end(void *userdata, enum run_state state) {
        member_ended(userdata);
}

static void start_member(void *userdata, size_t i) {
        struct each *e = userdata;
        struct each_member *m = &e->members[i];
        struct each_value *v = &e->values.items[i];

        m->each = e;
        m->iteration = iteration_new(e->run->iteration, TAKE_PTR(v->value), TAKE_PTR(v->key), i, e->kind->is_loop);
        m->block = (struct block){
                .execution = e->run->execution,
                .parent = e->run,
                .iteration = m->iteration,
                .limit = 1,
                .on_end = on_block_end,
                .userdata = m,
                .phase = BLOCK_OVER,
        };
        m->block.lists[BLOCK_TASKS] = flowable_branch(e->run->task, "tasks");
        if (!m->iteration) {
                m->block.state = RUN_FAILED;
                member_ended(m);
                return;
        }
        e->kind->prepare(e, &m->block);
        block_start(&m->block);
}

static void on_over(void *userdata) {
        struct each *e = userdata;

        if (e->cancelled)
                flowable_end(e->run, RUN_KILLED, NULL, NULL);
        else
                e->kind->on_over(e);
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static const struct crew_ops ops = { .start = start_member, .on_over = on_over };

/* On failure the attempt has been failed. */
static int find_values(struct each *e) {
        _cleanup_free_ char *problem = NULL;
        int r = render_property(e->run, "values", RENDER_TYPED, &e->rendered);

        if (r < 0)
                return r;
        if (!e->rendered)
                e->rendered = value_new_null();
        r = e->rendered ? each_values_make(e->run->execution, e->rendered, e->kind->sources, &e->values, &problem)
                        : -ENOMEM;
        if (r < 0)
                task_run_fail(e->run, NULL, "values: %s", problem ? problem : "out of memory");
        return r;
}

void each_start(struct task_run *run, const struct each_kind *kind) {
        struct each *e = calloc(1, sizeof(*e));

        run->work = e;
        if (!e) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        e->kind = kind;
        e->run = run;
        e->state = RUN_SUCCESS;
        if (find_values(e) < 0)
                return;
        e->members = calloc(e->values.count + 1, sizeof(*e->members));
        e->crew = (struct crew){ .ops = &ops, .userdata = e, .count = e->values.count,
                                 .limit = flowable_limit(run, "concurrencyLimit", kind->limit_default) };
        if (!e->members || crew_start(&e->crew) < 0)
                task_run_fail(run, NULL, "out of memory");
}

void each_cancel(struct task_run *run) {
        struct each *e = run->work;

        if (e->has_rest) {
                block_cancel(&e->rest);
                return;
        }
        e->cancelled = true;
        crew_stop(&e->crew);
        crew_hold(&e->crew);
        for (size_t i = 0; i < e->values.count; i++)
                if (e->members[i].iteration)
                        block_cancel(&e->members[i].block);
        crew_let_go(&e->crew);
}

void each_free(struct task_run *run) {
        struct each *e = run->work;

        if (!e)
                return;
        for (size_t i = 0; e->members && i < e->values.count; i++) {
                block_done(&e->members[i].block);
                iteration_unref(e->members[i].iteration);
                value_unref(e->members[i].outputs);
        }
        free(e->members);
        block_done(&e->rest);
        crew_done(&e->crew);
        each_values_done(&e->values);
        value_unref(e->rendered);
        free(e);
        run->work = NULL;
}
