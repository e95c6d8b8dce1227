/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array: ids grow with time, so that a new one belongs at the end and a search takes a few steps. */
#include "common/store/running.h"

#include <stdlib.h>
#include <string.h>

void running_set_done(struct running_set *set) {
        for (size_t i = 0; i < set->count; i++)
                free(set->items[i]);
        free(set->items);
        *set = (struct running_set){ 0 };
}

/* Where `id` is or belongs. */
static size_t position(const struct running_set *set, uint64_t id) {
        size_t low = 0, high = set->count;

        if (high > 0 && set->items[high - 1]->id < id)
                return high;
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (set->items[middle]->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static int reserve(struct running_set *set) {
        size_t capacity = set->capacity ? set->capacity * 2 : 64;
        void *items;

        if (set->count < set->capacity)
                return 0;
        items = reallocarray(set->items, capacity, sizeof(void *));
        if (!items)
                return -1;
        set->items = items;
        set->capacity = capacity;
        return 0;
}

struct running *running_add(struct running_set *set, uint64_t id, const char *messages, size_t messages_len) {
        struct running *r;
        size_t at;

        if (reserve(set) < 0)
                return NULL;
        r = malloc(sizeof(*r) + messages_len + 1);
        if (!r)
                return NULL;
        *r = (struct running){ .id = id, .messages_len = messages_len };
        if (messages_len > 0)
                memcpy(r->messages, messages, messages_len);
        r->messages[messages_len] = '\0';
        at = position(set, id);
        memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof(void *));
        set->items[at] = r;
        set->count++;
        return r;
}

struct running *running_find(const struct running_set *set, uint64_t id) {
        size_t at = position(set, id);

        return at < set->count && set->items[at]->id == id ? set->items[at] : NULL;
}

void running_take(struct running_set *set, const struct running *r) {
        size_t at = position(set, r->id);

        set->count--;
        memmove(set->items + at, set->items + at + 1, (set->count - at) * sizeof(void *));
}
