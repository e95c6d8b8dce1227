/* SPDX-License-Identifier: Apache-2.0 */
/* `outputFiles`: which files of a working directory an execution keeps. */
#pragma once

#include "common/base/value.h"

struct execution;

/* Keeps what the patterns (a rendered list of texts) match below the folder: regular files; symbolic links are neither
 * followed nor kept. 0 with an owned map from relative path to URI; -EINVAL, -EDQUOT and other -errno with *ret_problem
 * (owned); -ENOMEM. */
int output_files_keep(struct execution *e, int folder_fd, const struct value *patterns, struct value **ret,
                      char **ret_problem) _must_check_;
