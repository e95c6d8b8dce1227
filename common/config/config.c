/* SPDX-License-Identifier: Apache-2.0 */
/* agent.yaml: the tables of its sections, its defaults, and the join with the flow set. The reading itself is in
 * config_table.c, triggers are in config_trigger.c. */
#include "common/config/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/yaml.h"
#include "common/config/config_table.h"
#include "common/config/config_trigger.h"
#include "common/flow/secret.h"

#define DEFAULT_RUNNER "/usr/libexec/sqsflow/sqsflow-runner"
#define LEDGER_AGE_MIN_USEC (14 * USEC_PER_DAY)
#define PROCESSES_MAX (INT64_C(4) << 20)    /* the kernel's PID_MAX_LIMIT */
#define MEMORY_MIN_BYTES (INT64_C(4) << 20) /* a shell needs some */
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

static const struct choice folder_kinds[] = {
        { "never", FOLDERS_NEVER }, { "failures", FOLDERS_FAILURES }, { "always", FOLDERS_ALWAYS }, { NULL, 0 },
};

static const struct property task_limit_properties[] = {
        PROPERTY_WITHIN("memory", SIZE, FIELD(limits.task.memory_bytes), MEMORY_MIN_BYTES, INT64_C(1) << 50,
                        .description = "Memory, such as 512MiB. Without a control group it holds for each process by itself."),
        PROPERTY_WITHIN("processes", UNSIGNED, FIELD(limits.task.processes), 1, PROCESSES_MAX,
                        .description = "Processes and threads."),
        PROPERTY_WITHIN("cpuWeight", UNSIGNED, FIELD(limits.task.cpu_weight), 1, 10000,
                        .description = "The share against other executions when CPU time is short; 100 is everybody's."),
        PROPERTIES_END,
};

static int read_task_limits(const struct place *p, struct diag *diag, void *target) {
        return table_read(p, task_limit_properties, diag, target);
}

static const struct property limit_properties[] = {
        PROPERTY_WITHIN("executions", UNSIGNED, FIELD(limits.executions), 1, CONFIG_EXECUTIONS_MAX, .default_text = "32",
                        .description = "How many executions run at a time. No more messages are received than can start."),
        PROPERTY_WITHIN("drain", DURATION, FIELD(limits.drain_usec), 0, USEC_PER_DAY, .default_text = "PT30S",
                        .description = "How long running executions may go on after a stop."),
        PROPERTY_WITHIN("idleRunners", UNSIGNED, FIELD(limits.idle_runners), 0, CONFIG_EXECUTIONS_MAX, .default_text = "4",
                        .description = "Runner processes that are kept warm without work."),
        PROPERTY_WITHIN("logBytes", BYTES, FIELD(limits.log_bytes), 0, INT64_C(1) << 32, .default_text = "10485760",
                        .description = "Log that is kept of one execution, the text of each line and 32 bytes for the line; what comes "
                                       "after is left out."),
        PROPERTY_WITHIN("fileBytes", BYTES, FIELD(limits.file_bytes), 1, INT64_C(1) << 44, .default_text = "1073741824",
                        .description = "Files that one execution may keep (outputFiles, downloads, consumed records), all "
                                       "together."),
        PROPERTY_SECTION("task", read_task_limits, task_limit_properties,
                         "What the processes of one execution may use together; without, there is no limit. It needs a "
                         "delegated control group (Delegate=yes)."),
        PROPERTIES_END,
};
static const struct property history_properties[] = {
        PROPERTY("keep", CHOICE, .offset = FIELD(history.keep), .choices = history_kinds, .default_text = "all",
                 .description = "Of which executions records are kept. What succeeded is remembered in any case, so that "
                                "it is not run again."),
        PROPERTY("folders", CHOICE, .offset = FIELD(history.folders), .choices = folder_kinds, .default_text = "never",
                 .description = "Which working directories stay, as long as records, in the folder of executions."),
        PROPERTY_WITHIN("maxAge", DURATION, FIELD(history.max_age_usec), USEC_PER_MINUTE, 3650 * USEC_PER_DAY,
                        .default_text = "P30D", .description = "How long records are kept."),
        PROPERTY_WITHIN("ledgerMaxAge", DURATION, FIELD(history.ledger_age_usec), LEDGER_AGE_MIN_USEC, 3650 * USEC_PER_DAY,
                        .default_text = "P14D",
                        .description = "How long a message that succeeded is known and never run again."),
        PROPERTIES_END,
};
static const struct property log_properties[] = {
        PROPERTY("level", CHOICE, .offset = FIELD(log_level), .choices = log_levels, .default_text = "info",
                 .description = "What is logged: this and worse."),
        PROPERTY("format", CHOICE, .offset = FIELD(log_target), .choices = log_formats, .default_text = "auto",
                 .description = "Fields of the journal, lines of text, or lines of JSON on stderr. auto: the journal's when "
                                "stderr is the journal, else text."),
        PROPERTY("tasks", BOOL, .offset = FIELD(log_tasks), .default_text = "false",
                 .description = "Also log what tasks print, under the execution's fields. It is in the records in any case."),
        PROPERTIES_END,
};
static const struct choice task_credentials[] = {
        { "none", TASK_CREDENTIALS_NONE }, { "environment", TASK_CREDENTIALS_ENVIRONMENT }, { NULL, 0 },
};
/* Octal, as everywhere; YAML may have taken it for a number. */
static int read_umask(const struct place *p, struct diag *diag, void *target) {
        const char *text = place_text(p, diag);
        char *end;
        unsigned long mask;

        if (!text)
                return 0;
        mask = strtoul(text, &end, 8);
        if (!text_is_name(text, "0-7", "0-7", 4) || *end || mask > 0777)
                place_error(p, diag, "expected a file mode mask such as \"077\", not '%s'", text);
        else
                ((struct config *)target)->task_umask = (unsigned)mask;
        return 0;
}

