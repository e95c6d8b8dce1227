/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_apply() is the only way to another state, and set_state() the only place where a state's belongings are
 * taken away and given: the lists of the trigger and of the lease, the FIFO group, the counters. What belongs to a
 * state is thus never left behind.
 *
 * P1 can be read here: a delete is queued by entering SUCCEEDED, and delivery_state.c says what leads there. */
#include "agent/delivery.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "agent/events.h"
#include "agent/held.h"
#include "agent/trigger.h"
#include "common/base/text.h"

/* "id\0url" in out (as long as it must be); 0 when it does not fit. */
static size_t write_key(char *out, size_t size, const char *queue_url, const char *message_id) {
        size_t id_len = strlen(message_id), url_len = strlen(queue_url);

        if (id_len + url_len + 2 > size)
                return 0;
        memcpy(out, message_id, id_len + 1);
        memcpy(out + id_len + 1, queue_url, url_len + 1);
        return id_len + url_len + 2;
}

struct delivery *deliveries_find(struct deliveries *all, const char *queue_url, const char *message_id) {
        char key[2048];
        struct delivery *d = NULL;
        size_t len = write_key(key, sizeof key, queue_url, message_id);

        if (len > 0)
                HASH_FIND(hh, all->by_key, key, len, d);
        return d;
}

static void delivery_free(struct delivery *d) {
        trigger_unref(d->trigger);
        sqs_message_free(d->message);
        free(d->lease.receipt_handle);
        free(d);
}

/* For the next start, in case this process dies (P8a). */
static uint32_t note_held(const struct delivery *d) {
        const struct trigger *t = d->trigger;
        const struct held_message m = {
                .trigger = t->config.id,
                .flow = t->config.flow_id,
                .flow_revision = t->config.flow->revision,
                .queue_url = t->queue.url,
                .message_id = d->message_id,
                .group_id = d->message->group_id,
                .receipt_handle = d->lease.receipt_handle,
                .receive_count = d->receive_count,
        };

        return held_put(t->services->held, &m);
}

int delivery_new(struct trigger *trigger, struct sqs_message **message, const struct lease_terms *terms,
                 struct delivery **ret) {
        struct sqs_message *m = *message;
        size_t size = strlen(m->message_id) + strlen(trigger->queue.url) + 2;
        struct delivery *d = calloc(1, sizeof *d + size);

        if (!d)
                return -ENOMEM;
        d->state = DELIVERY_RECEIVED;
        d->key_len = write_key(d->key, size, trigger->queue.url, m->message_id);
        HASH_ADD_KEYPTR(hh, trigger->services->deliveries->by_key, d->key, d->key_len, d);
        if (!hash_added(d)) {
                free(d);
                return -ENOMEM;
        }
        d->message_id = d->key;
        d->lease.receipt_handle = TAKE_PTR(m->receipt_handle);
        d->lease.terms = *terms;
        d->receive_count = m->receive_count;
        d->sent_usec = m->sent_usec;
        d->message = m;
        *message = NULL;
        d->trigger = trigger_ref(trigger);
        trigger->services->deliveries->count++;
        d->held_place = note_held(d);
        lease_hold(&trigger->lease, &d->lease);
        *ret = d;
        return 0;
}

/* --- FIFO groups ----------------------------------------------------------------------------------------------------- */

/* P7: what waits behind a message that failed or was lost goes back, last first. */
static void hand_back_followers(struct delivery *d) {
        struct fifo_item *last;

        while (d->waiting.fifo.group && (last = fifo_last_waiting(&d->waiting.fifo)) && last != &d->waiting.fifo)
                if (!delivery_give_back(CONTAINER_OF(last, struct delivery, waiting.fifo), 0))
                        break;
}

