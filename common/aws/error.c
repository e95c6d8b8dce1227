/* SPDX-License-Identifier: Apache-2.0 */
/* One table maps every code that SQS, STS and the signing front end document to a class. Codes come in two spellings:
 * the JSON protocol's shape name ("QueueDoesNotExist") and the older query name that x-amzn-query-error carries
 * ("AWS.SimpleQueueService.NonExistentQueue"); the prefix is taken off and both names stand in the table. */
#include "common/aws/error.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"

static const char *const class_names[_AWS_ERROR_CLASS_COUNT] = {
        [AWS_ERROR_TRANSIENT] = "transient",
        [AWS_ERROR_THROTTLED] = "throttled",
        [AWS_ERROR_EXPIRED] = "expired_credentials",
        [AWS_ERROR_CLOCK] = "clock_skew",
        [AWS_ERROR_NO_CREDENTIALS] = "no_credentials",
        [AWS_ERROR_DENIED] = "denied",
        [AWS_ERROR_NO_QUEUE] = "no_queue",
        [AWS_ERROR_STALE_HANDLE] = "stale_handle",
        [AWS_ERROR_REQUEST] = "bad_request",
        [AWS_ERROR_PROTOCOL] = "protocol",
};

const char *aws_error_class_name(enum aws_error_class c) {
        return class_names[c];
}

