/* SPDX-License-Identifier: Apache-2.0 */
/* The errors a client can be told, by the names of the SQS service model: one table of type, query code and status. */
#pragma once

#include <stdbool.h>

#include "common/base/cleanup.h"

enum failure_code {
        FAILURE_NONE,
        FAILURE_ACCESS_DENIED,
        FAILURE_BATCH_ENTRY_IDS_NOT_DISTINCT,
        FAILURE_BATCH_REQUEST_TOO_LONG,
        FAILURE_EMPTY_BATCH_REQUEST,
        FAILURE_EXPIRED_TOKEN,
        FAILURE_INTERNAL,
        FAILURE_INVALID_ATTRIBUTE_NAME,
        FAILURE_INVALID_ATTRIBUTE_VALUE,
        FAILURE_INVALID_BATCH_ENTRY_ID,
        FAILURE_INVALID_MESSAGE_CONTENTS,
        FAILURE_INVALID_PARAMETER_VALUE,
        FAILURE_INVALID_SIGNATURE,
        FAILURE_MESSAGE_NOT_IN_FLIGHT,
        FAILURE_MISSING_PARAMETER,
        FAILURE_OVER_LIMIT,
        FAILURE_QUEUE_DOES_NOT_EXIST,
        FAILURE_QUEUE_NAME_EXISTS,
        FAILURE_RECEIPT_HANDLE_IS_INVALID,
        FAILURE_RESOURCE_NOT_FOUND,
        FAILURE_SERIALIZATION,
        FAILURE_SERVICE_UNAVAILABLE,
        FAILURE_THROTTLED,
        FAILURE_TOO_MANY_ENTRIES,
        FAILURE_UNKNOWN_OPERATION,
        FAILURE_UNSUPPORTED_OPERATION,
};

struct failure_kind {
        const char *type;       /* what __type says */
        const char *query_code; /* what x-amzn-query-error and a batch's Failed[].Code say */
        unsigned status;        /* HTTP */
        bool sender_fault;
        const char *message; /* when the failure brings none of its own */
};

const struct failure_kind *failure_kind(enum failure_code code);

/* One failure on its way to the client. */
struct failure {
        enum failure_code code;
        char *message; /* owned; NULL: the kind's own */
};

#define FAILED 1 /* the named outcome of every function that fills a struct failure */

void failure_fill(struct failure *f, enum failure_code code, const char *fmt, ...) _printf_(3, 4);

/* Fills the failure, replacing what it held; its value is FAILED, so that it can be returned on. */
#define failure_set(...) (failure_fill(__VA_ARGS__), FAILED)
/* The same with the kind's own message. */
#define failure_plain(f, code) (failure_fill((f), (code), "%s", ""), FAILED)
const char *failure_message(const struct failure *f);
void failure_done(struct failure *f);
