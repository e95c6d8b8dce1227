/* SPDX-License-Identifier: Apache-2.0 */
/* agent.yaml: the tables of its sections, its defaults, and the join with the flow set. The reading itself is in
 * config_table.c, triggers are in config_trigger.c. */
#include "common/flow/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/yaml.h"
#include "common/flow/config_table.h"
#include "common/flow/config_trigger.h"

#define DEFAULT_RUNNER "/usr/libexec/sqsflow/sqsflow-runner"
#define LEDGER_AGE_MIN_USEC (14 * USEC_PER_DAY)
#define SOCKET_PATH_MAX 107 /* sun_path less its NUL, unix(7) */
#define FIELD(member) offsetof(struct config, member)

static const struct choice history_kinds[] = {
        { "all", KEEP_ALL }, { "failures", KEEP_FAILURES }, { "none", KEEP_NONE }, { NULL, 0 },
};
static const struct choice log_levels[] = {
        { "error", LOG_ERR }, { "warning", LOG_WARNING }, { "notice", LOG_NOTICE }, { "info", LOG_INFO },
        { "debug", LOG_DEBUG }, { NULL, 0 },
};
static const struct choice log_formats[] = {
        { "auto", LOG_TARGET_AUTO }, { "journal", LOG_TARGET_JOURNAL }, { "text", LOG_TARGET_TEXT },
        { "json", LOG_TARGET_JSON }, { NULL, 0 },
};

static const struct property limit_properties[] = {
        PROPERTY_WITHIN("executions", UNSIGNED, FIELD(limits.executions), 1, CONFIG_EXECUTIONS_MAX),
        PROPERTY_WITHIN("drain", DURATION, FIELD(limits.drain_usec), 0, USEC_PER_DAY),
        PROPERTY_WITHIN("idleRunners", UNSIGNED, FIELD(limits.idle_runners), 0, CONFIG_EXECUTIONS_MAX),
        PROPERTY_WITHIN("logBytes", BYTES, FIELD(limits.log_bytes), 0, INT64_C(1) << 32),
        PROPERTIES_END,
};
static const struct property history_properties[] = {
        PROPERTY("keep", CHOICE, .offset = FIELD(history.keep), .choices = history_kinds),
        PROPERTY_WITHIN("maxAge", DURATION, FIELD(history.max_age_usec), USEC_PER_MINUTE, 3650 * USEC_PER_DAY),
        PROPERTY_WITHIN("ledgerMaxAge", DURATION, FIELD(history.ledger_age_usec), LEDGER_AGE_MIN_USEC, 3650 * USEC_PER_DAY),
        PROPERTIES_END,
};
static const struct property log_properties[] = {
        PROPERTY("level", CHOICE, .offset = FIELD(log_level), .choices = log_levels),
        PROPERTY("format", CHOICE, .offset = FIELD(log_target), .choices = log_formats),
        PROPERTIES_END,
};
static const struct property security_properties[] = {
        PROPERTY("allowShellInterpolation", BOOL, .offset = FIELD(security.allow_shell_interpolation)),
        PROPERTY("allowContainers", BOOL, .offset = FIELD(security.allow_containers)),
        PROPERTIES_END,
};

static int read_limits(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, limit_properties, diag, target);
}

static int read_history(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, history_properties, diag, target);
}

static int read_log(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, log_properties, diag, target);
}

static int read_security(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, security_properties, diag, target);
}

static int read_aws(const struct place *p, struct diag *diag, void *target) {
        struct config_aws *aws = &((struct config *)target)->aws;
        int r = table_read(p, config_aws_properties, diag, aws);

        if (r >= 0 && !aws->access_key_id != !aws->secret_access_key)
                place_error(p, diag, "accessKeyId and secretKeyId belong together");
        if (r >= 0 && aws->endpoint && !text_after(aws->endpoint, "http://") && !text_after(aws->endpoint, "https://"))
                place_error(p, diag, "endpoint must be a URL such as http://127.0.0.1:9324, not '%s'", aws->endpoint);
        return r;
}

/* A path in the file counts from the file's folder. */
static int read_path_into(const struct place *p, struct diag *diag, char **field) {
        const char *text = place_text(p, diag), *slash = strrchr(p->file, '/');
        _cleanup_free_ char *folder = NULL, *path = NULL;

        if (!text)
                return 0;
        if (!*text) {
                place_error(p, diag, "expected a path");
                return 0;
        }
        if (*text == '/' || !slash)
                return text_replace(field, text);
        folder = text_dup_n(p->file, (size_t)(slash - p->file));
        path = folder ? path_join(*folder ? folder : "/", text) : NULL;
        return path ? text_replace(field, path) : -ENOMEM;
}

