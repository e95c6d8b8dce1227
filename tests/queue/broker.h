/* SPDX-License-Identifier: Apache-2.0 */
/* All queues of the server, their timers, and who is told of changes. Pure: time is an argument, and randomness comes
 * from a seed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/queue/message.h"
#include "tests/queue/timers.h"

/* Told of every change, so that it can be kept on disk; any may be NULL. */
struct observer {
        void (*on_queue)(void *context, const struct queue *q);
        void (*on_queue_gone)(void *context, const struct queue *q);
        void (*on_message)(void *context, const struct message *m, bool is_new);
        void (*on_message_gone)(void *context, const struct message *m);
        void *context;
};

struct broker {
        struct queue *queues; /* a hash by name, in order of creation */
        struct queue *awake;  /* those that got something to receive and that somebody waits for */
        struct timers timers;
        struct observer observer;
        uint64_t last_number, last_receipt;
        uint64_t random_state;
};

/* Numbers and receipts start at `now_usec`, so that those of an earlier life of the server are never used again. */
void broker_init(struct broker *b, uint64_t now_usec, uint64_t seed);
void broker_done(struct broker *b);

struct queue *broker_find(const struct broker *b, const char *name, size_t len);

/* Takes the next queue off the list of those awake; NULL: none. */
struct queue *broker_take_awake(struct broker *b);

uint64_t broker_random(struct broker *b);
/* A random UUID (RFC 4122 version 4). */
void broker_uuid(struct broker *b, char out[MESSAGE_ID_SIZE]);
