/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/iteration.h"

struct iteration *iteration_new(struct iteration *outer, char *value, char *key, size_t index, bool is_loop) {
        struct iteration *i = value ? calloc(1, sizeof(*i)) : NULL;

        if (!i) {
                free(value);
                free(key);
                return NULL;
        }
        *i = (struct iteration){
                .outer = iteration_ref(outer),
                .value = value,
                .key = key,
                .index = index,
                .is_loop = is_loop,
                .refs = 1,
        };
        return i;
}

struct iteration *iteration_ref(struct iteration *i) {
        if (i)
                i->refs++;
        return i;
}

struct iteration *iteration_unref(struct iteration *i) {
        while (i && --i->refs == 0) {
                struct iteration *outer = i->outer;

                free(i->value);
                free(i->key);
                free(i);
                i = outer;
        }
        return NULL;
}

const struct iteration *iteration_loop(const struct iteration *i) {
        while (i && !i->is_loop)
                i = i->outer;
        return i;
}

bool iteration_is_within(const struct iteration *i, const struct iteration *outer) {
        while (i && i != outer)
                i = i->outer;
        return i == outer;
}
