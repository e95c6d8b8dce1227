/* SPDX-License-Identifier: Apache-2.0 */
/* What a FIFO queue has more than a standard one: groups whose messages wait while one of them is in flight, the memory
 * of what was sent within five minutes, and receives that can be repeated. Pure. */
#pragma once

#include "tests/queue/message.h"

#define FIFO_WINDOW_USEC (UINT64_C(300) * 1000000)
#define FIFO_ATTEMPT_MESSAGES 10

struct fifo_group {
        char *id;
        struct message *messages; /* in order of their sequence, linked by group_prev and group_next */
        size_t in_flight_count;
        bool is_ready;
        struct fifo_group *prev, *next; /* in fifo.ready */
        UT_hash_handle hh;
};

/* What was sent under a deduplication id. */
struct fifo_sent {
        char *key;
        char message_id[MESSAGE_ID_SIZE];
        uint64_t sequence, sent_usec;
        UT_hash_handle hh;
};

/* What a ReceiveMessage with a ReceiveRequestAttemptId returned. */
struct fifo_attempt {
        char *id;
        uint64_t at_usec;
        size_t count;
        uint64_t numbers[FIFO_ATTEMPT_MESSAGES], receipts[FIFO_ATTEMPT_MESSAGES];
        UT_hash_handle hh;
};

struct fifo {
        struct fifo_group *groups;     /* a hash by id; a group exists while it has messages */
        struct fifo_group *ready;      /* those that can be received from, longest ready first */
        struct fifo_sent *sent;        /* a hash by key, in order of time */
        struct fifo_attempt *attempts; /* likewise, by id */
};

void fifo_done(struct fifo *f);

/* Puts the message (state set by the caller afterwards) at its group's end, or out of it. 0 or -ENOMEM. */
int fifo_add(struct fifo *f, struct message *m) _must_check_;
void fifo_remove(struct fifo *f, struct message *m);

/* To be called after a message changed its state: decides whether its group can be received from. */
void fifo_on_state(struct fifo *f, struct message *m, enum message_state before);

/* Up to `max` messages of ready groups, as many of the same group as there are, in order. Changes nothing. */
size_t fifo_choose(const struct fifo *f, size_t max, struct message **out);

/* Finds what was sent under the message's deduplication id within the window (*ret_first, borrowed) or remembers this
 * message (*ret_first = NULL). 0 or -ENOMEM. */
int fifo_remember(struct fifo *f, const struct message *m, bool per_group, uint64_t now_usec,
                  const struct fifo_sent **ret_first) _must_check_;

/* Remembers what a receive returned under the caller's attempt id; when memory is out, it cannot be repeated. */
void fifo_attempt_save(struct fifo *f, const char *id, struct message *const *messages, size_t count,
                       uint64_t now_usec);
/* The earlier attempt of that id within the window (borrowed), NULL when there is none. */
const struct fifo_attempt *fifo_attempt_find(struct fifo *f, const char *id, uint64_t now_usec);
