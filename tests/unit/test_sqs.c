/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a server that answers what each test wants. See test_sqs_server.c for a whole server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "common/aws/sqs.h"
#include "common/base/text.h"
#include "tests/unit/http_server_none.h"

#define QUEUE "https://sqs.eu-north-1.amazonaws.com/123456789012/orders"

struct fixture {
        sd_event *event;
        struct http *http;
        struct server server;
        struct server container; /* where credentials come from */
        char **environment;
        struct credentials_chain *chain;
        struct sqs_client *client;
        const char *status_and_body[8]; /* what the server answers one after the other; the last repeats */
        int64_t server_clock_offset;    /* seconds, in the Date header */
        int64_t server_clock_drift;     /* added to it with each request */
        unsigned container_count;
};

static enum server_action serve_script(struct server *s, const char *request, size_t len, struct buf *answer) {
        struct fixture *f = CONTAINER_OF(s, struct fixture, server);
        char date[64], headers[256];
        f->server_clock_offset += f->server_clock_drift;
        time_t now = time(NULL) + (time_t)f->server_clock_offset;
        size_t i = 0;
        while (i + 1 < s->request_count && f->status_and_body[i + 1])
                i++;
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
        snprintf(headers, sizeof(headers), "Date: %s\r\nx-amzn-RequestId: req-%u\r\nx-amz-retry-after: 700\r\n", date,
                 s->request_count);
        const char *script = f->status_and_body[i];
        server_answer(answer, (unsigned)strtoul(script, NULL, 10), headers, script + 4);
        return SERVER_ANSWER;
}

static enum server_action serve_credentials(struct server *s, const char *request, size_t len, struct buf *answer) {
        struct fixture *f = CONTAINER_OF(s, struct fixture, container);
        _cleanup_free_ char *body =
                text_printf("{\"AccessKeyId\":\"AKID%u\",\"SecretAccessKey\":\"s\",\"Token\":\"t%u\","
                            "\"Expiration\":\"2999-01-01T00:00:00Z\"}",
                            f->container_count, f->container_count);
        f->container_count++;
        server_answer(answer, 200, "", body);
        return SERVER_ANSWER;
}

static void make_client(struct fixture *f, const char *variable) {
        _cleanup_free_ char *endpoint = text_printf("http://127.0.0.1:%u", f->server.port);
        text_list_add(&f->environment, variable);
        const struct credentials_options o = { .event = f->event, .http = f->http, .environment = f->environment };
        assert_int_equal(credentials_chain_new(&o, &f->chain), 0);
        const struct sqs_client_options c = {
                .http = f->http,
                .credentials = f->chain,
                .region = "eu-north-1",
                .endpoint = endpoint,
        };
        assert_int_equal(sqs_client_new(&c, &f->client), 0);
}

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_int_equal(sd_event_new(&f->event), 0);
        assert_int_equal(http_new(f->event, NULL, &f->http), 0);
        server_start(&f->server, f->event, serve_script);
        server_start(&f->container, f->event, serve_credentials);
        _cleanup_free_ char *url =
                text_printf("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:%u/", f->container.port);
        make_client(f, url);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        sqs_client_free(f->client);
        credentials_chain_free(f->chain);
        http_free(f->http);
        server_stop(&f->server);
        server_stop(&f->container);
        text_list_free(f->environment);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

struct outcome {
        bool done;
        unsigned count;
        struct aws_error error;
        bool failed;
        struct sqs_message *message;
        size_t message_count;
        struct sqs_batch_result results[SQS_BATCH_MAX]; /* without their strings */
        size_t result_count;
};

static void outcome_done(struct outcome *o) {
        sqs_message_free(o->message);
}

static void ended(struct outcome *o, const struct aws_error *error) {
        o->done = true;
        o->count++;
        o->failed = error;
        if (error)
                o->error = *error;
}

static void on_receive(const struct aws_error *error, struct sqs_message **messages, size_t count, void *userdata) {
        struct outcome *o = userdata;
        ended(o, error);
        o->message_count = count;
        sqs_message_free(o->message);
        o->message = count > 0 ? TAKE_PTR(messages[0]) : NULL;
}

static void on_batch(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                     void *userdata) {
        struct outcome *o = userdata;
        ended(o, error);
        o->result_count = count;
        if (count > 0)
                memcpy(o->results, results, count * sizeof(*results));
}

