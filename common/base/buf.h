/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer with a maximum: the only way to build text or bytes of unknown length.
 *
 * The bytes are always followed by a NUL that does not count, so `buf.data` may be used as a C string when it holds
 * text; it is never NULL after the first successful append. An append either happens whole or not at all. The first
 * failure sticks: later appends return it too, so a writer may check once, at the end, with buf_error(). */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "common/base/cleanup.h"

struct buf {
        char *data;
        size_t len;
        size_t cap;
        size_t max;  /* bytes; 0 means BUF_MAX_DEFAULT */
        int error;   /* 0, -ENOMEM or -E2BIG: the first failure */
};

#define BUF_MAX_DEFAULT 67108864 /* bytes: 64 MiB */
#define BUF_INIT(max_bytes) ((struct buf){ .max = (max_bytes) })

/* Frees the bytes and leaves an empty buffer with the same maximum. */
void buf_done(struct buf *b);

/* Sets the length to 0 and clears the sticky error; keeps the allocation. */
void buf_reset(struct buf *b);

/* Appends; 0, -ENOMEM, or -E2BIG when the maximum would be passed. */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_append_str(struct buf *b, const char *s);
int buf_append_char(struct buf *b, char c);
int buf_appendf(struct buf *b, const char *fmt, ...) _printf_(2, 3);
int buf_appendv(struct buf *b, const char *fmt, va_list ap) _printf_(2, 0);

/* Makes room for `len` more bytes and returns where to write them (borrowed), NULL on failure. buf_commit() then
 * counts what was written. */
void *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);

/* Removes the first `len` bytes (the rest moves to the front). */
void buf_consume(struct buf *b, size_t len);

static inline int buf_error(const struct buf *b) {
        return b->error;
}

/* Hands the bytes (NUL-terminated, owned by the caller) over and empties the buffer. NULL when an append failed or
 * memory is out. `ret_len` may be NULL. */
char *buf_take(struct buf *b, size_t *ret_len);
