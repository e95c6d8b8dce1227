/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that come again and again (flows, triggers, queue URLs, task ids and types) are kept once, in the table `name`,
 * and everywhere else by their number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/hashmap.h"

struct name {
        int64_t id;   /* in the table; 0: not written yet */
        bool fresh;   /* written by the transaction that is open */
        UT_hash_handle hh;
        char text[];
};

struct names {
        struct name *by_text;
        unsigned fresh_count;
};

#define NAMES_INIT ((struct names){ 0 })
void names_done(struct names *n);

/* The one entry of a text; lives as long as `n`. NULL when memory is out. */
struct name *names_get(struct names *n, const char *text);
/* The open transaction wrote this name under this number. */
void names_written(struct names *n, struct name *name, int64_t id);
/* Of all, the numbers are forgotten: they were those of another database. */
void names_forget(struct names *n);
/* After the open transaction was made durable, or was not: then its numbers are forgotten. */
void names_settle(struct names *n, bool durable);
