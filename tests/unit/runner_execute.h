/* SPDX-License-Identifier: Apache-2.0 */
/* Starting executions with runner_driver.h and waiting for what they do. */
#pragma once

#include <fcntl.h>

#include "tests/unit/runner_driver.h"

static void driver_clear(struct driver *d) {
        for (size_t i = 0; i < DRIVER_RUNS_MAX; i++) {
                free(d->runs[i].outputs);
                free(d->runs[i].error);
        }
        memset(d->runs, 0, sizeof(d->runs));
        free(d->outputs);
        free(d->error);
        free(d->batch_failures);
        d->outputs = d->error = d->batch_failures = NULL;
        d->run_count = d->log_bytes = d->log_frames = d->late_lines = d->metric_count = 0;
        d->ended = d->goes_on = d->done = false;
        buf_done(&d->log);
}

static _unused_ int driver_teardown(void **state) {
        struct driver *d = *state;

        runner_link_free(d->link);
        driver_clear(d);
        (void)dir_remove_all(AT_FDCWD, d->folder);
        sd_event_unref(d->event);
        free(d);
        return 0;
}

/* Turns the loop until *flag is set. */
static _unused_ void driver_wait(struct driver *d, const bool *flag) {
        uint64_t end = clock_monotonic_usec() + DRIVER_WAIT_USEC;

        while (!*flag) {
                assert_true(clock_monotonic_usec() < end);
                assert_true(sd_event_run(d->event, USEC_PER_SEC) >= 0);
        }
}

/* Turns the loop until the first task run is told of. */
static _unused_ void driver_await_run(struct driver *d) {
        uint64_t end = clock_monotonic_usec() + DRIVER_WAIT_USEC;

        while (d->run_count == 0) {
                assert_true(clock_monotonic_usec() < end);
                assert_true(sd_event_run(d->event, USEC_PER_SEC) >= 0);
        }
}

static _unused_ struct flow *driver_load(struct driver *d, const char *tasks) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf findings = BUF_INIT(0);
        _cleanup_free_ char *text = text_printf("id: test\nnamespace: shop\n%s", tasks);
        struct flow *flow = NULL;

        if (flow_load(text, strlen(text), "test.yaml", &d->options, &diag, &flow) < 0) {
                diag_write(&diag, &findings);
                fail_msg("%s", findings.data ? findings.data : "?");
        }
        return flow;
}

/* Starts one without waiting. `f` may be NULL: no trigger. */
static _unused_ void driver_start(struct driver *d, const char *tasks, const struct frame_execute *f) {
        _cleanup_(flow_unrefp) struct flow *flow = driver_load(d, tasks);
        struct frame_execute execute = f ? *f : (struct frame_execute){ 0 };

        driver_clear(d);
        execute.execution_id = d->execution_id = ident_new();
        execute.revision = flow->revision;
        execute.start_usec = clock_realtime_usec();
        execute.log_bytes = execute.log_bytes > 0 ? execute.log_bytes : 1024 * 1024;
        execute.folder = (struct bytes){ d->folder, strlen(d->folder) };
        assert_int_equal(runner_link_execute(d->link, flow, &d->options, &execute), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
}

static _unused_ enum run_state driver_run(struct driver *d, const char *tasks) {
        driver_start(d, tasks, NULL);
        driver_wait(d, &d->ended);
        return d->state;
}

/* The same with one message. */
static _unused_ enum run_state driver_run_message(struct driver *d, const char *tasks, const char *body, size_t len) {
        const struct frame_message m = {
                .body = { body, len },
                .message_id = { "m-1", 3 },
                .queue_url = { "http://q/orders", 15 },
                .receive_count = 2,
                .traceparent = { "00-ab", 5 },
        };
        const struct frame_execute f = { .trigger_kind = TRIGGER_MESSAGE, .messages = &m, .message_count = 1 };

        driver_start(d, tasks, &f);
        driver_wait(d, &d->ended);
        return d->state;
}

static _unused_ bool driver_logged(const struct driver *d, const char *line) {
        return d->log.data && strstr(d->log.data, line);
}
