/* SPDX-License-Identifier: Apache-2.0 */
/* Files below a folder that somebody else's program can write to: no path leads out of it. Components are opened one by
 * one from the folder's descriptor, and none may be a symbolic link, so that a link swapped in meanwhile leads nowhere.
 *
 * A path here is relative; its components are neither empty nor "." nor "..": -EINVAL for all others. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cleanup.h"

/* Pure. */
bool beneath_is_path(const char *path);

/* Opens what exists. A descriptor (O_CLOEXEC), or -errno: -ELOOP, -ENOTDIR when a component is a symbolic link. */
int beneath_open(int dir_fd, const char *path, int flags) _must_check_;
/* The same, but only a regular file, for reading: -EINVAL when it is something else. Never waits on a pipe. */
int beneath_open_file(int dir_fd, const char *path) _must_check_;
/* Makes a new file and the folders that lead to it (0700). What stood there, but for a folder, is removed first, not
 * written through. A descriptor for writing, or -errno. */
int beneath_create(int dir_fd, const char *path, mode_t mode) _must_check_;

/* Copies from `from` to `to`, from where they stand to the end, at most `max` bytes (-EFBIG beyond, with what fitted
 * written). Shares the blocks where the file system can. The bytes are counted in *ret_len (may be NULL). */
int fd_copy(int from, int to, uint64_t max, uint64_t *ret_len) _must_check_;
