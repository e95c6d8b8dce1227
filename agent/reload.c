/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: the new configuration is read whole before anything is touched; a bad one changes nothing (P12). Triggers that
 * did not change go on as they are. The others are stopped (what waits goes back, what runs goes on to its end under the
 * flow it began with) and started anew. */
#include "agent/agent.h"

#include <errno.h>

#include "agent/engine_local.h"
#include "agent/events.h"
#include "agent/intake.h"
#include "agent/load.h"
#include "agent/supervise.h"
#include "agent/triggers.h"
#include "common/base/log.h"
#include "common/base/text.h"

static void log_findings(const struct diag *diag) {
        for (size_t i = 0; i < diag->count; i++) {
                const struct diag_entry *e = &diag->entries[i];
                int level = e->level == DIAG_ERROR ? LOG_ERR : LOG_WARNING;

                if (e->line > 0)
                        log_write(level, 0, NULL, "%s:%u:%u: %s", e->file, e->line, e->column, e->message);
                else
                        log_write(level, 0, NULL, "%s: %s", e->file, e->message);
        }
}

/* What the process holds open cannot change under it. */
static int keep_fixed(const struct config *old, struct config *new) {
        if (!text_eq(old->state, new->state) || !text_eq(old->socket, new->socket) ||
            old->history.keep != new->history.keep || !text_eq(old->aws.ca_bundle, new->aws.ca_bundle))
                log_warning(0, "'state', 'socket', 'history.keep' and 'aws.caBundle' change with a restart only");
        if (text_replace(&new->state, old->state) < 0 || text_replace(&new->socket, old->socket) < 0 ||
            text_replace(&new->store, old->store) < 0 || text_replace(&new->executions, old->executions) < 0)
                return -1;
        new->history.keep = old->history.keep;
        return 0;
}

static bool is_wanted(const struct trigger *t, const struct config *config) {
        for (size_t i = 0; i < config->trigger_count; i++)
                if (trigger_config_equal(&t->config, &config->triggers[i]))
                        return true;
        return false;
}

static bool is_running(const struct agent *a, const struct trigger_config *config) {
        for (const struct trigger *t = a->services.triggers; t; t = t->next)
                if (t->phase != TRIGGER_STOPPING && trigger_config_equal(&t->config, config))
                        return true;
        return false;
}

static void apply(struct agent *a, struct config *config) {
        struct config *old = a->config;
        unsigned started = 0, stopped = 0;

        a->config = config;
        a->services.config = config;
        a->slots.total = config->limits.executions;
        places_set_flows(&a->slots.places, &config->flow_set);
        log_open("sqsflow-agent", (enum log_target)config->log_target, config->log_level);
        engine_local_reconfigure(a->engine);
        isolation_log_gaps(&a->isolation, &config->limits.task);
        for (struct trigger *t = a->services.triggers; t; t = t->next)
                if (t->phase != TRIGGER_STOPPING && !is_wanted(t, config)) {
                        intake_stop(t);
                        stopped++;
                }
        for (size_t i = 0; i < config->trigger_count; i++) {
                if (is_running(a, &config->triggers[i]))
                        continue;
                int r = triggers_add(&a->services, &config->triggers[i]);
                if (r < 0)
                        log_error(r, "Trigger %s cannot start", config->triggers[i].id);
                else
                        started++;
        }
        config_free(old);
        wish_turn(&a->services.wishes);
        log_info("Reloaded: %u triggers started, %u stopped, %zu in all", started, stopped, config->trigger_count);
}

void agent_reload(struct agent *a) {
        struct diag diag = DIAG_INIT;
        struct config *config = NULL;
        int r;

        if (a->stop != STOP_NONE)
                return;
        supervise_reloading(a->supervise);
        r = load_config(a->config_path, &diag, &config);
        log_findings(&diag);
        if (r < 0)
                log_write(LOG_ERR, 0, LOG_FIELDS(EVENT(EVENT_RELOAD_REFUSED)),
                          "The new configuration is refused; the running one stays");
        else if (keep_fixed(a->config, config) < 0) {
                log_error(-ENOMEM, "The new configuration is not taken");
                config_free(config);
        } else
                apply(a, config);
        diag_done(&diag);
        supervise_ready(a->supervise);
}