#define PATH_READER(member)                                                                                    \
        static int read_##member(const struct place *p, struct diag *diag, void *target) {                     \
                return read_path_into(p, diag, &((struct config *)target)->member);                            \
        }
PATH_READER(flows)
PATH_READER(state)
PATH_READER(runner)
PATH_READER(socket)

static int grow_triggers(struct config *c) {
        void *grown = reallocarray(c->triggers, c->trigger_count + 1, sizeof *c->triggers);

        if (!grown)
                return -ENOMEM;
        c->triggers = grown;
        return 0;
}

static const struct trigger_config *find_trigger(const struct config *c, const char *id, size_t before) {
        for (size_t i = 0; i < before; i++)
                if (text_eq(c->triggers[i].id, id))
                        return &c->triggers[i];
        return NULL;
}

static void check_unique(const struct config *c, struct diag *diag) {
        const struct trigger_config *t = &c->triggers[c->trigger_count - 1];
        const struct trigger_config *first = t->id ? find_trigger(c, t->id, c->trigger_count - 1) : NULL;

        if (first)
                diag_add(diag, DIAG_ERROR, t->file, t->line, t->column, "trigger id '%s' is used twice; first at %s:%u:%u",
                         t->id, first->file, first->line, first->column);
}

static int read_triggers(const struct place *p, struct diag *diag, void *target) {
        struct config *c = target;
        int r = 0;

        if (value_type(p->value) != VALUE_LIST) {
                place_error(p, diag, "expected a list of triggers");
                return 0;
        }
        for (size_t i = 0; i < value_count(p->value) && r >= 0; i++) {
                struct place child = place_at(p, i);
                r = grow_triggers(c);
                if (r < 0)
                        return r;
                r = trigger_config_read(&child, &c->aws, diag, &c->triggers[c->trigger_count++]);
                check_unique(c, diag);
        }
        return r;
}

static const struct property config_properties[] = {
        PROPERTY("flows", CUSTOM, .read = read_flows),
        PROPERTY("state", CUSTOM, .read = read_state),
        PROPERTY("socket", CUSTOM, .read = read_socket),
        PROPERTY("runner", CUSTOM, .read = read_runner),
        PROPERTY("aws", IGNORED), /* read ahead of the rest: triggers inherit it */
        PROPERTY("limits", CUSTOM, .read = read_limits),
        PROPERTY("history", CUSTOM, .read = read_history),
        PROPERTY("log", CUSTOM, .read = read_log),
        PROPERTY("security", CUSTOM, .read = read_security),
        PROPERTY("triggers", CUSTOM, .read = read_triggers),
        PROPERTIES_END,
};

/* The runner beside this program serves a build folder; a package has its own folder for it. */
static char *default_runner(void) {
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

        if (n > 0) {
                self[n] = '\0';
                char *slash = strrchr(self, '/');
                _cleanup_free_ char *beside = slash ? text_printf("%.*s/sqsflow-runner", (int)(slash - self), self) : NULL;
                if (beside && access(beside, X_OK) == 0)
                        return TAKE_PTR(beside);
        }
        return text_dup(DEFAULT_RUNNER);
}

static struct config *config_new(const char *file) {
        struct config *c = calloc(1, sizeof *c);

        if (!c)
                return NULL;
        c->limits = (struct config_limits){
                .executions = 32, .drain_usec = 30 * USEC_PER_SEC, .idle_runners = 4, .log_bytes = UINT64_C(10) * 1024 * 1024,
        };
        c->history = (struct config_history){
                .keep = KEEP_ALL, .max_age_usec = 30 * USEC_PER_DAY, .ledger_age_usec = LEDGER_AGE_MIN_USEC,
        };
        c->log_level = LOG_INFO;
        c->log_target = LOG_TARGET_AUTO;
        c->file = text_dup(file);
        c->flows = text_dup("/etc/sqsflow/flows");
        c->state = text_dup("/var/lib/sqsflow");
        c->socket = text_dup("/run/sqsflow/agent.sock");
        c->runner = default_runner();
        if (!c->file || !c->flows || !c->state || !c->socket || !c->runner)
                return config_free(c);
        return c;
}

static int derive_paths(struct config *c) {
        c->store = path_join(c->state, "sqsflow.db");
        c->executions = path_join(c->state, "executions");
        return c->store && c->executions ? 0 : -ENOMEM;
}

