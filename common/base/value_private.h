/* SPDX-License-Identifier: Apache-2.0 */
/* What value.c, value_map.c and value_number.c share; nobody else includes it. */
#pragma once

#include "common/base/value.h"

struct entry {
        char *key;
        struct value *value;
};

/* A scalar is one allocation: its text stands right behind the struct, unless it was taken over from somebody else. */
struct value {
        uint32_t refs;
        uint8_t type;
        bool boolean;
        size_t count; /* list, map: how many; string, number: bytes of text */
        union {
                char *text;
                struct value **items;
                struct entry *entries;
        };
};

/* Lists and maps. */
struct container {
        struct value value;
        size_t cap;
        uint32_t *index; /* map: see value_map.c; NULL while it is small */
};

#define VALUE_IMMORTAL UINT32_MAX

static inline struct container *container_of_value(const struct value *v) {
        return (struct container *)(uintptr_t)v;
}

/* A string or number of `len` bytes of s; NULL: out of memory. */
struct value *value_new_text(enum value_type type, const char *s, size_t len);

/* Frees the entries and the index. */
void value_map_done(struct container *map);

/* True when the two JSON numbers denote the same value: "1", "1.0" and "10e-1" do. */
bool value_number_equal(const char *a, const char *b);
