/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a whole server: sqsflow-queue (SQSFLOW_QUEUE, else build/bin), or whatever SQSFLOW_TEST_ENDPOINT
 * names, which must have the queues "client" and "client.fifo" (visibility timeout 45 s). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "common/aws/sqs.h"
#include "common/base/spawn.h"
#include "common/base/text.h"
#include "tests/unit/http_server.h"

static pid_t server_pid;
static char endpoint[256];

extern char **environ;

static int start_server(void **state) {
        const char *given = getenv("SQSFLOW_TEST_ENDPOINT"), *program = getenv("SQSFLOW_QUEUE");
        if (given) {
                snprintf(endpoint, sizeof(endpoint), "%s", given);
                return 0;
        }
        static const char *const argv[] = {
                "sqsflow-queue",
                "--listen",
                "127.0.0.1:0",
                "--create",
                "client={\"VisibilityTimeout\":\"45\"}",
                "--create",
                "client.fifo={\"FifoQueue\":\"true\",\"VisibilityTimeout\":\"45\"}",
                NULL,
        };
        int pipes[2];
        char line[512] = "";
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        o.path = program ? program : "build/bin/sqsflow-queue";
        o.argv = (char *const *)argv;
        o.envp = environ;
        o.stdout_fd = pipes[1];
        o.stderr_fd = STDERR_FILENO;
        int r = spawn(&o, &server_pid);
        if (r < 0)
                fail_msg("%s: %s", o.path, strerror(-r));
        close(pipes[1]);
        for (size_t len = 0; !strchr(line, '\n') && len < sizeof(line) - 1;) {
                ssize_t n = read(pipes[0], line + len, sizeof(line) - 1 - len);
                assert_true(n > 0);
                len += (size_t)n;
        }
        close(pipes[0]);
        const char *url = strstr(line, "http://");
        assert_non_null(url);
        snprintf(endpoint, sizeof(endpoint), "%.*s", (int)strcspn(url, "\r\n "), url);
        return 0;
}

static int stop_server(void **state) {
        if (server_pid > 0) {
                kill(server_pid, SIGTERM);
                assert_int_equal(waitpid(server_pid, NULL, 0), server_pid);
        }
        return 0;
}

struct fixture {
        sd_event *event;
        struct http *http;
        struct credentials_chain *chain;
        struct sqs_client *client;
        char *url, *fifo_url;

        bool done;
        struct aws_error error;
        struct sqs_message *messages[10];
        size_t count;
        struct sqs_batch_result results[SQS_BATCH_MAX];
        struct sqs_queue_attributes attributes;
        char *found_url;
};

static void wait_done(struct fixture *f) {
        assert_true(loop_until(f->event, &f->done));
}

static void ended(struct fixture *f, const struct aws_error *error) {
        f->done = true;
        f->error = error ? *error : (struct aws_error){ 0 };
}

static void on_url(const struct aws_error *error, const char *url, void *userdata) {
        struct fixture *f = userdata;
        ended(f, error);
        free(f->found_url);
        f->found_url = text_dup(url);
}

static void on_batch(const struct aws_error *error, const struct sqs_batch_result *results, size_t count,
                     void *userdata) {
        struct fixture *f = userdata;
        ended(f, error);
        f->count = count;
        if (count > 0)
                memcpy(f->results, results, count * sizeof(*results));
}

static void free_messages(struct fixture *f) {
        for (size_t i = 0; i < ARRAY_SIZE(f->messages); i++)
                f->messages[i] = sqs_message_free(f->messages[i]);
}

static void on_receive(const struct aws_error *error, struct sqs_message **messages, size_t count, void *userdata) {
        struct fixture *f = userdata;
        ended(f, error);
        free_messages(f);
        f->count = count;
        for (size_t i = 0; i < count; i++)
                f->messages[i] = TAKE_PTR(messages[i]);
}

static void on_attributes(const struct aws_error *error, const struct sqs_queue_attributes *a, void *userdata) {
        struct fixture *f = userdata;
        ended(f, error);
        if (a)
                f->attributes = *a;
        f->attributes.all = NULL;
}

static char *queue_url(struct fixture *f, const char *name) {
        f->done = false;
        assert_int_equal(sqs_get_queue_url(f->client, name, NULL, on_url, f, NULL), 0);
        wait_done(f);
        return TAKE_PTR(f->found_url);
}

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_int_equal(sd_event_new(&f->event), 0);
        assert_int_equal(http_new(f->event, NULL, &f->http), 0);
        const struct credentials_options keys = {
                .event = f->event,
                .http = f->http,
                .access_key_id = "test",
                .secret_access_key = "test",
        };
        assert_int_equal(credentials_chain_new(&keys, &f->chain), 0);
        const struct sqs_client_options o = {
                .http = f->http,
                .credentials = f->chain,
                .region = "us-east-1",
                .endpoint = endpoint,
        };
        assert_int_equal(sqs_client_new(&o, &f->client), 0);
        f->url = queue_url(f, "client");
        f->fifo_url = queue_url(f, "client.fifo");
        assert_non_null(f->url);
        assert_non_null(f->fifo_url);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        free_messages(f);
        sqs_client_free(f->client);
        credentials_chain_free(f->chain);
        http_free(f->http);
        sd_event_unref(f->event);
        free(f->url);
        free(f->fifo_url);
        free(f->found_url);
        free(f);
        return 0;
}

