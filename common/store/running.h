/* SPDX-License-Identifier: Apache-2.0 */
/* The executions that run now, in memory: what their record will need at their end, so that the database is written once
 * and not read. Some hundred at most: as many as the agent has slots. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name;
struct end_item;

struct running {
        uint64_t id;
        struct name *flow, *trigger, *queue;
        uint64_t flow_revision, start_usec;
        bool written;                 /* its row may be in `running` */
        bool has_input, has_records;  /* … and in `input`; in `task_run` or `log` */
        const struct end_item *end;   /* it has ended, in the batch that is not written yet; else NULL */
        size_t messages_len;
        char messages[];              /* JSON; empty: none */
};

struct running_set {
        struct running **items; /* sorted by id */
        size_t count, capacity;
};

void running_set_done(struct running_set *set); /* frees the items, too */
/* Makes one and puts it in; the set owns it. NULL when memory is out. */
struct running *running_add(struct running_set *set, uint64_t id, const char *messages, size_t messages_len);
struct running *running_find(const struct running_set *set, uint64_t id); /* borrowed; NULL when it is not there */
/* Takes it out: the caller frees it with free(). */
void running_take(struct running_set *set, const struct running *r);
