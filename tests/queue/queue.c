/* SPDX-License-Identifier: Apache-2.0 */
/* A message is in exactly one of three lists (delayed, visible, in flight) and has a timer while it is not visible. A
 * receive takes from the front of the visible list, or from the groups that are free in a FIFO queue; what becomes
 * visible again goes to the back. Everything is O(1) or O(log n) in the number of messages. */
#include "tests/queue/queue.h"

#include <errno.h>
#include <utlist.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/queue/move.h"

static void notify(const struct message *m, bool is_new) {
        const struct observer *o = &m->queue->broker->observer;

        if (o->on_message)
                o->on_message(o->context, m, is_new);
}

static void wake(struct queue *q) {
        if (q->is_awake || !q->waiters)
                return;
        q->is_awake = true;
        DL_APPEND(q->broker->awake, q);
}

void queue_set_state(struct message *m, enum message_state state, uint64_t until_usec) {
        struct queue *q = m->queue;
        enum message_state before = m->state;

        DL_DELETE(q->lists[before], m);
        q->counts[before]--;
        m->state = state;
        DL_APPEND(q->lists[state], m);
        q->counts[state]++;

        if (state == MESSAGE_VISIBLE)
                timer_unset(&q->broker->timers, &m->timer);
        else
                timer_set(&q->broker->timers, &m->timer, until_usec);
        if (m->fifo_group)
                fifo_on_state(&q->fifo, m, before);
        wake(q); /* also when a message left: in a FIFO queue that may free its group */
}

static void on_message_timer(struct timer *t, uint64_t now_usec) {
        struct message *m = CONTAINER_OF(t, struct message, timer);

        queue_set_state(m, MESSAGE_VISIBLE, 0);
        notify(m, false);
}

/* Takes the message out of everything that knows it; the caller frees it or puts it elsewhere. */
static void detach(struct message *m) {
        struct queue *q = m->queue;
        const struct observer *o = &q->broker->observer;

        if (o->on_message_gone)
                o->on_message_gone(o->context, m);
        DL_DELETE(q->lists[m->state], m);
        q->counts[m->state]--;
        timer_done(&q->broker->timers, &m->timer);
        HASH_DEL(q->messages, m);
        if (m->fifo_group)
                fifo_remove(&q->fifo, m);
        m->queue = NULL;
        wake(q);
}

static int attach(struct queue *q, struct message *m, enum message_state state, uint64_t until_usec) {
        int r = timer_init(&q->broker->timers, &m->timer, on_message_timer);
        if (r < 0)
                return r;
        HASH_ADD(hh, q->messages, number, sizeof(m->number), m);
        r = hash_added(m) ? 0 : -ENOMEM;
        if (r == 0 && q->settings.fifo) {
                r = fifo_add(&q->fifo, m);
                if (r < 0)
                        HASH_DEL(q->messages, m);
        }
        if (r < 0) {
                timer_done(&q->broker->timers, &m->timer);
                return r;
        }

        m->queue = q;
        m->state = MESSAGE_DELAYED;
        DL_APPEND(q->lists[m->state], m);
        q->counts[m->state]++;
        queue_set_state(m, state, until_usec);
        if (q->retention.slot == 0)
                timer_set(&q->broker->timers, &q->retention,
                          m->sent_usec + q->settings.retention_seconds * USEC_PER_SEC);
        return 0;
}

void queue_delete(struct message *m) {
        detach(m);
        message_free(m);
}

/* The hash keeps the order of arrival, so the oldest message is its first. */
static void on_retention(struct timer *t, uint64_t now_usec) {
        struct queue *q = CONTAINER_OF(t, struct queue, retention);
        uint64_t age = q->settings.retention_seconds * USEC_PER_SEC;

        while (q->messages && q->messages->sent_usec + age <= now_usec) {
                queue_delete(q->messages);
                q->expired_count++;
        }
        if (q->messages)
                timer_set(&q->broker->timers, t, q->messages->sent_usec + age);
}