static int read_tree(const char *file, const struct yaml_node *tree, struct diag *diag, struct config *c) {
        _cleanup_value_ struct value *values = yaml_to_value(tree);
        int r;

        if (!values)
                return -ENOMEM;
        struct place p = place_of_node(file, tree, values);
        if (tree->kind != YAML_MAP) {
                place_error(&p, diag, "expected a map with flows, triggers and so on");
                return 0;
        }
        for (size_t i = 0; i < value_count(values); i++)
                if (text_eq(value_map_key_at(values, i), "aws")) {
                        struct place aws = place_at(&p, i);
                        r = read_aws(&aws, diag, c);
                        if (r < 0)
                                return r;
                }
        return table_read(&p, config_properties, diag, c);
}

int config_parse(const char *text, size_t len, const char *file, struct diag *diag, struct config **ret) {
        _cleanup_(yaml_freep) struct yaml_node *tree = NULL;
        _cleanup_(config_freep) struct config *c = config_new(file);
        size_t before = diag->error_count;
        int r;

        if (!c)
                return -ENOMEM;
        r = yaml_parse(text, len, file, diag, &tree);
        if (r < 0)
                return r;
        r = read_tree(file, tree, diag, c);
        if (r >= 0)
                r = derive_paths(c);
        if (r < 0)
                return r;
        if (strlen(c->socket) > SOCKET_PATH_MAX)
                diag_add(diag, DIAG_ERROR, file, 0, 0, "the socket's path is longer than %d bytes: %s", SOCKET_PATH_MAX,
                         c->socket);
        if (diag->error_count > before)
                return -EBADMSG;
        *ret = TAKE_PTR(c);
        return 0;
}

int config_load(const char *path, struct diag *diag, struct config **ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r = file_read(path, YAML_BYTES_MAX, &text, &len);

        if (r < 0) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, "cannot be read: %s", strerror(-r));
                return r;
        }
        return config_parse(text, len, path, diag, ret);
}

struct config *config_free(struct config *c) {
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->trigger_count; i++)
                trigger_config_done(&c->triggers[i]);
        free(c->triggers);
        config_aws_done(&c->aws);
        free(c->file);
        free(c->flows);
        free(c->state);
        free(c->socket);
        free(c->runner);
        free(c->store);
        free(c->executions);
        free(c);
        return NULL;
}

/* --- the join with the flows ----------------------------------------------------------------------------------------- */

static const char *nearest_flow(const struct flow_set *flows, const char *full_id, char out[512]) {
        const char **names = calloc(flows->count + 1, sizeof *names);
        const char *nearest = NULL;

        for (size_t i = 0; names && i < flows->count; i++)
                names[i] = text_printf("%s.%s", flows->items[i]->namespace, flows->items[i]->id);
        if (names)
                nearest = text_nearest(full_id, names, flows->count);
        if (nearest)
                snprintf(out, 512, "; did you mean '%s'?", nearest);
        else
                out[0] = '\0';
        for (size_t i = 0; names && i < flows->count; i++)
                free((char *)(uintptr_t)names[i]);
        free(names);
        return out;
}

static void resolve_flow(struct trigger_config *t, const struct flow_set *flows, struct diag *diag) {
        struct flow *flow = flow_set_find(flows, t->flow_id);
        char hint[512];

        if (!flow)
                diag_add(diag, DIAG_ERROR, t->file, t->flow_line, t->flow_column, "there is no flow '%s'%s", t->flow_id,
                         nearest_flow(flows, t->flow_id, hint));
        else if (flow->disabled && !t->disabled)
                diag_add(diag, DIAG_ERROR, t->file, t->flow_line, t->flow_column,
                         "flow '%s' is disabled; enable it or disable trigger '%s'", t->flow_id, t->id);
        else if (!t->flow)
                t->flow = flow_ref(flow);
}

int config_resolve(struct config *c, const struct flow_set *flows, struct diag *diag) {
        size_t before = diag->error_count;
        int r = 0;

        for (size_t i = 0; i < c->trigger_count; i++)
                resolve_flow(&c->triggers[i], flows, diag);
        for (size_t i = 0; i < flows->count && r >= 0; i++)
                for (size_t k = 0; k < flows->items[i]->trigger_count && r >= 0; k++) {
                        r = grow_triggers(c);
                        if (r < 0)
                                return r;
                        r = trigger_config_from_flow(flows->items[i], &flows->items[i]->triggers[k], &c->aws, diag,
                                                     &c->triggers[c->trigger_count++]);
                        check_unique(c, diag);
                }
        if (r < 0)
                return r;
        return diag->error_count > before ? -EBADMSG : 0;
}
