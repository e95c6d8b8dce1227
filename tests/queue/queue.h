/* SPDX-License-Identifier: Apache-2.0 */
/* One queue: its messages and what may happen to them. Pure: no I/O, and the time is an argument. */
#pragma once

#include "common/base/value.h"
#include "tests/queue/broker.h"
#include "tests/queue/fifo.h"
#include "tests/queue/settings.h"

#define RECEIVE_COUNT_MAX 10
#define IN_FLIGHT_MAX 120000
#define QUEUE_CALL_KINDS 20

struct move;
struct waiter;

struct queue {
        char *name;
        uint64_t number;
        struct broker *broker;
        struct settings settings;
        struct value *attributes; /* a map of the attributes that were set, as text */
        uint64_t created_usec, modified_usec;

        struct message *messages; /* a hash by number, in order of arrival */
        struct message *lists[MESSAGE_STATE_COUNT];
        size_t counts[MESSAGE_STATE_COUNT];
        struct fifo fifo;
        struct timer retention; /* when the oldest message expires */
        uint64_t sent_count, received_count, deleted_count, expired_count, redriven_count;
        uint64_t calls[QUEUE_CALL_KINDS]; /* per operation: the service's */

        struct move *move; /* the last task; NULL: none yet */
        struct waiter *waiters; /* long polls, oldest first: longpoll.c's */
        bool is_awake;
        struct queue *prev, *next; /* in broker.awake */
        UT_hash_handle hh;
};

/* A new, empty queue in the broker; takes the reference of `attributes` also on failure. 0 or -ENOMEM. */
int queue_new(struct broker *b, const char *name, const struct settings *s, struct value *attributes, uint64_t now_usec,
              struct queue **ret) _must_check_;
struct queue *queue_free(struct queue *q);

/* Takes new settings and attributes (its reference) over. */
void queue_configure(struct queue *q, const struct settings *s, struct value *attributes, uint64_t now_usec);

#define QUEUE_DUPLICATE 1
/* Puts a message (owned; also on failure) into the queue and gives it its id, number and sequence. 0; QUEUE_DUPLICATE:
 * the FIFO queue saw it within five minutes, *ret_id and *ret_sequence are those of the first one; -ENOMEM.
 * `delay_seconds` < 0: the queue's own. The copied message id fits MESSAGE_ID_SIZE. */
int queue_send(struct queue *q, struct message *m, int64_t delay_seconds, uint64_t now_usec, char *ret_id,
               uint64_t *ret_sequence) _must_check_;

/* Puts a message back that an earlier life of the server had; number, id and state are set. 0 or -ENOMEM. */
int queue_restore(struct queue *q, struct message *m, uint64_t until_usec) _must_check_;

/* Takes up to `max` messages (≤ RECEIVE_COUNT_MAX) that are visible and whose groups are free; each gets a new receipt
 * and is in flight until visible_usec. Messages past their maxReceiveCount go to the dead-letter queue instead. Returns
 * how many. */
size_t queue_receive(struct queue *q, size_t max, uint64_t visible_usec, uint64_t now_usec, struct message **out);

/* Receives a message again although it is in flight: what at-least-once delivery permits, and tests provoke. */
void queue_take(struct message *m, uint64_t visible_usec, uint64_t now_usec);

/* Something a receive could return now? */
bool queue_has_visible(const struct queue *q);

/* Moves a message as a task does it: a new message, which no deduplication refuses. 0 or -ENOMEM (then it is lost, as in
 * a receive's redrive). */
int queue_move(struct message *m, struct queue *target, uint64_t now_usec) _must_check_;

struct message *queue_find(const struct queue *q, uint64_t number);
/* Removes and frees the message. */
void queue_delete(struct message *m);
void queue_purge(struct queue *q);

#define QUEUE_BEYOND_LIMIT 1
#define QUEUE_NOT_IN_FLIGHT 2
/* ChangeMessageVisibility: 0, QUEUE_BEYOND_LIMIT (12 h from the receive), QUEUE_NOT_IN_FLIGHT. */
int queue_change_visibility(struct message *m, uint32_t seconds, uint64_t now_usec);

/* The one setter of a message's state; `until_usec` is when a delayed or received one becomes visible. */
void queue_set_state(struct message *m, enum message_state state, uint64_t until_usec);
