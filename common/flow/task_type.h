/* SPDX-License-Identifier: Apache-2.0 */
/* The table of task and trigger types: the single source of validation, the JSON Schema and the reference page. One
 * file per family holds its rows (types_*.c); the runner has its own table of what it starts for each. */
#pragma once

#include "common/flow/flow_property.h"

enum task_family {
        FAMILY_SCRIPTS,
        FAMILY_CORE,
        FAMILY_FLOWABLE,
        FAMILY_HTTP,
        FAMILY_SQS,
        FAMILY_TRIGGERS,
        FAMILY_COUNT,
};

enum task_type_flags {
        TASK_FLOWABLE = 1 << 0, /* has child tasks or stands for other tasks; may have `errors` and `finally` */
        TASK_TRIGGER = 1 << 1,  /* stands under `triggers:`, not in a list of tasks */
        TASK_BATCH = 1 << 2,    /* a trigger that starts one execution per batch */
        TASK_CALLS = 1 << 4,    /* runs the flow that its `namespace` and `flowId` name, with its `inputs` */
        TASK_INSTANT = 1 << 3,  /* waits for nothing but its child tasks, if it has any */
};

struct task_output {
        const char *name; /* NULL ends the list */
        enum property_kind kind;
        const char *description;
};

#define TASK_TYPE_ALIASES_MAX 4

struct task_type {
        const char *name;                             /* in full: "io.kestra.plugin.core.log.Log" */
        const char *aliases[TASK_TYPE_ALIASES_MAX];   /* older names */
        const char *title;                            /* a sentence */
        enum task_family family;
        unsigned flags;
        bool supported;                               /* false: refused at load, "not supported by sqsflow yet" */
        const struct flow_property *properties;            /* its own; never NULL */
        const struct task_output *outputs;            /* NULL: none */
};

/* By name or alias; NULL when unknown. */
const struct task_type *task_type_find(const char *name);
/* The known name nearest to a wrong one, NULL when none is near. `flags` & TASK_TRIGGER asks among triggers. */
const char *task_type_nearest(const char *name, unsigned flags);
/* True when Kestra has this type (or may well have it) and sqsflow does not. */
bool task_type_is_outside(const char *name);
/* True when it bears the name of Kestra's own tasks: to be asked when nothing here is near to it. */
bool task_type_is_kestras(const char *name);
/* All of them, family by family; NULL at the end. */
const struct task_type *task_type_at(size_t index);
const char *task_family_name(enum task_family family); /* "scripts", … */

/* Tables that are not of one type. */
extern const struct flow_property task_common_properties[];     /* every task */
extern const struct flow_property task_flowable_properties[];   /* every flowable: errors, finally */
extern const struct flow_property trigger_common_properties[];  /* every trigger */
extern const struct flow_property condition_expression_properties[]; /* a condition of a trigger: Expression */
extern const struct flow_property condition_list_properties[];  /* Not, Or */
extern const struct flow_property condition_date_time_between_properties[];
extern const struct flow_property condition_time_between_properties[];
extern const struct flow_property condition_day_week_properties[];
extern const struct flow_property condition_day_week_in_month_properties[];
extern const struct flow_property condition_weekend_properties[];
extern const struct flow_property flow_properties[];            /* the file's top level */
extern const struct flow_property flow_input_properties[];
extern const struct flow_property flow_output_properties[];
extern const struct flow_property flow_concurrency_properties[];
extern const struct flow_property flow_defaults_properties[];   /* an entry of pluginDefaults */
extern const struct flow_property flow_label_properties[];      /* labels as a list of key and value */
extern const struct flow_property dag_task_properties[];        /* an entry of a Dag's tasks */
extern const struct flow_property retry_constant_properties[];
extern const struct flow_property retry_exponential_properties[];
extern const struct flow_property retry_random_properties[];
extern const struct flow_property flow_retry_properties[];      /* behavior: beside one of the three, flow level only */

/* One list of rows per family, ended by a row without name. */
extern const struct task_type types_scripts[], types_core[], types_flowable[], types_http[], types_sqs[],
        types_triggers[];

/* An input's or output's type by any of its names, in upper case: the canonical name; NULL when it is none. */
const char *flow_input_type(const char *name);
/* All their names; NULL at the end. */
const char *flow_input_type_at(size_t index);