static void send_entries(struct fixture *f, const char *url, const struct sqs_send *s, size_t count) {
        f->done = false;
        assert_int_equal(sqs_send_batch(f->client, url, s, count, on_batch, f, NULL), 0);
        wait_done(f);
        if (f->error.message[0])
                fail_msg("%s: %s", f->error.code, f->error.message);
        for (size_t i = 0; i < count; i++) {
                assert_true(f->results[i].ok);
                assert_false(f->results[i].damaged);
        }
}

static void receive(struct fixture *f, const char *url, unsigned max, unsigned wait) {
        const struct sqs_receive r = { url, max, wait, -1, NULL };
        f->done = false;
        assert_int_equal(sqs_receive(f->client, &r, on_receive, f, NULL), 0);
        wait_done(f);
        if (f->error.message[0])
                fail_msg("%s: %s", f->error.code, f->error.message);
}

static void delete_received(struct fixture *f, const char *url) {
        const char *handles[10] = { NULL };
        size_t count = f->count;
        for (size_t i = 0; i < count; i++)
                handles[i] = f->messages[i]->receipt_handle;
        f->done = false;
        assert_true(count > 0);
        assert_int_equal(sqs_delete_batch(f->client, url, handles, count, on_batch, f, NULL), 0);
        wait_done(f);
        assert_int_equal(f->count, count);
        for (size_t i = 0; i < count; i++)
                assert_true(f->results[i].ok);
}

static void bodies_and_attributes_come_back_byte_for_byte(void **state) {
        struct fixture *f = *state;
        static const char *const bodies[] = { "{\"a\":1}",    " ",         "tab\tcr\r\nlf\n", "emoji 🎉 é \\ \" /",
                                              "\xef\xbf\xbd", "not json {" };
        const struct sqs_attribute attributes[] = { { "bytes", "Binary", "\0\x01\xfe\xff", 4 },
                                                    { "kind", "Binary.png", "\x89PNG", 4 },
                                                    { "count", "Number", "12345678901234567890", 20 },
                                                    { "text", "String.custom", "grüße 🎉", 12 } };
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                const struct sqs_send s = { .body = bodies[i],
                                            .body_len = strlen(bodies[i]),
                                            .delay_seconds = -1,
                                            .trace_header = "Root=1-5759e988-bd862e3fe1be46a994272793",
                                            .attributes = attributes,
                                            .attribute_count = ARRAY_SIZE(attributes) };
                send_entries(f, f->url, &s, 1);
                receive(f, f->url, 10, 5);
                assert_int_equal(f->count, 1);
                const struct sqs_message *m = f->messages[0];
                assert_int_equal(m->damage, SQS_INTACT);
                assert_int_equal(m->body_len, strlen(bodies[i]));
                assert_memory_equal(m->body, bodies[i], m->body_len);
                assert_int_equal(m->receive_count, 1);
                assert_true(m->sent_usec > 0);
                assert_non_null(m->trace_header);
                assert_int_equal(m->message_attribute_count, ARRAY_SIZE(attributes));
                for (size_t a = 0; a < ARRAY_SIZE(attributes); a++)
                        for (size_t b = 0; b < m->message_attribute_count; b++)
                                if (text_eq(attributes[a].name, m->message_attributes[b].name)) {
                                        assert_int_equal(attributes[a].len, m->message_attributes[b].len);
                                        assert_memory_equal(attributes[a].value, m->message_attributes[b].value,
                                                            attributes[a].len);
                                        assert_string_equal(attributes[a].data_type,
                                                            m->message_attributes[b].data_type);
                                }
                delete_received(f, f->url);
        }
}

static void a_body_of_one_mebibyte_passes(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *body = malloc(SQS_PAYLOAD_MAX_BYTES);
        assert_non_null(body);
        for (size_t i = 0; i < SQS_PAYLOAD_MAX_BYTES; i++)
                body[i] = "abc\"\\\n"[i % 6];
        send_entries(f, f->url,
                     &(struct sqs_send){ .body = body, .body_len = SQS_PAYLOAD_MAX_BYTES, .delay_seconds = -1 }, 1);
        receive(f, f->url, 1, 5);
        assert_int_equal(f->count, 1);
        assert_int_equal(f->messages[0]->body_len, SQS_PAYLOAD_MAX_BYTES);
        assert_memory_equal(f->messages[0]->body, body, SQS_PAYLOAD_MAX_BYTES);
        assert_int_equal(f->messages[0]->damage, SQS_INTACT);
        delete_received(f, f->url);
}