static void receive(struct fixture *f, struct outcome *o) {
        const struct sqs_receive r = { QUEUE, 10, 0, -1, NULL };
        o->done = false;
        assert_int_equal(sqs_receive(f->client, &r, on_receive, o, NULL), 0);
        assert_false(o->done);
        assert_true(loop_until(f->event, &o->done));
}

#define MESSAGES                                                                                                       \
        "200 {\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"r\",\"Body\":\"hello\"},"                         \
        "{\"MessageId\":\"j\",\"ReceiptHandle\":\"s\",\"Body\":\"world\"}]}"
#define FAILURE(status, code) status " {\"__type\":\"com.amazonaws.sqs#" code "\",\"message\":\"because\"}"

static void a_receive_is_signed_and_its_messages_can_be_kept(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        f->status_and_body[0] = MESSAGES;
        receive(f, &o);
        assert_false(o.failed);
        assert_int_equal(o.message_count, 2);
        assert_string_equal(o.message->body, "hello");
        const char *sent = f->server.last;
        assert_non_null(text_after(sent, "POST / HTTP/1.1\r\n"));
        assert_non_null(strstr(sent, "\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"));
        assert_non_null(strstr(sent, "\r\nContent-Type: application/x-amz-json-1.0\r\n"));
        assert_non_null(strstr(sent, "\r\nX-Amz-Security-Token: t0\r\n"));
        assert_non_null(strstr(sent, "/eu-north-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                                     "x-amz-security-token;x-amz-target, Signature="));
        assert_non_null(strstr(sent, "{\"QueueUrl\":\"" QUEUE "\","));
}

static void every_kind_of_failure_is_told_apart(void **state) {
        static const struct {
                const char *answer;
                enum aws_error_class class;
        } rows[] = {
                { FAILURE("403", "RequestThrottled"), AWS_ERROR_THROTTLED },
                { FAILURE("400", "QueueDoesNotExist"), AWS_ERROR_NO_QUEUE },
                { FAILURE("400", "AccessDeniedException"), AWS_ERROR_DENIED },
                { "503 <html>busy</html>", AWS_ERROR_TRANSIENT },
                { "200 {\"Messages\":[", AWS_ERROR_PROTOCOL },
                { "302 moved", AWS_ERROR_REQUEST },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                struct outcome o = { 0 };
                f->status_and_body[0] = rows[i].answer;
                receive(f, &o);
                assert_true(o.failed);
                assert_int_equal(o.count, 1);
                if (o.error.class != rows[i].class)
                        fail_msg("%s is %s", rows[i].answer, aws_error_class_name(o.error.class));
                if (i == 0) {
                        assert_string_equal(o.error.code, "RequestThrottled");
                        assert_string_equal(o.error.message, "because");
                        assert_string_equal(o.error.request_id, "req-1");
                        assert_int_equal(o.error.http_status, 403);
                        assert_int_equal(o.error.retry_after_usec, 700 * USEC_PER_MSEC);
                }
        }
}

static void a_server_that_is_not_there_is_a_transient_error(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        server_leave(&f->server);
        receive(f, &o);
        assert_int_equal(o.error.class, AWS_ERROR_TRANSIENT);
        assert_int_equal(o.error.error, -ECONNREFUSED);
        assert_int_equal(o.error.http_status, 0);
        assert_true(o.error.message[0] != '\0');
}

/* The last request was signed for a time so far ahead of this clock; a minute more or less is the machine's. */
static void assert_signed_ahead(const struct fixture *f, time_t seconds) {
        const char *date = strstr(f->server.last, "X-Amz-Date: ");
        struct tm tm = { 0 };

        assert_true(date && strptime(date, "X-Amz-Date: %Y%m%dT%H%M%SZ", &tm));
        assert_in_range(timegm(&tm), time(NULL) + seconds - 60, time(NULL) + seconds + 60);
}

static void a_wrong_clock_is_corrected_once_and_remembered(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        f->server_clock_offset = 7200;
        f->status_and_body[0] = FAILURE("403", "InvalidSignature");
        f->status_and_body[1] = MESSAGES;
        receive(f, &o);
        assert_false(o.failed);
        assert_int_equal(f->server.request_count, 2);
        assert_signed_ahead(f, 7200);
        receive(f, &o);
        assert_int_equal(f->server.request_count, 3);
        assert_signed_ahead(f, 7200);
}

static void a_wrong_clock_is_not_corrected_for_ever(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        f->server_clock_drift = 7200; /* it tells another time in each answer */
        f->status_and_body[0] = FAILURE("403", "RequestTimeTooSkewed");
        receive(f, &o);
        assert_int_equal(o.error.class, AWS_ERROR_CLOCK);
        assert_int_equal(f->server.request_count, 2);
}

static void a_wrong_secret_is_not_blamed_on_the_clock(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        f->status_and_body[0] = FAILURE("403", "SignatureDoesNotMatch");
        receive(f, &o);
        assert_int_equal(o.error.class, AWS_ERROR_DENIED);
        assert_int_equal(f->server.request_count, 1);
        receive(f, &o);
        assert_int_equal(f->container_count, 2); /* the keys may have been rotated: they are asked for again */
}

static void expired_credentials_are_renewed_within_the_call(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        f->status_and_body[0] = FAILURE("400", "ExpiredTokenException");
        f->status_and_body[1] = MESSAGES;
        receive(f, &o);
        assert_false(o.failed);
        assert_int_equal(f->server.request_count, 2);
        assert_int_equal(f->container_count, 2);
        assert_non_null(strstr(f->server.last, "Credential=AKID1/"));
}

static void credentials_that_stay_expired_are_an_error_after_two_tries(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        f->status_and_body[0] = FAILURE("400", "ExpiredToken");
        receive(f, &o);
        assert_int_equal(o.error.class, AWS_ERROR_EXPIRED);
        assert_int_equal(f->server.request_count, 2);
}

static void many_calls_that_expire_together_renew_once(void **state) {
        struct fixture *f = *state;
        struct outcome o[4] = { 0 };
        const struct sqs_receive r = { QUEUE, 1, 0, -1, NULL };
        f->status_and_body[0] = f->status_and_body[1] = f->status_and_body[2] = f->status_and_body[3] =
                FAILURE("400", "ExpiredToken");
        f->status_and_body[4] = MESSAGES;
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(sqs_receive(f->client, &r, on_receive, &o[i], NULL), 0);
        for (size_t i = 0; i < 4; i++) {
                assert_true(loop_until(f->event, &o[i].done));
                assert_false(o[i].failed);
                outcome_done(&o[i]);
        }
        assert_int_equal(f->container_count, 2);
        assert_int_equal(f->server.request_count, 8);
}

static void no_credentials_is_an_error_that_names_the_providers(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        f->client = sqs_client_free(f->client);
        f->chain = credentials_chain_free(f->chain);
        f->environment = text_list_free(f->environment);
        make_client(f, "AWS_EC2_METADATA_DISABLED=true");
        receive(f, &o);
        assert_int_equal(o.error.class, AWS_ERROR_NO_CREDENTIALS);
        assert_non_null(strstr(o.error.message, "environment: AWS_ACCESS_KEY_ID is not set; "));
        assert_int_equal(f->server.request_count, 0);
}

static void a_batch_tells_the_outcome_of_each_entry(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        const char *handles[] = { "a", "b", "c" };
        f->status_and_body[0] = "200 {\"Successful\":[{\"Id\":\"2\"}],\"Failed\":[{\"Id\":\"0\",\"SenderFault\":true,"
                                "\"Code\":\"ReceiptHandleIsInvalid\"}]}";
        assert_int_equal(sqs_delete_batch(f->client, QUEUE, handles, 3, on_batch, &o, NULL), 0);
        assert_true(loop_until(f->event, &o.done));
        assert_int_equal(o.result_count, 3);
        assert_int_equal(o.results[0].class, AWS_ERROR_STALE_HANDLE);
        assert_false(o.results[1].ok);
        assert_true(o.results[2].ok);
        assert_non_null(strstr(f->server.last, "AmazonSQS.DeleteMessageBatch"));
}

static void a_body_that_arrived_damaged_is_noticed_by_the_sender(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        const struct sqs_send s[] = { { .body = "hello", .body_len = 5, .delay_seconds = -1 },
                                      { .body = "hello", .body_len = 5, .delay_seconds = -1 } };
        f->status_and_body[0] = "200 {\"Successful\":[{\"Id\":\"0\",\"MessageId\":\"m\",\"MD5OfMessageBody\":"
                                "\"5d41402abc4b2a76b9719d911017c592\"},{\"Id\":\"1\",\"MessageId\":\"n\","
                                "\"MD5OfMessageBody\":\"00000000000000000000000000000000\"}]}";
        assert_int_equal(sqs_send_batch(f->client, QUEUE, s, 2, on_batch, &o, NULL), 0);
        assert_true(loop_until(f->event, &o.done));
        assert_false(o.results[0].damaged);
        assert_true(o.results[1].damaged);
        f->status_and_body[0] = "200 {\"MessageId\":\"m\",\"MD5OfMessageBody\":\"00000000000000000000000000000000\"}";
        o.done = false;
        assert_int_equal(sqs_send(f->client, QUEUE, s, on_batch, &o, NULL), 0);
        assert_true(loop_until(f->event, &o.done));
        assert_true(o.results[0].damaged);
}

static void a_call_has_a_hard_limit_to_which_a_search_for_credentials_adds_its_own(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 };
        const struct sqs_receive r = { QUEUE, 1, 3, -1, NULL };
        const uint64_t limit = 3 * USEC_PER_SEC + SQS_RECEIVE_MARGIN_USEC + 2 * USEC_PER_SEC;
        uint64_t began = clock_monotonic_usec();
        struct sqs_call *call;
        f->status_and_body[0] = MESSAGES;
        assert_int_equal(sqs_receive(f->client, &r, on_receive, &first, &call), 0);
        assert_in_range(sqs_call_limit_usec(call), began + limit + CREDENTIALS_SEARCH_MAX_USEC,
                        clock_monotonic_usec() + limit + CREDENTIALS_SEARCH_MAX_USEC);
        assert_true(loop_until(f->event, &first.done)); /* the credentials are cached now */
        began = clock_monotonic_usec();
        assert_int_equal(sqs_receive(f->client, &r, on_receive, &first, &call), 0);
        assert_in_range(sqs_call_limit_usec(call), began + limit, clock_monotonic_usec() + limit);
        assert_null(sqs_cancel(call));
}

static void a_cancelled_call_never_calls_back(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome waiting = { 0 }, sent = { 0 }, other = { 0 };
        const struct sqs_receive r = { QUEUE, 1, 0, -1, NULL };
        struct sqs_call *call;
        f->status_and_body[0] = MESSAGES;
        assert_int_equal(sqs_receive(f->client, &r, on_receive, &waiting, &call), 0);
        assert_null(sqs_cancel(call)); /* while it waits for credentials */
        receive(f, &other);
        assert_int_equal(sqs_receive(f->client, &r, on_receive, &sent, &call), 0);
        assert_null(sqs_cancel(call)); /* while the request is under way */
        receive(f, &other);
        assert_int_equal(waiting.count, 0);
        assert_int_equal(sent.count, 0);
        assert_int_equal(other.count, 2);
        assert_int_equal(sqs_receive(f->client, &r, on_receive, &sent, NULL), 0);
        f->client = sqs_client_free(f->client); /* ends what is left */
        assert_int_equal(sent.count, 0);
}

static void what_cannot_be_encoded_is_refused_at_once(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        const struct sqs_receive wrong = { QUEUE, 11, 0, -1, NULL };
        assert_int_equal(sqs_receive(f->client, &wrong, on_receive, &o, NULL), -EINVAL);
        assert_int_equal(sqs_delete_batch(f->client, QUEUE, NULL, 0, on_batch, &o, NULL), -EINVAL);
        struct sqs_client *c = NULL;
        const struct sqs_client_options bad = { .http = f->http, .region = "r", .endpoint = "localhost:9324" };
        assert_int_equal(sqs_client_new(&bad, &c), -EINVAL);
        assert_int_equal(o.count, 0);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_receive_is_signed_and_its_messages_can_be_kept),
                TEST(every_kind_of_failure_is_told_apart),
                TEST(a_server_that_is_not_there_is_a_transient_error),
                TEST(a_wrong_clock_is_corrected_once_and_remembered),
                TEST(a_wrong_clock_is_not_corrected_for_ever),
                TEST(a_wrong_secret_is_not_blamed_on_the_clock),
                TEST(expired_credentials_are_renewed_within_the_call),
                TEST(credentials_that_stay_expired_are_an_error_after_two_tries),
                TEST(many_calls_that_expire_together_renew_once),
                TEST(a_call_has_a_hard_limit_to_which_a_search_for_credentials_adds_its_own),
                TEST(no_credentials_is_an_error_that_names_the_providers),
                TEST(a_batch_tells_the_outcome_of_each_entry),
                TEST(a_body_that_arrived_damaged_is_noticed_by_the_sender),
                TEST(a_cancelled_call_never_calls_back),
                TEST(what_cannot_be_encoded_is_refused_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
