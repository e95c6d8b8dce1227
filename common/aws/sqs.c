/* SPDX-License-Identifier: Apache-2.0 */
/* Each operation is an encoder, a target, and a finish function that decodes and calls back. */
#include "common/aws/sqs.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/aws/sqs_call.h"
#include "common/base/clock.h"
#include "common/base/text.h"

int sqs_client_new(const struct sqs_client_options *options, struct sqs_client **ret) {
        if (!text_after(options->endpoint, "http://") && !text_after(options->endpoint, "https://"))
                return -EINVAL;
        _cleanup_(sqs_client_freep) struct sqs_client *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->http = options->http;
        c->credentials = options->credentials;
        c->region = text_dup(options->region);
        c->url = text_printf("%s%s", options->endpoint, text_ends_with(options->endpoint, "/") ? "" : "/");
        if (!c->region || !c->url)
                return -ENOMEM;
        *ret = TAKE_PTR(c);
        return 0;
}

struct sqs_client *sqs_client_free(struct sqs_client *c) {
        if (!c)
                return NULL;
        while (c->calls)
                sqs_call_free(c->calls);
        sigv4_key_cache_done(&c->key_cache);
        free(c->region);
        free(c->url);
        free(c);
        return NULL;
}

struct sqs_call *sqs_cancel(struct sqs_call *call) {
        return sqs_call_free(call);
}

/* Starts a call whose body was encoded with result `encoded`; takes the call. */
static int start(struct sqs_call *call, int encoded, struct sqs_call **ret_call) {
        int r = encoded < 0 ? encoded : sqs_call_start(call);
        if (r < 0) {
                sqs_call_free(call);
                return r;
        }
        if (ret_call)
                *ret_call = call;
        return 0;
}

/* --- receive ------------------------------------------------------------------------------------------------------ */

static int finish_receive(struct sqs_call *call, const struct aws_error *error, const struct buf *body) {
        struct sqs_message **messages = NULL;
        size_t count = 0;
        int r = error ? 0 : sqs_decode_receive(body->data, body->len, &messages, &count);
        if (r < 0)
                return r;
        call->on_done.receive(error, messages, count, call->userdata);
        sqs_messages_free(messages, count);
        return 0;
}

