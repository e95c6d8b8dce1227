/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/line_queue.h"

#include <errno.h>
#include <stdio.h>

struct queued_line {
        uint64_t usec;
        size_t order;
        char *text;
};

static int reserve(struct line_queue *q) {
        size_t capacity = q->capacity ? q->capacity * 2 : 64;
        struct queued_line *lines;

        if (q->count < q->capacity)
                return 0;
        lines = reallocarray(q->lines, capacity, sizeof(*lines));
        if (!lines)
                return -ENOMEM;
        q->lines = lines;
        q->capacity = capacity;
        return 0;
}

int line_queue_add(struct line_queue *q, uint64_t usec, struct buf *text) {
        struct queued_line line = { .usec = usec, .order = q->count };

        while (text->len > 0 && text->data[text->len - 1] == ' ')
                text->data[--text->len] = '\0';
        line.text = buf_take(text, NULL);
        if (!line.text || reserve(q) < 0) {
                free(line.text);
                return -ENOMEM;
        }
        q->lines[q->count++] = line;
        return 0;
}

static int compare(const void *a, const void *b) {
        const struct queued_line *x = a, *y = b;

        if (x->usec != y->usec)
                return x->usec < y->usec ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

void line_queue_print(struct line_queue *q) {
        if (q->count == 0)
                return;
        qsort(q->lines, q->count, sizeof(*q->lines), compare);
        for (size_t i = 0; i < q->count; i++) {
                (void)puts(q->lines[i].text);
                free(q->lines[i].text);
        }
        q->count = 0;
        (void)fflush(stdout);
}

void line_queue_done(struct line_queue *q) {
        for (size_t i = 0; i < q->count; i++)
                free(q->lines[i].text);
        free(q->lines);
        *q = (struct line_queue){ 0 };
}
