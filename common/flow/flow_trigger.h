/* SPDX-License-Identifier: Apache-2.0 */
/* A trigger that stands in a flow file, and what must hold for it to start an execution. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/value.h"

/* Kestra 1.3's io.kestra.plugin.core.condition.Expression, Not, … */
enum flow_condition_type {
        FLOW_CONDITION_EXPRESSION,
        FLOW_CONDITION_NOT,
        FLOW_CONDITION_OR,
        FLOW_CONDITION_DATE_TIME_BETWEEN,
        FLOW_CONDITION_TIME_BETWEEN,
        FLOW_CONDITION_DAY_WEEK,
        FLOW_CONDITION_DAY_WEEK_IN_MONTH,
        FLOW_CONDITION_WEEKEND,
        FLOW_CONDITION_TYPE_COUNT,
};

/* What a condition is given, each a text that may be an expression. */
enum flow_condition_text {
        CONDITION_EXPRESSION,
        CONDITION_DATE,
        CONDITION_AFTER,
        CONDITION_BEFORE,
        CONDITION_DAY_OF_WEEK,
        CONDITION_DAY_IN_MONTH,
        FLOW_CONDITION_TEXT_COUNT,
};

#define FLOW_CONDITION_PREFIX "io.kestra.plugin.core.condition."
#define FLOW_CONDITION_EXAMPLE "{{ now() | date('EEEE') == 'Monday' }}"
#define FLOW_CONDITION_HOLIDAYS "{{ now() | date('MM-dd') not in ['01-01', '12-25'] }}"

struct flow_condition;

struct flow_conditions {
        struct flow_condition *items;
        size_t count;
};

struct flow_condition {
        enum flow_condition_type type;
        char *texts[FLOW_CONDITION_TEXT_COUNT]; /* NULL: not given, or not of this type */
        struct flow_conditions of;   /* Not: none of these holds; Or: one of these holds */
        bool needs_execution;        /* it reads what only an execution has, such as the message */
};

struct flow_trigger {
        char *id;
        bool batch;                  /* aws.sqs.Trigger instead of RealtimeTrigger */
        bool disabled;
        char *when;                  /* expression; NULL: always */
        bool when_needs_execution;   /* as a condition's */
        struct flow_conditions conditions; /* all must hold */
        struct value *properties;    /* map, as a task's */
        unsigned line, column;
};

struct flow;

/* "DayWeek", and the name under which a flow gives the text: "dayOfWeek". Static. */
const char *flow_condition_name(enum flow_condition_type type);
const char *flow_condition_text_name(enum flow_condition_text text);

/* "namespace.flow.trigger", by which a configuration, records and a runner know it. Owned; NULL when memory is out. */
char *flow_trigger_name(const struct flow *f, const struct flow_trigger *t);
/* The flow's trigger of that name. Borrowed; NULL when it is another's. */
const struct flow_trigger *flow_trigger_find(const struct flow *f, const char *name, size_t len);
