/* SPDX-License-Identifier: Apache-2.0 */
/* Maps are arrays of entries in the order of insertion. Up to LINEAR_MAX entries they are searched one by one, which
 * is what nearly all maps of a message are; beyond that an open-addressed table of entry numbers (from 1; 0 is free)
 * stands beside them, at most half full.
 *
 * Keys come from strangers' messages, so the hash must not be predictable: it is the polynomial hash over the prime
 * 2^61 - 1 with a random point, where two different keys collide with a probability of length / 2^61. */
#include "common/base/value_private.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/base/digest.h"

#define LINEAR_MAX 16
#define FIRST_CAPACITY 8
#define COUNT_MAX (UINT32_MAX / 4)
#define NOT_FOUND SIZE_MAX
#define PRIME ((UINT64_C(1) << 61) - 1)
#define BYTES_PER_STEP 7 /* 56 bits stay below the prime */

static uint64_t multiply(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128)a * b;
        uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

        return sum >= PRIME ? sum - PRIME : sum;
}

static uint64_t hash_point(void) {
        static uint64_t point;

        if (point > 0)
                return point;
        /* Where there is no randomness, an address of this process is the best there is. */
        if (random_bytes(&point, sizeof(point)) < 0)
                point = (uint64_t)(uintptr_t)&point;
        point = point % PRIME | 2;
        return point;
}

static size_t hash(const char *key) {
        uint64_t point = hash_point(), h = 1;

        for (size_t left = strlen(key); left > 0;) {
                size_t n = MIN(left, (size_t)BYTES_PER_STEP);
                uint64_t word = 0;

                memcpy(&word, key, n);
                h = multiply(h, point) + word;
                key += n;
                left -= n;
        }
        h = multiply(h % PRIME, point);
        return (size_t)(h ^ h >> 29);
}

/* Capacities are powers of two, and so are these. */
static size_t slot_count(size_t cap) {
        return cap * 2;
}

static size_t slot_of(const struct container *map, const char *key) {
        size_t mask = slot_count(map->cap) - 1, slot = hash(key) & mask;

        for (; map->index[slot] != 0; slot = (slot + 1) & mask)
                if (strcmp(map->value.entries[map->index[slot] - 1].key, key) == 0)
                        break;
        return slot;
}

static size_t find(const struct container *map, const char *key) {
        const struct value *v = &map->value;

        if (map->index) {
                uint32_t number = map->index[slot_of(map, key)];

                return number > 0 ? number - 1 : NOT_FOUND;
        }
        for (size_t i = 0; i < v->count; i++)
                if (v->entries[i].key[0] == key[0] && strcmp(v->entries[i].key, key) == 0)
                        return i;
        return NOT_FOUND;
}

static void fill_index(struct container *map) {
        memset(map->index, 0, slot_count(map->cap) * sizeof(*map->index));
        for (size_t i = 0; i < map->value.count; i++)
                map->index[slot_of(map, map->value.entries[i].key)] = (uint32_t)(i + 1);
}

static int grow(struct container *map) {
        size_t cap = map->cap > 0 ? map->cap * 2 : FIRST_CAPACITY;
        uint32_t *index = NULL;
        struct entry *entries;

        if (cap > COUNT_MAX)
                return -ENOMEM;
        if (cap > LINEAR_MAX) {
                index = calloc(slot_count(cap), sizeof(*index));
                if (!index)
                        return -ENOMEM;
        }
        entries = reallocarray(map->value.entries, cap, sizeof(*entries));
        if (!entries) {
                free(index);
                return -ENOMEM;
        }
        free(map->index);
        map->index = index;
        map->value.entries = entries;
        map->cap = cap;
        if (index)
                fill_index(map);
        return 0;
}

/* Takes over key and v on success only. */
static int append(struct container *map, char *key, struct value *v) {
        if (map->value.count == map->cap) {
                int r = grow(map);

                if (r < 0)
                        return r;
        }
        if (map->index)
                map->index[slot_of(map, key)] = (uint32_t)(map->value.count + 1);
        map->value.entries[map->value.count++] = (struct entry){ key, v };
        return 0;
}

int value_map_add_take(struct value *map, char *key, struct value *v) {
        struct container *c = container_of_value(map);
        int r;

        assert(map->type == VALUE_MAP && map->refs == 1);
        if (!v || !key)
                r = -ENOMEM;
        else
                r = find(c, key) == NOT_FOUND ? append(c, key, v) : -EEXIST;
        if (r < 0) {
                free(key);
                value_unref(v);
        }
        return r;
}

int value_map_put(struct value *map, const char *key, struct value *v) {
        size_t i;

        assert(map->type == VALUE_MAP && map->refs == 1);
        i = v ? find(container_of_value(map), key) : NOT_FOUND;
        if (i == NOT_FOUND)
                return value_map_add_take(map, strdup(key), v);
        value_unref(map->entries[i].value);
        map->entries[i].value = v;
        return 0;
}

void value_map_remove(struct value *map, const char *key) {
        struct container *c = container_of_value(map);
        size_t i;

        assert(map->type == VALUE_MAP && map->refs == 1);
        i = find(c, key);
        if (i == NOT_FOUND)
                return;
        free(map->entries[i].key);
        value_unref(map->entries[i].value);
        map->count--;
        memmove(&map->entries[i], &map->entries[i + 1], (map->count - i) * sizeof(struct entry));
        if (c->index)
                fill_index(c);
}

struct value *value_map_get(const struct value *map, const char *key) {
        size_t i;

        if (!map)
                return NULL;
        assert(map->type == VALUE_MAP);
        i = find(container_of_value(map), key);
        return i == NOT_FOUND ? NULL : map->entries[i].value;
}

const char *value_map_key_at(const struct value *map, size_t i) {
        assert(map->type == VALUE_MAP && i < map->count);
        return map->entries[i].key;
}

struct value *value_map_at(const struct value *map, size_t i) {
        assert(map->type == VALUE_MAP && i < map->count);
        return map->entries[i].value;
}

const char *value_map_string(const struct value *map, const char *key) {
        const struct value *v = value_map_get(map, key);

        return v && v->type == VALUE_STRING ? v->text : NULL;
}

void value_map_done(struct container *map) {
        for (size_t i = 0; i < map->value.count; i++) {
                free(map->value.entries[i].key);
                value_unref(map->value.entries[i].value);
        }
        free(map->value.entries);
        free(map->index);
}
