/* SPDX-License-Identifier: Apache-2.0 */
/* The core tasks that end within their start: Log, Return, OutputValues, SetVariables, Fail. */
#include <syslog.h>

#include "common/base/json.h"
#include "common/flow/truth.h"
#include "runner/execution.h"
#include "runner/log_level.h"
#include "runner/render.h"
#include "runner/task_run.h"

static void log_value(struct task_run *run, int level, const struct value *v) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);

        if (value_type(v) == VALUE_STRING)
                execution_log(run->execution, run, level, value_string(v), value_string_len(v));
        else if (json_write(&b, v, JSON_COMPACT) == 0)
                execution_log(run->execution, run, level, b.data, b.len);
}

void task_log_start(struct task_run *run) {
        _cleanup_value_ struct value *message = NULL, *level_name = NULL;
        int level;

        if (render_property(run, "message", RENDER_TEXT, &message) < 0 ||
            render_property(run, "level", RENDER_TEXT, &level_name) < 0)
                return;
        level = log_level_of(level_name && value_type(level_name) == VALUE_STRING ? value_string(level_name) : NULL,
                             LOG_INFO);
        if (message && value_type(message) == VALUE_LIST)
                for (size_t i = 0; i < value_count(message); i++)
                        log_value(run, level, value_list_at(message, i));
        else if (message)
                log_value(run, level, message);
        task_run_succeed(run, NULL);
}

void task_return_start(struct task_run *run) {
        _cleanup_value_ struct value *value = NULL, *outputs = NULL;

        if (render_property(run, "format", RENDER_TEXT, &value) < 0)
                return;
        outputs = value_new_map();
        if (!outputs || (value && value_map_put(outputs, "value", value_ref(value)) < 0)) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        task_run_succeed(run, TAKE_PTR(outputs));
}

void task_output_values_start(struct task_run *run) {
        _cleanup_value_ struct value *values = NULL, *outputs = NULL;

        if (render_property(run, "values", RENDER_TEXT, &values) < 0)
                return;
        outputs = value_new_map();
        if (!outputs || value_map_put(outputs, "values", values ? value_ref(values) : value_new_map()) < 0) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        task_run_succeed(run, TAKE_PTR(outputs));
}

/* `base` with what is in `over`, map by map. NULL: out of memory. */
static struct value *merged(const struct value *base, const struct value *over) {
        _cleanup_value_ struct value *map = value_new_map();

        for (size_t i = 0; map && base && i < value_count(base); i++)
                if (value_map_put(map, value_map_key_at(base, i), value_ref(value_map_at(base, i))) < 0)
                        return NULL;
        for (size_t i = 0; map && i < value_count(over); i++) {
                const char *key = value_map_key_at(over, i);
                struct value *old = value_map_get(map, key), *new = value_map_at(over, i);
                bool deep = old && value_type(old) == VALUE_MAP && value_type(new) == VALUE_MAP;

                if (value_map_put(map, key, deep ? merged(old, new) : value_ref(new)) < 0)
                        return NULL;
        }
        return TAKE_PTR(map);
}

static const char *first_known(const struct value *known, const struct value *map) {
        for (size_t i = 0; known && i < value_count(map); i++)
                if (value_map_get(known, value_map_key_at(map, i)))
                        return value_map_key_at(map, i);
        return NULL;
}

void task_set_variables_start(struct task_run *run) {
        _cleanup_value_ struct value *variables = NULL, *overwrite = NULL, *all = NULL;
        struct execution *e = run->execution;
        const struct value *now = e->vars ? e->vars : e->flow->variables;
        const char *known;

        if (render_property(run, "variables", RENDER_TEXT, &variables) < 0 ||
            render_property(run, "overwrite", RENDER_TYPED, &overwrite) < 0)
                return;
        known = overwrite && !truth_of_value(overwrite) ? first_known(now, variables) : NULL;
        if (known) {
                task_run_fail(run, NULL, "the variable '%s' exists already, and overwrite is false", known);
                return;
        }
        all = merged(now, variables);
        if (!all) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        value_unref(e->vars);
        e->vars = TAKE_PTR(all);
        variables_forget(&e->variables, VARIABLE_VARS);
        task_run_succeed(run, NULL);
}

void task_fail_start(struct task_run *run) {
        _cleanup_value_ struct value *condition = NULL, *message = NULL;

        if (render_property(run, "condition", RENDER_TYPED, &condition) < 0)
                return;
        if (condition && !truth_of_value(condition)) {
                task_run_succeed(run, NULL);
                return;
        }
        if (render_property(run, "errorMessage", RENDER_TEXT, &message) < 0)
                return;
        task_run_fail(run, NULL, "%s", message && value_type(message) == VALUE_STRING ? value_string(message) :
                                                                                       "Task failure");
}
