/* SPDX-License-Identifier: Apache-2.0 */
/* Loop: each value is worked on by itself, with its own `errors` and `finally`, and what its tasks put out is seen by
 * them alone; what the Loop's `outputs` declare is what later tasks see. */
#include <errno.h>
#include <syslog.h>

#include "common/base/text.h"
#include "common/flow/truth.h"
#include "runner/each.h"
#include "runner/execution.h"
#include "runner/flowable.h"
#include "runner/iteration.h"
#include "runner/flow_outputs.h"
#include "runner/render.h"
#include "runner/task_run.h"

static void prepare(struct each *each, struct block *b) {
        b->lists[BLOCK_ERRORS] = flowable_branch(each->run->task, "errors");
        b->lists[BLOCK_FINALLY] = flowable_branch(each->run->task, "finally");
}

/* --- outputs ---------------------------------------------------------------------------------------------------------- */

/* The properties of one, as the model of a flow has it; everything is borrowed. */
static struct flow_output declared_output(const struct value *declared) {
        const struct value *required = value_map_get(declared, "required");

        return (struct flow_output){
                .id = (char *)(uintptr_t)value_map_string(declared, "id"),
                .type = (char *)(uintptr_t)value_map_string(declared, "type"),
                .value = (struct value *)(uintptr_t)value_map_get(declared, "value"),
                .required = !required || value_bool(required),
        };
}

static int put_output(struct scope *s, const struct value *declared, struct value *map, char **ret_problem) {
        const struct flow_output o = declared_output(declared);
        struct value *v = NULL;
        int r = flow_output_make(s, &o, &v, ret_problem);

        return r < 0 ? r : value_map_put(map, o.id, v);
}

static int make_outputs(struct each *e, struct each_member *m, char **ret_problem) {
        const struct value *declared = value_map_get(e->run->task->properties, "outputs");
        struct scope scope = { .execution = e->run->execution, .run = e->run, .iteration = m->iteration };
        _cleanup_value_ struct value *map = NULL;
        int r = 0;

        if (!declared || value_type(declared) != VALUE_LIST || value_count(declared) == 0)
                return 0;
        map = value_new_map();
        for (size_t i = 0; map && r == 0 && i < value_count(declared); i++)
                r = put_output(&scope, value_list_at(declared, i), map, ret_problem);
        if (r == 0)
                m->outputs = TAKE_PTR(map);
        return r < 0 || m->outputs ? r : -ENOMEM;
}

static bool transmits_failure(const struct each *e) {
        const struct value *v = value_map_get(e->run->task->properties, "transmitFailed");

        return !v || truth_of_value(v);
}

static bool on_member_end(struct each *e, struct each_member *m) {
        _cleanup_free_ char *problem = NULL;

        if (run_state_settles_message(m->block.state) && make_outputs(e, m, &problem) < 0) {
                execution_logf(e->run->execution, e->run, LOG_ERR, "the outputs for the value '%s': %s",
                               m->iteration->value, problem ? problem : "out of memory");
                m->block.state = RUN_FAILED;
        }
        return m->block.state == RUN_FAILED && transmits_failure(e);
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

/* {item: {value, iteration, key}, outputs} */
static struct value *entry(const struct each_member *m) {
        _cleanup_value_ struct value *item = value_new_map(), *map = value_new_map();
        int r = item && map ? 0 : -ENOMEM;

        if (r == 0)
                r = value_map_put(item, "value", value_new_string(m->iteration->value));
        if (r == 0)
                r = value_map_put(item, "iteration", value_new_int((int64_t)m->iteration->index));
        if (r == 0 && m->iteration->key)
                r = value_map_put(item, "key", value_new_string(m->iteration->key));
        if (r == 0)
                r = value_map_put(map, "item", TAKE_PTR(item));
        if (r == 0)
                r = value_map_put(map, "outputs", value_ref(m->outputs));
        return r < 0 ? NULL : TAKE_PTR(map);
}

static struct value *entries(const struct each *e) {
        _cleanup_value_ struct value *list = value_new_list();

        for (size_t i = 0; list && i < e->values.count; i++)
                if (e->members[i].outputs && value_list_add(list, entry(&e->members[i])) < 0)
                        return NULL;
        return TAKE_PTR(list);
}

static struct value *counts(const struct each *e) {
        _cleanup_value_ struct value *map = value_new_map();

        for (int s = 0; map && s < RUN_STATE_COUNT; s++)
                if (e->ended[s] > 0 && value_map_put(map, run_state_name((enum run_state)s),
                                                     value_new_int((int64_t)e->ended[s])) < 0)
                        return NULL;
        return TAKE_PTR(map);
}

static struct value *all_outputs(const struct each *e) {
        _cleanup_value_ struct value *map = value_new_map();

        if (!map || value_map_put(map, "iterationCount", value_new_int((int64_t)e->values.count)) < 0 ||
            value_map_put(map, "terminatedIterations", counts(e)) < 0 || value_map_put(map, "outputs", entries(e)) < 0)
                return NULL;
        return TAKE_PTR(map);
}

static void on_over(struct each *e) {
        struct value *outputs = all_outputs(e);

        if (outputs)
                flowable_end(e->run, e->state, e->cause, outputs);
        else
                task_run_fail(e->run, NULL, "out of memory");
}

static const struct each_kind loop = {
        .sources = EACH_LISTS_MAPS_FILES,
        .is_loop = true,
        .limit_default = 0,
        .prepare = prepare,
        .on_member_end = on_member_end,
        .on_over = on_over,
};

void flowable_loop_start(struct task_run *run) {
        each_start(run, &loop);
}
