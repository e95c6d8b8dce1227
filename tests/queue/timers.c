/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of pointers whose elements know their own place, so that moving and removing one is O(log n). */
#include "tests/queue/timers.h"

#include <errno.h>
#include <stdlib.h>

void timers_done(struct timers *t) {
        free(t->heap);
        *t = TIMERS_INIT;
}

int timer_init(struct timers *all, struct timer *t, timer_on_fire *on_fire) {
        if (all->reserved == all->capacity) {
                size_t capacity = all->capacity ? all->capacity * 2 : 64;
                struct timer **heap = reallocarray(all->heap, capacity, sizeof(*heap));
                if (!heap)
                        return -ENOMEM;
                all->heap = heap;
                all->capacity = capacity;
        }
        all->reserved++;
        *t = (struct timer){ .on_fire = on_fire };
        return 0;
}

void timer_done(struct timers *all, struct timer *t) {
        if (!t->on_fire)
                return;
        timer_unset(all, t);
        t->on_fire = NULL;
        all->reserved--;
}

static void place(struct timers *all, size_t slot, struct timer *t) {
        all->heap[slot - 1] = t;
        t->slot = slot;
}

static void sift_up(struct timers *all, struct timer *t) {
        size_t slot = t->slot;

        while (slot > 1 && all->heap[slot / 2 - 1]->at_usec > t->at_usec) {
                place(all, slot, all->heap[slot / 2 - 1]);
                slot /= 2;
        }
        place(all, slot, t);
}

static void sift_down(struct timers *all, struct timer *t) {
        size_t slot = t->slot;

        for (;;) {
                size_t child = slot * 2;
                if (child > all->count)
                        break;
                if (child < all->count && all->heap[child]->at_usec < all->heap[child - 1]->at_usec)
                        child++;
                if (all->heap[child - 1]->at_usec >= t->at_usec)
                        break;
                place(all, slot, all->heap[child - 1]);
                slot = child;
        }
        place(all, slot, t);
}

void timer_set(struct timers *all, struct timer *t, uint64_t at_usec) {
        if (t->slot == 0)
                place(all, ++all->count, t);
        t->at_usec = at_usec;
        sift_up(all, t);
        sift_down(all, t);
}

void timer_unset(struct timers *all, struct timer *t) {
        size_t slot = t->slot;
        if (slot == 0)
                return;

        struct timer *last = all->heap[--all->count];
        t->slot = 0;
        if (last == t)
                return;
        place(all, slot, last);
        sift_up(all, last);
        sift_down(all, last);
}

uint64_t timers_next(const struct timers *all) {
        return all->count > 0 ? all->heap[0]->at_usec : UINT64_MAX;
}

size_t timers_run(struct timers *all, uint64_t now_usec) {
        size_t fired = 0;

        while (timers_next(all) <= now_usec && all->count > 0) {
                struct timer *t = all->heap[0];
                timer_unset(all, t);
                t->on_fire(t, now_usec);
                fired++;
        }
        return fired;
}
