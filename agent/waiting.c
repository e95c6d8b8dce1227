/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/waiting.h"

#include <utlist.h>

#include "common/base/cleanup.h"

void waiting_add(struct waiting *w, struct waiting_item *item, const char *group_id) {
        if (w->is_fifo)
                (void)fifo_add(&w->fifo, &item->fifo, group_id);
        else
                DL_APPEND(w->items, item);
}

void waiting_remove(struct waiting *w, struct waiting_item *item) {
        if (item->in_window) {
                DL_DELETE(w->window_items, item);
                item->in_window = false;
                batch_remove(&w->window, item->bytes);
        } else if (!w->is_fifo)
                DL_DELETE(w->items, item);
}

struct waiting_item *waiting_next(const struct waiting *w) {
        struct fifo_item *item;

        if (!w->is_fifo)
                return w->items;
        item = fifo_peek(&w->fifo);
        return item ? CONTAINER_OF(item, struct waiting_item, fifo) : NULL;
}

uint64_t waiting_ticket(const struct waiting *w) {
        const struct waiting_item *item = w->window_items ? w->window_items : waiting_next(w);

        return item ? item->ticket : UINT64_MAX;
}

static void collect(struct waiting *w, struct waiting_item *item, uint64_t now_usec) {
        if (w->is_fifo) {
                w->fifo.collector = &w->window;
                fifo_take(&w->fifo, &item->fifo, &w->window);
        } else
                DL_DELETE(w->items, item);
        DL_APPEND(w->window_items, item);
        item->in_window = true;
        batch_add(&w->window, item->bytes, now_usec);
}

void waiting_fill_window(struct waiting *w, unsigned max_records, uint64_t now_usec) {
        struct waiting_item *item;

        while (batch_room(&w->window, max_records) > 0 && (item = waiting_next(w)) &&
               batch_takes(&w->window, item->bytes))
                collect(w, item, now_usec);
}
