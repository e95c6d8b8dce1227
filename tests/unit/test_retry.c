/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/aws/retry.h"
#include "common/base/clock.h"
#include "common/base/text.h"

static void errors_are_classified_by_code_and_not_by_status(void **state) {
        static const struct {
                const char *code;
                unsigned status;
                const char *message;
                enum aws_error_class class;
        } rows[] = {
                { "RequestThrottled", 403, NULL, AWS_ERROR_THROTTLED },
                { "RequestThrottled", 400, NULL, AWS_ERROR_THROTTLED },
                { "ThrottlingException", 400, NULL, AWS_ERROR_THROTTLED },
                { "OverLimit", 403, NULL, AWS_ERROR_THROTTLED },
                { "AWS.SimpleQueueService.OverLimit", 403, NULL, AWS_ERROR_THROTTLED },
                { "com.amazonaws.sqs#QueueDoesNotExist", 400, NULL, AWS_ERROR_NO_QUEUE },
                { "AWS.SimpleQueueService.NonExistentQueue;Sender", 400, NULL, AWS_ERROR_NO_QUEUE },
                { "InvalidAddress", 404, NULL, AWS_ERROR_NO_QUEUE },
                { "ReceiptHandleIsInvalid", 404, NULL, AWS_ERROR_STALE_HANDLE },
                { "MessageNotInflight", 400, NULL, AWS_ERROR_STALE_HANDLE },
                { "AWS.SimpleQueueService.MessageNotInflight", 400, NULL, AWS_ERROR_STALE_HANDLE },
                { "InvalidParameterValue", 400,
                  "Value x for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
                  AWS_ERROR_STALE_HANDLE },
                { "InvalidParameterValue", 400, "Value 99 for parameter MaxNumberOfMessages is invalid.",
                  AWS_ERROR_REQUEST },
                { "ExpiredToken", 403, NULL, AWS_ERROR_EXPIRED },
                { "com.amazon.coral.service#ExpiredTokenException:http://x", 400, NULL, AWS_ERROR_EXPIRED },
                { "RequestExpired", 400, NULL, AWS_ERROR_CLOCK },
                { "InvalidSignatureException", 403, NULL, AWS_ERROR_CLOCK },
                { "RequestTimeTooSkewed", 403, NULL, AWS_ERROR_CLOCK },
                { "AccessDenied", 403, NULL, AWS_ERROR_DENIED },
                { "com.amazon.coral.service#AccessDeniedException", 400, NULL, AWS_ERROR_DENIED },
                { "InvalidClientTokenId", 403, NULL, AWS_ERROR_DENIED },
                { "UnrecognizedClientException", 400, NULL, AWS_ERROR_DENIED },
                { "InvalidSecurity", 403, NULL, AWS_ERROR_DENIED },
                { "KmsDisabled", 400, NULL, AWS_ERROR_DENIED },
                { "KmsThrottled", 400, NULL, AWS_ERROR_THROTTLED },
                { "RequestTimeout", 400, NULL, AWS_ERROR_TRANSIENT },
                { "InternalError", 500, NULL, AWS_ERROR_TRANSIENT },
                { "UnsupportedOperation", 400, NULL, AWS_ERROR_REQUEST },
                { "NobodyKnowsThis", 503, NULL, AWS_ERROR_TRANSIENT },
                { "NobodyKnowsThis", 429, NULL, AWS_ERROR_THROTTLED },
                { "NobodyKnowsThis", 400, NULL, AWS_ERROR_REQUEST },
                { "", 502, NULL, AWS_ERROR_TRANSIENT },
                { "", 403, NULL, AWS_ERROR_DENIED },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                enum aws_error_class class = aws_error_classify(rows[i].code, rows[i].status, rows[i].message);
                if (class != rows[i].class)
                        fail_msg("%s with %u is %s", rows[i].code, rows[i].status, aws_error_class_name(class));
        }
}

static void an_answer_becomes_an_error_with_all_it_tells(void **state) {
        static const char body[] =
                "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"No such queue.\"}";
        struct aws_error e = aws_error_from_answer(400, body, strlen(body),
                                                   "AWS.SimpleQueueService.NonExistentQueue;Sender", "req-1", "1500");
        assert_string_equal(e.code, "QueueDoesNotExist");
        assert_string_equal(e.message, "No such queue.");
        assert_string_equal(e.request_id, "req-1");
        assert_int_equal(e.class, AWS_ERROR_NO_QUEUE);
        assert_int_equal(e.retry_after_usec, 1500 * USEC_PER_MSEC);
        _cleanup_(buf_done) struct buf b = { 0 };
        assert_int_equal(aws_error_write(&b, &e), 0);
        assert_string_equal(b.data, "QueueDoesNotExist: No such queue. (HTTP 400, request req-1)");
}

static void the_query_error_header_stands_in_for_a_body_that_says_nothing(void **state) {
        struct aws_error e = aws_error_from_answer(403, "<html>", 6, "RequestThrottled;Sender", NULL, "soon");
        assert_string_equal(e.code, "RequestThrottled");
        assert_int_equal(e.class, AWS_ERROR_THROTTLED);
        assert_int_equal(e.retry_after_usec, 0);
        e = aws_error_from_answer(503, NULL, 0, NULL, NULL, NULL);
        assert_int_equal(e.class, AWS_ERROR_TRANSIENT);
        _cleanup_(buf_done) struct buf b = { 0 };
        aws_error_write(&b, &e);
        assert_string_equal(b.data, "the server is in trouble (HTTP 503)");
}

