/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is handed out piece by piece and taken back all at once: the home of one batch of pending writes. What it
 * gave never moves, so its pieces may point at each other. */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
        struct arena_block *blocks; /* the one in use first */
        size_t used_bytes;          /* handed out since the last reset */
};

#define ARENA_INIT ((struct arena){ 0 })

/* Takes everything back; keeps one block, so that a steady load allocates nothing. */
void arena_reset(struct arena *a);
void arena_done(struct arena *a);

/* Uninitialised memory, aligned for any type. NULL when memory is out. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of the bytes with a NUL behind them. NULL when memory is out. */
char *arena_copy(struct arena *a, const void *data, size_t len);
