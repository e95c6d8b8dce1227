/* SPDX-License-Identifier: Apache-2.0 */
/* What the flow_*.c files share while one file is loaded; nobody else includes this.
 *
 * Findings go to the caller's diag and loading goes on, so that a person sees all of them at once. Memory that is out
 * is remembered in `error` and ends the load. Nodes are borrowed from the file's YAML tree. */
#pragma once

#include "common/base/yaml.h"
#include "common/flow/flow.h"
#include "common/flow/task_type.h"

#define PROPERTY_TABLES_MAX 4 /* that describe one map, with the NULL at the end */

struct flow_carriers;
struct known_task;

struct loader {
        const char *file, *text;
        size_t len;
        const struct flow_load_options *options;
        struct diag *diag;
        size_t first_entry;               /* of this file in diag */
        struct known_task *tasks;         /* ids seen so far; uthash */
        struct flow_carriers *carriers;   /* what of the flow carries the message (P11); owned */
        bool inputs_from_trigger;         /* an input's default reads `trigger`, or a caller fills it from a message: `inputs`
                                           * is as unsafe as `trigger` (P11) */
        bool labels_from_trigger;         /* a caller fills them from a message */
        size_t defaults_bytes;            /* copied from pluginDefaults into tasks */
        int error;                        /* 0 or -ENOMEM: sticky */
};

/* Adds an error at a node, or at a place. The same words for the same place are said once. */
void loader_error(struct loader *l, const struct yaml_node *at, const char *fmt, ...) _printf_(3, 4);
void loader_warning(struct loader *l, const struct yaml_node *at, const char *fmt, ...) _printf_(3, 4);
void loader_error_at(struct loader *l, unsigned line, unsigned column, const char *fmt, ...) _printf_(4, 5);

/* flow_check.c: a map against its tables: unknown names, missing ones, kinds, expressions. `what` names the map in
 * messages ("task 'a'"). Content of kinds with tasks and of PROPERTY_RETRY is left to those who load it. */
void flow_check_map(struct loader *l, const struct yaml_node *map, const struct flow_property *const *tables,
                    const char *what);
/* The value node of a property under its name or alias; NULL when absent or null. */
struct yaml_node *flow_property_node(const struct yaml_node *map, const struct flow_property *p);
/* Checks an id; adds an error when it is none. */
void flow_check_id(struct loader *l, const struct yaml_node *id, const char *what, const char *first_class,
                   const char *rest_class, size_t max_len);

/* flow_template.c: every expression in and below `node` compiles, and keeps what `flags` demand (P11). */
void flow_check_templates(struct loader *l, const struct yaml_node *node, unsigned flags);
bool flow_is_template(const struct yaml_node *scalar);

/* flow_position.c: where in the file byte `offset` of a scalar's text stands; its start when that is unclear. */
void flow_position(const char *text, size_t len, const struct yaml_node *scalar, size_t offset, unsigned *ret_line,
                   unsigned *ret_column);

/* flow_defaults.c: merges pluginDefaults and taskDefaults into the maps whose type they match. */
void flow_defaults_apply(struct loader *l, struct yaml_node *root);

/* flow_task.c, flow_trigger.c, flow_input.c, flow_retry.c. A NULL node is an absent one. */
void flow_load_tasks(struct loader *l, const struct yaml_node *list, struct flow_task_list *ret);
/* Of a flow that is loaded. Pure. */
bool flow_waits_for_nothing(const struct flow *f);
void flow_forget_tasks(struct loader *l); /* frees the known ids */
/* flow_dag.c */
void flow_check_dependencies(struct loader *l, const struct yaml_node *list, const struct flow_task_list *tasks);
/* The tables that describe a task or trigger of this type (NULL type: what all have in common). */
void task_type_tables(const struct task_type *type, bool trigger,
                      const struct flow_property *ret[PROPERTY_TABLES_MAX]);
void flow_load_triggers(struct loader *l, const struct yaml_node *list, struct flow *f);
/* flow_condition.c: what each type is called (NULL at the end) and may have; one element of `conditions`; the list; what was loaded. */
extern const struct flow_condition_kind {
        const char *names[5];
        const struct flow_property *properties;
        bool has_bounds; /* `after`, `before` or both are required */
} flow_condition_kinds[FLOW_CONDITION_TYPE_COUNT];
void flow_check_condition(struct loader *l, const struct yaml_node *node);
bool flow_needs_execution(struct loader *l, const char *text); /* NULL: no text */
void flow_load_conditions(struct loader *l, const struct yaml_node *list, struct flow_conditions *ret);
void flow_conditions_done(struct flow_conditions *list);
void flow_load_inputs(struct loader *l, const struct yaml_node *list, struct flow *f);
void flow_load_outputs(struct loader *l, const struct yaml_node *list, struct flow *f);
void flow_check_value_type(struct loader *l, const struct flow_property *p, const struct yaml_node *node);
void flow_load_labels(struct loader *l, const struct yaml_node *node, struct flow *f);
struct flow_retry *flow_load_retry(struct loader *l, const struct yaml_node *node, bool of_flow);

/* flow.c */
struct flow *flow_new(void);
struct flow_task *flow_task_free(struct flow_task *t);
int flow_task_list_add(struct flow_task_list *list, struct flow_task *t); /* takes t over, also on failure */
void flow_task_list_done(struct flow_task_list *list);
/* Grows an array by one zeroed element and counts it. When memory is out (remembered in l), the array and its count
 * stay as they are. */
void *loader_grow(struct loader *l, void *array, size_t *count, size_t size);
