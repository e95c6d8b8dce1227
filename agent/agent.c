/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the parts in the order they need each other and takes them down in the reverse. Nothing here decides about a
 * message. */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <utlist.h>

#include "agent/clients.h"
#include "agent/engine_local.h"
#include "agent/execution.h"
#include "agent/recovery.h"
#include "agent/status.h"
#include "agent/supervise.h"
#include "agent/turn.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/store/store.h"

#define HOUSE_USEC (2 * USEC_PER_SEC)
#define RETAIN_USEC (10 * USEC_PER_MINUTE)
#define RETAIN_ROWS 500

int agent_load_config(const char *path, struct diag *diag, struct config **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct flow_set flows = { 0 };
        int r = config_load(path, diag, &config);

        if (r < 0)
                return r;
        r = flow_set_load(config->flows, &config->security, diag, &flows);
        if (r >= 0)
                r = config_resolve(config, &flows, diag);
        flow_set_done(&flows);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(config);
        return 0;
}

static int open_state(struct agent *a) {
        static const enum store_history histories[] = {
                [KEEP_ALL] = STORE_HISTORY_ALL, [KEEP_FAILURES] = STORE_HISTORY_FAILURES, [KEEP_NONE] = STORE_HISTORY_NONE,
        };
        const struct config *c = a->config;
        _cleanup_free_ char *lock = path_join(c->state, "agent.lock"), *message = NULL;
        int r = lock ? dir_make_all(c->executions, 0750) : -ENOMEM;

        if (r < 0) {
                log_error(r, "The state folder %s cannot be made", c->state);
                return r;
        }
        a->lock_fd = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0640);
        if (a->lock_fd < 0 || flock(a->lock_fd, LOCK_EX | LOCK_NB) < 0) {
                r = -errno;
                log_error(r, "Another agent uses the state folder %s", c->state);
                return r;
        }
        r = store_open(c->store, histories[c->history.keep], &a->store, &message);
        if (r < 0)
                log_error(r, "The store %s cannot be opened%s%s", c->store, message ? ": " : "", message ? message : "");
        return r;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct agent *a = userdata;

        if (info->ssi_signo == SIGHUP)
                agent_reload(a);
        else
                agent_stop(a);
        return 0;
}

static int watch_signals(struct agent *a) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
        sigset_t mask;
        int r = 0;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&mask, signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
                r = sd_event_add_signal(a->event, NULL, signals[i], on_signal, a);
        return r < 0 ? r : 0;
}

/* The ledger and the history grow old in small pieces, so that no turn takes long. */
static void retain(struct agent *a, uint64_t now_usec) {
        uint64_t wall = clock_realtime_usec();
        int r;

        if (now_usec < a->retain_usec || !turn_store_is_well(a->turn))
                return;
        r = store_retain(a->store, usec_sub(wall, a->config->history.max_age_usec),
                         usec_sub(wall, a->config->history.ledger_age_usec), RETAIN_ROWS);
        if (r < 0)
                log_warning(r, "Old records could not be removed");
        a->retain_usec = r > 0 ? 0 : usec_add(now_usec, RETAIN_USEC);
}

static int on_house_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct agent *a = userdata;
        uint64_t now = clock_monotonic_usec();

        agent_drop_quiet(a);
        retain(a, now);
        sd_event_source_set_time(source, usec_add(now, HOUSE_USEC));
        return 0;
}

static void after_turn(void *userdata) {
        agent_stop_check(userdata);
}

int agent_add_trigger(struct agent *a, const struct trigger_config *config) {
        struct trigger *t;
        int r = trigger_new(&a->services, config, &t);

        if (r < 0)
                return r;
        DL_APPEND(a->services.triggers, t);
        trigger_start(t);
        return 0;
}

void agent_drop_quiet(struct agent *a) {
        struct trigger *t, *next;

        if (a->stop != STOP_NONE)
                return;
        for (t = a->services.triggers; t; t = next) {
                next = t->next;
                if (t->phase != TRIGGER_STOPPING || !trigger_is_quiet(t))
                        continue;
                a->dropped_received += t->counters.received;
                a->dropped_succeeded += t->counters.succeeded;
                a->dropped_failed += t->counters.failed;
                a->dropped_deleted += t->counters.deleted;
                DL_DELETE(a->services.triggers, t);
                trigger_unref(t);
        }
}

