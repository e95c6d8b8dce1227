/* SPDX-License-Identifier: Apache-2.0 */
/* One message and everything the server knows of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/hashmap.h"
#include "tests/queue/attribute.h"
#include "tests/queue/timers.h"

struct fifo_group;
struct queue;

#define MESSAGE_ID_SIZE 37

enum message_state {
        MESSAGE_DELAYED, /* not to be received before its timer */
        MESSAGE_VISIBLE,
        MESSAGE_IN_FLIGHT, /* received; visible again at its timer */
        MESSAGE_STATE_COUNT,
};

struct message {
        uint64_t number; /* the server's own key; grows with every message */
        char id[MESSAGE_ID_SIZE];
        char *body;
        size_t body_len;
        char body_md5[HEX_SIZE(MD5_BYTES)];
        struct attributes attributes;
        char attributes_md5[HEX_SIZE(MD5_BYTES)]; /* of all of them; "" when there is none */
        char *trace_header;                       /* AWSTraceHeader; NULL: none */
        char trace_md5[HEX_SIZE(MD5_BYTES)];
        char *group; /* MessageGroupId; also standard queues may have it */
        char *deduplication_id;
        char *dead_letter_source; /* ARN of the queue it was redriven from */
        uint64_t sequence;        /* FIFO: SequenceNumber */

        uint64_t sent_usec;
        uint64_t first_receive_usec;
        uint64_t received_usec; /* the last time: the 12 h limit counts from here */
        uint32_t receive_count;
        uint64_t receipt;        /* which receive holds it or held it last; 0: never received */
        bool visibility_changed; /* since that receive */

        enum message_state state;
        struct timer timer;
        struct queue *queue;
        struct message *prev, *next; /* in the queue's list of its state */
        struct fifo_group *fifo_group;
        struct message *group_prev, *group_next;
        UT_hash_handle hh;
};

/* Returns NULL. The message must have left its queue. */
struct message *message_free(struct message *m);
DEFINE_CLEANUP(struct message *, message_free)

/* A message with its digests, not yet in a queue. Copies body; takes *attributes over (leaves it empty). The id and the
 * rest are the caller's to fill. 0 or -errno. */
int message_new(const char *body, size_t len, struct attributes *attributes, struct message **ret) _must_check_;

/* Sets AWSTraceHeader with its digest (NULL: nothing). 0 or -errno. */
int message_set_trace_header(struct message *m, const char *value) _must_check_;
