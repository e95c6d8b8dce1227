/* SPDX-License-Identifier: Apache-2.0 */
/* SQS calls on the event loop. One client per endpoint and region; queues are named by URL in each call.
 *
 * One call is one HTTP request, plus at most one more when the clock was wrong (its offset is kept) and one when the
 * credentials had expired. Every other decision to try again is the caller's, by error->class and retry.h.
 *
 * A call that returns 0 ends in exactly one callback, later, from the loop, unless it is cancelled. All arguments are
 * borrowed for the duration of the function only. Callbacks may start and cancel calls; not free the client.
 *
 * To make one: http_new(), credentials_chain_new(), aws_profile_load(), endpoint_resolve(), then this. */
#pragma once

#include "common/aws/credentials.h"
#include "common/aws/error.h"
#include "common/aws/http.h"
#include "common/aws/sqs_codec.h"
#include "common/aws/sqs_message.h"

struct sqs_client;
struct sqs_call;

struct sqs_client_options {
        struct http *http;                     /* these two must outlive the client */
        struct credentials_chain *credentials; /* NULL: unsigned requests (tests, anonymous endpoints) */
        const char *region;                    /* copied, as is the next */
        const char *endpoint;                  /* URL: requests go there whatever host a queue URL names */
};

/* 0, -EINVAL for an endpoint that is not a URL, -ENOMEM. */
int sqs_client_new(const struct sqs_client_options *options, struct sqs_client **ret) _must_check_;
/* Cancels every call. Returns NULL. */
struct sqs_client *sqs_client_free(struct sqs_client *c);
DEFINE_CLEANUP(struct sqs_client *, sqs_client_free)

/* No callback after this. A receive that is cancelled may still have taken messages on the server: let it end instead,
 * and give back what it returns. NULL is legal; returns NULL. */
struct sqs_call *sqs_cancel(struct sqs_call *call);

/* Hard limits of a call: a receive gets its wait and this much more, all others the second. */
#define SQS_RECEIVE_MARGIN_USEC UINT64_C(8000000)
#define SQS_TIMEOUT_USEC UINT64_C(10000000)

/* By when a call must have ended, CLOCK_MONOTONIC: its hard limit, and while it waits for credentials their search's. */
uint64_t sqs_call_limit_usec(const struct sqs_call *call);

/* In every callback: `error` NULL means success, else what follows is empty. Everything is borrowed for the call.
 * `ret_call` may be NULL; it is valid until the callback is called. */

/* The callback may take messages with TAKE_PTR(messages[i]); the rest is freed after it. A damaged one (see
 * message->damage) must not be run. */
typedef void (*sqs_receive_func)(const struct aws_error *error, struct sqs_message **messages, size_t count,
                                 void *userdata);
int sqs_receive(struct sqs_client *c, const struct sqs_receive *request, sqs_receive_func on_done, void *userdata,
                struct sqs_call **ret_call) _must_check_;

/* results[i] belongs to entry i; count is that of the entries. */
typedef void (*sqs_batch_func)(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                               void *userdata);
int sqs_delete_batch(struct sqs_client *c, const char *queue_url, const char *const *receipt_handles, size_t count,
                     sqs_batch_func on_done, void *userdata, struct sqs_call **ret_call) _must_check_;
/* `limit_usec`: a hard limit instead of SQS_TIMEOUT_USEC; 0: that. */
int sqs_change_visibility_batch(struct sqs_client *c, const char *queue_url, const struct sqs_visibility *entries,
                                size_t count, uint64_t limit_usec, sqs_batch_func on_done, void *userdata,
                                struct sqs_call **ret_call) _must_check_;
int sqs_send_batch(struct sqs_client *c, const char *queue_url, const struct sqs_send *entries, size_t count,
                   sqs_batch_func on_done, void *userdata, struct sqs_call **ret_call) _must_check_;
/* SendMessage; one result. */
int sqs_send(struct sqs_client *c, const char *queue_url, const struct sqs_send *entry, sqs_batch_func on_done,
             void *userdata, struct sqs_call **ret_call) _must_check_;

typedef void (*sqs_attributes_func)(const struct aws_error *error, const struct sqs_queue_attributes *attributes,
                                    void *userdata);
int sqs_get_queue_attributes(struct sqs_client *c, const char *queue_url, sqs_attributes_func on_done, void *userdata,
                             struct sqs_call **ret_call) _must_check_;

/* `account` NULL: the caller's own. */
typedef void (*sqs_queue_url_func)(const struct aws_error *error, const char *queue_url, void *userdata);
int sqs_get_queue_url(struct sqs_client *c, const char *name, const char *account, sqs_queue_url_func on_done,
                      void *userdata, struct sqs_call **ret_call) _must_check_;

/* Move tasks (StartMessageMoveTask and its like). The task is that of the list's first entry, which is the newest; a start
 * tells its handle only, a cancel what was moved. Servers other than AWS may not know them. */
typedef void (*sqs_move_func)(const struct aws_error *error, const struct sqs_move_task *task, void *userdata);
int sqs_start_move(struct sqs_client *c, const char *source_arn, const char *destination_arn, sqs_move_func on_done,
                   void *userdata, struct sqs_call **ret_call) _must_check_;
int sqs_list_moves(struct sqs_client *c, const char *source_arn, sqs_move_func on_done, void *userdata,
                   struct sqs_call **ret_call) _must_check_;
int sqs_cancel_move(struct sqs_client *c, const char *handle, sqs_move_func on_done, void *userdata,
                    struct sqs_call **ret_call) _must_check_;
