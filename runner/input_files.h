/* SPDX-License-Identifier: Apache-2.0 */
/* `inputFiles`: name to content, written to the working directory before a task starts. */
#pragma once

#include "common/base/value.h"

/* True for a relative path that stays inside its folder. Pure. */
bool input_files_is_name(const char *name);

/* `files` is a rendered map, or a text that is one in JSON. 0; -EINVAL with *ret_problem (owned) for a wrong shape or
 * name; -errno of writing. */
int input_files_write(const char *folder, const struct value *files, char **ret_problem) _must_check_;
