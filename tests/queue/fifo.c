/* SPDX-License-Identifier: Apache-2.0 */
/* A group keeps its messages in order, in flight or not, so that one that comes back is in its old place. The group is
 * ready when none of its messages is in flight and its first one is visible. */
#include "tests/queue/fifo.h"

#include <errno.h>
#include <utlist.h>

#include "common/base/text.h"

static void forget_sent(struct fifo *f, struct fifo_sent *s) {
        HASH_DEL(f->sent, s);
        free(s->key);
        free(s);
}

static void forget_attempt(struct fifo *f, struct fifo_attempt *a) {
        HASH_DEL(f->attempts, a);
        free(a->id);
        free(a);
}

/* Both hashes are in order of time. */
static void forget_older(struct fifo *f, uint64_t now_usec) {
        while (f->sent && f->sent->sent_usec + FIFO_WINDOW_USEC <= now_usec)
                forget_sent(f, f->sent);
        while (f->attempts && f->attempts->at_usec + FIFO_WINDOW_USEC <= now_usec)
                forget_attempt(f, f->attempts);
}

void fifo_done(struct fifo *f) {
        forget_older(f, UINT64_MAX);
}

static void free_group(struct fifo *f, struct fifo_group *g) {
        if (g->is_ready)
                DL_DELETE(f->ready, g);
        HASH_DEL(f->groups, g);
        free(g->id);
        free(g);
}

static struct fifo_group *find_or_make_group(struct fifo *f, const char *id) {
        struct fifo_group *g = NULL;

        HASH_FIND_STR(f->groups, id, g);
        if (g)
                return g;
        g = calloc(1, sizeof(*g));
        char *own_id = text_dup(id);
        if (!g || !own_id) {
                free(g);
                free(own_id);
                return NULL;
        }
        g->id = own_id;
        HASH_ADD_KEYPTR(hh, f->groups, g->id, strlen(g->id), g);
        if (!hash_added(g)) {
                free(g->id);
                free(g);
                return NULL;
        }
        return g;
}

/* A delayed message can stand before a visible one only when the queue's delay was lowered in between; then the visible
 * one waits. */
static void update(struct fifo *f, struct fifo_group *g) {
        bool ready = g->in_flight_count == 0 && g->messages->state == MESSAGE_VISIBLE;

        if (ready == g->is_ready)
                return;
        g->is_ready = ready;
        if (ready)
                DL_APPEND(f->ready, g);
        else
                DL_DELETE(f->ready, g);
}

void fifo_on_state(struct fifo *f, struct message *m, enum message_state before) {
        struct fifo_group *g = m->fifo_group;

        g->in_flight_count -= before == MESSAGE_IN_FLIGHT;
        g->in_flight_count += m->state == MESSAGE_IN_FLIGHT;
        update(f, g);
}

int fifo_add(struct fifo *f, struct message *m) {
        struct fifo_group *g = find_or_make_group(f, m->group ? m->group : "");
        if (!g)
                return -ENOMEM;
        DL_APPEND2(g->messages, m, group_prev, group_next);
        m->fifo_group = g;
        return 0;
}

void fifo_remove(struct fifo *f, struct message *m) {
        struct fifo_group *g = TAKE_PTR(m->fifo_group);

        g->in_flight_count -= m->state == MESSAGE_IN_FLIGHT;
        DL_DELETE2(g->messages, m, group_prev, group_next);
        m->group_prev = m->group_next = NULL;
        if (g->messages)
                update(f, g);
        else
                free_group(f, g);
}

size_t fifo_choose(const struct fifo *f, size_t max, struct message **out) {
        size_t n = 0;

        for (struct fifo_group *g = f->ready; g && n < max; g = g->next)
                for (struct message *m = g->messages; m && m->state == MESSAGE_VISIBLE && n < max; m = m->group_next)
                        out[n++] = m;
        return n;
}

int fifo_remember(struct fifo *f, const struct message *m, bool per_group, uint64_t now_usec,
                  const struct fifo_sent **ret_first) {
        struct fifo_sent *s = NULL;
        _cleanup_free_ char *key =
                per_group ? text_printf("%s\n%s", m->group, m->deduplication_id) : text_dup(m->deduplication_id);
        if (!key)
                return -ENOMEM;

        forget_older(f, now_usec);
        HASH_FIND_STR(f->sent, key, s);
        *ret_first = s;
        if (s)
                return 0;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->key = TAKE_PTR(key);
        s->sequence = m->sequence;
        s->sent_usec = now_usec;
        memcpy(s->message_id, m->id, sizeof(s->message_id));
        HASH_ADD_KEYPTR(hh, f->sent, s->key, strlen(s->key), s);
        if (!hash_added(s)) {
                free(s->key);
                free(s);
                return -ENOMEM;
        }
        return 0;
}

const struct fifo_attempt *fifo_attempt_find(struct fifo *f, const char *id, uint64_t now_usec) {
        struct fifo_attempt *a = NULL;

        forget_older(f, now_usec);
        HASH_FIND_STR(f->attempts, id, a);
        return a;
}

void fifo_attempt_save(struct fifo *f, const char *id, struct message *const *messages, size_t count,
                       uint64_t now_usec) {
        struct fifo_attempt *a = NULL;

        HASH_FIND_STR(f->attempts, id, a);
        if (a)
                forget_attempt(f, a);
        a = calloc(1, sizeof(*a));
        char *own_id = text_dup(id);
        if (!a || !own_id) {
                free(a);
                free(own_id);
                return;
        }
        a->id = own_id;
        a->at_usec = now_usec;
        a->count = count;
        for (size_t i = 0; i < count; i++) {
                a->numbers[i] = messages[i]->number;
                a->receipts[i] = messages[i]->receipt;
        }
        HASH_ADD_KEYPTR(hh, f->attempts, a->id, strlen(a->id), a);
        if (!hash_added(a)) {
                free(a->id);
                free(a);
        }
}
