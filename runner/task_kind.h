/* SPDX-License-Identifier: Apache-2.0 */
/* What the runner does for each task type: one row per type, one file per family (task_*.c, flowable_*.c). The types
 * themselves, with their properties, are common/flow/task_type.h. */
#pragma once

#include <stddef.h>

struct task_run;

struct task_kind {
        const char *type;                      /* the full name */
        /* Begins an attempt, which ends with task_run_succeed() or task_run_fail(), from within or later. */
        void (*start)(struct task_run *run);
        /* Hurries the end of an attempt that has not ended; NULL for those that end within start. */
        void (*cancel)(struct task_run *run);
        /* Frees run->work; NULL when there is none. */
        void (*free_work)(struct task_run *run);
        int variant;                           /* the family's own */
};

/* NULL when the runner knows no such type. */
const struct task_kind *task_kind_find(const char *type);
const struct task_kind *task_kind_at(size_t index); /* NULL at the end */

void task_log_start(struct task_run *run);
void task_return_start(struct task_run *run);
void task_fail_start(struct task_run *run);
void task_output_values_start(struct task_run *run);
void task_set_variables_start(struct task_run *run);

void task_sleep_start(struct task_run *run);
void task_sleep_cancel(struct task_run *run);
void task_sleep_free(struct task_run *run);

enum script_variant {
        SCRIPT_SHELL_COMMANDS,
        SCRIPT_SHELL_SCRIPT,
        SCRIPT_PYTHON_COMMANDS,
        SCRIPT_PYTHON_SCRIPT,
        SCRIPT_NODE_COMMANDS,
        SCRIPT_NODE_SCRIPT,
};
void task_script_start(struct task_run *run);
void task_script_cancel(struct task_run *run);
void task_script_free(struct task_run *run);

enum http_variant { HTTP_REQUEST, HTTP_DOWNLOAD };
void task_http_start(struct task_run *run);
void task_http_cancel(struct task_run *run);
void task_http_free(struct task_run *run);

void task_sqs_publish_start(struct task_run *run);
void task_sqs_publish_cancel(struct task_run *run);
void task_sqs_publish_free(struct task_run *run);
void task_sqs_consume_start(struct task_run *run);
void task_sqs_consume_cancel(struct task_run *run);
void task_sqs_consume_free(struct task_run *run);

void flowable_sequential_start(struct task_run *run);
void flowable_parallel_start(struct task_run *run);
void flowable_dag_start(struct task_run *run);
void flowable_if_start(struct task_run *run);
void flowable_switch_start(struct task_run *run);
void flowable_allow_failure_start(struct task_run *run);
void flowable_for_each_start(struct task_run *run);
void flowable_loop_start(struct task_run *run);

void flowable_working_directory_start(struct task_run *run);
void flowable_working_directory_free(struct task_run *run);

void flowable_subflow_start(struct task_run *run);
void flowable_subflow_cancel(struct task_run *run);
void flowable_subflow_free(struct task_run *run);
