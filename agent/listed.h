/* SPDX-License-Identifier: Apache-2.0 */
/* Membership of a list that is entered at its end, again and again: to enter twice is to be in it once. Whoever is meant
 * is found by CONTAINER_OF, so that what keeps a list need not know what stands in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <utlist.h>

struct listed {
        struct listed *prev, *next;
        bool is_in;
};

static inline void listed_enter(struct listed **list, struct listed *l) {
        if (l->is_in)
                return;
        l->is_in = true;
        DL_APPEND(*list, l);
}

static inline void listed_leave(struct listed **list, struct listed *l) {
        if (!l->is_in)
                return;
        l->is_in = false;
        DL_DELETE(*list, l);
}
