/* SPDX-License-Identifier: Apache-2.0 */
/* The allocation doubles, so that appending n bytes costs O(n), and never passes the maximum. One byte more than the
 * capacity is always allocated, for the NUL. */
#include "common/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 64

static int fail(struct buf *b, int error) {
        if (b->error == 0)
                b->error = error;
        return b->error;
}

static int make_room(struct buf *b, size_t len) {
        size_t max = b->max > 0 ? b->max : BUF_MAX_DEFAULT;
        size_t cap = b->cap > 0 ? b->cap : MIN(max, (size_t)FIRST_CAPACITY);
        char *data;

        if (b->error < 0)
                return b->error;
        if (b->len > max || len > max - b->len)
                return fail(b, -E2BIG);
        if (b->data && len <= b->cap - b->len)
                return 0;

        while (cap - b->len < len)
                cap = cap > max / 2 ? max : cap * 2;
        data = realloc(b->data, cap + 1);
        if (!data)
                return fail(b, -ENOMEM);
        data[b->len] = '\0';
        b->data = data;
        b->cap = cap;
        return 0;
}

void buf_done(struct buf *b) {
        free(b->data);
        *b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b) {
        b->len = 0;
        b->error = 0;
        if (b->data)
                b->data[0] = '\0';
}

int buf_append(struct buf *b, const void *data, size_t len) {
        int r = make_room(b, len);

        if (r < 0)
                return r;
        if (len > 0)
                memcpy(b->data + b->len, data, len);
        buf_commit(b, len);
        return 0;
}

int buf_append_str(struct buf *b, const char *s) {
        return buf_append(b, s, strlen(s));
}

int buf_append_char(struct buf *b, char c) {
        return buf_append(b, &c, 1);
}

int buf_appendf(struct buf *b, const char *fmt, ...) {
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = buf_appendv(b, fmt, ap);
        va_end(ap);
        return r;
}

/* First tries the room that is there, then makes what the first try asked for. */
int buf_appendv(struct buf *b, const char *fmt, va_list ap) {
        size_t room;
        va_list again;
        int r, n;

        r = make_room(b, 0);
        if (r < 0)
                return r;
        room = b->cap - b->len + 1;
        va_copy(again, ap);
        /* The analyzer does not see that a va_list which is a parameter has been started. */
        n = vsnprintf(b->data + b->len, room, fmt, again); /* NOLINT(clang-analyzer-valist.Uninitialized) */
        va_end(again);
        b->data[b->len + (n < 0 || (size_t)n >= room ? 0 : (size_t)n)] = '\0';
        if (n < 0)
                return fail(b, -ENOMEM);
        if ((size_t)n >= room) {
                r = make_room(b, (size_t)n);
                if (r < 0)
                        return r;
                (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
        }
        buf_commit(b, (size_t)n);
        return 0;
}

void *buf_reserve(struct buf *b, size_t len) {
        return make_room(b, len) < 0 ? NULL : b->data + b->len;
}

void buf_commit(struct buf *b, size_t len) {
        b->len += len;
        b->data[b->len] = '\0';
}

void buf_consume(struct buf *b, size_t len) {
        len = MIN(len, b->len);
        if (len == 0)
                return;
        memmove(b->data, b->data + len, b->len - len + 1);
        b->len -= len;
}

char *buf_take(struct buf *b, size_t *ret_len) {
        if (make_room(b, 0) < 0)
                return NULL;
        if (ret_len)
                *ret_len = b->len;
        b->len = b->cap = 0;
        return TAKE_PTR(b->data);
}
