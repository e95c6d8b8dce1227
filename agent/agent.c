/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the parts in the order they need each other and takes them down in the reverse. Nothing here decides about a
 * message. */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "agent/clients.h"
#include "agent/commands.h"
#include "agent/engine_local.h"
#include "agent/execution.h"
#include "agent/held.h"
#include "agent/leftovers.h"
#include "agent/recovery.h"
#include "agent/status.h"
#include "agent/supervise.h"
#include "agent/triggers.h"
#include "agent/turn.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/spawn.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "common/store/store.h"

#define HOUSE_USEC (2 * USEC_PER_SEC)
#define RETAIN_USEC (10 * USEC_PER_MINUTE)
#define RETAIN_FOLDERS 20
#define RETAIN_ROWS 500
#define LOCKED_USEC (5 * USEC_PER_SEC)
#define LOCKED_STEP_USEC (20 * USEC_PER_MSEC)

static int open_held(struct agent *a) {
        _cleanup_free_ char *path = path_join(a->config->state, "held");
        int r = path ? held_open(path, &a->held) : -ENOMEM;

        return r < 0 ? supervise_refuse(r, "The list of held messages, %s, cannot be opened", path ? path : "held") : 0;
}

static void on_store_progress(void *userdata) {
        supervise_still_starting(userdata, "The store is brought forward to a new schema version");
}

/* When the last agent was killed while it began a process, that has its descriptors, and with them its locks, until the
 * program is executed: a moment that is as long as the host is busy. `*until_usec` is 0 at first. */
static bool locks_may_come_free(const struct agent *a, uint64_t *until_usec) {
        const struct timespec step = { .tv_nsec = LOCKED_STEP_USEC * 1000 };
        uint64_t now = clock_monotonic_usec();

        if (*until_usec == 0) {
                *until_usec = usec_add(now, LOCKED_USEC);
                log_info("The state folder %s is still in use: waiting a moment for it", a->config->state);
        }
        return now < *until_usec && nanosleep(&step, NULL) == 0;
}

static int lock_folder(struct agent *a, const char *path, uint64_t *until_usec) {
        a->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0640);
        if (a->lock_fd < 0)
                return supervise_refuse(-errno, "The state folder %s cannot be written to", a->config->state);
        while (flock(a->lock_fd, LOCK_EX | LOCK_NB) < 0) {
                int r = -errno;
                if (r != -EWOULDBLOCK || !locks_may_come_free(a, until_usec))
                        return supervise_refuse(r, "Another agent uses the state folder %s", a->config->state);
        }
        return 0;
}

static int open_store(struct agent *a, uint64_t *until_usec) {
        static const enum store_history histories[] = {
                [KEEP_ALL] = STORE_HISTORY_ALL, [KEEP_FAILURES] = STORE_HISTORY_FAILURES, [KEEP_NONE] = STORE_HISTORY_NONE,
        };
        const struct config *c = a->config;
        _cleanup_free_ char *message = NULL;
        uint64_t told_usec = 0;
        const struct store_progress progress = { .on_progress = on_store_progress, .userdata = &told_usec };
        int r;

        do {
                (void)text_replace(&message, NULL);
                r = store_open_watched(c->store, histories[c->history.keep], &progress, &a->store, &message);
        } while (r == -EBUSY && locks_may_come_free(a, until_usec));
        if (r < 0)
                supervise_refuse(message ? 0 : r, "%s", message ? message : "The store cannot be opened");
        else
                log_info("The store %s is %s", c->store, store_passage(a->store));
        return r;
}

static int open_state(struct agent *a) {
        const struct config *c = a->config;
        _cleanup_free_ char *lock = path_join(c->state, "agent.lock");
        uint64_t until_usec = 0;
        int r = lock ? dir_make_all(c->executions, 0750) : -ENOMEM;

        if (r < 0)
                return supervise_refuse(r, "The state folder %s cannot be made", c->state);
        r = lock_folder(a, lock, &until_usec);
        if (r < 0)
                return r;
        isolation_init(&a->isolation); /* what the last agent left is killed before its folders are removed */
        isolation_log_gaps(&a->isolation, &c->limits.task);
        r = open_store(a, &until_usec);
        if (r >= 0)
                r = open_held(a);
        if (r >= 0)
                leftovers_settle_all(c, a->held);
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
        int r = spawn_ignore(SIGPIPE);

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
        int r, k;

        if (now_usec < a->retain_usec || a->services.store_fails)
                return;
        r = store_retain(a->store, usec_sub(wall, a->config->history.max_age_usec),
                         usec_sub(wall, a->config->history.ledger_age_usec), RETAIN_ROWS);
        if (r < 0)
                log_warning(r, "Old records could not be removed");
        k = execution_folders_retain(a->config->executions, usec_sub(wall, a->config->history.max_age_usec),
                                     RETAIN_FOLDERS, execution_is_running, &a->services);
        if (k < 0)
                log_warning(k, "Files of old executions could not be removed");
        a->retain_usec = r > 0 || k > 0 ? 0 : usec_add(now_usec, RETAIN_USEC);
}

