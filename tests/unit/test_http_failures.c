/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that hang, break off, are not there: what a call says of it, and what the next one meets. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/http_fixture.h"

static void a_hung_server_is_left_at_the_timeout(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        f->server.serve = serve_nothing;
        uint64_t start = clock_monotonic_usec();
        run(f, &(struct http_request){ .timeout_usec = 150 * USEC_PER_MSEC }, &o);
        assert_int_equal(o.error, -ETIMEDOUT);
        assert_true(clock_monotonic_usec() - start >= 140 * USEC_PER_MSEC); /* not before; how long after is the machine's */
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        *(bool *)userdata = true;
        return 0;
}

/* Not a bound on the time but an order: whatever else the machine does, the loop serves the timeout's timer before one that is
 * due later and of less priority. */
static void a_shorter_timeout_is_not_lost_behind_a_longer_one(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome slow = { 0 }, quick = { 0 };
        _cleanup_free_ char *url = url_of(f, "/");
        sd_event_source *late_timer = NULL;
        bool is_late = false;
        struct http_call *call;
        f->server.serve = serve_nothing;
        struct http_request r = { .url = url, .timeout_usec = 60 * USEC_PER_SEC };
        assert_int_equal(http_start(f->http, &r, on_done, &slow, &call), 0);
        while (sd_event_run(f->event, 400000) > 0) /* until only the long timeout is left to wait for */
                ;
        r.timeout_usec = 300 * USEC_PER_MSEC;
        assert_true(sd_event_add_time_relative(f->event, &late_timer, CLOCK_MONOTONIC, 20 * USEC_PER_SEC, 1, on_late, &is_late) >= 0);
        assert_true(sd_event_source_set_priority(late_timer, SD_EVENT_PRIORITY_IDLE) >= 0);
        run(f, &r, &quick);
        sd_event_source_unref(late_timer);
        assert_int_equal(quick.error, -ETIMEDOUT);
        assert_false(is_late);
        assert_false(slow.done);
        http_cancel(call);
}

static enum server_action serve_once_all_are_there(struct server *s, const char *request, size_t len, struct buf *answer) {
        if (s->request_count < 3)
                return SERVER_HANG;
        for (struct server_connection *c = s->connections; c; c = c->next) {
                _cleanup_(buf_done) struct buf b = { 0 };
                server_answer(&b, 200, "", "hello");
                assert_int_equal(send(c->fd, b.data, b.len, MSG_NOSIGNAL), (ssize_t)b.len);
        }
        return SERVER_HANG;
}

/* What a NAT gateway that was replaced does: whatever connection there was is dead, and none of them knows. */
static void after_a_call_that_failed_no_older_connection_is_used(void **state) {
        struct fixture *f = *state;
        struct outcome o[3] = { 0 };
        _cleanup_(outcome_done) struct outcome failed = { 0 }, next = { 0 }, last = { 0 };
        _cleanup_free_ char *url = url_of(f, "/");

        f->server.serve = serve_once_all_are_there;
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(http_start(f->http, &(struct http_request){ .url = url }, on_done, &o[i], NULL), 0);
        for (unsigned i = 0; i < 3; i++) {
                assert_true(loop_until(f->event, &o[i].done));
                outcome_done(&o[i]);
        }
        f->server.serve = serve_nothing;
        run(f, &(struct http_request){ .timeout_usec = 1100 * USEC_PER_MSEC }, &failed); /* libcurl counts seconds */
        assert_int_equal(failed.error, -ETIMEDOUT);
        assert_int_equal(f->server.connection_count, 3);
        f->server.serve = serve_hello;
        run(f, &(struct http_request){ 0 }, &next);
        assert_int_equal(f->server.connection_count, 4);
        run(f, &(struct http_request){ 0 }, &last); /* and the new one is */
        assert_int_equal(f->server.connection_count, 4);
}

static enum server_action serve_reset(struct server *s, const char *request, size_t len, struct buf *answer) {
        return SERVER_RESET;
}

static enum server_action serve_half(struct server *s, const char *request, size_t len, struct buf *answer) {
        buf_append_str(answer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        return SERVER_CLOSE;
}

static enum server_action serve_junk(struct server *s, const char *request, size_t len, struct buf *answer) {
        buf_append_str(answer, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
        return SERVER_CLOSE;
}

static void broken_connections_are_told_apart(void **state) {
        struct fixture *f = *state;
        const struct {
                enum server_action (*serve)(struct server *, const char *, size_t, struct buf *);
                int error;
        } cases[] = {
                { serve_reset, -ECONNRESET },
                { serve_half, -ECONNRESET },
                { serve_junk, -EPROTO },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(outcome_done) struct outcome o = { 0 };
                f->server.serve = cases[i].serve;
                run(f, &(struct http_request){ .body = "x", .body_len = 1 }, &o);
                if (cases[i].error != -EPROTO)
                        assert_int_equal(o.error, cases[i].error);
                else
                        assert_true(o.error == -EPROTO || o.error == -EIO);
        }
}

static void a_refused_connection_and_an_unknown_name_are_errors(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome refused = { 0 }, unknown = { 0 };
        server_leave(&f->server);
        run(f, &(struct http_request){ 0 }, &refused);
        assert_int_equal(refused.error, -ECONNREFUSED);
        run(f, &(struct http_request){ .url = "http://" UNKNOWN_HOST "/" }, &unknown);
        assert_int_equal(unknown.error, -EHOSTUNREACH);
}

/* libcurl may leave a handle in a state in which it takes no options any more. */
static void a_call_that_failed_leaves_the_next_ones_alone(void **state) {
        struct fixture *f = *state;
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_(outcome_done) struct outcome unknown = { 0 }, o = { 0 };
                run(f, &(struct http_request){ .url = "http://" UNKNOWN_HOST "/" }, &unknown);
                assert_int_equal(unknown.error, -EHOSTUNREACH);
                run(f, &(struct http_request){ 0 }, &o);
                assert_int_equal(o.status, 200);
        }
}

static int on_accept_speak_first(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        int *connection = userdata;
        *connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        assert_int_equal(fd_write_all(*connection, "HTTP/1.1 400 X\r\n\r\n", 18), 0);
        return 0;
}

static void plain_http_where_tls_was_asked_for_is_a_protocol_error(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *url = text_printf("https://127.0.0.1:%u/", f->server.port);
        _cleanup_close_ int connection = -1;
        sd_event_source_disable_unref(f->server.source);
        assert_true(sd_event_add_io(f->event, &f->server.source, f->server.fd, EPOLLIN, on_accept_speak_first, &connection) >= 0);
        run(f, &(struct http_request){ .url = url }, &o);
        assert_int_equal(o.error, -EPROTO);
}

int main(void) {
        signal(SIGPIPE, SIG_IGN);
        const struct CMUnitTest tests[] = {
                TEST(a_hung_server_is_left_at_the_timeout),
                TEST(a_shorter_timeout_is_not_lost_behind_a_longer_one),
                TEST(after_a_call_that_failed_no_older_connection_is_used),
                TEST(broken_connections_are_told_apart),
                TEST(a_refused_connection_and_an_unknown_name_are_errors),
                TEST(a_call_that_failed_leaves_the_next_ones_alone),
                TEST(plain_http_where_tls_was_asked_for_is_a_protocol_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
