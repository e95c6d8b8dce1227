/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of `outputFiles`, as Kestra reads them: Java's globs over the whole relative path. '*' and '?' stay within a
 * component, '**' does not; [a-z] and [!a-z]; {a,b}; a backslash takes the next character as it is. Pure, but for
 * memory. */
#pragma once

#include <stdbool.h>

#include "common/base/cleanup.h"

#define GLOB_PATTERN_BYTES_MAX 4096

struct glob;

/* 0 with an owned pattern; -EINVAL for one that is malformed or too long; -ENOMEM. */
int glob_new(const char *pattern, struct glob **ret) _must_check_;
struct glob *glob_free(struct glob *g);
DEFINE_CLEANUP(struct glob *, glob_free)

/* Time grows with the product of both lengths, whatever the pattern. */
bool glob_matches(const struct glob *g, const char *path);
