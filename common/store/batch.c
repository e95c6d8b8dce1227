/* SPDX-License-Identifier: Apache-2.0 */
/* Items are structs in the arena that are linked in order. Texts are copied beside them. An item is linked last, when all
 * of it is there, so that running out of memory leaves the batch as it was (the arena forgets the rest at its reset). */
#include "common/store/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/text.h"

void batch_reset(struct batch *b) {
        for (struct end_item *e = b->ends; e; e = e->next_end)
                free(e->running);
        arena_reset(&b->arena);
        b->first = NULL;
        b->tail = NULL;
        b->ends = b->last_end = NULL;
        b->has_pause = false;
}

void batch_done(struct batch *b) {
        batch_reset(b);
        arena_done(&b->arena);
        buf_done(&b->scratch);
}

/* --- building items -------------------------------------------------------------------------------------------------- */

/* Copies into *ret and adds to *error, so that a row of copies is checked once. */
static struct text copy_n(struct batch *b, const char *s, size_t len, int *error) {
        struct text t = { 0 };

        if (!s)
                return t;
        t.data = arena_copy(&b->arena, s, len);
        if (!t.data)
                *error = -ENOMEM;
        else
                t.len = len;
        return t;
}

static struct text copy(struct batch *b, const char *s, int *error) {
        return copy_n(b, s, s ? strlen(s) : 0, error);
}

static struct name *intern(struct names *names, const char *text, int *error) {
        struct name *n;

        if (!text)
                return NULL;
        n = names_get(names, text);
        if (!n)
                *error = -ENOMEM;
        return n;
}

static void *new_item(struct batch *b, size_t size, enum item_kind kind, uint64_t execution) {
        struct item *item = arena_alloc(&b->arena, size);

        if (!item)
                return NULL;
        memset(item, 0, size);
        item->kind = kind;
        item->execution = execution;
        return item;
}

static void link_item(struct batch *b, struct item *item) {
        if (b->tail)
                *b->tail = item;
        else
                b->first = item;
        b->tail = &item->next;
}

/* --- starts ---------------------------------------------------------------------------------------------------------- */

/* The messages as they are kept. */
static int write_messages(struct buf *json, const struct store_execution *e) {
        for (size_t i = 0; i < e->message_count; i++) {
                const struct store_message *m = &e->messages[i];

                buf_append_str(json, i == 0 ? "[[" : ",[");
                json_write_string(json, m->message_id, strlen(m->message_id));
                buf_append_char(json, ',');
                if (m->group_id)
                        json_write_string(json, m->group_id, strlen(m->group_id));
                else
                        buf_append_str(json, "null");
                buf_appendf(json, ",%u]", m->receive_count);
        }
        return e->message_count > 0 ? buf_append_char(json, ']') : 0;
}

static struct running *start_running(struct batch *b, struct running_set *set, const struct store_execution *e) {
        struct running *r = NULL;

        buf_reset(&b->scratch);
        if (write_messages(&b->scratch, e) == 0)
                r = running_add(set, e->id, b->scratch.data, b->scratch.len);
        return r;
}

int batch_add_start(struct batch *b, struct names *names, struct running_set *set, const struct store_execution *e) {
        struct start_item *s = new_item(b, sizeof(*s), ITEM_START, e->id);
        struct name *flow, *trigger, *queue;
        struct running *running;
        int r = s ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        flow = intern(names, e->flow, &r);
        trigger = intern(names, e->trigger, &r);
        queue = intern(names, e->queue_url, &r);
        s->input = copy(b, e->input, &r);
        running = r == 0 ? start_running(b, set, e) : NULL;
        if (!running)
                return -ENOMEM;
        running->flow = flow;
        running->trigger = trigger;
        running->queue = queue;
        running->flow_revision = e->flow_revision;
        running->start_usec = e->start_usec;
        s->running = running;
        link_item(b, &s->item);
        return 0;
}

/* --- the others ------------------------------------------------------------------------------------------------------ */

