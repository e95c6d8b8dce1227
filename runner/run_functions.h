/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of expressions that need the world: uuid, id, randomInt, errorLogs. 0 with an owned value; -EINVAL with
 * *ret_message (owned); -ENOMEM. */
#pragma once

#include <stddef.h>

#include "common/base/value.h"

struct execution;
struct scope;
struct task_run;

int run_function_uuid(struct scope *s, const struct value *args, struct value **ret, char **ret_message);
int run_function_id(struct scope *s, const struct value *args, struct value **ret, char **ret_message);
int run_function_random_int(struct scope *s, const struct value *args, struct value **ret, char **ret_message);
/* The last of what went wrong: {taskId, level, timestamp, message}, lines of level ERROR and failures of task runs. */
int run_function_error_logs(struct scope *s, const struct value *args, struct value **ret, char **ret_message);

#define ERROR_LOGS_MAX 100 /* kept of an execution; the oldest go */

/* Notes a line, masked already, or a failure: of this execution alone, as a caller has its own. Out of memory loses it. */
void error_logs_note(struct execution *e, const struct task_run *run, const char *text, size_t len);
