/* SPDX-License-Identifier: Apache-2.0 */
/* Sleep: a timer of the loop. */
#include <systemd/sd-event.h>

#include "common/base/clock.h"
#include "common/base/value.h"
#include "runner/execution.h"
#include "runner/render.h"
#include "runner/task_run.h"

static int on_time(sd_event_source *s, uint64_t usec, void *userdata) {
        task_run_succeed(userdata, NULL);
        return 0;
}

void task_sleep_start(struct task_run *run) {
        _cleanup_value_ struct value *duration = NULL;
        sd_event_source *timer = NULL;
        uint64_t usec;
        int r;

        if (render_property(run, "duration", RENDER_TEXT, &duration) < 0)
                return;
        if (!duration || value_type(duration) != VALUE_STRING || duration_parse(value_string(duration), &usec) < 0) {
                task_run_fail(run, NULL, "duration: '%s' is not a duration such as PT30S",
                              duration && value_type(duration) == VALUE_STRING ? value_string(duration) : "");
                return;
        }
        r = sd_event_add_time_relative(run->execution->shop.event, &timer, CLOCK_MONOTONIC, usec, 1, on_time, run);
        if (r < 0) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        run->work = timer;
}

void task_sleep_cancel(struct task_run *run) {
        task_run_fail(run, NULL, "cancelled");
}

void task_sleep_free(struct task_run *run) {
        run->work = sd_event_source_unref(run->work);
}
