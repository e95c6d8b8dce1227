/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be written with the next transaction: a list of items in the order they came, copied into one arena. Pure
 * memory; write.c carries it into the database. Ends own the memory of the executions that they end. */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/store/arena.h"
#include "common/store/names.h"
#include "common/store/running.h"
#include "common/store/store.h"
#include "common/store/store_pause.h"

struct text {
        const char *data; /* NULL: nothing */
        size_t len;
};

enum item_kind { ITEM_START, ITEM_TASK_RUN, ITEM_LOG, ITEM_END, ITEM_PAUSE };

struct item {
        struct item *next;
        enum item_kind kind;
        uint64_t execution;
};

struct settled {
        struct text message_id;
        uint64_t sent_usec;
};

struct end_item {
        struct item item;
        struct running *running; /* owned; NULL: not started here */
        enum run_state state;
        uint64_t usec, cpu_usec, memory_bytes;
        struct text outputs, error;
        struct name *queue;
        const struct settled *settled;
        size_t settled_count;
        store_done_t done;
        void *userdata;
        struct end_item *next_end;
};

struct start_item {
        struct item item;
        struct running *running; /* of the set, later of the end */
        struct text input;
};

struct task_run_item {
        struct item item;
        struct running *running; /* NULL: not known, or of no interest */
        uint32_t index, parent, attempts;
        enum run_state state;
        struct name *task_id, *task_type;
        struct text value, outputs, error;
        uint64_t start_usec, end_usec, cpu_usec, memory_bytes;
};

struct log_item {
        struct item item;
        struct running *running; /* as above */
        uint64_t seq, usec;
        uint32_t task_run;
        int level;
        struct text text;
};

struct pause_item {
        struct item item;
        struct text trigger;
        struct store_pause pause;
};

struct batch {
        struct arena arena;
        struct item *first, **tail;   /* tail NULL: empty */
        struct end_item *ends, *last_end;
        struct buf scratch;
        bool has_pause;               /* among its items */
};

void batch_reset(struct batch *b); /* empties it; keeps memory for the next one */
void batch_done(struct batch *b);

static inline bool batch_is_empty(const struct batch *b) {
        return !b->first;
}

/* Each adds a copy: 0 or -ENOMEM (nothing was added). A start puts its execution into the set, an end takes it out. */
int batch_add_start(struct batch *b, struct names *names, struct running_set *set, const struct store_execution *e);
int batch_add_task_run(struct batch *b, struct names *names, struct running *running, const struct store_task_run *t);
int batch_add_log(struct batch *b, struct running *running, const struct store_log *l, uint64_t seq);
int batch_add_end(struct batch *b, struct names *names, struct running_set *set, const struct store_end *e,
                  store_done_t done, void *userdata);
int batch_add_pause(struct batch *b, const char *trigger, const struct store_pause *pause);

/* Whether an end in this batch settles the message. */
bool batch_settles(const struct batch *b, const char *queue_url, const char *message_id);