static int on_house_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct agent *a = userdata;
        uint64_t now = clock_monotonic_usec();

        if (a->stop == STOP_NONE)
                triggers_drop_quiet(&a->services, &a->dropped);
        retain(a, now);
        sd_event_source_set_time(source, usec_add(now, HOUSE_USEC));
        return 0;
}

static void after_turn(void *userdata) {
        agent_stop_check(userdata);
}

static int build(struct agent *a) {
        struct services *s = &a->services;
        int r = sd_event_new(&a->event);

        s->event = a->event;
        s->config = a->config;
        s->deliveries = &a->deliveries;
        s->slots = &a->slots;
        s->message_json = &a->message_json;
        s->isolation = &a->isolation;
        a->slots.total = a->config->limits.executions;
        places_set_flows(&a->slots.places, &a->config->flow_set);
        dispatch_init(&a->dispatch, s);
        if (r >= 0)
                r = watch_signals(a);
        if (r >= 0)
                r = clients_new(a->event, a->config->aws.ca_bundle, &a->clients);
        s->clients = a->clients;
        if (r >= 0)
                r = turn_new(s, &a->dispatch, after_turn, a, &a->turn);
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
        return r < 0 ? supervise_refuse(r, "The agent cannot start") : 0;
}

static int open_status(struct agent *a) {
        const char *path = a->config->socket, *slash = strrchr(path, '/');
        _cleanup_free_ char *folder = slash && slash > path ? text_dup_n(path, (size_t)(slash - path)) : NULL;
        int r = folder ? dir_make_all(folder, 0755) : 0;

        if (r >= 0)
                r = status_server_new(a->event, path, agent_answer, a, &a->status);
        if (r == -EADDRINUSE)
                return supervise_refuse(r, "Another agent answers at the status socket %s", path);
        return r < 0 ? supervise_refuse(r, "The status socket %s cannot be made", path) : 0;
}

/* Its leftovers are back. */
static void on_queue_recovered(void *userdata, const char *queue_url) {
        struct agent *a = userdata;

        triggers_begin_polling(&a->services, queue_url);
}

static int begin(struct agent *a) {
        int r = recovery_new(&a->services, on_queue_recovered, a, &a->recovery);

        a->services.recovery = a->recovery;
        if (r < 0)
                return supervise_refuse(r, "The executions of the last run could not be ended in the store");
        for (size_t i = 0; i < a->config->trigger_count; i++) {
                r = triggers_add(&a->services, &a->config->triggers[i]);
                if (r < 0)
                        return supervise_refuse(r, "Trigger %s cannot start", a->config->triggers[i].id);
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
        a->services.held = a->held;
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

struct agent *agent_free(struct agent *a) {
        if (!a)
                return NULL;
        a->services.stopping = true;
        engine_local_free(a->engine);
        a->services.engine = NULL; /* the store's last completions find none */
        store_free(a->store); /* its completions still reach the deliveries */
        triggers_abandon(&a->services);
        held_free(a->held); /* what is in it still, the next start gives back */
        recovery_free(a->recovery);
        status_server_free(a->status);
        clients_free(a->clients);
        supervise_free(a->supervise);
        turn_free(a->turn);
        slots_done(&a->slots);
        message_json_done(&a->message_json);
        sd_event_source_unref(a->stop_timer);
        sd_event_source_unref(a->house_timer);
        sd_event_unref(a->event);
        isolation_done(&a->isolation);
        config_free(a->config);
        close_fd(a->lock_fd);
        free(a->config_path);
        free(a);
        return NULL;
}
