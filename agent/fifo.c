/* SPDX-License-Identifier: Apache-2.0 */
/* A group lives while it has items. It stands in the ready list exactly when a message waits in it and either nobody
 * or the collector holds it; settle() restores that after every change, so no caller thinks about it. */
#include "agent/fifo.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "common/base/cleanup.h"
#include "common/base/hashmap.h"

struct fifo_group {
        UT_hash_handle hh;
        struct fifo_group *prev, *next;      /* of the ready list */
        bool is_ready;
        struct fifo_item *waiting;
        const void *holder;
        unsigned taken, releasing, items;
        const struct fifo_item *last_begun;  /* the release that began last */
        char id[];
};

static void settle(struct fifo *f, struct fifo_group *g) {
        bool ready = g->waiting && (!g->holder || g->holder == f->collector);

        if (ready && !g->is_ready)
                DL_APPEND(f->ready, g);
        if (!ready && g->is_ready)
                DL_DELETE(f->ready, g);
        g->is_ready = ready;
        if (g->items == 0) {
                HASH_DEL(f->by_id, g);
                free(g);
        }
}

static struct fifo_group *group_get(struct fifo *f, const char *id) {
        struct fifo_group *g;
        size_t len = strlen(id);

        HASH_FIND(hh, f->by_id, id, len, g);
        if (g)
                return g;
        g = calloc(1, sizeof *g + len + 1);
        if (!g)
                return NULL;
        memcpy(g->id, id, len);
        HASH_ADD_KEYPTR(hh, f->by_id, g->id, len, g);
        if (!hash_added(g)) {
                free(g);
                return NULL;
        }
        return g;
}

/* The item leaves its group when nothing ties it there any more. */
static void untie(struct fifo *f, struct fifo_item *item) {
        struct fifo_group *g = item->group;

        if (!item->waiting && !item->taken && !item->releasing) {
                item->group = NULL;
                g->items--;
        }
        settle(f, g);
}

int fifo_add(struct fifo *f, struct fifo_item *item, const char *group_id) {
        struct fifo_group *g = group_get(f, group_id);

        if (!g)
                return -ENOMEM;
        DL_APPEND(g->waiting, item);
        item->group = g;
        item->waiting = true;
        g->items++;
        settle(f, g);
        return 0;
}

struct fifo_item *fifo_peek(const struct fifo *f) {
        return f->ready ? f->ready->waiting : NULL;
}

static void unqueue(struct fifo_item *item) {
        DL_DELETE(item->group->waiting, item);
        item->waiting = false;
}

void fifo_take(struct fifo *f, struct fifo_item *item, const void *holder) {
        struct fifo_group *g = item->group;

        unqueue(item);
        item->taken = true;
        g->taken++;
        g->holder = holder;
        settle(f, g);
}

void fifo_hand_over(struct fifo *f, struct fifo_item *item, const void *holder) {
        item->group->holder = holder;
        settle(f, item->group);
}

void fifo_end(struct fifo *f, struct fifo_item *item) {
        struct fifo_group *g = item->group;

        item->taken = false;
        if (--g->taken == 0)
                g->holder = NULL;
        untie(f, item);
}

void fifo_remove(struct fifo *f, struct fifo_item *item) {
        unqueue(item);
        untie(f, item);
}

struct fifo_item *fifo_last_waiting(const struct fifo_item *item) {
        struct fifo_group *g = item->group;

        return g && g->waiting ? g->waiting->prev : NULL; /* utlist: the head's prev is the tail */
}

void fifo_release_begin(struct fifo *f, struct fifo_item *item) {
        struct fifo_group *g = item->group;

        item->releasing = true;
        g->releasing++;
        g->last_begun = item;
        if (item->waiting)
                fifo_remove(f, item);
}

bool fifo_release_may_go(const struct fifo_item *item) {
        return item->group->releasing == 1 || item->group->last_begun != item;
}

void fifo_release_end(struct fifo *f, struct fifo_item *item) {
        struct fifo_group *g = item->group;

        item->releasing = false;
        g->releasing--;
        untie(f, item);
}