static const struct {
        const char *code;
        enum aws_error_class class;
} codes[] = {
        { "QueueDoesNotExist", AWS_ERROR_NO_QUEUE },
        { "NonExistentQueue", AWS_ERROR_NO_QUEUE },
        { "QueueDeletedRecently", AWS_ERROR_NO_QUEUE },
        { "InvalidAddress", AWS_ERROR_NO_QUEUE },

        { "ReceiptHandleIsInvalid", AWS_ERROR_STALE_HANDLE },
        { "MessageNotInflight", AWS_ERROR_STALE_HANDLE },

        { "RequestThrottled", AWS_ERROR_THROTTLED },
        { "RequestThrottledException", AWS_ERROR_THROTTLED },
        { "Throttling", AWS_ERROR_THROTTLED },
        { "ThrottlingException", AWS_ERROR_THROTTLED },
        { "ThrottledException", AWS_ERROR_THROTTLED },
        { "TooManyRequests", AWS_ERROR_THROTTLED },
        { "TooManyRequestsException", AWS_ERROR_THROTTLED },
        { "RequestLimitExceeded", AWS_ERROR_THROTTLED },
        { "BandwidthLimitExceeded", AWS_ERROR_THROTTLED },
        { "LimitExceededException", AWS_ERROR_THROTTLED },
        { "OverLimit", AWS_ERROR_THROTTLED },
        { "SlowDown", AWS_ERROR_THROTTLED },
        { "PriorRequestNotComplete", AWS_ERROR_THROTTLED },
        { "KmsThrottled", AWS_ERROR_THROTTLED },
        { "KMS.ThrottlingException", AWS_ERROR_THROTTLED },

        { "RequestTimeout", AWS_ERROR_TRANSIENT },
        { "RequestTimeoutException", AWS_ERROR_TRANSIENT },
        { "InternalError", AWS_ERROR_TRANSIENT },
        { "InternalFailure", AWS_ERROR_TRANSIENT },
        { "InternalServerError", AWS_ERROR_TRANSIENT },
        { "ServiceUnavailable", AWS_ERROR_TRANSIENT },
        { "IDPCommunicationError", AWS_ERROR_TRANSIENT },

        { "ExpiredToken", AWS_ERROR_EXPIRED },
        { "ExpiredTokenException", AWS_ERROR_EXPIRED },
        { "TokenRefreshRequired", AWS_ERROR_EXPIRED },

        { "RequestExpired", AWS_ERROR_CLOCK },
        { "RequestTimeTooSkewed", AWS_ERROR_CLOCK },
        { "RequestInTheFuture", AWS_ERROR_CLOCK },
        { "InvalidSignature", AWS_ERROR_CLOCK },
        { "InvalidSignatureException", AWS_ERROR_CLOCK },
        { "SignatureDoesNotMatch", AWS_ERROR_CLOCK },
        { "AuthFailure", AWS_ERROR_CLOCK },

        { "AccessDenied", AWS_ERROR_DENIED },
        { "AccessDeniedException", AWS_ERROR_DENIED },
        { "UnauthorizedOperation", AWS_ERROR_DENIED },
        { "UnrecognizedClientException", AWS_ERROR_DENIED },
        { "UnrecognizedClient", AWS_ERROR_DENIED },
        { "InvalidClientTokenId", AWS_ERROR_DENIED },
        { "InvalidAccessKeyId", AWS_ERROR_DENIED },
        { "InvalidSecurity", AWS_ERROR_DENIED },
        { "IncompleteSignature", AWS_ERROR_DENIED },
        { "MissingAuthenticationToken", AWS_ERROR_DENIED },
        { "MissingAuthenticationTokenException", AWS_ERROR_DENIED },
        { "NotAuthorized", AWS_ERROR_DENIED },
        { "OptInRequired", AWS_ERROR_DENIED },
        { "KmsOptInRequired", AWS_ERROR_DENIED },
        { "KmsAccessDenied", AWS_ERROR_DENIED },
        { "KmsDisabled", AWS_ERROR_DENIED },
        { "KmsInvalidKeyUsage", AWS_ERROR_DENIED },
        { "KmsInvalidState", AWS_ERROR_DENIED },
        { "KmsNotFound", AWS_ERROR_DENIED },

        { "UnsupportedOperation", AWS_ERROR_REQUEST },
        { "BatchRequestTooLong", AWS_ERROR_REQUEST },
        { "TooManyEntriesInBatchRequest", AWS_ERROR_REQUEST },
        { "EmptyBatchRequest", AWS_ERROR_REQUEST },
        { "InvalidBatchEntryId", AWS_ERROR_REQUEST },
        { "BatchEntryIdsNotDistinct", AWS_ERROR_REQUEST },
        { "InvalidMessageContents", AWS_ERROR_REQUEST },
        { "InvalidAttributeName", AWS_ERROR_REQUEST },
        { "InvalidAttributeValue", AWS_ERROR_REQUEST },
        { "InvalidParameterValue", AWS_ERROR_REQUEST },
        { "InvalidParameterCombination", AWS_ERROR_REQUEST },
        { "MissingParameter", AWS_ERROR_REQUEST },
        { "ValidationException", AWS_ERROR_REQUEST },
        { "ValidationError", AWS_ERROR_REQUEST },
};

/* "com.amazonaws.sqs#QueueDoesNotExist:http://…" → "QueueDoesNotExist", and the query names lose their prefix. */
static void bare_code(const char *code, size_t len, char *ret, size_t size) {
        const char *hash = memchr(code, '#', len);
        if (hash) {
                len -= (size_t)(hash + 1 - code);
                code = hash + 1;
        }
        static const char prefix[] = "AWS.SimpleQueueService.";
        if (len >= sizeof(prefix) - 1 && memcmp(code, prefix, sizeof(prefix) - 1) == 0) {
                code += sizeof(prefix) - 1;
                len -= sizeof(prefix) - 1;
        }
        size_t n = 0;
        while (n < len && n + 1 < size && code[n] != ':' && code[n] != ';')
                n++;
        memcpy(ret, code, n);
        ret[n] = '\0';
}

static enum aws_error_class by_status(unsigned http_status) {
        if (http_status == 429)
                return AWS_ERROR_THROTTLED;
        if (http_status >= 500 || http_status == 408)
                return AWS_ERROR_TRANSIENT;
        if (http_status == 401 || http_status == 403)
                return AWS_ERROR_DENIED;
        return AWS_ERROR_REQUEST;
}