static int build(struct agent *a) {
        struct services *s = &a->services;
        int r = sd_event_new(&a->event);

        s->event = a->event;
        s->config = a->config;
        s->deliveries = &a->deliveries;
        s->dispatch = &a->dispatch;
        s->message_json = &a->message_json;
        dispatch_init(&a->dispatch, s, a->config->limits.executions);
        if (r >= 0)
                r = watch_signals(a);
        if (r >= 0)
                r = clients_new(a->event, a->config->aws.ca_bundle, &a->clients);
        s->clients = a->clients;
        if (r >= 0)
                r = turn_new(s, after_turn, a, &a->turn);
        s->turn = a->turn;
        if (r >= 0)
                r = engine_local_new(s, &a->engine);
        if (r >= 0)
                s->engine = engine_local_engine(a->engine);
        if (r >= 0)
                r = supervise_new(s, agent_describe, a, &a->supervise);
        if (r >= 0)
                r = sd_event_add_time(a->event, &a->house_timer, CLOCK_MONOTONIC,
                                      usec_add(clock_monotonic_usec(), HOUSE_USEC), USEC_PER_SEC, on_house_timer, a);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->house_timer, SD_EVENT_ON);
        if (r < 0)
                log_error(r, "The agent cannot start");
        return r < 0 ? r : 0;
}

static int open_status(struct agent *a) {
        const char *path = a->config->socket, *slash = strrchr(path, '/');
        _cleanup_free_ char *folder = slash && slash > path ? text_dup_n(path, (size_t)(slash - path)) : NULL;
        int r = folder ? dir_make_all(folder, 0755) : 0;

        if (r >= 0)
                r = status_server_new(a->event, path, agent_write_status, a, &a->status);
        if (r < 0)
                log_error(r, "The status socket %s cannot be made", path);
        return r;
}

static int begin(struct agent *a) {
        int r = recovery_new(&a->services, &a->recovery);

        a->services.recovery = a->recovery;
        if (r < 0) {
                log_error(r, "The executions of the last run could not be ended in the store");
                return r;
        }
        for (size_t i = 0; i < a->config->trigger_count; i++) {
                r = agent_add_trigger(a, &a->config->triggers[i]);
                if (r < 0) {
                        log_error(r, "Trigger %s cannot start", a->config->triggers[i].id);
                        return r;
                }
        }
        return 0;
}

int agent_new(const char *config_path, struct config *config, struct agent **ret) {
        _cleanup_(agent_freep) struct agent *a = calloc(1, sizeof *a);
        int r;

        if (!a) {
                config_free(config);
                return -ENOMEM;
        }
        a->config = config;
        a->lock_fd = -1;
        a->started_usec = clock_realtime_usec();
        a->config_path = text_dup(config_path);
        r = a->config_path ? open_state(a) : -ENOMEM;
        a->services.store = a->store;
        if (r >= 0)
                r = build(a);
        if (r >= 0)
                r = open_status(a);
        if (r >= 0)
                r = begin(a);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

int agent_run(struct agent *a) {
        log_info("sqsflow-agent %s: %zu triggers, %u executions at a time", SQSFLOW_VERSION, a->config->trigger_count,
                 a->config->limits.executions);
        supervise_ready(a->supervise);
        return sd_event_loop(a->event);
}

/* What is left now is SQS's: its visibility timeouts bring it back. */
static void abandon_triggers(struct agent *a) {
        struct trigger *t, *next;

        for (t = a->services.triggers; t; t = next) {
                next = t->next;
                executions_abandon(t);
                poller_done(&t->poller);
                lease_abandon(&t->lease);
                DL_DELETE(a->services.triggers, t);
                trigger_unref(t);
        }
}

struct agent *agent_free(struct agent *a) {
        if (!a)
                return NULL;
        a->services.stopping = true;
        engine_local_free(a->engine);
        store_free(a->store); /* its completions still reach the deliveries */
        abandon_triggers(a);
        recovery_free(a->recovery);
        status_server_free(a->status);
        clients_free(a->clients);
        supervise_free(a->supervise);
        turn_free(a->turn);
        dispatch_done(&a->dispatch);
        message_json_done(&a->message_json);
        sd_event_source_unref(a->stop_timer);
        sd_event_source_unref(a->house_timer);
        sd_event_unref(a->event);
        config_free(a->config);
        close_fd(a->lock_fd);
        free(a->config_path);
        free(a);
        return NULL;
}