static const struct property security_properties[] = {
        PROPERTY("umask", CUSTOM, .read = read_umask, .default_text = "077",
                 .description = "The file mode mask of tasks, octal and quoted."),
        PROPERTY("allowShellInterpolation", BOOL, .offset = FIELD(security.allow_shell_interpolation),
                 .default_text = "false",
                 .description = "Accept flows that put message content into shell text. It lets whoever can send a message "
                                "run commands here."),
        PROPERTY("allowContainers", BOOL, .offset = FIELD(security.allow_containers), .default_text = "false",
                 .description = "Accept tasks that ask for a container, and run them as processes of this host."),
        PROPERTY("taskCredentials", CHOICE, .offset = FIELD(task_credentials), .choices = task_credentials,
                 .default_text = "none",
                 .description = "Of SQS tasks that name no keys: none, or the service's own AWS chain (environment). The "
                                "processes of script tasks get none of it either way."),
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
PATH_READER(secrets)
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

const struct property config_properties[] = {
        PROPERTY("flows", CUSTOM, .read = read_flows, .default_text = "/etc/sqsflow/flows",
                 .description = "A folder of flow files, sqsflow-flow(7). Paths count from the folder of this file."),
        PROPERTY("state", CUSTOM, .read = read_state, .default_text = "/var/lib/sqsflow",
                 .description = "The folder of the store and of the execution folders. One agent uses it at a time."),
        PROPERTY("socket", CUSTOM, .read = read_socket, .default_text = "/run/sqsflow/agent.sock",
                 .description = "The socket that `sqsflow status` asks."),
        PROPERTY("runner", CUSTOM, .read = read_runner, .default_text = DEFAULT_RUNNER,
                 .description = "The program that executes flows, sqsflow-runner(8)."),
        PROPERTY("secrets", CUSTOM, .read = read_secrets, .default_text = SECRETS_FOLDER,
                 .description = "A folder of secrets, one file each; systemd's credentials come first, SECRET_NAME variables "
                                "last."),
        /* Read ahead of the rest, since triggers inherit it. */
        PROPERTY("aws", IGNORED, .shape = SHAPE_MAP, .children = config_aws_properties,
                 .description = "Where and as whom SQS is spoken to; a trigger can say it anew. What is absent comes from the "
                                "standard AWS chain: environment, shared files, container, instance metadata."),
        PROPERTY_SECTION("limits", read_limits, limit_properties, "What this host takes on."),
        PROPERTY_SECTION("history", read_history, history_properties, "What is recorded, and for how long."),
        PROPERTY_SECTION("log", read_log, log_properties, "The agent's own log."),
        PROPERTY_SECTION("security", read_security, security_properties, "What flows may do that is refused by default."),
        PROPERTY("triggers", CUSTOM, .read = read_triggers, .shape = SHAPE_LIST, .children = config_trigger_properties,
                 .description = "Each joins a queue and a flow. Triggers of flow files come on top."),
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
                .file_bytes = UINT64_C(1) << 30,
        };
        c->history = (struct config_history){
                .keep = KEEP_ALL, .max_age_usec = 30 * USEC_PER_DAY, .ledger_age_usec = LEDGER_AGE_MIN_USEC,
        };
        c->task_umask = 077;
        c->log_level = LOG_INFO;
        c->log_target = LOG_TARGET_AUTO;
        c->file = text_dup(file);
        c->flows = text_dup("/etc/sqsflow/flows");
        c->state = text_dup("/var/lib/sqsflow");
        c->socket = text_dup("/run/sqsflow/agent.sock");
        c->secrets = text_dup(SECRETS_FOLDER);
        c->runner = default_runner();
        if (!c->secrets || !c->file || !c->flows || !c->state || !c->socket || !c->runner)
                return config_free(c);
        return c;
}

/* Tasks get paths below the state folder, and work elsewhere. */
static int derive_paths(struct config *c) {
        char *state = path_absolute(c->state);

        if (!state)
                return -ENOMEM;
        free(c->state);
        c->state = state;
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
        free(c->secrets);
        free(c->runner);
        free(c->store);
        free(c->executions);
        flow_set_done(&c->flow_set);
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

/* Subflows are found among all flows, also those without a trigger. */
static int keep_flows(struct config *c, const struct flow_set *flows) {
        struct flow **items = calloc(flows->count + 1, sizeof(struct flow *));

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < flows->count; i++)
                items[i] = flow_ref(flows->items[i]);
        flow_set_done(&c->flow_set);
        c->flow_set = (struct flow_set){ items, flows->count };
        return 0;
}

int config_resolve(struct config *c, const struct flow_set *flows, struct diag *diag) {
        size_t before = diag->error_count;
        int r = keep_flows(c, flows);

        for (size_t i = 0; i < c->trigger_count; i++)
                resolve_flow(&c->triggers[i], flows, diag);
        for (size_t i = 0; i < flows->count && r >= 0; i++)
                for (size_t k = 0; k < flows->items[i]->trigger_count && r >= 0; k++) {
                        r = grow_triggers(c);
                        if (r < 0)
                                return r;
                        r = trigger_config_from_flow(flows->items[i], &flows->items[i]->triggers[k], c, diag,
                                                     &c->triggers[c->trigger_count++]);
                        check_unique(c, diag);
                }
        if (r < 0)
                return r;
        return diag->error_count > before ? -EBADMSG : 0;
}
