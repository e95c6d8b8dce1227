/* SPDX-License-Identifier: Apache-2.0 */
/* One AWS JSON call: credentials, signature, request, the second tries that a client makes by itself, and the error.
 * Used by sqs.c, which knows the operations. */
#pragma once

#include "common/aws/sigv4.h"
#include "common/aws/sqs.h"

struct sqs_client {
        struct http *http;
        struct credentials_chain *credentials;
        char *region;
        char *url;                     /* the endpoint and "/" */
        int64_t clock_offset_usec;     /* what to add to our clock to get the server's */
        struct sigv4_key_cache key_cache;
        struct sqs_call *calls;        /* under way */
};

/* Ends a call: exactly one of `error` and `body` is set. A negative return says that the body could not be understood;
 * then the function has called nothing and is called again with the error. */
typedef int (*sqs_finish_func)(struct sqs_call *call, const struct aws_error *error, const struct buf *body);

struct sqs_call {
        struct sqs_client *client;
        struct sqs_call *previous, *next;
        const char *target;            /* "AmazonSQS.ReceiveMessage"; static */
        struct buf body;               /* the request's */
        uint64_t timeout_usec;
        uint64_t deadline_usec;        /* CLOCK_MONOTONIC */
        struct http_call *http_call;
        struct credentials_wait *wait;
        struct aws_credentials *used;  /* what the last try was signed with */
        bool clock_corrected;
        bool credentials_renewed;

        sqs_finish_func finish;
        union {
                sqs_receive_func receive;
                sqs_batch_func batch;
                sqs_attributes_func attributes;
                sqs_queue_url_func queue_url;
                sqs_move_func move;
        } on_done;
        void *userdata;
        size_t entry_count;            /* batches */
        char (*sent_md5)[33];          /* sends: of each body */
};

/* A call with an empty body buffer; not yet among the client's. NULL: out of memory. */
struct sqs_call *sqs_call_new(struct sqs_client *c, const char *target, sqs_finish_func finish, void *userdata);
struct sqs_call *sqs_call_free(struct sqs_call *call); /* also ends what is under way; returns NULL */
DEFINE_CLEANUP(struct sqs_call *, sqs_call_free)

/* Sends it, or waits for credentials first. From 0 on the client owns the call. */
int sqs_call_start(struct sqs_call *call) _must_check_;
