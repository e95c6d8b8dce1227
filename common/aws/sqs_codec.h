/* SPDX-License-Identifier: Apache-2.0 */
/* SQS's AWS JSON 1.0 requests and answers, pure. Used by sqs.c; the agent needs only sqs.h. */
#pragma once

#include "common/aws/error.h"
#include "common/aws/sqs_message.h"
#include "common/base/buf.h"

#define SQS_BATCH_MAX 10
#define SQS_ATTRIBUTE_MAX 10
#define SQS_PAYLOAD_MAX_BYTES 1048576u /* one message, and one batch in total */

struct sqs_receive {
        const char *queue_url;
        unsigned max_messages;    /* 1 to 10 */
        unsigned wait_seconds;    /* 0 to 20 */
        int visibility_seconds;   /* 0 to 43200; -1: the queue's own */
        const char *attempt_id;   /* FIFO: ReceiveRequestAttemptId; NULL: none */
};

struct sqs_visibility {
        const char *receipt_handle;
        unsigned visibility_seconds; /* from the call; 0 gives the message back */
};

struct sqs_send {
        const char *body;         /* UTF-8 */
        size_t body_len;
        int delay_seconds;        /* 0 to 900; -1: the queue's own (FIFO: must be -1) */
        const char *group_id;     /* NULL: none */
        const char *deduplication_id;
        const char *trace_header; /* AWSTraceHeader */
        const struct sqs_attribute *attributes;
        size_t attribute_count;
};

/* The outcome of one entry of a batch; strings are borrowed from the answer. */
struct sqs_batch_result {
        const char *code;            /* not ok; "" when the server left the entry out of its answer */
        const char *message;
        const char *message_id;      /* sends that are ok */
        const char *sequence_number; /* sends to FIFO queues; NULL otherwise */
        const char *md5_of_body;     /* sends: what the server read; NULL when it did not say */
        enum aws_error_class class;  /* not ok */
        bool ok;
        bool sender_fault;           /* not ok: sending it again unchanged is useless */
        bool damaged;                /* sends: md5_of_body is not that of what was sent (set by sqs.c) */
};

struct sqs_queue_attributes {
        unsigned visibility_timeout_seconds; /* 30 when the server did not say */
        unsigned max_receive_count;          /* of the redrive policy; 0: none */
        uint64_t retention_seconds;          /* 4 days when the server did not say */
        bool is_fifo;
        int64_t visible_count;               /* ApproximateNumberOfMessages; -1: unknown */
        int64_t in_flight_count;
        int64_t delayed_count;
        struct value *all;                   /* every attribute as the server sent it; owned */
};
void sqs_queue_attributes_done(struct sqs_queue_attributes *a);

/* A message move task: SQS moves what is in a dead-letter queue, by itself. */
struct sqs_move_task {
        const char *handle;      /* NULL: not told; of tasks that run only */
        const char *status;      /* RUNNING, COMPLETED, CANCELLING, CANCELLED, FAILED; NULL: no task was ever started */
        const char *destination; /* ARN; NULL: every message goes where it came from */
        const char *failure;     /* NULL: none */
        int64_t moved_count;     /* -1: not told */
        int64_t to_move_count;   /* when it began; -1: not told */
};

/* Encoders append the request's JSON to b: 0, -EINVAL outside the limits above, -E2BIG (too many entries, or the
 * payload), or the buffer's error. Batch entries get their index as id. */
int sqs_encode_receive(struct buf *b, const struct sqs_receive *r);
int sqs_encode_delete_batch(struct buf *b, const char *queue_url, const char *const *receipt_handles, size_t count);
int sqs_encode_visibility_batch(struct buf *b, const char *queue_url, const struct sqs_visibility *e, size_t count);
int sqs_encode_send(struct buf *b, const char *queue_url, const struct sqs_send *s);
int sqs_encode_send_batch(struct buf *b, const char *queue_url, const struct sqs_send *s, size_t count);
int sqs_encode_get_queue_attributes(struct buf *b, const char *queue_url);
int sqs_encode_get_queue_url(struct buf *b, const char *name, const char *account);
/* Queues are named by ARN. `destination_arn` NULL: where each message came from. */
int sqs_encode_start_move(struct buf *b, const char *source_arn, const char *destination_arn);
int sqs_encode_list_moves(struct buf *b, const char *source_arn);
int sqs_encode_cancel_move(struct buf *b, const char *handle);

/* An answer's JSON object, owned. No text at all is an empty one, as the SDKs read it. 0, -EBADMSG, -ENOMEM. */
int sqs_parse_answer(const char *text, size_t len, struct value **ret) _must_check_;
/* Decoders: 0, -EBADMSG when the answer is not what SQS documents, -ENOMEM. */
int sqs_decode_receive(const char *text, size_t len, struct sqs_message ***ret, size_t *ret_count) _must_check_;
/* Fills results[0..count) in the order of the entries; *ret_source (owned) keeps their strings alive. */
int sqs_decode_batch(const char *text, size_t len, struct sqs_batch_result *results, size_t count,
                     struct value **ret_source) _must_check_;
/* SendMessage's answer as one result. */
int sqs_decode_send(const char *text, size_t len, struct sqs_batch_result *ret, struct value **ret_source) _must_check_;
int sqs_decode_queue_attributes(const char *text, size_t len, struct sqs_queue_attributes *ret) _must_check_;
int sqs_decode_queue_url(const char *text, size_t len, char **ret_url) _must_check_;
/* The answers to the start, the list (its newest task) and the cancel of move tasks; *ret_source (owned) keeps the
 * strings alive. */
int sqs_decode_move(const char *text, size_t len, struct sqs_move_task *ret, struct value **ret_source) _must_check_;

/* SQS's MD5 of message attributes (developer guide, "Calculating the MD5 message digest for message attributes"), in
 * lower-case hex with NUL. 0, -ENOMEM, -EIO. */
int sqs_md5_of_attributes(const struct sqs_attribute *attributes, size_t count, char ret_hex[33]) _must_check_;
int sqs_md5_of_body(const void *body, size_t len, char ret_hex[33]) _must_check_;
