/* SPDX-License-Identifier: Apache-2.0 */
/* The flows that tasks call. Each is asked of the driver by name whenever a task calls it, so that the newest is run; what
 * was loaded is kept by revision. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runner/flow_cache.h"
#include "runner/outbox.h"

#define LIBRARY_FLOWS_MAX 64u /* loaded ones that nobody uses any more */

/* Shared by reference. */
struct called_flow {
        struct cached_flow cached;
        struct flow_load_options options;
        unsigned refs;
        struct called_flow *prev, *next;
};

struct wish {
        char *name;          /* "namespace.id"; NULL: nothing is wished for */
        unsigned from_message; /* enum flow_handed: comes from a message, and the flow must take it safely (P11) */
        /* The answer, once: a flow (borrowed: to be referenced), or NULL and why there is none. The wish is over. */
        void (*on_answer)(struct wish *w, struct called_flow *flow, const char *problem);
        struct wish *prev, *next;
};

struct flow_library {
        struct outbox *outbox;
        struct wish *wishes;
        struct called_flow *flows; /* the newest first */
        size_t count;
};

/* 0: on_answer follows; -ENOMEM. `name` is copied. */
int flow_library_ask(struct flow_library *l, struct wish *w, const char *name) _must_check_;
/* The answer is not wanted any more. Nothing happens to a wish that is over. */
void flow_library_withdraw(struct flow_library *l, struct wish *w);
/* The driver's answer. 0 or -ENOMEM. */
int flow_library_take(struct flow_library *l, const struct frame_flow *found) _must_check_;
void flow_library_done(struct flow_library *l);

struct called_flow *called_flow_ref(struct called_flow *f);
struct called_flow *called_flow_unref(struct called_flow *f); /* returns NULL */