int queue_new(struct broker *b, const char *name, const struct settings *s, struct value *attributes, uint64_t now_usec,
              struct queue **ret) {
        _cleanup_value_ struct value *own_attributes = attributes;
        _cleanup_free_ struct queue *q = calloc(1, sizeof(*q));
        _cleanup_free_ char *own_name = text_dup(name);
        if (!q || !own_name || !own_attributes)
                return -ENOMEM;

        int r = timer_init(&b->timers, &q->retention, on_retention);
        if (r < 0)
                return r;
        HASH_ADD_KEYPTR(hh, b->queues, own_name, strlen(own_name), q);
        if (!hash_added(q)) {
                timer_done(&b->timers, &q->retention);
                return -ENOMEM;
        }
        q->name = TAKE_PTR(own_name);
        q->attributes = TAKE_PTR(own_attributes);
        q->number = ++b->last_number;
        q->broker = b;
        q->settings = *s;
        q->created_usec = q->modified_usec = now_usec;
        *ret = q;
        if (b->observer.on_queue)
                b->observer.on_queue(b->observer.context, q);
        q = NULL;
        return 0;
}

struct queue *queue_free(struct queue *q) {
        if (!q)
                return NULL;
        struct broker *b = q->broker;

        queue_purge(q);
        move_free(q->move);
        if (b->observer.on_queue_gone)
                b->observer.on_queue_gone(b->observer.context, q);
        if (q->is_awake)
                DL_DELETE(b->awake, q);
        timer_done(&b->timers, &q->retention);
        fifo_done(&q->fifo);
        HASH_DEL(b->queues, q);
        value_unref(q->attributes);
        free(q->name);
        free(q);
        return NULL;
}

void queue_configure(struct queue *q, const struct settings *s, struct value *attributes, uint64_t now_usec) {
        const struct observer *o = &q->broker->observer;

        value_unref(q->attributes);
        q->attributes = attributes;
        q->settings = *s;
        q->modified_usec = now_usec;
        if (q->messages)
                timer_set(&q->broker->timers, &q->retention,
                          q->messages->sent_usec + s->retention_seconds * USEC_PER_SEC);
        if (o->on_queue)
                o->on_queue(o->context, q);
}

int queue_send(struct queue *q, struct message *message, int64_t delay_seconds, uint64_t now_usec, char *ret_id,
               uint64_t *ret_sequence) {
        _cleanup_(message_freep) struct message *m = message;
        uint64_t delay = (uint64_t)(delay_seconds < 0 ? q->settings.delay_seconds : delay_seconds) * USEC_PER_SEC;

        m->number = ++q->broker->last_number;
        m->sent_usec = now_usec;
        broker_uuid(q->broker, m->id);
        if (q->settings.fifo) {
                m->sequence = m->number;
                const struct fifo_sent *first = NULL;
                int r = fifo_remember(&q->fifo, m, q->settings.group_deduplication, now_usec, &first);
                if (r < 0)
                        return r;
                if (first) {
                        memcpy(ret_id, first->message_id, MESSAGE_ID_SIZE);
                        *ret_sequence = first->sequence;
                        return QUEUE_DUPLICATE;
                }
        }

        int r = attach(q, m, delay > 0 ? MESSAGE_DELAYED : MESSAGE_VISIBLE, now_usec + delay);
        if (r < 0)
                return r;
        q->sent_count++;
        notify(m, true);
        memcpy(ret_id, m->id, MESSAGE_ID_SIZE);
        *ret_sequence = m->sequence;
        m = NULL;
        return 0;
}

int queue_restore(struct queue *q, struct message *message, uint64_t until_usec) {
        _cleanup_(message_freep) struct message *m = message;
        const struct fifo_sent *first;

        int r = q->settings.fifo ? fifo_remember(&q->fifo, m, q->settings.group_deduplication, m->sent_usec, &first)
                                 : 0;
        if (r == 0)
                r = attach(q, m, m->state, until_usec);
        if (r < 0)
                return r;
        m = NULL;
        return 0;
}

bool queue_has_visible(const struct queue *q) {
        return q->settings.fifo ? q->fifo.ready != NULL : q->lists[MESSAGE_VISIBLE] != NULL;
}

struct message *queue_find(const struct queue *q, uint64_t number) {
        struct message *m = NULL;

        HASH_FIND(hh, q->messages, &number, sizeof(number), m);
        return m;
}

void queue_purge(struct queue *q) {
        while (q->messages)
                queue_delete(q->messages);
}

