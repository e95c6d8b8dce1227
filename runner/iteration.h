/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a ForEach or Loop, as the task runs that work on it see it. Shared by reference: the runs outlive the
 * flowable. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"

struct iteration {
        struct iteration *outer; /* the one that the flowable stands in; NULL: none */
        char *value;             /* the text of it; JSON when it is no text */
        char *key;               /* of a Loop over a map; NULL: none */
        size_t index;            /* from 0 */
        bool is_loop;            /* a Loop's: what its tasks put out is seen only by tasks of the same iteration */
        unsigned refs;
};

/* Takes `value` and `key` over, also on failure. NULL: out of memory. */
struct iteration *iteration_new(struct iteration *outer, char *value, char *key, size_t index, bool is_loop);
struct iteration *iteration_ref(struct iteration *i);   /* NULL is NULL */
struct iteration *iteration_unref(struct iteration *i); /* returns NULL */

/* The nearest Loop's, from `i` outwards; NULL when there is none. */
const struct iteration *iteration_loop(const struct iteration *i);
/* True when `outer` is `i` or one that it stands in. */
bool iteration_is_within(const struct iteration *i, const struct iteration *outer);
