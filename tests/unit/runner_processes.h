/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of tasks: who they are, and whether they are gone. */
#pragma once

#include "tests/unit/runner_execute.h"

/* The pid that a task wrote to a file, once it is there. */
static _unused_ pid_t driver_await_pid(struct driver *d, const char *path) {
        uint64_t end = clock_monotonic_usec() + DRIVER_WAIT_USEC;
        int64_t pid = 0;

        while (pid == 0) {
                _cleanup_free_ char *text = NULL;

                assert_true(clock_monotonic_usec() < end);
                assert_true(sd_event_run(d->event, 5 * USEC_PER_MSEC) >= 0);
                if (file_read(path, 64, &text, NULL) < 0 || !strchr(text, '\n'))
                        continue;
                text[strcspn(text, "\n")] = '\0';
                assert_int_equal(text_to_i64(text, 2, INT32_MAX, &pid), 0);
        }
        return (pid_t)pid;
}

/* Dead, or a zombie that only waits to be reaped by init. */
static _unused_ bool driver_is_gone(pid_t pid) {
        _cleanup_free_ char *path = text_printf("/proc/%d/stat", (int)pid), *stat = NULL;

        return file_read(path, 4096, &stat, NULL) < 0 || strstr(stat, ") Z ") || strstr(stat, ") X ");
}

static _unused_ bool driver_gone_within(pid_t pid, uint64_t usec) {
        uint64_t end = clock_monotonic_usec() + usec;

        while (!driver_is_gone(pid)) {
                if (clock_monotonic_usec() > end)
                        return false;
                (void)usleep(2000); /* not a child of ours: nothing to wait on */
        }
        return true;
}
