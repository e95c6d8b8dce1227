/* SPDX-License-Identifier: Apache-2.0 */
/* Moving the messages of a dead-letter queue: by a move task of the server, or one by one. Either way may be ended at any
 * moment; what is moved then may be in both queues, and is in one of them at least. */
#pragma once

#include "cli/queue_open.h"

struct redrive {
        /* set by the caller */
        struct open_queue *from;
        const char *to_url, *to_arn; /* NULL: where each message came from */
        uint64_t limit;              /* messages; 0: all */
        bool is_live;                /* progress on stderr */
        bool is_interrupted;         /* set by a signal meanwhile: ends it cleanly */

        /* the result */
        uint64_t moved;
        uint64_t doubled;            /* of these, still in the first queue too: they could not be deleted there */
        int code;                    /* the exit code of `problem` */
        char problem[600];           /* "": none */
};

#define REDRIVE_UNKNOWN 1
/* By a move task. 0: it ended, well or not; REDRIVE_UNKNOWN: the server knows no such tasks, and nothing was done; -errno. */
int redrive_by_task(struct redrive *r) _must_check_;
/* Receive, send, and delete what was sent. 0: it ended, well or not; -errno. */
int redrive_by_hand(struct redrive *r) _must_check_;

/* What a server says that knows no move tasks. Pure. */
bool redrive_is_unknown(const struct aws_error *error);
/* "orders" of "arn:aws:sqs:eu-north-1:123456789012:orders"; NULL when it is not the ARN of a queue. Borrowed. Pure. */
const char *redrive_arn_name(const char *arn);
/* The deduplication id that a message is sent with: of its own id, as SQS makes it. Its own deduplication id would not
 * do: a FIFO queue that saw it in the last five minutes takes the message and drops it. `out` holds 129 bytes. Pure. */
char *redrive_dedup(const char *message_id, char out[129]);

/* Notes the first problem. */
void redrive_fail(struct redrive *r, int code, const char *fmt, ...) _printf_(3, 4);
/* The same for what a function of sqs_wait.h returned; `doing` says at what. Returns 0, or the -errno it was. */
int redrive_fail_aws(struct redrive *r, const char *doing, int result, const struct aws_error *error);
void redrive_show(const struct redrive *r, int64_t of);