static void who_is_no_sqs_is_told_as_what_it_is(void **state) {
        static const struct {
                unsigned status;
                const char *line;
        } rows[] = {
                { 407, "a proxy wants a name and password (HTTP 407)" },
                { 301, "the endpoint is not SQS: it sends the request elsewhere (HTTP 301)" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct aws_error e = aws_error_from_answer(rows[i].status, "<html>", 6, NULL, NULL, NULL);
                _cleanup_(buf_done) struct buf b = { 0 };
                assert_int_equal(e.class, AWS_ERROR_REQUEST);
                assert_int_equal(aws_error_write(&b, &e), 0);
                assert_string_equal(b.data, rows[i].line);
        }
}

static void long_texts_are_cut_between_characters(void **state) {
        char body[4096] = "{\"__type\":\"X\",\"message\":\"";
        for (int i = 0; i < 400; i++)
                strcat(body, "é");
        strcat(body, "\"}");
        struct aws_error e = aws_error_from_answer(400, body, strlen(body), NULL, NULL, NULL);
        assert_true(text_is_utf8(e.message, strlen(e.message)));
        assert_in_range(strlen(e.message), sizeof(e.message) - 3, sizeof(e.message) - 1);
}

static void backoff_doubles_to_its_cap_and_jitters_over_the_whole_range(void **state) {
        for (unsigned attempt = 0; attempt < 200; attempt++) {
                uint64_t top = attempt < 6 ? RETRY_BASE_USEC << attempt : RETRY_CAP_USEC;
                if (top > RETRY_CAP_USEC)
                        top = RETRY_CAP_USEC;
                assert_int_equal(retry_backoff_usec(attempt, RETRY_BASE_USEC, RETRY_CAP_USEC, 0), USEC_PER_MSEC);
                uint64_t most = retry_backoff_usec(attempt, RETRY_BASE_USEC, RETRY_CAP_USEC, UINT32_MAX);
                assert_in_range(most, top - 10, top);
                assert_in_range(retry_backoff_usec(attempt, RETRY_BASE_USEC, RETRY_CAP_USEC, UINT32_MAX / 2),
                                top / 2 - 10, top / 2);
        }
}

static void no_error_makes_a_hot_loop(void **state) {
        for (int class = 0; class < _AWS_ERROR_CLASS_COUNT; class ++)
                for (unsigned attempt = 0; attempt < 64; attempt++) {
                        struct aws_error e = { .class = (enum aws_error_class) class };
                        assert_true(retry_delay_usec(&e, attempt, 0) >= USEC_PER_MSEC);
                        assert_true(retry_delay_usec(&e, attempt, UINT32_MAX) >= RETRY_BASE_USEC - 1);
                        assert_true(retry_delay_usec(&e, attempt, UINT32_MAX) <= USEC_PER_MINUTE);
                }
}

static void the_servers_wish_is_honoured_within_five_seconds(void **state) {
        struct aws_error e = { .class = AWS_ERROR_THROTTLED, .retry_after_usec = 3 * USEC_PER_SEC };
        assert_int_equal(retry_delay_usec(&e, 0, 0), 3 * USEC_PER_SEC);
        e.retry_after_usec = USEC_PER_HOUR;
        assert_int_equal(retry_delay_usec(&e, 0, 0), 5 * USEC_PER_SEC + USEC_PER_MSEC);
        e.retry_after_usec = 1;
        assert_int_equal(retry_delay_usec(&e, 0, 0), USEC_PER_MSEC);
}

static void the_bucket_runs_dry_and_fills_again(void **state) {
        struct retry_bucket b = RETRY_BUCKET_INIT;
        const struct aws_error refused = { .error = -ECONNREFUSED }, late = { .error = -ETIMEDOUT };
        unsigned cost = 0;
        for (int i = 0; i < 49; i++)
                assert_int_equal(retry_bucket_take(&b, &late, &cost), 0);
        assert_int_equal(cost, 10);
        assert_int_equal(retry_bucket_take(&b, &refused, &cost), 0);
        assert_int_equal(cost, 5);
        assert_int_equal(retry_bucket_take(&b, &late, &cost), -EAGAIN);
        assert_int_equal(retry_bucket_take(&b, &refused, &cost), 0);
        assert_int_equal(retry_bucket_take(&b, &refused, &cost), -EAGAIN);
        retry_bucket_give(&b, 5);
        retry_bucket_give(&b, 0);
        assert_int_equal(b.tokens, 6);
        for (int i = 0; i < 1000; i++)
                retry_bucket_give(&b, 0);
        assert_int_equal(b.tokens, RETRY_TOKENS_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(errors_are_classified_by_code_and_not_by_status),
                cmocka_unit_test(an_answer_becomes_an_error_with_all_it_tells),
                cmocka_unit_test(the_query_error_header_stands_in_for_a_body_that_says_nothing),
                cmocka_unit_test(who_is_no_sqs_is_told_as_what_it_is),
                cmocka_unit_test(long_texts_are_cut_between_characters),
                cmocka_unit_test(backoff_doubles_to_its_cap_and_jitters_over_the_whole_range),
                cmocka_unit_test(no_error_makes_a_hot_loop),
                cmocka_unit_test(the_servers_wish_is_honoured_within_five_seconds),
                cmocka_unit_test(the_bucket_runs_dry_and_fills_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