static void ten_messages_travel_in_one_call_each_way(void **state) {
        struct fixture *f = *state;
        struct sqs_send s[10];
        for (size_t i = 0; i < 10; i++)
                s[i] = (struct sqs_send){ .body = "0123456789" + i, .body_len = 1, .delay_seconds = -1 };
        send_entries(f, f->url, s, 10);
        receive(f, f->url, 10, 5);
        assert_int_equal(f->count, 10);
        delete_received(f, f->url);
        receive(f, f->url, 10, 0);
        assert_int_equal(f->count, 0);
}

static void an_empty_queue_holds_a_long_poll_until_a_message_comes(void **state) {
        struct fixture *f = *state;
        const struct sqs_receive r = { f->url, 10, 20, -1, NULL };
        const struct sqs_send s = { .body = "late", .body_len = 4, .delay_seconds = -1 };
        struct fixture poll = { .event = f->event };
        assert_int_equal(sqs_receive(f->client, &r, on_receive, &poll, NULL), 0);
        while (sd_event_run(f->event, 100000) > 0)
                ;
        assert_false(poll.done);
        send_entries(f, f->url, &s, 1);
        wait_done(&poll);
        assert_int_equal(poll.count, 1);
        assert_string_equal(poll.messages[0]->body, "late");
        f->messages[0] = TAKE_PTR(poll.messages[0]);
        f->count = 1;
        delete_received(f, f->url);
}

static void a_message_given_back_is_received_again(void **state) {
        struct fixture *f = *state;
        send_entries(f, f->url, &(struct sqs_send){ .body = "x", .body_len = 1, .delay_seconds = -1 }, 1);
        receive(f, f->url, 1, 5);
        const struct sqs_visibility v = { f->messages[0]->receipt_handle, 0 };
        f->done = false;
        assert_int_equal(sqs_change_visibility_batch(f->client, f->url, &v, 1, 0, on_batch, f, NULL), 0);
        wait_done(f);
        assert_true(f->results[0].ok);
        receive(f, f->url, 1, 5);
        assert_int_equal(f->count, 1);
        assert_int_equal(f->messages[0]->receive_count, 2);
        delete_received(f, f->url);
}

static void fifo_messages_carry_group_and_sequence(void **state) {
        struct fixture *f = *state;
        const struct sqs_send s[] = {
                { .body = "1", .body_len = 1, .delay_seconds = -1, .group_id = "g", .deduplication_id = "fifo-1" },
                { .body = "2", .body_len = 1, .delay_seconds = -1, .group_id = "g", .deduplication_id = "fifo-2" }
        };
        send_entries(f, f->fifo_url, s, 2);
        receive(f, f->fifo_url, 10, 5);
        assert_int_equal(f->count, 2);
        assert_string_equal(f->messages[0]->body, "1");
        assert_string_equal(f->messages[0]->group_id, "g");
        assert_string_equal(f->messages[1]->deduplication_id, "fifo-2");
        assert_non_null(f->messages[0]->sequence_number);
        assert_true(strcmp(f->messages[0]->sequence_number, f->messages[1]->sequence_number) < 0);
        delete_received(f, f->fifo_url);
}

static void queue_attributes_are_asked_for(void **state) {
        struct fixture *f = *state;
        f->done = false;
        assert_int_equal(sqs_get_queue_attributes(f->client, f->fifo_url, on_attributes, f, NULL), 0);
        wait_done(f);
        assert_int_equal(f->attributes.visibility_timeout_seconds, 45);
        assert_true(f->attributes.is_fifo);
        assert_true(f->attributes.visible_count >= 0);
}

static void a_queue_that_is_not_there_is_told(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *none = queue_url(f, "nowhere");
        assert_null(none);
        assert_int_equal(f->error.class, AWS_ERROR_NO_QUEUE);
        assert_string_equal(f->error.code, "QueueDoesNotExist");
}

static void a_thousand_calls_use_few_connections_and_lose_none(void **state) {
        struct fixture *f = *state;
        struct fixture polls[50];
        const struct sqs_receive r = { f->url, 10, 0, -1, NULL };
        for (size_t round = 0; round < 20; round++) {
                memset(polls, 0, sizeof(polls));
                for (size_t i = 0; i < ARRAY_SIZE(polls); i++)
                        assert_int_equal(sqs_receive(f->client, &r, on_receive, &polls[i], NULL), 0);
                for (size_t i = 0; i < ARRAY_SIZE(polls); i++) {
                        polls[i].event = f->event;
                        wait_done(&polls[i]);
                        assert_int_equal(polls[i].error.http_status, 0);
                }
        }
        assert_int_equal(http_active_count(f->http), 0);
}

int main(void) {
        signal(SIGPIPE, SIG_IGN);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(bodies_and_attributes_come_back_byte_for_byte),
                TEST(a_body_of_one_mebibyte_passes),
                TEST(ten_messages_travel_in_one_call_each_way),
                TEST(an_empty_queue_holds_a_long_poll_until_a_message_comes),
                TEST(a_message_given_back_is_received_again),
                TEST(fifo_messages_carry_group_and_sequence),
                TEST(queue_attributes_are_asked_for),
                TEST(a_queue_that_is_not_there_is_told),
                TEST(a_thousand_calls_use_few_connections_and_lose_none),
        };
        return cmocka_run_group_tests(tests, start_server, stop_server);
}
