/* SPDX-License-Identifier: Apache-2.0 */
/* The files that an execution's outputs refer to by URI (common/link/execution_file.h), and where a copy of each belongs:
 * below a folder for its task, under the name that the task gave it. Pure.
 *
 * A path is relative, leads nowhere else (beneath_is_path()), has no control characters and is unique in the list. */
#pragma once

#include "cli/progress.h"

struct output_file {
        char *uri;
        char *path; /* "task/name"; "name" when only the flow's outputs have it */
};

struct output_files {
        struct output_file *items;
        size_t count, capacity;
};

/* Of the task runs, then of the flow's `outputs` (JSON; NULL: none); each URI once. 0 or -ENOMEM. */
int output_files_find(const struct progress *p, const char *outputs, struct output_files *ret) _must_check_;
void output_files_done(struct output_files *f);

/* The folder of the files of a store's executions; owned, NULL: out of memory. */
char *output_files_folder(const char *store);