/* The group follows the delivery's way from `d->state` to `next`. */
static void move_in_group(struct delivery *d, enum delivery_state next) {
        struct fifo *f = &d->trigger->waiting.fifo;

        if (!d->waiting.fifo.group)
                return;
        if (next == DELIVERY_FAILED || next == DELIVERY_LOST || (d->waiting.fifo.waiting && next == DELIVERY_GONE))
                hand_back_followers(d);
        if (next == DELIVERY_RELEASING)
                fifo_release_begin(f, &d->waiting.fifo);
        else if (d->waiting.fifo.releasing)
                fifo_release_end(f, &d->waiting.fifo);
        if (!d->waiting.fifo.group)
                return;
        if (d->waiting.fifo.waiting && next == DELIVERY_RUNNING)
                fifo_take(f, &d->waiting.fifo, d->execution);
        else if (d->waiting.fifo.taken && next == DELIVERY_RUNNING && d->state == DELIVERY_WAITING)
                fifo_hand_over(f, &d->waiting.fifo, d->execution);
        else if (d->waiting.fifo.waiting && next == DELIVERY_GONE)
                fifo_remove(f, &d->waiting.fifo);
        else if (d->waiting.fifo.taken && (next == DELIVERY_SUCCEEDED || next == DELIVERY_RELEASING || next == DELIVERY_GONE))
                fifo_end(f, &d->waiting.fifo);
}

static void forget_held(struct delivery *d) {
        held_drop(d->trigger->services->held, d->held_place);
        d->held_place = HELD_NONE;
}

/* --- the setter ------------------------------------------------------------------------------------------------------ */

static void leave(struct delivery *d, enum delivery_state next) {
        if (d->state == next)
                return;
        if (d->state == DELIVERY_WAITING)
                trigger_remove_waiting(d->trigger, &d->waiting);
        if (d->state == DELIVERY_SUCCEEDED || d->state == DELIVERY_RELEASING)
                lease_unlist(&d->trigger->lease, &d->lease);
}

/* In a frame, at most: the body as it is, attributes as JSON, in which a byte takes up to six, and what SQS adds. */
static uint64_t bytes_in_batch(const struct sqs_message *m) {
        uint64_t bytes = m->body_len + 4096;

        for (size_t i = 0; i < m->message_attribute_count; i++)
                bytes += 6 * (m->message_attributes[i].len + strlen(m->message_attributes[i].name)) + 1024;
        return bytes;
}

static void begin_waiting(struct delivery *d) {
        const char *group = d->message->group_id;

        d->waiting.bytes = bytes_in_batch(d->message);
        trigger_add_waiting(d->trigger, &d->waiting, group ? group : d->message_id);
}

static void enter(struct delivery *d, enum delivery_state previous) {
        struct services *s = d->trigger->services;

        switch (d->state) {
        case DELIVERY_WAITING:
                if (previous != DELIVERY_WAITING)
                        begin_waiting(d);
                break;
        case DELIVERY_SUCCEEDED: /* it is in the ledger: if it came again, it would be deleted unseen */
                forget_held(d);
                if (previous != d->state)
                        lease_delete(&d->trigger->lease, &d->lease);
                break;
        case DELIVERY_RELEASING:
                if (previous != d->state)
                        lease_release(&d->trigger->lease, &d->lease);
                break;
        case DELIVERY_LOST:
                lease_let_go(&d->lease);
                break;
        case DELIVERY_GONE:
                forget_held(d);
                lease_forget(&d->trigger->lease, &d->lease);
                HASH_DEL(s->deliveries->by_key, d);
                s->deliveries->count--;
                if (!d->lease.in_flight)
                        delivery_free(d);
                break;
        default:
                break;
        }
}

/* It leaves, and no execution ever had it. */
static bool is_returned(enum delivery_state previous, enum delivery_state next) {
        return (previous == DELIVERY_RECEIVED || previous == DELIVERY_WAITING) &&
               (next == DELIVERY_RELEASING || next == DELIVERY_GONE);
}

bool delivery_apply(struct delivery *d, enum delivery_event event) {
        enum delivery_state previous = d->state;
        int next = delivery_next(previous, event);

        if (next < 0)
                return false;
        move_in_group(d, (enum delivery_state)next);
        leave(d, (enum delivery_state)next);
        d->state = (enum delivery_state)next;
        d->trigger->counters.of[COUNTER_RETURNED] += is_returned(previous, d->state);
        enter(d, previous);
        return true;
}

bool delivery_give_back(struct delivery *d, unsigned visibility_sec) {
        d->lease.release_sec = visibility_sec;
        return delivery_apply(d, DELIVERY_GIVE_BACK);
}