/* SQS gives no code of its own for a handle that is expired or malformed: "Value … for parameter ReceiptHandle is
 * invalid. Reason: The receipt handle has expired." */
static bool speaks_of_handle(const char *message) {
        return message && (strstr(message, "ReceiptHandle is invalid") || strstr(message, "receipt handle"));
}

enum aws_error_class aws_error_classify(const char *code, unsigned http_status, const char *message) {
        char bare[sizeof(((struct aws_error *)0)->code)];
        bare_code(code, strlen(code), bare, sizeof(bare));
        if (text_eq(bare, "InvalidParameterValue") && speaks_of_handle(message))
                return AWS_ERROR_STALE_HANDLE;
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (text_eq(codes[i].code, bare))
                        return codes[i].class;
        return by_status(http_status);
}

static void copy_text(char *dst, size_t size, const char *src) {
        size_t n = src ? strnlen(src, size) : 0;
        if (n == size)
                for (n = size - 1; n > 0 && ((unsigned char)src[n] & 0xc0) == 0x80; n--)
                        ;
        if (n > 0)
                memcpy(dst, src, n);
        dst[n] = '\0';
}

/* Fills code and message from the JSON body, when it is one. Front ends write "message" or "Message". */
static void read_body(struct aws_error *e, const char *body, size_t len) {
        _cleanup_value_ struct value *v = NULL;
        if (len == 0 || json_parse(body, len, &v, NULL, NULL) < 0 || value_type(v) != VALUE_MAP)
                return;
        const char *type = value_map_string(v, "__type");
        if (!type)
                type = value_map_string(v, "code");
        if (type)
                bare_code(type, strlen(type), e->code, sizeof(e->code));
        const char *message = value_map_string(v, "message");
        copy_text(e->message, sizeof(e->message), message ? message : value_map_string(v, "Message"));
}

struct aws_error aws_error_from_answer(unsigned http_status, const char *body, size_t body_len, const char *query_error,
                                       const char *request_id, const char *retry_after) {
        struct aws_error e = { .http_status = http_status };
        int64_t retry_after_ms;

        read_body(&e, body, body_len);
        if (!e.code[0] && query_error)
                bare_code(query_error, strlen(query_error), e.code, sizeof(e.code));
        copy_text(e.request_id, sizeof(e.request_id), request_id);
        if (retry_after && text_to_i64(retry_after, 0, INT32_MAX, &retry_after_ms) == 0)
                e.retry_after_usec = (uint64_t)retry_after_ms * USEC_PER_MSEC;
        e.class = aws_error_classify(e.code, http_status, e.message);
        return e;
}

struct aws_error aws_error_from_errno(int error, const char *text) {
        struct aws_error e = { .class = AWS_ERROR_TRANSIENT, .error = error };
        if (error == -EBADMSG || error == -EFBIG)
                e.class = AWS_ERROR_PROTOCOL;
        copy_text(e.message, sizeof(e.message), text ? text : strerror(-error));
        return e;
}

/* What stands before the message where the server gave no code. */
static const char *phrase(const struct aws_error *e) {
        if (e->class == AWS_ERROR_TRANSIENT)
                return e->http_status == 0 ? "no answer" : "the server is in trouble";
        if (e->http_status == 407)
                return "a proxy wants a name and password";
        if (e->http_status >= 300 && e->http_status < 400)
                return "the endpoint is not SQS: it sends the request elsewhere";
        return e->class == AWS_ERROR_NO_CREDENTIALS ? "no credentials" : class_names[e->class];
}

int aws_error_write(struct buf *b, const struct aws_error *e) {
        const char *head = e->code[0] ? e->code : phrase(e);

        buf_append_str(b, head);
        if (e->message[0])
                buf_appendf(b, ": %s", e->message);
        if (e->http_status) {
                buf_appendf(b, " (HTTP %u", e->http_status);
                if (e->request_id[0])
                        buf_appendf(b, ", request %s", e->request_id);
                buf_append_char(b, ')');
        }
        return buf_error(b);
}
