/* SPDX-License-Identifier: Apache-2.0 */
/* A list of blocks; allocation moves a mark within the first. A piece larger than a block gets a block of its own
 * size. */
#include "common/store/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct arena_block {
        struct arena_block *next;
        size_t size, used;
        max_align_t data[];
};

static struct arena_block *free_block(struct arena_block *b) {
        struct arena_block *next = b->next;

        free(b);
        return next;
}

void arena_done(struct arena *a) {
        while (a->blocks)
                a->blocks = free_block(a->blocks);
        a->used_bytes = 0;
}

void arena_reset(struct arena *a) {
        struct arena_block *keep = NULL;

        while (a->blocks) {
                struct arena_block *b = a->blocks;

                if (!keep && b->size == BLOCK_BYTES) {
                        keep = b;
                        a->blocks = b->next;
                } else {
                        a->blocks = free_block(b);
                }
        }
        if (keep) {
                keep->next = NULL;
                keep->used = 0;
        }
        a->blocks = keep;
        a->used_bytes = 0;
}

static int add_block(struct arena *a, size_t size) {
        struct arena_block *b = malloc(sizeof(*b) + size);

        if (!b)
                return -1;
        *b = (struct arena_block){ .next = a->blocks, .size = size };
        a->blocks = b;
        return 0;
}

void *arena_alloc(struct arena *a, size_t size) {
        const size_t align = _Alignof(max_align_t);
        void *p;

        if (size > SIZE_MAX / 2)
                return NULL;
        size = (size + align - 1) / align * align;
        if (!a->blocks || a->blocks->size - a->blocks->used < size)
                if (add_block(a, size > BLOCK_BYTES ? size : BLOCK_BYTES) < 0)
                        return NULL;
        p = (char *)a->blocks->data + a->blocks->used;
        a->blocks->used += size;
        a->used_bytes += size;
        return p;
}

char *arena_copy(struct arena *a, const void *data, size_t len) {
        char *p = arena_alloc(a, len + 1);

        if (!p)
                return NULL;
        if (len > 0)
                memcpy(p, data, len);
        p[len] = '\0';
        return p;
}