bool delivery_join(struct delivery *d, struct sqs_message **message, const struct lease_terms *terms) {
        struct sqs_message *m = *message;

        if (delivery_next(d->state, DELIVERY_RECEIVED_AGAIN) == DELIVERY_GONE) {
                delivery_apply(d, DELIVERY_RECEIVED_AGAIN);
                return false;
        }
        lease_adopt(&d->trigger->lease, &d->lease, &m->receipt_handle, terms);
        d->receive_count = MAX(d->receive_count, m->receive_count);
        delivery_apply(d, DELIVERY_RECEIVED_AGAIN);
        held_new_handle(d->trigger->services->held, d->held_place, d->lease.receipt_handle);
        *message = sqs_message_free(m);
        return true;
}

/* --- what the lease tells -------------------------------------------------------------------------------------------- */

static struct delivery *delivery_of(struct lease_item *item) {
        return CONTAINER_OF(item, struct delivery, lease);
}

static bool may_release(const struct lease_item *item) {
        const struct fifo_item *fifo = &CONTAINER_OF(item, const struct delivery, lease)->waiting.fifo;

        return !fifo->releasing || fifo_release_may_go(fifo);
}

static void on_released(struct lease_item *item) {
        struct delivery *d = delivery_of(item);
        struct poller *p = &d->trigger->poller;

        p->may_take_back |= p->receives && item->release_sec == 0;
        delivery_apply(d, DELIVERY_GIVEN_BACK);
}

static void on_delete_sent(struct lease_item *item) {
        delivery_apply(delivery_of(item), DELIVERY_DELETE_SENT);
}

static void on_deleted(struct lease_item *item, const char *refusal) {
        struct delivery *d = delivery_of(item);

        if (refusal)
                trigger_log_message(d->trigger, LOG_WARNING, NULL, d->message_id,
                                    "the delete was refused (%s); if the message comes again it is deleted unseen", refusal);
        else
                d->trigger->counters.of[COUNTER_DELETED]++;
        delivery_apply(d, DELIVERY_DELETE_DONE);
}

static void on_delete_again(struct lease_item *item, bool failed) {
        struct delivery *d = delivery_of(item);

        d->trigger->counters.of[COUNTER_DELETE_FAILURES] += failed;
        delivery_apply(d, DELIVERY_DELETE_AGAIN);
}

static void on_lost(struct lease_item *item) {
        struct delivery *d = delivery_of(item);
        const char *what = NULL;

        if (d->state == DELIVERY_RUNNING)
                what = "its lease was lost; the execution goes on, another consumer may get it";
        else if (d->state == DELIVERY_WAITING)
                what = "its lease was lost before it could start";
        if (what)
                trigger_log_message(d->trigger, LOG_WARNING, EVENT_LEASE_LOST, d->message_id, "%s", what);
        delivery_apply(d, DELIVERY_LEASE_LOST);
}

static void on_call_ended(struct lease_item *item) {
        delivery_free(delivery_of(item));
}

static void on_answered(struct lease *l, const struct aws_error *error) {
        trigger_call_answered(CONTAINER_OF(l, struct trigger, lease), error);
}

const struct lease_ops delivery_lease_ops = {
        .may_release = may_release,
        .on_released = on_released,
        .on_delete_sent = on_delete_sent,
        .on_deleted = on_deleted,
        .on_delete_again = on_delete_again,
        .on_lost = on_lost,
        .on_call_ended = on_call_ended,
        .on_answered = on_answered,
};

/* --- the process ends ------------------------------------------------------------------------------------------------ */

static void abandon(struct delivery *d) {
        lease_unlist(&d->trigger->lease, &d->lease);
        if (d->state == DELIVERY_WAITING)
                trigger_remove_waiting(d->trigger, &d->waiting);
        if (d->waiting.fifo.group) {
                if (d->waiting.fifo.waiting)
                        fifo_remove(&d->trigger->waiting.fifo, &d->waiting.fifo);
                if (d->waiting.fifo.group && d->waiting.fifo.releasing)
                        fifo_release_end(&d->trigger->waiting.fifo, &d->waiting.fifo);
                if (d->waiting.fifo.group && d->waiting.fifo.taken)
                        fifo_end(&d->trigger->waiting.fifo, &d->waiting.fifo);
        }
        lease_forget(&d->trigger->lease, &d->lease);
        HASH_DEL(d->trigger->services->deliveries->by_key, d);
        delivery_free(d);
}

void deliveries_abandon(struct trigger *t) {
        struct lease_item *item, *next;

        lease_cancel_calls(&t->lease);
        for (item = t->lease.held; item; item = next) {
                next = item->next;
                abandon(delivery_of(item));
        }
}
