/* SPDX-License-Identifier: Apache-2.0 */
/* uthash, told to report that memory is out; by itself it would end the process. Everybody includes it from here, so
 * that every table is of this kind.
 *
 * An add that fails leaves the table as it was and the element to its owner: after each HASH_ADD… ask hash_added(). */
#pragma once

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Whether the element's last add did put it into its table; its handle must be called hh. */
#define hash_added(element) ((element)->hh.tbl != NULL)
