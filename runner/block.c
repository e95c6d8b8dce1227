/* SPDX-License-Identifier: Apache-2.0 */
/* A phase is a crew (crew.h) whose members are task runs; its end begins the next phase. */
#include "runner/block.h"

#include <errno.h>

#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/task_run.h"

/* States by how much they matter for the whole. */
static int weight(enum run_state s) {
        static const int weights[RUN_STATE_COUNT] = { [RUN_WARNING] = 1, [RUN_FAILED] = 2, [RUN_KILLED] = 3 };
        return weights[s];
}

static void take_outcome(struct block *b, enum run_state s, const struct task_run *cause) {
        if (s == RUN_FAILED || s == RUN_KILLED)
                crew_stop(&b->crew);
        if (b->phase != BLOCK_TASKS || weight(s) <= weight(b->state))
                return;
        b->state = s;
        b->cause = cause;
}

static const struct flow_task_list *tasks_of(const struct block *b) {
        return &b->lists[b->phase];
}

/* --- members -------------------------------------------------------------------------------------------------------- */

static void on_run_end(void *userdata, struct task_run *run) {
        struct block *b = userdata;

        take_outcome(b, run->state, run->cause ? run->cause : run);
        crew_ended(&b->crew);
}

static void start_run(void *userdata, size_t i) {
        struct block *b = userdata;
        const struct flow_task *task = tasks_of(b)->items[i];

        if (task->disabled) {
                crew_ended(&b->crew);
                return;
        }
        b->runs[i] = task_run_new(b->execution, b->parent, b->iteration, task, on_run_end, b);
        if (!b->runs[i]) {
                take_outcome(b, RUN_FAILED, NULL);
                crew_ended(&b->crew);
                return;
        }
        task_run_start(b->runs[i]);
}

static bool has_ended(const struct block *b, const char *id) {
        const struct flow_task_list *tasks = tasks_of(b);

        for (size_t i = 0; i < tasks->count; i++)
                if (text_eq(tasks->items[i]->id, id))
                        return tasks->items[i]->disabled || (b->runs[i] && run_state_is_final(b->runs[i]->state));
        return true; /* the loader has refused what is not there */
}

static bool is_ready(void *userdata, size_t i) {
        const struct block *b = userdata;

        for (char *const *id = tasks_of(b)->items[i]->depends_on; id && *id; id++)
                if (!has_ended(b, *id))
                        return false;
        return true;
}

/* --- phases --------------------------------------------------------------------------------------------------------- */

static void on_phase_over(void *userdata);

static const struct crew_ops list_ops = { .start = start_run, .on_over = on_phase_over };
static const struct crew_ops graph_ops = { .start = start_run, .is_ready = is_ready, .on_over = on_phase_over };

static void clear_phase(struct block *b) {
        crew_done(&b->crew);
        free(b->runs);
        b->runs = NULL;
}

static int begin_phase(struct block *b) {
        bool is_main = b->phase == BLOCK_TASKS;

        b->crew = (struct crew){
                .ops = is_main && b->is_graph ? &graph_ops : &list_ops,
                .userdata = b,
                .limit = is_main ? b->limit : 1,
                .count = tasks_of(b)->count,
        };
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
        b->runs = calloc(b->crew.count + 1, sizeof(*b->runs));
        return b->runs ? crew_start(&b->crew) : -ENOMEM;
}

static enum block_phase next_phase(const struct block *b) {
        if (b->cancelled)
                return BLOCK_OVER;
        if (b->phase == BLOCK_TASKS && b->state == RUN_FAILED)
                return BLOCK_ERRORS;
        return b->phase == BLOCK_FINALLY ? BLOCK_OVER : BLOCK_FINALLY;
}

/* Begins the next phase that has tasks, or ends the block. */
static void go_on(struct block *b) {
        do
                b->phase = next_phase(b);
        while (b->phase != BLOCK_OVER && tasks_of(b)->count == 0);
        clear_phase(b);
        if (b->phase == BLOCK_OVER) {
                b->on_end(b->userdata, b->state);
                return;
        }
        if (begin_phase(b) < 0) {
                b->state = weight(b->state) < weight(RUN_FAILED) ? RUN_FAILED : b->state;
                go_on(b); /* once per phase: there are three */
        }
}

static void on_phase_over(void *userdata) {
        go_on(userdata);
}

void block_start(struct block *b) {
        b->phase = BLOCK_TASKS;
        b->state = RUN_SUCCESS;
        if (begin_phase(b) == 0)
                return;
        take_outcome(b, RUN_FAILED, NULL);
        go_on(b);
}

void block_start_after(struct block *b, enum run_state state, const struct task_run *cause) {
        b->phase = BLOCK_TASKS;
        b->state = state;
        b->cause = cause;
        go_on(b);
}

void block_stop(struct block *b) {
        if (b->phase == BLOCK_TASKS)
                crew_stop(&b->crew);
}

void block_cancel(struct block *b) {
        size_t count = b->phase == BLOCK_OVER ? 0 : b->crew.count;

        if (b->cancelled || b->phase == BLOCK_OVER)
                return;
        b->cancelled = true;
        b->state = RUN_KILLED;
        crew_stop(&b->crew);
        crew_hold(&b->crew);
        for (size_t i = 0; i < count; i++)
                if (b->runs[i])
                        task_run_cancel(b->runs[i]);
        crew_let_go(&b->crew);
}

void block_done(struct block *b) {
        clear_phase(b);
}
