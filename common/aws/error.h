/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong in an AWS call, as one plain value, and the table that classifies it by its code.
 *
 * The HTTP status never decides while there is a code: SQS answers throttling with 403 as well as 400 (SQS API
 * reference, "Common Errors"). */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"

enum aws_error_class {
        AWS_ERROR_TRANSIENT,      /* network, 5xx, timeouts: the same call may work in a moment */
        AWS_ERROR_THROTTLED,      /* too fast, or too many messages in flight (OverLimit): slow down */
        AWS_ERROR_EXPIRED,        /* the credentials ran out: refresh them; the client did so once already */
        AWS_ERROR_CLOCK,          /* the host's clock is wrong; the client corrected it once already */
        AWS_ERROR_NO_CREDENTIALS, /* no provider of the chain had any; the message names each and its reason */
        AWS_ERROR_DENIED,         /* access denied, unknown key, KMS refuses: a person must change something */
        AWS_ERROR_NO_QUEUE,       /* the queue does not exist here (also: wrong region or account) */
        AWS_ERROR_STALE_HANDLE,   /* the receipt handle is invalid, expired, or its message not in flight any more */
        AWS_ERROR_REQUEST,        /* the request itself is refused; sending it again unchanged is useless */
        AWS_ERROR_PROTOCOL,       /* the answer could not be understood */
        _AWS_ERROR_CLASS_COUNT,
};

/* "transient", "throttled", …: for metrics and JSON. */
const char *aws_error_class_name(enum aws_error_class c);

/* A plain value: copy it by assignment. Texts that do not fit are cut at a UTF-8 boundary. */
struct aws_error {
        enum aws_error_class class;
        int error;                 /* -errno when no HTTP answer was had (-ETIMEDOUT, -ECONNREFUSED …), else 0 */
        unsigned http_status;      /* 0 without an answer */
        uint64_t retry_after_usec; /* x-amz-retry-after as the server sent it (unbounded); 0: none */
        char code[96];             /* "QueueDoesNotExist", without namespace; "" without an answer */
        char request_id[64];       /* x-amzn-RequestId; "" when unknown */
        char message[512];
};

/* The class of an error code ("AWS.SimpleQueueService.NonExistentQueue" and "QueueDoesNotExist" are the same). An
 * unknown code is judged by its HTTP status (5xx transient, 429 throttled, else AWS_ERROR_REQUEST). `message` may be
 * NULL; it tells an expired receipt handle from other InvalidParameterValue errors, which SQS does not by code. */
enum aws_error_class aws_error_classify(const char *code, unsigned http_status, const char *message);

/* Fills `e` from an HTTP error answer: `query_error` (x-amzn-query-error), `request_id`, `retry_after`
 * (x-amz-retry-after, ms) may be NULL; `body` is JSON or anything else. Never fails. */
struct aws_error aws_error_from_answer(unsigned http_status, const char *body, size_t body_len, const char *query_error,
                                       const char *request_id, const char *retry_after);

/* Fills `e` for a call that got no answer. `text` says why (borrowed). */
struct aws_error aws_error_from_errno(int error, const char *text);

/* Appends one line for people: "QueueDoesNotExist: The specified queue does not exist. (HTTP 400, request 1f2e…)". */
int aws_error_write(struct buf *b, const struct aws_error *e);
