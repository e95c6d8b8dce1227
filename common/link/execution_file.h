/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an execution: what its tasks keep (outputFiles, Download, Consume). Outputs name them by URI, and this is
 * the rule by which everybody finds them:
 *
 *     sqsflow://<execution id>/<name>    is    <executions>/<execution id>/files/<name>
 *
 * <executions> is the folder that EXECUTE named (config.executions for the agent). A name is one component of
 * [A-Za-z0-9._-] that does not begin with '.': the same characters in the URI, in the path and in a shell. It begins
 * with a number that makes it unique in its execution ("3-report.csv"); where a task had another name for the file, that
 * is the key beside the URI in its outputs.
 *
 * The files outlive the runner; they go when the execution is forgotten (history.maxAge). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

#define EXECUTION_FILE_SCHEME "sqsflow://"
#define EXECUTION_FILES_FOLDER "files"
#define EXECUTION_FILE_NAME_MAX 128

/* How many of the bytes are a URI's, which begins at `text`; 0 when none does. *ret_id, *ret_name (both may be NULL):
 * its parts; the name is borrowed and ends where the URI ends. Pure. */
size_t execution_file_scan(const char *text, size_t len, uint64_t *ret_id, const char **ret_name);
/* True when the whole text is one URI. Pure. */
bool execution_file_is_uri(const char *text);

/* Owned texts; NULL when memory is out. The path's `uri` must be one. */
char *execution_file_uri(uint64_t id, const char *name);
char *execution_file_path(const char *executions, const char *uri);

/* Opens for reading, as a regular file behind no symbolic link. A descriptor; -EINVAL: not a URI, or not a file;
 * -ENOENT: gone, or never there; -errno. */
int execution_file_open(const char *executions, const char *uri) _must_check_;

/* Removes what is left of an execution below `executions`. 0, also when nothing is there, or -errno. */
int execution_folder_remove(const char *executions, uint64_t id);
/* Retention: removes the folders of executions that were made and kept their last file before, at most `max` of them;
 * those that still run are asked for and left. 0; 1: more may be left; -errno. */
int execution_folders_retain(const char *executions, uint64_t before_usec, unsigned max,
                             bool (*is_running)(void *userdata, uint64_t id), void *userdata);
