/* SPDX-License-Identifier: Apache-2.0 */
/* The table of failures. Codes and statuses are those of the SQS service model (the awsQueryError trait where a shape
 * has one); what the model does not name (InvalidParameterValue and the errors every AWS service shares) is answered as
 * the live service does, with a type of the common service framework. */
#include "tests/queue/failure.h"

#include <stdarg.h>
#include <stdio.h>

#define SQS(name) "com.amazonaws.sqs#" name
#define SHARED(name) "com.amazon.coral.service#" name
#define QUERY(name) "AWS.SimpleQueueService." name

static const struct failure_kind kinds[] = {
        [FAILURE_ACCESS_DENIED] = { SHARED("AccessDeniedException"), "AccessDenied", 403, true,
                                    "Access to the resource is denied." },
        [FAILURE_BATCH_ENTRY_IDS_NOT_DISTINCT] = { SQS("BatchEntryIdsNotDistinct"), QUERY("BatchEntryIdsNotDistinct"),
                                                   400, true, "Two or more batch entries have the same Id." },
        [FAILURE_BATCH_REQUEST_TOO_LONG] = { SQS("BatchRequestTooLong"), QUERY("BatchRequestTooLong"), 400, true,
                                             "Batch requests cannot be longer than 1048576 bytes." },
        [FAILURE_EMPTY_BATCH_REQUEST] = { SQS("EmptyBatchRequest"), QUERY("EmptyBatchRequest"), 400, true,
                                          "There should be at least one entry in the request." },
        [FAILURE_EXPIRED_TOKEN] = { SHARED("ExpiredTokenException"), "ExpiredToken", 403, true,
                                    "The security token included in the request is expired" },
        [FAILURE_INTERNAL] = { SHARED("InternalFailure"), "InternalError", 500, false,
                               "We encountered an internal error. Please try again." },
        [FAILURE_INVALID_ATTRIBUTE_NAME] = { SQS("InvalidAttributeName"), "InvalidAttributeName", 400, true,
                                             "Unknown Attribute." },
        [FAILURE_INVALID_ATTRIBUTE_VALUE] = { SQS("InvalidAttributeValue"), "InvalidAttributeValue", 400, true,
                                              "Invalid value for the parameter." },
        [FAILURE_INVALID_BATCH_ENTRY_ID] = { SQS("InvalidBatchEntryId"), QUERY("InvalidBatchEntryId"), 400, true,
                                             "A batch entry id can only contain alphanumeric characters, hyphens and "
                                             "underscores. It can be at most 80 letters long." },
        [FAILURE_INVALID_MESSAGE_CONTENTS] = { SQS("InvalidMessageContents"), "InvalidMessageContents", 400, true,
                                               "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD "
                                               "| #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF" },
        [FAILURE_INVALID_PARAMETER_VALUE] = { SHARED("InvalidParameterValueException"), "InvalidParameterValue", 400,
                                              true, "A parameter's value is invalid." },
        [FAILURE_INVALID_SIGNATURE] = { SHARED("InvalidSignatureException"), "InvalidSignatureException", 403, true,
                                        "Signature expired." },
        [FAILURE_MESSAGE_NOT_IN_FLIGHT] = { SQS("MessageNotInflight"), QUERY("MessageNotInflight"), 400, true,
                                            "The message referred to isn't in flight." },
        [FAILURE_MISSING_PARAMETER] = { SHARED("MissingRequiredParameterException"), "MissingParameter", 400, true,
                                        "The request misses a parameter." },
        [FAILURE_OVER_LIMIT] = { SQS("OverLimit"), "OverLimit", 403, true,
                                 "Too many messages of this queue are in flight." },
        [FAILURE_QUEUE_DOES_NOT_EXIST] = { SQS("QueueDoesNotExist"), QUERY("NonExistentQueue"), 400, true,
                                           "The specified queue does not exist." },
        [FAILURE_QUEUE_NAME_EXISTS] = { SQS("QueueNameExists"), "QueueAlreadyExists", 400, true,
                                        "A queue already exists with the same name and a different value for an "
                                        "attribute." },
        [FAILURE_RECEIPT_HANDLE_IS_INVALID] = { SQS("ReceiptHandleIsInvalid"), "ReceiptHandleIsInvalid", 404, true,
                                                "The input receipt handle is invalid." },
        [FAILURE_RESOURCE_NOT_FOUND] = { SQS("ResourceNotFoundException"), "ResourceNotFoundException", 404, true,
                                         "One or more specified resources don't exist." },
        [FAILURE_SERIALIZATION] = { SHARED("SerializationException"), "MalformedInput", 400, true,
                                    "The request's body could not be read." },
        [FAILURE_SERVICE_UNAVAILABLE] = { SHARED("ServiceUnavailableException"), "ServiceUnavailable", 503, false,
                                          "The service is unavailable. Please try again." },
        [FAILURE_THROTTLED] = { SQS("RequestThrottled"), "RequestThrottled", 403, true, "Rate exceeded" },
        [FAILURE_TOO_MANY_ENTRIES] = { SQS("TooManyEntriesInBatchRequest"), QUERY("TooManyEntriesInBatchRequest"), 400,
                                       true, "Maximum number of entries per request are 10." },
        [FAILURE_UNKNOWN_OPERATION] = { SHARED("UnknownOperationException"), "InvalidAction", 404, true,
                                        "The operation is not known to this server." },
        [FAILURE_UNSUPPORTED_OPERATION] = { SQS("UnsupportedOperation"), QUERY("UnsupportedOperation"), 400, true,
                                            "The operation is not supported for this queue." },
};

const struct failure_kind *failure_kind(enum failure_code code) {
        return &kinds[code];
}

void failure_fill(struct failure *f, enum failure_code code, const char *fmt, ...) {
        va_list ap;
        char *message = NULL;

        va_start(ap, fmt);
        if (vasprintf(&message, fmt, ap) < 0)
                message = NULL;
        va_end(ap);

        failure_done(f);
        f->code = code;
        f->message = message;
}

const char *failure_message(const struct failure *f) {
        return f->message && *f->message ? f->message : kinds[f->code].message;
}

void failure_done(struct failure *f) {
        free(f->message);
        *f = (struct failure){ 0 };
}
