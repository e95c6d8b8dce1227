/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes as people write them: "512MiB". */
#pragma once

#include <stdint.h>

#include "common/base/cleanup.h"

#define SIZE_TEXT_MAX 32

/* A whole number of bytes with an optional unit: B, KiB, MiB, GiB, TiB (powers of 1024), kB, MB, GB, TB (of 1000). A blank
 * may stand between. 0; -EINVAL: not of that form; -ERANGE: more than 63 bits. */
int size_parse(const char *text, uint64_t *ret_bytes) _must_check_;
/* "512 MiB", "1.5 GiB", "0 B". Returns `out`. */
char *size_format(uint64_t bytes, char out[SIZE_TEXT_MAX]);
