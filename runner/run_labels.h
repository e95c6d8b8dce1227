/* SPDX-License-Identifier: Apache-2.0 */
/* The labels that a task gives to the execution that it calls. */
#pragma once

#include <stdbool.h>

#include "common/base/value.h"

struct task_run;

/* `labels` is rendered: a map, or a list of {key, value}; NULL: none. `inherit`: those of the run's own execution too,
 * and weaker. 0 with an owned map; -EINVAL; -ENOMEM. */
int run_labels_make(struct task_run *run, bool inherit, const struct value *labels, struct value **ret) _must_check_;
