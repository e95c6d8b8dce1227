/* SPDX-License-Identifier: Apache-2.0 */
/* The end, in stages (P8).
 *
 * Draining: no new receives or starts; what waits goes back within a turn. Receives that are open are waited for, since
 * SQS may be handing messages to them and a closed connection would strand those; what they bring goes back at once.
 * Running executions keep their lease and get limits.drain, and so does afterExecution. Cancelling, by the end of that time or a second signal:
 * executions are ended and their messages given back. After a second signal everything is over within two seconds, and
 * what is not done by then is left to SQS. Receives that are open then are waited for only when something was given back:
 * SQS hands it to whoever asks, and that may be this agent's own receive. */
#include "agent/agent.h"

#include "agent/engine.h"
#include "agent/events.h"
#include "agent/execution.h"
#include "agent/intake.h"
#include "agent/supervise.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define CANCEL_USEC (30 * USEC_PER_SEC) /* after the drain time: kill deadlines, releases, open receives */
#define NOW_USEC (2 * USEC_PER_SEC)

static void cancel_all(struct agent *a) {
        for (struct trigger *t = a->services.triggers; t; t = t->next)
                executions_cancel_all(t);
        a->services.engine->ops->end_after(a->services.engine);
}

static void set_timer(struct agent *a, uint64_t delay_usec) {
        sd_event_source_set_time(a->stop_timer, usec_add(clock_monotonic_usec(), delay_usec));
        sd_event_source_set_enabled(a->stop_timer, SD_EVENT_ONESHOT);
}

static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct agent *a = userdata;

        if (a->stop == STOP_DRAINING) {
                if (a->slots.running > 0)
                        log_write(LOG_WARNING, 0, LOG_FIELDS(EVENT(EVENT_DRAIN_OVER)),
                                  "The drain time is over: %u executions are ended, their messages go back",
                                  a->slots.running);
                a->stop = STOP_CANCELLING;
                cancel_all(a);
                set_timer(a, CANCEL_USEC);
        } else {
                if (a->deliveries.count > 0)
                        log_warning(0, "%u messages are left to their visibility timeout", a->deliveries.count);
                sd_event_exit(a->event, 0);
        }
        return 0;
}

static bool is_quiet(const struct agent *a) {
        for (const struct trigger *t = a->services.triggers; t; t = t->next) {
                if (t->slots.running > 0 || t->lease.held || !lease_is_quiet(&t->lease))
                        return false;
                if (t->poller.receives && (a->stop != STOP_NOW || t->poller.may_take_back))
                        return false;
        }
        return true;
}

void agent_stop_check(struct agent *a) {
        if (a->stop != STOP_NONE && is_quiet(a))
                sd_event_exit(a->event, 0);
}

static void drain(struct agent *a) {
        a->stop = STOP_DRAINING;
        a->services.stopping = true;
        log_info("Stopping: %u executions run, %u messages are held", a->slots.running, a->deliveries.count);
        supervise_stopping(a->supervise);
        for (struct trigger *t = a->services.triggers; t; t = t->next)
                intake_stop(t);
        if (sd_event_add_time(a->event, &a->stop_timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_stop_timer, a) < 0) {
                sd_event_exit(a->event, 0);
                return;
        }
        set_timer(a, a->config->limits.drain_usec);
}

void agent_stop(struct agent *a) {
        if (a->stop == STOP_NONE)
                drain(a);
        else if (a->stop != STOP_NOW) {
                log_info("Stopping now");
                a->stop = STOP_NOW;
                cancel_all(a);
                set_timer(a, NOW_USEC);
        }
        wish_turn(&a->services.wishes);
}
