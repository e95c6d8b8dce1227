/* SPDX-License-Identifier: Apache-2.0 */
/* The folders that runners make in a folder of executions (runner/folder.h), and that one which was killed could not end:
 * `runner-<pid>`, locked (flock) while its runner lives. They hold messages and what tasks made of them, so they do not
 * stay, but for the working directory of an execution of which it is kept; that goes where the runner itself would have
 * left it, to `<execution id>/work`.
 *
 * Only real folders directly below the given one are looked at; removing them follows no symbolic link and leaves no file
 * system. Everything happens while the caller waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RUNNER_FOLDER_PREFIX "runner-"

/* Ends the folder of a runner that is gone with all its tasks. `keep`: the execution whose working directory stays; 0: none.
 * 0, also when there is no such folder; or -errno. */
int runner_folder_end(const char *executions, pid_t runner, uint64_t keep);
/* True when there is a folder of that runner and the runner is gone. */
bool runner_folder_is_left(const char *executions, pid_t runner);
/* Removes every folder whose runner is gone, and that did not change since `before_usec` (wall clock; a runner that lives
 * locks its folder a moment after it made it; UINT64_MAX: there is no runner). How many were removed; -errno when one could
 * not be. */
int runner_folders_sweep(const char *executions, uint64_t before_usec);
