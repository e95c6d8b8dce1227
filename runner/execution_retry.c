/* SPDX-License-Identifier: Apache-2.0 */
/* The flow's own retry with CREATE_NEW_EXECUTION: the flow once more from its first task, after a pause, as if nothing had
 * run. It stays the same execution, because the message belongs to it: its lease is kept, and END is sent for the last
 * attempt. Task runs of earlier attempts are records; no expression sees them. (RETRY_FAILED_TASK is task_run.c's.) */
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "runner/consumed.h"
#include "runner/execution.h"

static double random_fraction(void) {
        uint32_t bits = 0;

        (void)!random_bytes(&bits, sizeof(bits));
        return bits / 4294967296.0;
}

static const struct flow_retry *retry_of(const struct execution *e) {
        return e->flow->retry && e->flow->retry->new_execution ? e->flow->retry : NULL;
}

/* Everything that an attempt leaves. */
static void forget(struct execution *e) {
        consumed_give_back_all(e);
        if (e->top == e && reaper_end_strays(e->shop.reaper) != 0)
                e->killed = true;
        folder_done(&e->folder, !e->killed);
        e->killed = false;
        variables_done(&e->variables);
        e->vars = value_unref(e->vars);
        free(e->error);
        e->error = NULL;
        block_done(&e->root);
        e->first_run = e->top->run_count;
}

static int on_time(sd_event_source *s, uint64_t usec, void *userdata) {
        struct execution *e = userdata;

        e->retry_timer = sd_event_source_unref(e->retry_timer);
        forget(e);
        execution_begin(e);
        return 0;
}

bool execution_retry(struct execution *e) {
        const struct flow_retry *how = retry_of(e);
        char pause[DURATION_MAX];
        uint64_t elapsed, delay;

        if (!how || e->cancelled)
                return false;
        if (e->state != RUN_FAILED) {
                if (e->state == RUN_SUCCESS && e->attempt > 1 && how->warning_on_retry)
                        e->state = RUN_WARNING;
                return false;
        }
        elapsed = usec_sub(clock_monotonic_usec(), e->first_start_usec);
        delay = flow_retry_delay_usec(how, e->attempt + 1, elapsed, random_fraction());
        if (delay == USEC_INFINITY ||
            sd_event_add_time_relative(e->shop.event, &e->retry_timer, CLOCK_MONOTONIC, delay, 1, on_time, e) < 0)
                return false;
        execution_logf(e, e->caller, LOG_WARNING, "attempt %u of flow '%s.%s' failed: %s; the next one follows in %s",
                       e->attempt, e->flow->namespace, e->flow->id, e->error ? e->error : "?",
                       duration_format_human(delay, pause));
        e->state = RUN_RUNNING;
        return true;
}
