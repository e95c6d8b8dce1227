/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files and folders. All paths are borrowed; errors are -errno. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/base/cleanup.h"

/* Reads a whole file of at most `max` bytes (-EFBIG beyond). The text is NUL-terminated and owned by the caller;
 * `ret_len` may be NULL. Works for /proc and pipes too (does not trust st_size). */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len) _must_check_;

/* Creates or replaces `path` relative to dir_fd (AT_FDCWD allowed) with these bytes. Not atomic: for files nobody else
 * reads yet. */
int file_write_at(int dir_fd, const char *path, const void *data, size_t len, mode_t mode) _must_check_;

/* Like mkdir -p for every missing parent and the folder itself. */
int dir_make_all(const char *path, mode_t mode) _must_check_;

/* Removes the tree below and at `path`, never following symbolic links or leaving the file system. -ENOENT is 0. */
int dir_remove_all(int dir_fd, const char *path);

/* Joins with exactly one '/'. Owned; NULL when memory is out. */
char *path_join(const char *a, const char *b);
/* The path from the root on, for processes that work elsewhere. Nothing of it need exist. Owned; NULL when memory is out or
 * there is no current folder. */
char *path_absolute(const char *path);

/* For the begin of a program: of the descriptors 0, 1 and 2 those that are closed are opened, so that they can be used as
 * little as before. Else the first files and sockets would get these numbers, and what is meant for people would be
 * written into them. 0 or -errno. */
int fd_open_standard(void) _must_check_;

/* Writes all bytes, restarting after EINTR and short writes. */
int fd_write_all(int fd, const void *data, size_t len);
