/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the runner: drives the real program ($SQSFLOW_RUNNER, else build/bin/sqsflow-runner) through one
 * execution at a time and collects what it tells. */
#pragma once

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/link/runner_link.h"

#define DRIVER_RUNS_MAX 32
#define DRIVER_WAIT_USEC (100 * USEC_PER_SEC) /* for a busy machine; it is no promise */
#define DRIVER_DURATION "PT30S"

struct driver {
        sd_event *event;
        struct runner_link *link;
        struct flow_load_options options;
        char folder[64];
        uint64_t execution_id, next_execution_id; /* next: of one that was sent while another runs; 0: none */
        /* what was told of the last execution */
        struct {
                char id[64], *outputs, *error;
                enum run_state state;
                unsigned attempts, frames;
                uint32_t parent;
        } runs[DRIVER_RUNS_MAX];
        size_t run_count, run_count_at_end; /* the latter: when END came */
        struct buf log; /* "LEVEL text\n" */
        size_t log_bytes, log_frames, late_lines, metric_count;
        enum run_state state;
        char *outputs, *error, *batch_failures;
        bool ready, ended, goes_on, done, gone;
        int status;
};

static char *driver_text(struct bytes b) {
        return b.len > 0 ? text_dup_n(b.data, b.len) : text_dup("");
}

static void driver_on_task_run(struct driver *d, const struct frame_task_run *f) {
        assert_true(f->index < DRIVER_RUNS_MAX);
        d->run_count = MAX(d->run_count, (size_t)f->index + 1);
        (void)snprintf(d->runs[f->index].id, sizeof(d->runs[0].id), "%.*s", (int)f->task_id.len, f->task_id.data);
        free(d->runs[f->index].outputs);
        free(d->runs[f->index].error);
        d->runs[f->index].outputs = driver_text(f->outputs);
        d->runs[f->index].error = driver_text(f->error);
        d->runs[f->index].state = f->state;
        d->runs[f->index].attempts = f->attempts;
        d->runs[f->index].parent = f->parent;
        d->runs[f->index].frames++;
}

static void driver_on_frame(void *userdata, struct runner_link *link, const struct frame *f) {
        struct driver *d = userdata;

        if (f->kind == FRAME_READY)
                d->ready = true;
        else if (f->kind == FRAME_TASK_RUN)
                driver_on_task_run(d, &f->task_run);
        else if (f->kind == FRAME_METRIC)
                d->metric_count++;
        else if (f->kind == FRAME_LOG) {
                d->log_frames++;
                d->log_bytes += f->log.text.len;
                /* a run is known before its first line */
                assert_true(f->log.task_run == FRAME_NO_PARENT || f->log.task_run < d->run_count);
                if (f->log.task_run != FRAME_NO_PARENT && d->runs[f->log.task_run].frames > 1)
                        d->late_lines += run_state_is_final(d->runs[f->log.task_run].state);
                buf_appendf(&d->log, "%d ", f->log.level);
                buf_append(&d->log, f->log.text.data, f->log.text.len);
                buf_append_char(&d->log, '\n');
        } else if (f->kind == FRAME_END) {
                assert_int_equal(f->end.execution_id, d->execution_id);
                d->state = f->end.state;
                free(d->outputs);
                free(d->error);
                free(d->batch_failures);
                d->outputs = driver_text(f->end.outputs);
                d->error = driver_text(f->end.error);
                d->batch_failures = driver_text(f->end.batch_failures);
                d->goes_on = f->end.goes_on;
                d->run_count_at_end = d->run_count;
                d->ended = true;
        } else if (f->kind == FRAME_DONE) {
                assert_int_equal(f->done, d->execution_id);
                assert_true(d->ended && d->goes_on);
                d->done = true;
                if (d->next_execution_id > 0) {
                        d->execution_id = d->next_execution_id;
                        d->next_execution_id = 0;
                        d->ended = false;
                }
        }
}

static void driver_on_gone(void *userdata, struct runner_link *link, int status) {
        struct driver *d = userdata;

        d->gone = true;
        d->status = status;
}

static _unused_ int driver_setup(void **state) {
        static const struct runner_link_handlers handlers = { driver_on_frame, driver_on_gone };
        static const char *const envp[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                                      "NOTIFY_SOCKET=/nowhere", "WATCHDOG_USEC=1", "AWS_SECRET_ACCESS_KEY=geheim",
                                      "JOURNAL_STREAM=8:1", "CREDENTIALS_DIRECTORY=/nonexistent", "ENV_SHOP_REGION=north",
                                      "SECRET_TOKEN=czNjcjN0LXRva2Vu", /* s3cr3t-token */
                                      "SECRET_BROKEN=not base64 at all!", NULL };
        const char *program = getenv("SQSFLOW_RUNNER");
        struct driver *d = calloc(1, sizeof(*d));

        assert_non_null(d);
        (void)strcpy(d->folder, "/tmp/runner-test-XXXXXX");
        assert_non_null(mkdtemp(d->folder));
        assert_int_equal(sd_event_new(&d->event), 0);
        assert_int_equal(runner_link_new(d->event, program ? program : "build/bin/sqsflow-runner",
                                         (char *const *)envp, getenv("TEST_CGROUP"), &handlers, d,
                                         &d->link), 0);
        *state = d;
        return 0;
}
