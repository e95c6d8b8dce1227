/* SPDX-License-Identifier: Apache-2.0 */
/* `inputFiles`: name to content, written to the working directory before a task starts. A content that is the URI of a
 * file of this execution is that file; everything else is content, byte for byte: a message is data whatever it says. */
#pragma once

#include "common/base/value.h"

struct execution;

/* `files` is a rendered map, or a text that is one in JSON. Names are paths below the folder (beneath.h). 0; -EINVAL
 * with *ret_problem (owned) for a wrong shape or name; -errno of writing, with *ret_problem. */
int input_files_write(struct execution *e, int folder_fd, const struct value *files, char **ret_problem) _must_check_;
