/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a task process: an allow-list of the runner's own (never credentials, never the service's
 * NOTIFY_SOCKET and the like), what sqsflow tells about the execution, and on top the task's `env`. */
#pragma once

#include <stdbool.h>

#include "common/base/value.h"

struct task_run;

/* True for the variables of this process that tasks inherit. Pure. */
bool environment_is_allowed(const char *entry);

/* `env` is a rendered map, NULL for none. 0 with an owned NULL-terminated list; -errno of making the folder or the
 * message file; -ENOMEM. */
int environment_make(struct task_run *run, const struct value *env, char ***ret) _must_check_;