int batch_add_task_run(struct batch *b, struct names *names, struct running *running, const struct store_task_run *t) {
        struct task_run_item *item = new_item(b, sizeof(*item), ITEM_TASK_RUN, t->execution_id);
        int r = item ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        item->running = running;
        item->index = t->index;
        item->cpu_usec = t->cpu_usec;
        item->memory_bytes = t->memory_bytes;
        item->parent = t->parent;
        item->attempts = t->attempts;
        item->state = t->state;
        item->task_id = intern(names, t->task_id, &r);
        item->task_type = intern(names, t->task_type, &r);
        item->value = copy(b, t->value, &r);
        item->outputs = copy(b, t->outputs, &r);
        item->error = copy(b, t->error, &r);
        item->start_usec = t->start_usec;
        item->end_usec = t->end_usec;
        if (r < 0)
                return r;
        link_item(b, &item->item);
        return 0;
}

int batch_add_log(struct batch *b, struct running *running, const struct store_log *l, uint64_t seq) {
        struct log_item *item = new_item(b, sizeof(*item), ITEM_LOG, l->execution_id);
        int r = item ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        item->running = running;
        item->seq = seq;
        item->usec = l->time_usec;
        item->task_run = l->task_run;
        item->level = l->level;
        item->text = copy_n(b, l->text, l->text_len, &r);
        if (r < 0)
                return r;
        link_item(b, &item->item);
        return 0;
}

static const struct settled *copy_settled(struct batch *b, const struct store_end *e, int *error) {
        struct settled *settled = arena_alloc(&b->arena, e->settled_count * sizeof(*settled));

        if (!settled) {
                *error = -ENOMEM;
                return NULL;
        }
        for (size_t i = 0; i < e->settled_count; i++)
                settled[i] = (struct settled){
                        .message_id = copy(b, e->settled_ids[i], error),
                        .sent_usec = e->settled_sent_usec ? e->settled_sent_usec[i] : 0,
                };
        return settled;
}

static void link_end(struct batch *b, struct end_item *end) {
        if (b->last_end)
                b->last_end->next_end = end;
        else
                b->ends = end;
        b->last_end = end;
}

int batch_add_end(struct batch *b, struct names *names, struct running_set *set, const struct store_end *e,
                  store_done_t done, void *userdata) {
        struct end_item *end = new_item(b, sizeof(*end), ITEM_END, e->execution_id);
        int r = end ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        end->state = e->state;
        end->usec = e->end_usec;
        end->cpu_usec = e->cpu_usec;
        end->memory_bytes = e->memory_bytes;
        end->outputs = copy(b, e->outputs, &r);
        end->error = copy(b, e->error, &r);
        end->queue = intern(names, e->queue_url, &r);
        end->settled = copy_settled(b, e, &r);
        end->settled_count = e->settled_count;
        end->done = done;
        end->userdata = userdata;
        if (r < 0)
                return r;
        end->running = running_find(set, e->execution_id);
        if (end->running) {
                end->running->end = end;
                running_take(set, end->running);
        }
        link_end(b, end);
        link_item(b, &end->item);
        return 0;
}

int batch_add_pause(struct batch *b, const char *trigger, const struct store_pause *pause) {
        struct pause_item *item = new_item(b, sizeof(*item), ITEM_PAUSE, 0);
        int r = item ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        item->trigger = copy(b, trigger, &r);
        item->pause = *pause;
        if (r < 0)
                return r;
        b->has_pause = true;
        link_item(b, &item->item);
        return 0;
}

bool batch_settles(const struct batch *b, const char *queue_url, const char *message_id) {
        size_t len = strlen(message_id);

        for (const struct end_item *e = b->ends; e; e = e->next_end) {
                if (!e->queue || !text_eq(e->queue->text, queue_url))
                        continue;
                for (size_t i = 0; i < e->settled_count; i++)
                        if (e->settled[i].message_id.len == len &&
                            memcmp(e->settled[i].message_id.data, message_id, len) == 0)
                                return true;
        }
        return false;
}
