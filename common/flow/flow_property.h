/* SPDX-License-Identifier: Apache-2.0 */
/* What a map in a flow file may hold: a table of properties. The flow itself, its inputs, a retry and every task type
 * are described by such tables, and from the tables alone come validation, the JSON Schema and the reference page. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum property_kind {
        PROPERTY_STRING,       /* any scalar, kept as the text that was written */
        PROPERTY_ID,           /* a string that is checked as a name by whoever reads it */
        PROPERTY_BOOL,
        PROPERTY_INT,          /* within min..max */
        PROPERTY_NUMBER,
        PROPERTY_DURATION,     /* ISO 8601: PT30S */
        PROPERTY_DATE,         /* a day, or a date and time with its offset */
        PROPERTY_DATE_TIME,    /* a date and time with its offset */
        PROPERTY_TIME,         /* a time of day with its offset */
        PROPERTY_ENUM,         /* one of `values` */
        PROPERTY_STRING_LIST,
        PROPERTY_LIST,         /* of anything */
        PROPERTY_STRING_MAP,   /* name to scalar */
        PROPERTY_MAP,          /* name to anything */
        PROPERTY_OBJECT,       /* a map with `fields` */
        PROPERTY_OBJECT_LIST,  /* of maps with `fields` */
        PROPERTY_VALUE_TYPE,   /* of an input or output: STRING, INT, … */
        PROPERTY_RUNNER_TYPE,  /* a task runner's type: Process, or Docker where containers are let through */
        PROPERTY_RETRY,        /* flow_retry.c knows its shapes */
        PROPERTY_CONDITIONS,   /* of a trigger; flow_condition.c knows their types */
        PROPERTY_TASKS,        /* child tasks */
        PROPERTY_TASK_CASES,   /* name to child tasks: a Switch's cases */
        PROPERTY_TASK_DAG,     /* list of {task, dependsOn} */
        PROPERTY_ANY,
        PROPERTY_KIND_COUNT,
};

enum property_flags {
        PROPERTY_REQUIRED = 1 << 0,
        PROPERTY_DYNAMIC = 1 << 1,   /* may hold expressions, also in what is nested in it */
        PROPERTY_SHELL = 1 << 2,     /* becomes shell text (P11): a message may enter only behind `quote` */
        PROPERTY_CODE = 1 << 3,      /* becomes Python or JavaScript (P11): only behind `toJson` */
        PROPERTY_OUTSIDE = 1 << 4,   /* Kestra knows it, sqsflow does not; `description` may say what to do instead */
        PROPERTY_CONTAINER = 1 << 6, /* wants a container: only when agent.yaml lets containers run as processes */
        PROPERTY_COMMON = 1 << 7,    /* read into fields of struct flow_task or flow_trigger, not into `properties` */
        PROPERTY_NAMES = 1 << 5,     /* what its names are decides what a program does (P11): a message may not be in them */
        PROPERTY_NOT_EMPTY = 1 << 8, /* a list, map or text with nothing in it is an error */
        PROPERTY_TRUTH = 1 << 9,     /* true or false, as what it renders to says: a text without an expression is suspicious */
        PROPERTY_PROGRAM = 1 << 10,  /* a program and its arguments (P11): a message may not be in it, whatever it ends in */
};

struct flow_property {
        const char *name;                /* NULL ends a table */
        const char *alias;               /* another spelling that means the same; NULL: none */
        enum property_kind kind;
        unsigned flags;
        const char *const *values;       /* PROPERTY_ENUM, elements of a PROPERTY_LIST: NULL-terminated */
        const char *const *outside_values; /* PROPERTY_ENUM: Kestra's further ones, NULL-terminated; NULL: none */
        const struct flow_property *fields;   /* PROPERTY_OBJECT, PROPERTY_OBJECT_LIST */
        int64_t min, max;                /* PROPERTY_INT; both 0: any */
        const char *default_text;        /* as a person would write it; NULL: none */
        const char *description;
};

/* A map is described by one or more tables side by side ("every task" and "this type"): a NULL-terminated list. */

/* The property called `name` (or so by alias); NULL when no table has it. */
const struct flow_property *property_find(const struct flow_property *const *tables, const char *name);
/* The supported name nearest to `name`, for "did you mean"; NULL when none is near. */
const char *property_nearest(const struct flow_property *const *tables, const char *name);
/* "a whole number", "a duration such as PT30S": what a value of this kind should have been. */
const char *property_kind_text(enum property_kind kind);
bool property_kind_has_tasks(enum property_kind kind);
/* A scalar of a form: one that is an expression can be checked only when it is rendered. */
bool property_kind_has_form(enum property_kind kind);
