/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/run_variables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "runner/execution.h"
#include "runner/iteration.h"
#include "runner/task_run.h"

/* The first error of a chain of puts; each evaluates its value in any case, so nothing leaks. */
static int put(int r, struct value *map, const char *key, struct value *v) {
        int k = value_map_put(map, key, v);

        return r < 0 ? r : k;
}

static const struct iteration *iteration_of(const struct scope *s) {
        if (s->iteration)
                return s->iteration;
        return s->run ? s->run->iteration : NULL;
}

int run_variables_put_value(struct value *map, const struct task_run *run) {
        const struct iteration *own = task_run_own_iteration(run);
        int r = 0;

        if (!own || own->is_loop)
                return 0;
        r = put(r, map, "value", value_new_string(own->value));
        return put(r, map, "iteration", value_new_int((int64_t)own->index));
}

/* --- what it stands in ------------------------------------------------------------------------------------------------ */

/* The flowable that the run stands in; not the task that called its flow. */
static const struct task_run *parent_of(const struct scope *s, const struct task_run *run) {
        return run && run->parent && run->parent->execution == s->execution ? run->parent : NULL;
}

/* -ENOENT when the run has nothing to say. */
static int make_parent(const struct task_run *run, struct value **ret) {
        _cleanup_value_ struct value *map = value_new_map(), *taskrun = value_new_map();
        int r = map && taskrun ? run_variables_put_value(taskrun, run) : -ENOMEM;

        if (r == 0 && value_count(taskrun) > 0)
                r = value_map_put(map, "taskrun", TAKE_PTR(taskrun));
        if (r == 0 && run->outputs)
                r = value_map_put(map, "outputs", value_ref(run->outputs));
        if (r < 0 || value_count(map) == 0)
                return r < 0 ? r : -ENOENT;
        *ret = TAKE_PTR(map);
        return 0;
}

int run_variables_parent(struct scope *s, struct value **ret) {
        int r = -ENOENT;

        for (const struct task_run *p = parent_of(s, s->run); p && r == -ENOENT; p = parent_of(s, p))
                r = make_parent(p, ret);
        return r;
}

int run_variables_parents(struct scope *s, struct value **ret) {
        _cleanup_value_ struct value *list = value_new_list();
        int r = list ? 0 : -ENOMEM;

        for (const struct task_run *p = parent_of(s, s->run); p && r == 0; p = parent_of(s, p)) {
                struct value *parent = NULL;

                r = make_parent(p, &parent);
                r = r == -ENOENT ? 0 : r < 0 ? r : value_list_add(list, parent);
        }
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

static int put_item(struct value *map, const struct iteration *i) {
        int r = 0;

        r = put(r, map, "value", value_new_string(i->value));
        r = put(r, map, "index", value_new_int((int64_t)i->index));
        return i->key ? put(r, map, "key", value_new_string(i->key)) : r;
}

int run_variables_item(struct scope *s, struct value *map) {
        const struct iteration *loop = iteration_loop(iteration_of(s)), *outer;
        _cleanup_value_ struct value *parents = value_new_list();
        int r;

        if (!loop)
                return -ENOENT;
        r = parents ? put_item(map, loop) : -ENOMEM;
        for (outer = iteration_loop(loop->outer); outer && r == 0; outer = iteration_loop(outer->outer)) {
                _cleanup_value_ struct value *item = value_new_map();

                r = item ? put_item(item, outer) : -ENOMEM;
                if (r == 0)
                        r = value_list_add(parents, TAKE_PTR(item));
        }
        if (r < 0 || value_count(parents) == 0)
                return r;
        r = value_map_put(map, "parent", value_ref(value_list_at(parents, 0)));
        return r < 0 ? r : value_map_put(map, "parents", TAKE_PTR(parents));
}

/* --- what called the flow --------------------------------------------------------------------------------------------- */

int run_variables_caller(struct scope *s, struct value *map) {
        const struct execution *e = s->execution->caller->execution;
        char digits[24];
        int r = 0;

        (void)snprintf(digits, sizeof(digits), "%" PRIu64, e->flow->revision);
        r = put(r, map, "executionId", value_new_string(e->id));
        r = put(r, map, "namespace", value_new_string(e->flow->namespace));
        r = put(r, map, "flowId", value_new_string(e->flow->id));
        return put(r, map, "flowRevision", value_new_number(digits));
}

/* --- outputs ---------------------------------------------------------------------------------------------------------- */

bool run_variables_in_loop(const struct scope *s) {
        return iteration_loop(iteration_of(s));
}

static struct value *copy(const struct value *map) {
        _cleanup_value_ struct value *made = value_new_map();

        for (size_t i = 0; made && map && i < value_count(map); i++)
                if (value_map_put(made, value_map_key_at(map, i), value_ref(value_map_at(map, i))) < 0)
                        return NULL;
        return TAKE_PTR(made);
}

/* The map under `key`, to be changed: made when it is not there, copied when somebody else has it too. NULL: out of
 * memory. */
static struct value *map_under(struct value *map, const char *key) {
        struct value *inner = value_map_get(map, key);

        if (inner && value_is_own(inner))
                return inner;
        return value_map_put(map, key, copy(inner)) < 0 ? NULL : value_map_get(map, key);
}

/* Under the task's id, then under each value, the outermost first. *ret is the last map, *ret_key the key in it. */
static int find_place(struct value *map, const struct task_run *run, const struct iteration *i, struct value **ret,
                      const char **ret_key) {
        struct value *outer;
        const char *key;
        int r;

        if (!i || i->is_loop) {
                *ret = map;
                *ret_key = run->task->id;
                return 0;
        }
        r = find_place(map, run, i->outer, &outer, &key);
        if (r < 0)
                return r;
        *ret = map_under(outer, key);
        *ret_key = i->value;
        return *ret ? 0 : -ENOMEM;
}

static int put_outputs(struct value *map, const struct task_run *run) {
        struct value *place;
        const char *key;
        int r = find_place(map, run, run->iteration, &place, &key);

        return r < 0 ? r : value_map_put(place, key, value_ref(run->outputs));
}

/* Of one that runs, only a flowable has outputs: for its children, which ask it what it has decided. */
static bool is_seen(const struct scope *s, const struct task_run *run) {
        const struct iteration *loop = iteration_loop(run->iteration);

        return run->execution == s->execution && run->outputs &&
               (run_state_is_final(run->state) || run->state == RUN_RUNNING) &&
               (!loop || iteration_is_within(iteration_of(s), loop));
}

int run_variables_outputs(struct scope *s, struct value *map) {
        const struct execution *top = s->execution->top;
        int r = 0;

        for (size_t i = s->execution->first_run; i < top->run_count && r == 0; i++)
                if (is_seen(s, top->runs[i]))
                        r = put_outputs(map, top->runs[i]);
        return r;
}

/* An execution of many tasks that read each other would spend its time on making the map anew. */
void run_variables_put_out(const struct task_run *run) {
        struct value **made = &run->execution->variables.made[VARIABLE_OUTPUTS];

        if (!*made || iteration_loop(run->iteration))
                return;
        if (!value_is_own(*made) || put_outputs(*made, run) < 0)
                variables_forget(&run->execution->variables, VARIABLE_OUTPUTS);
}
