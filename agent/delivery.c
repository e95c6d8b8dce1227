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

#include "agent/execution.h"
#include "agent/lease.h"
#include "agent/services.h"
#include "agent/trigger.h"
#include "common/base/text.h"
#include "common/store/store.h"

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
        free(d->receipt_handle);
        free(d);
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
        d->receipt_handle = TAKE_PTR(m->receipt_handle);
        d->receive_count = m->receive_count;
        d->sent_usec = m->sent_usec;
        d->terms = *terms;
        d->message = m;
        *message = NULL;
        d->trigger = trigger_ref(trigger);
        trigger->services->deliveries->count++;
        lease_hold(&trigger->lease, d);
        *ret = d;
        return 0;
}

/* --- FIFO groups ----------------------------------------------------------------------------------------------------- */

/* P7: what waits behind a message that failed or was lost goes back, last first. */
static void hand_back_followers(struct delivery *d) {
        struct fifo_item *last;

        while (d->fifo.group && (last = fifo_last_waiting(&d->fifo)) && last != &d->fifo)
                if (!delivery_give_back(CONTAINER_OF(last, struct delivery, fifo), 0))
                        break;
}

/* The group follows the delivery's way from `d->state` to `next`. */
static void move_in_group(struct delivery *d, enum delivery_state next) {
        struct fifo *f = &d->trigger->fifo;

        if (!d->fifo.group)
                return;
        if (next == DELIVERY_FAILED || next == DELIVERY_LOST || (d->fifo.waiting && next == DELIVERY_GONE))
                hand_back_followers(d);
        if (next == DELIVERY_RELEASING)
                fifo_release_begin(f, &d->fifo);
        else if (d->fifo.releasing)
                fifo_release_end(f, &d->fifo);
        if (!d->fifo.group)
                return;
        if (d->fifo.waiting && next == DELIVERY_RUNNING)
                fifo_take(f, &d->fifo, d->execution);
        else if (d->fifo.taken && next == DELIVERY_RUNNING && d->state == DELIVERY_WAITING)
                fifo_hand_over(f, &d->fifo, d->execution);
        else if (d->fifo.waiting && next == DELIVERY_GONE)
                fifo_remove(f, &d->fifo);
        else if (d->fifo.taken && (next == DELIVERY_SUCCEEDED || next == DELIVERY_RELEASING || next == DELIVERY_GONE))
                fifo_end(f, &d->fifo);
}

/* --- the setter ------------------------------------------------------------------------------------------------------ */

static void leave(struct delivery *d, enum delivery_state next) {
        if (d->state == next)
                return;
        if (d->state == DELIVERY_WAITING)
                trigger_unqueue(d->trigger, d);
        if (d->state == DELIVERY_SUCCEEDED || d->state == DELIVERY_RELEASING)
                lease_unqueue(&d->trigger->lease, d);
}

static void enter(struct delivery *d, enum delivery_state previous) {
        struct services *s = d->trigger->services;

        switch (d->state) {
        case DELIVERY_WAITING:
                if (previous != DELIVERY_WAITING)
                        trigger_queue(d->trigger, d);
                break;
        case DELIVERY_SUCCEEDED:
        case DELIVERY_RELEASING:
                if (previous != d->state)
                        lease_queue(&d->trigger->lease, d);
                break;
        case DELIVERY_GONE:
                lease_forget(&d->trigger->lease, d);
                HASH_DEL(s->deliveries->by_key, d);
                s->deliveries->count--;
                if (!d->in_flight)
                        delivery_free(d);
                break;
        default:
                break;
        }
}

bool delivery_apply(struct delivery *d, enum delivery_event event) {
        enum delivery_state previous = d->state;
        int next = delivery_next(previous, event);

        if (next < 0)
                return false;
        move_in_group(d, (enum delivery_state)next);
        leave(d, (enum delivery_state)next);
        d->state = (enum delivery_state)next;
        enter(d, previous);
        return true;
}

bool delivery_give_back(struct delivery *d, unsigned visibility_sec) {
        d->release_sec = visibility_sec;
        return delivery_apply(d, DELIVERY_GIVE_BACK);
}

bool delivery_join(struct delivery *d, struct sqs_message **message, const struct lease_terms *terms) {
        struct sqs_message *m = *message;

        if (delivery_next(d->state, DELIVERY_RECEIVED_AGAIN) == DELIVERY_GONE) {
                delivery_apply(d, DELIVERY_RECEIVED_AGAIN);
                return false;
        }
        free(d->receipt_handle);
        d->receipt_handle = TAKE_PTR(m->receipt_handle);
        d->handle_version++;
        d->receive_count = MAX(d->receive_count, m->receive_count);
        d->terms = *terms;
        delivery_apply(d, DELIVERY_RECEIVED_AGAIN);
        lease_hold_again(&d->trigger->lease, d);
        if (d->execution) /* best effort: without it, a crash costs a visibility timeout */
                (void)store_message_handle(d->trigger->services->store, execution_id(d->execution), d->message_id,
                                           d->receipt_handle);
        *message = sqs_message_free(m);
        return true;
}

void delivery_call_ended(struct delivery *d) {
        d->in_flight = false;
        if (d->state == DELIVERY_GONE)
                delivery_free(d);
}

void delivery_abandon(struct delivery *d) {
        lease_unqueue(&d->trigger->lease, d);
        if (d->state == DELIVERY_WAITING)
                trigger_unqueue(d->trigger, d);
        if (d->fifo.group) {
                if (d->fifo.waiting)
                        fifo_remove(&d->trigger->fifo, &d->fifo);
                if (d->fifo.group && d->fifo.releasing)
                        fifo_release_end(&d->trigger->fifo, &d->fifo);
                if (d->fifo.group && d->fifo.taken)
                        fifo_end(&d->trigger->fifo, &d->fifo);
        }
        lease_forget(&d->trigger->lease, d);
        HASH_DEL(d->trigger->services->deliveries->by_key, d);
        delivery_free(d);
}
