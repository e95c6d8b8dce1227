/* SPDX-License-Identifier: Apache-2.0 */
/* Subflow: another flow as a task. It asks for the flow, calls it, and ends as that ends, or at once with `wait: false`. */
#include <errno.h>

#include "common/base/text.h"
#include "common/flow/truth.h"
#include "runner/execution.h"
#include "runner/execution_call.h"
#include "runner/render.h"
#include "runner/run_labels.h"
#include "runner/task_run.h"

struct subflow {
        struct task_run *run;
        struct wish wish;
        struct value *inputs, *labels;
        struct execution *execution; /* NULL: not called yet */
};

static bool is_set(const struct task_run *run, const char *property, bool fallback) {
        const struct value *v = value_map_get(run->task->properties, property);

        return v ? truth_of_value(v) : fallback;
}

/* --- the end ----------------------------------------------------------------------------------------------------------- */

static struct value *make_outputs(const struct execution *e, bool has_ended) {
        _cleanup_value_ struct value *map = value_new_map();

        if (!map || value_map_put(map, "executionId", value_new_string(e->id)) < 0)
                return NULL;
        if (has_ended && value_map_put(map, "state", value_new_string(run_state_name(e->state))) < 0)
                return NULL;
        if (e->outputs && value_map_put(map, "outputs", value_ref(e->outputs)) < 0)
                return NULL;
        return TAKE_PTR(map);
}

static void on_end(void *userdata, struct execution *e) {
        struct task_run *run = userdata;
        struct value *outputs = make_outputs(e, true);
        bool transmits = is_set(run, "transmitFailed", true);

        if (!outputs)
                task_run_fail(run, NULL, "out of memory");
        else if (e->is_refused)
                task_run_fail(run, outputs, "%s", e->error);
        else if (e->state == RUN_WARNING && transmits)
                task_run_warn(run, outputs);
        else if (!run_state_settles_message(e->state) && transmits)
                task_run_fail(run, outputs, "flow '%s.%s' ended %s%s%s", e->flow->namespace, e->flow->id,
                              run_state_name(e->state), e->error ? ": " : "", e->error ? e->error : "");
        else
                task_run_succeed(run, outputs);
}

static void on_start(void *userdata, struct execution *e, bool is_queued) {
        task_run_queue(userdata, is_queued);
}

/* --- without waiting --------------------------------------------------------------------------------------------------- */

/* The task ends with the first that is known of the call: it waits in a line, it starts, or it never will. */
static void end_detaching(struct task_run *run, const struct execution *e) {
        struct value *outputs;

        if (run_state_is_final(run->state))
                return;
        outputs = make_outputs(e, false);
        if (!outputs)
                task_run_fail(run, NULL, "out of memory");
        else if (e->is_refused || e->state == RUN_KILLED)
                task_run_fail(run, outputs, "%s", e->is_refused ? e->error : "cancelled");
        else
                task_run_succeed(run, outputs);
}

static void on_detached_start(void *userdata, struct execution *e, bool is_queued) {
        end_detaching(userdata, e);
}

static void on_detached_end(void *userdata, struct execution *e) {
        end_detaching(userdata, e);
        execution_detached_ended(e);
}

/* --- the call ---------------------------------------------------------------------------------------------------------- */

/* It may have ended when this returns, and s with it. */
static void call(struct subflow *s, struct called_flow *flow) {
        static const struct call_handlers waiting = { .on_start = on_start, .on_end = on_end };
        static const struct call_handlers detached = { .on_start = on_detached_start, .on_end = on_detached_end };
        struct task_run *run = s->run;
        bool waits = is_set(run, "wait", true);
        int r = execution_call(run, flow, s->inputs, s->labels, waits ? &waiting : &detached, &s->execution);

        if (r == 0 && !waits)
                execution_detach(s->execution);
        if (r == 0)
                execution_enter(s->execution);
        else if (r == -ELOOP)
                task_run_fail(run, NULL, "flow '%s.%s' is not run: flows call each other %d deep already",
                              flow->cached.flow->namespace, flow->cached.flow->id, EXECUTION_CALLS_MAX);
        else
                task_run_fail(run, NULL, "out of memory");
}

static void on_answer(struct wish *w, struct called_flow *flow, const char *problem) {
        struct subflow *s = CONTAINER_OF(w, struct subflow, wish);

        if (!flow)
                task_run_fail(s->run, NULL, "%s", problem);
        else if (flow->cached.flow->disabled)
                task_run_fail(s->run, NULL, "flow '%s.%s' is disabled", flow->cached.flow->namespace,
                              flow->cached.flow->id);
        else
                call(s, flow);
}

/* --- the start --------------------------------------------------------------------------------------------------------- */

/* The full id. On failure the attempt has been failed. */
static int find_name(struct task_run *run, char **ret) {
        _cleanup_value_ struct value *namespace = NULL, *id = NULL;

        if (render_property(run, "namespace", RENDER_TEXT, &namespace) < 0 ||
            render_property(run, "flowId", RENDER_TEXT, &id) < 0)
                return -EBADMSG;
        if (!namespace || value_type(namespace) != VALUE_STRING || !id || value_type(id) != VALUE_STRING) {
                task_run_fail(run, NULL, "namespace or flowId is no text");
                return -EBADMSG;
        }
        *ret = text_printf("%s.%s", value_string(namespace), value_string(id));
        if (*ret)
                return 0;
        task_run_fail(run, NULL, "out of memory");
        return -ENOMEM;
}

static int read_properties(struct subflow *s) {
        struct task_run *run = s->run;
        _cleanup_value_ struct value *labels = NULL, *inherit = NULL;
        int r;

        if (render_property(run, "inputs", RENDER_TEXT, &s->inputs) < 0 ||
            render_property(run, "labels", RENDER_TEXT, &labels) < 0 ||
            render_property(run, "inheritLabels", RENDER_TYPED, &inherit) < 0)
                return -EBADMSG;
        r = run_labels_make(run, inherit && truth_of_value(inherit), labels, &s->labels);
        if (r < 0)
                task_run_fail(run, NULL, r == -ENOMEM ? "out of memory" : "labels is neither a map nor a list of key and value");
        return r;
}

void flowable_subflow_start(struct task_run *run) {
        struct subflow *s = calloc(1, sizeof(*s));
        _cleanup_free_ char *name = NULL;

        run->work = s;
        if (!s) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        s->run = run;
        s->wish.on_answer = on_answer;
        s->wish.from_message = run->task->passes_message;
        if (read_properties(s) < 0 || find_name(run, &name) < 0)
                return;
        if (flow_library_ask(run->execution->shop.library, &s->wish, name) < 0)
                task_run_fail(run, NULL, "out of memory");
}

void flowable_subflow_cancel(struct task_run *run) {
        struct subflow *s = run->work;

        if (s->execution)
                execution_cancel(s->execution);
        else
                task_run_fail(run, NULL, "cancelled");
}

void flowable_subflow_free(struct task_run *run) {
        struct subflow *s = run->work;

        if (!s)
                return;
        flow_library_withdraw(run->execution->shop.library, &s->wish);
        value_unref(s->inputs);
        value_unref(s->labels);
        free(s);
        run->work = NULL;
}
