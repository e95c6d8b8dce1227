/* SPDX-License-Identifier: Apache-2.0 */
/* The set of queues. Random numbers are SplitMix64: quick, seeded, good enough for identifiers in tests. */
#include "tests/queue/broker.h"

#include <stdio.h>
#include <utlist.h>

#include "tests/queue/queue.h"

void broker_init(struct broker *b, uint64_t now_usec, uint64_t seed) {
        *b = (struct broker){ .last_number = now_usec, .last_receipt = now_usec, .random_state = seed };
}

void broker_done(struct broker *b) {
        b->observer = (struct observer){ 0 };
        while (b->queues)
                queue_free(b->queues);
        timers_done(&b->timers);
}

struct queue *broker_find(const struct broker *b, const char *name, size_t len) {
        struct queue *q = NULL;

        HASH_FIND(hh, b->queues, name, len, q);
        return q;
}

struct queue *broker_take_awake(struct broker *b) {
        struct queue *q = b->awake;

        if (q) {
                DL_DELETE(b->awake, q);
                q->is_awake = false;
        }
        return q;
}

uint64_t broker_random(struct broker *b) {
        uint64_t z = (b->random_state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

void broker_uuid(struct broker *b, char out[MESSAGE_ID_SIZE]) {
        uint64_t high = broker_random(b), low = broker_random(b);

        (void)snprintf(out, MESSAGE_ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
                       (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xfff,
                       (unsigned)(0x8000 | ((low >> 48) & 0x3fff)), (unsigned long long)low & 0xffffffffffffULL);
}