int queue_change_visibility(struct message *m, uint32_t seconds, uint64_t now_usec) {
        uint64_t until = now_usec + seconds * USEC_PER_SEC, held = (now_usec - m->received_usec) / USEC_PER_SEC;

        if (m->state != MESSAGE_IN_FLIGHT)
                return QUEUE_NOT_IN_FLIGHT;
        if (held + seconds > VISIBILITY_SECONDS_MAX)
                return QUEUE_BEYOND_LIMIT;
        m->visibility_changed = true;
        queue_set_state(m, seconds > 0 ? MESSAGE_IN_FLIGHT : MESSAGE_VISIBLE, until);
        notify(m, false);
        return 0;
}

void queue_take(struct message *m, uint64_t visible_usec, uint64_t now_usec) {
        m->receipt = ++m->queue->broker->last_receipt;
        m->received_usec = now_usec;
        if (m->first_receive_usec == 0)
                m->first_receive_usec = now_usec;
        m->receive_count++;
        m->visibility_changed = false;
        m->queue->received_count++;
        /* A visibility timeout of 0 leaves it visible, but behind the others. */
        queue_set_state(m, visible_usec > now_usec ? MESSAGE_IN_FLIGHT : MESSAGE_VISIBLE, visible_usec);
        notify(m, false);
}

static struct queue *dead_letter_queue(const struct message *m) {
        const struct settings *s = &m->queue->settings;
        if (s->max_receive_count == 0 || m->receive_count < s->max_receive_count)
                return NULL;

        struct queue *target = broker_find(m->queue->broker, s->dead_letter_queue, strlen(s->dead_letter_queue));
        return target && target != m->queue && target->settings.fifo == s->fifo ? target : NULL;
}

/* Moves the message; it keeps its id, its time of sending and its receive count, as SQS does. When memory is out it is
 * lost to both queues, which for a server of tests is better than a loop. */
static void redrive(struct message *m, struct queue *target) {
        struct queue *source = m->queue;

        detach(m);
        source->redriven_count++;
        free(m->dead_letter_source);
        m->dead_letter_source = text_printf("%s%s", QUEUE_ARN_PREFIX, source->name);
        m->number = ++target->broker->last_number;
        m->sequence = target->settings.fifo ? m->number : 0;
        if (attach(target, m, MESSAGE_VISIBLE, 0) < 0)
                message_free(m);
        else
                notify(m, true);
}

int queue_move(struct message *m, struct queue *target, uint64_t now_usec) {
        detach(m);
        free(m->dead_letter_source);
        m->dead_letter_source = NULL;
        broker_uuid(target->broker, m->id);
        m->number = ++target->broker->last_number;
        m->sequence = target->settings.fifo ? m->number : 0;
        m->sent_usec = now_usec;
        m->first_receive_usec = m->received_usec = m->receipt = 0;
        m->receive_count = 0;
        if (attach(target, m, MESSAGE_VISIBLE, 0) < 0) {
                message_free(m);
                return -ENOMEM;
        }
        target->sent_count++;
        notify(m, true);
        return 0;
}

static size_t choose(struct queue *q, size_t max, struct message **out) {
        struct message *m;
        size_t n = 0;

        if (q->settings.fifo)
                return fifo_choose(&q->fifo, max, out);
        for (m = q->lists[MESSAGE_VISIBLE]; m && n < max; m = m->next)
                out[n++] = m;
        return n;
}

size_t queue_receive(struct queue *q, size_t max, uint64_t visible_usec, uint64_t now_usec, struct message **out) {
        struct message *chosen[RECEIVE_COUNT_MAX];
        size_t n = 0, moved;

        do {
                size_t room = MIN(max - n, (size_t)IN_FLIGHT_MAX - q->counts[MESSAGE_IN_FLIGHT]);
                size_t count = choose(q, room, chosen);
                moved = 0;
                for (size_t i = 0; i < count; i++) {
                        struct queue *target = dead_letter_queue(chosen[i]);
                        if (target) {
                                redrive(chosen[i], target);
                                moved++;
                        } else {
                                queue_take(chosen[i], visible_usec, now_usec);
                                out[n++] = chosen[i];
                        }
                }
        } while (n < max && moved > 0);
        return n;
}