int sqs_receive(struct sqs_client *c, const struct sqs_receive *request, sqs_receive_func on_done, void *userdata,
                struct sqs_call **ret_call) {
        struct sqs_call *call = sqs_call_new(c, "AmazonSQS.ReceiveMessage", finish_receive, userdata);
        if (!call)
                return -ENOMEM;
        call->on_done.receive = on_done;
        call->timeout_usec = request->wait_seconds * USEC_PER_SEC + SQS_RECEIVE_MARGIN_USEC;
        return start(call, sqs_encode_receive(&call->body, request), ret_call);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void check_sent(const struct sqs_call *call, struct sqs_batch_result *results) {
        for (size_t i = 0; call->sent_md5 && i < call->entry_count; i++)
                results[i].damaged = results[i].ok && results[i].md5_of_body && call->sent_md5[i][0] &&
                                     strcasecmp(results[i].md5_of_body, call->sent_md5[i]) != 0;
}

static int finish_batch(struct sqs_call *call, const struct aws_error *error, const struct buf *body) {
        struct sqs_batch_result results[SQS_BATCH_MAX];
        _cleanup_value_ struct value *source = NULL;
        int r = error ? 0 : sqs_decode_batch(body->data, body->len, results, call->entry_count, &source);
        if (r < 0)
                return r;
        if (!error)
                check_sent(call, results);
        call->on_done.batch(error, error ? NULL : results, error ? 0 : call->entry_count, call->userdata);
        return 0;
}

static int finish_send(struct sqs_call *call, const struct aws_error *error, const struct buf *body) {
        struct sqs_batch_result result = { 0 };
        _cleanup_value_ struct value *source = NULL;
        int r = error ? 0 : sqs_decode_send(body->data, body->len, &result, &source);
        if (r < 0)
                return r;
        if (!error)
                check_sent(call, &result);
        call->on_done.batch(error, error ? NULL : &result, error ? 0 : 1, call->userdata);
        return 0;
}

static struct sqs_call *batch_new(struct sqs_client *c, const char *target, sqs_finish_func finish, size_t count,
                                  sqs_batch_func on_done, void *userdata) {
        struct sqs_call *call = sqs_call_new(c, target, finish, userdata);
        if (!call)
                return NULL;
        call->on_done.batch = on_done;
        call->entry_count = count;
        return call;
}

int sqs_delete_batch(struct sqs_client *c, const char *queue_url, const char *const *receipt_handles, size_t count,
                     sqs_batch_func on_done, void *userdata, struct sqs_call **ret_call) {
        struct sqs_call *call = batch_new(c, "AmazonSQS.DeleteMessageBatch", finish_batch, count, on_done, userdata);
        if (!call)
                return -ENOMEM;
        return start(call, sqs_encode_delete_batch(&call->body, queue_url, receipt_handles, count), ret_call);
}

int sqs_change_visibility_batch(struct sqs_client *c, const char *queue_url, const struct sqs_visibility *entries,
                                size_t count, uint64_t limit_usec, sqs_batch_func on_done, void *userdata,
                                struct sqs_call **ret_call) {
        struct sqs_call *call =
                batch_new(c, "AmazonSQS.ChangeMessageVisibilityBatch", finish_batch, count, on_done, userdata);
        if (!call)
                return -ENOMEM;
        if (limit_usec)
                call->timeout_usec = limit_usec;
        return start(call, sqs_encode_visibility_batch(&call->body, queue_url, entries, count), ret_call);
}

/* What the server should say about each body. A host without MD5 cannot tell; then "" stays and nothing is checked. */
static int remember_md5(struct sqs_call *call, const struct sqs_send *entries, size_t count) {
        call->sent_md5 = calloc(count, sizeof(*call->sent_md5));
        if (!call->sent_md5)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (sqs_md5_of_body(entries[i].body, entries[i].body_len, call->sent_md5[i]) == -ENOMEM)
                        return -ENOMEM;
        return 0;
}

int sqs_send_batch(struct sqs_client *c, const char *queue_url, const struct sqs_send *entries, size_t count,
                   sqs_batch_func on_done, void *userdata, struct sqs_call **ret_call) {
        struct sqs_call *call = batch_new(c, "AmazonSQS.SendMessageBatch", finish_batch, count, on_done, userdata);
        if (!call)
                return -ENOMEM;
        int r = sqs_encode_send_batch(&call->body, queue_url, entries, count);
        return start(call, r < 0 ? r : remember_md5(call, entries, count), ret_call);
}

int sqs_send(struct sqs_client *c, const char *queue_url, const struct sqs_send *entry, sqs_batch_func on_done,
             void *userdata, struct sqs_call **ret_call) {
        struct sqs_call *call = batch_new(c, "AmazonSQS.SendMessage", finish_send, 1, on_done, userdata);
        if (!call)
                return -ENOMEM;
        int r = sqs_encode_send(&call->body, queue_url, entry);
        return start(call, r < 0 ? r : remember_md5(call, entry, 1), ret_call);
}

/* --- queues ------------------------------------------------------------------------------------------------------- */

static int finish_attributes(struct sqs_call *call, const struct aws_error *error, const struct buf *body) {
        struct sqs_queue_attributes attributes = { 0 };
        int r = error ? 0 : sqs_decode_queue_attributes(body->data, body->len, &attributes);
        if (r < 0)
                return r;
        call->on_done.attributes(error, error ? NULL : &attributes, call->userdata);
        sqs_queue_attributes_done(&attributes);
        return 0;
}

int sqs_get_queue_attributes(struct sqs_client *c, const char *queue_url, sqs_attributes_func on_done, void *userdata,
                             struct sqs_call **ret_call) {
        struct sqs_call *call = sqs_call_new(c, "AmazonSQS.GetQueueAttributes", finish_attributes, userdata);
        if (!call)
                return -ENOMEM;
        call->on_done.attributes = on_done;
        return start(call, sqs_encode_get_queue_attributes(&call->body, queue_url), ret_call);
}

static int finish_queue_url(struct sqs_call *call, const struct aws_error *error, const struct buf *body) {
        _cleanup_free_ char *url = NULL;
        int r = error ? 0 : sqs_decode_queue_url(body->data, body->len, &url);
        if (r < 0)
                return r;
        call->on_done.queue_url(error, url, call->userdata);
        return 0;
}

int sqs_get_queue_url(struct sqs_client *c, const char *name, const char *account, sqs_queue_url_func on_done,
                      void *userdata, struct sqs_call **ret_call) {
        struct sqs_call *call = sqs_call_new(c, "AmazonSQS.GetQueueUrl", finish_queue_url, userdata);
        if (!call)
                return -ENOMEM;
        call->on_done.queue_url = on_done;
        return start(call, sqs_encode_get_queue_url(&call->body, name, account), ret_call);
}

/* --- move tasks --------------------------------------------------------------------------------------------------- */

static int finish_move(struct sqs_call *call, const struct aws_error *error, const struct buf *body) {
        struct sqs_move_task task = { 0 };
        _cleanup_value_ struct value *source = NULL;
        int r = error ? 0 : sqs_decode_move(body->data, body->len, &task, &source);
        if (r < 0)
                return r;
        call->on_done.move(error, error ? NULL : &task, call->userdata);
        return 0;
}

static struct sqs_call *move_new(struct sqs_client *c, const char *target, sqs_move_func on_done, void *userdata) {
        struct sqs_call *call = sqs_call_new(c, target, finish_move, userdata);
        if (call)
                call->on_done.move = on_done;
        return call;
}

int sqs_start_move(struct sqs_client *c, const char *source_arn, const char *destination_arn, sqs_move_func on_done,
                   void *userdata, struct sqs_call **ret_call) {
        struct sqs_call *call = move_new(c, "AmazonSQS.StartMessageMoveTask", on_done, userdata);
        return call ? start(call, sqs_encode_start_move(&call->body, source_arn, destination_arn), ret_call) : -ENOMEM;
}

int sqs_list_moves(struct sqs_client *c, const char *source_arn, sqs_move_func on_done, void *userdata,
                   struct sqs_call **ret_call) {
        struct sqs_call *call = move_new(c, "AmazonSQS.ListMessageMoveTasks", on_done, userdata);
        return call ? start(call, sqs_encode_list_moves(&call->body, source_arn), ret_call) : -ENOMEM;
}

int sqs_cancel_move(struct sqs_client *c, const char *handle, sqs_move_func on_done, void *userdata,
                    struct sqs_call **ret_call) {
        struct sqs_call *call = move_new(c, "AmazonSQS.CancelMessageMoveTask", on_done, userdata);
        return call ? start(call, sqs_encode_cancel_move(&call->body, handle), ret_call) : -ENOMEM;
}
