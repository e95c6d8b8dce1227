/* SPDX-License-Identifier: Apache-2.0 */
/* agent.yaml: what it says, validated. Read by the agent and by the cli (`sqsflow check`, `status`, `executions`).
 *
 * Loading takes three steps: config_load() reads the file alone, the caller loads the flow set from config.flows with
 * config.security, and config_resolve() joins the two: every trigger finds its flow, and the triggers that stand in flow
 * files become struct trigger_config like those of agent.yaml. Paths in the file are relative to the file's folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/value.h"
#include "common/flow/flow.h"
#include "common/flow/state.h"

#define CONFIG_DEFAULT_PATH "/etc/sqsflow/agent.yaml"
#define CONFIG_EXECUTIONS_MAX 4096

/* Where and as whom SQS is spoken to. Absent texts are NULL: the standard AWS chain decides. */
struct config_aws {
        char *region, *endpoint, *profile, *ca_bundle;
        char *access_key_id, *secret_access_key, *session_token;
        char *role_arn, *role_external_id, *role_session_name; /* a role to take on with those credentials; NULL: none */
        unsigned role_sec;            /* for how long; 0: STS's default */
        char *sts_endpoint;           /* only for an STS that is not AWS's */
};

struct trigger_config {
        char *id;
        char *queue_url;              /* NULL when only the name is given: GetQueueUrl asks for it */
        char *queue_name;             /* the last part of the URL, or as given */
        bool fifo;                    /* the name ends in ".fifo" */
        char *flow_id;                /* "namespace.id" */
        struct flow *flow;            /* referenced; NULL before config_resolve() */
        struct config_aws aws;        /* the agent's, overlaid with the trigger's own */
        unsigned batch_records;       /* 0: one execution per message */
        uint64_t batch_duration_usec; /* how long a batch is collected; USEC_INFINITY: until it is full */
        unsigned visibility_sec;      /* 0: the queue's own VisibilityTimeout */
        unsigned wait_sec;            /* long poll, 0-20, default 20 */
        unsigned concurrency;         /* executions of this trigger at a time; 0: limits.executions */
        unsigned weight;              /* share of the slots when triggers compete; default 1 */
        double rate_per_sec;          /* messages started a second; 0: no limit */
        bool json_data;               /* serdeType JSON: trigger.data is the parsed body */
        bool auto_delete;             /* default true; false: a message is never deleted nor remembered */
        bool disabled;
        bool is_incomplete;           /* its connection needs a secret that is elsewhere (config.secrets_elsewhere) */
        unsigned stop_after;          /* bits, 1 << enum run_state: an end in one of these pauses the trigger */
        bool has_retry_after;
        struct flow_retry retry_after; /* onFailure.retryAfter: the visibility that a failed message is given */
        struct value *labels;         /* map of strings; NULL: none */
        char *file;                   /* where it stands, for messages */
        unsigned line, column;        /* of the trigger */
        unsigned flow_line, flow_column; /* of the flow's name */
};

/* What the processes of one execution may use together. */
struct config_task_limits {
        uint64_t memory_bytes;        /* 0: no limit */
        unsigned processes;           /* and threads; 0: no limit */
        unsigned cpu_weight;          /* against other executions, when CPU time is short; 0: all alike */
};

struct config_limits {
        unsigned executions;          /* slots; default 32 */
        uint64_t drain_usec;          /* how long running executions may go on after a stop; default 30 s */
        unsigned idle_runners;        /* warm runners that are kept without work; default 4 */
        uint64_t log_bytes;           /* log text kept per execution; default 10 MiB */
        uint64_t file_bytes;          /* files kept per execution (outputFiles, downloads …); default 1 GiB */
        struct config_task_limits task;
};

enum config_task_credentials { TASK_CREDENTIALS_NONE, TASK_CREDENTIALS_ENVIRONMENT };

enum config_keep { KEEP_ALL, KEEP_FAILURES, KEEP_NONE };
enum config_folders { FOLDERS_NEVER, FOLDERS_FAILURES, FOLDERS_ALWAYS };

struct config_history {
        enum config_keep keep;        /* default all */
        enum config_folders folders;  /* which working directories are kept as long as executions; default never */
        uint64_t max_age_usec;        /* of executions; default 30 days */
        uint64_t ledger_age_usec;     /* of the ledger (P3); default and least 14 days, SQS's longest retention */
};

struct config {
        char *file;
        char *flows;                  /* folder; default /etc/sqsflow/flows */
        char *state;                  /* folder; default /var/lib/sqsflow */
        char *socket;                 /* default /run/sqsflow/agent.sock */
        char *secrets;                /* folder; default /etc/sqsflow/secrets */
        char *runner;                 /* program; default beside this program, else /usr/libexec/sqsflow/sqsflow-runner */
        char *store;                  /* derived: <state>/sqsflow.db */
        char *executions;             /* derived: <state>/executions, where execution folders are made */
        struct config_aws aws;
        struct config_limits limits;
        struct config_history history;
        struct flow_load_options security;
        enum config_task_credentials task_credentials; /* security.taskCredentials: of SQS tasks that name no keys; default none */
        unsigned task_umask;          /* security.umask; default 077 */
        int log_level;                /* syslog; default LOG_INFO */
        int log_target;               /* enum log_target; default auto */
        bool log_tasks;               /* what tasks print goes to the agent's log too; default false */
        bool secrets_elsewhere;       /* set before config_resolve() by who is not the service, and may not see all of its
                                       * secrets: one that is not found is a warning, and its trigger incomplete */
        struct trigger_config *triggers;
        size_t trigger_count;
        struct flow_set flow_set;     /* set by config_resolve(): every flow, by reference */
};

/* Reads one file. 0 with an owned config; -EBADMSG with every finding in `diag`; -errno when the file cannot be read
 * (also told in diag); -ENOMEM. Warnings may be in `diag` also on success. */
int config_load(const char *path, struct diag *diag, struct config **ret) _must_check_;
/* The same from text; `file` names it in messages and anchors relative paths. */
int config_parse(const char *text, size_t len, const char *file, struct diag *diag, struct config **ret) _must_check_;
struct config *config_free(struct config *c);
DEFINE_CLEANUP(struct config *, config_free)

/* Gives every trigger its flow and adds the triggers of flow files. 0, -EBADMSG with findings (unknown or disabled flow,
 * an id used twice, a wrong trigger in a flow file), -ENOMEM. */
int config_resolve(struct config *c, const struct flow_set *flows, struct diag *diag) _must_check_;

/* True when both would poll the same queue in the same way for the same flow revision: a reload leaves it running. */
bool trigger_config_equal(const struct trigger_config *a, const struct trigger_config *b);
/* A deep copy (the flow by reference). 0 or -ENOMEM; *ret is to be undone with trigger_config_done(). */
int trigger_config_copy(const struct trigger_config *t, struct trigger_config *ret) _must_check_;
void trigger_config_done(struct trigger_config *t);

bool config_aws_equal(const struct config_aws *a, const struct config_aws *b);
int config_aws_copy(const struct config_aws *a, struct config_aws *ret) _must_check_;
void config_aws_done(struct config_aws *a);
