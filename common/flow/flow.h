/* SPDX-License-Identifier: Apache-2.0 */
/* A flow: what a flow file says, validated. Immutable after loading and shared by reference, so that a reload never
 * touches what is running. Texts that may hold expressions are kept as written and rendered at run time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/value.h"
#include "common/flow/flow_trigger.h"

#define FLOW_FILE_BYTES_MAX ((size_t)1024 * 1024)

struct task_type; /* common/flow/task_type.h */

enum flow_retry_type { FLOW_RETRY_CONSTANT, FLOW_RETRY_EXPONENTIAL, FLOW_RETRY_RANDOM };

struct flow_retry {
        enum flow_retry_type type;
        uint64_t interval_usec;      /* constant, exponential */
        uint64_t min_interval_usec;  /* random */
        uint64_t max_interval_usec;  /* exponential, random */
        double delay_factor;         /* exponential; default 2 */
        unsigned max_attempts;       /* 0: not limited by count */
        uint64_t max_duration_usec;  /* overall; USEC_INFINITY: not limited by time */
        bool warning_on_retry;
        bool new_execution;          /* flow level: CREATE_NEW_EXECUTION instead of RETRY_FAILED_TASK */
};

struct flow_task;

struct flow_task_list {
        struct flow_task **items;
        size_t count;
};

/* A named list of child tasks: "tasks", "then", "else", "errors", "finally", or a Switch's case "cases.NAME". */
struct flow_branch {
        char *name;
        struct flow_task_list tasks;
};

struct flow_task {
        char *id;
        const struct task_type *type;
        char *description;
        char *timeout;               /* ISO duration or expression; NULL: none */
        struct flow_retry *retry;    /* NULL: none */
        bool allow_failure, allow_warning, disabled;
        char *run_if;                /* expression; NULL: always */
        char *log_level;             /* NULL: all */
        struct value *properties;    /* map: the type's own properties, defaults merged, expressions unrendered */
        struct flow_branch *branches;
        size_t branch_count;
        unsigned passes_message;     /* TASK_CALLS: enum flow_handed; these read `trigger`, or what comes from it (P11) */
        char **depends_on;           /* inside a Dag: ids; NULL-terminated, NULL when none */
        unsigned line, column;
};

struct flow_input {
        char *id;
        char *type;                  /* upper case, canonical: STRING INT … */
        bool required;               /* default true */
        struct value *defaults;      /* NULL: none */
        struct value *properties;    /* validator, min, max, values, itemType, … */
};

struct flow_output {
        char *id, *type;
        struct value *value;
        bool required;
};

enum flow_concurrency_behavior { FLOW_QUEUE, FLOW_CANCEL, FLOW_FAIL };

struct flow {
        char *id, *namespace, *description;
        char *file;                  /* as given to flow_load */
        char *source;                /* the text, for handing to a runner */
        size_t source_len;
        uint64_t revision;           /* a hash of the source: equal text, equal revision */
        struct value *labels;        /* map of strings */
        struct value *variables;     /* map */
        struct flow_input *inputs;
        size_t input_count;
        struct flow_output *outputs;
        size_t output_count;
        struct flow_task_list tasks, errors, finally, after_execution;
        struct flow_trigger *triggers;
        size_t trigger_count;
        unsigned concurrency_limit;  /* 0: none */
        enum flow_concurrency_behavior concurrency_behavior;
        struct flow_retry *retry;
        bool disabled;
        bool is_instant;             /* waits for nothing: no process, no timer, no request; it ends as soon as it began */
        unsigned refs;
};

/* What a caller hands to a flow. */
enum flow_handed { FLOW_INPUTS = 1 << 0, FLOW_LABELS = 1 << 1 };

struct flow_load_options {
        bool allow_containers;            /* containerImage / Docker task runner: run as a process */
        bool allow_shell_interpolation;   /* P11: let `trigger` into commands without quote */
        unsigned from_message;            /* enum flow_handed: what the caller makes from a message is as unsafe as `trigger` */
        bool accept_unsupported;          /* also what cannot run yet: to look at a flow, not to start it */
};

/* Parses and validates one flow file's text; `options` NULL: all off. 0 with an owned reference; -EBADMSG with every
 * finding in `diag`, by line; -ENOMEM. Warnings may be in `diag` also on success. Reads no other files. */
int flow_load(const char *text, size_t len, const char *file, const struct flow_load_options *options,
              struct diag *diag, struct flow **ret) _must_check_;
/* flow_load of a file's content; -errno when it cannot be read (also told in diag). */
int flow_load_file(const char *path, const struct flow_load_options *options, struct diag *diag,
                   struct flow **ret) _must_check_;

struct flow *flow_ref(struct flow *f);
struct flow *flow_unref(struct flow *f);
DEFINE_CLEANUP(struct flow *, flow_unref)

/* Whether a folder's file of that name is one of its flows: *.yaml, *.yml, not hidden. Pure. */
bool flow_set_takes(const char *name);
/* Every flow file (*.yaml, *.yml, not hidden) of a folder, sorted by name; ids are unique, called flows are there. */
struct flow_set {
        struct flow **items;
        size_t count;
};
int flow_set_load(const char *folder, const struct flow_load_options *options, struct diag *diag,
                  struct flow_set *ret) _must_check_;
void flow_set_done(struct flow_set *set);
/* "namespace.id"; borrowed, NULL when absent. */
struct flow *flow_set_find(const struct flow_set *set, const char *full_id);

/* The delay before attempt `attempt` (2 is the first retry). `random` in [0, 1). USEC_INFINITY: no more attempts.
 * `elapsed_usec` counts from the first attempt's start. Pure. */
uint64_t flow_retry_delay_usec(const struct flow_retry *r, unsigned attempt, uint64_t elapsed_usec, double random);
