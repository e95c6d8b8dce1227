/* SPDX-License-Identifier: Apache-2.0 */
/* The core tasks that end within their start: Log, Return, Fail. */
#include <syslog.h>

#include "common/base/json.h"
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

void task_fail_start(struct task_run *run) {
        _cleanup_value_ struct value *condition = NULL, *message = NULL;

        if (render_property(run, "condition", RENDER_TYPED, &condition) < 0)
                return;
        if (condition && !render_is_true(condition)) {
                task_run_succeed(run, NULL);
                return;
        }
        if (render_property(run, "errorMessage", RENDER_TEXT, &message) < 0)
                return;
        task_run_fail(run, NULL, "%s", message && value_type(message) == VALUE_STRING ? value_string(message) :
                                                                                       "Task failure");
}
