/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/http_fixture.h"

static void an_answer_comes_whole_with_its_headers(void **state) {
        _cleanup_(outcome_done) struct outcome o = { 0 };
        run(*state, &(struct http_request){ 0 }, &o);
        assert_int_equal(o.error, 0);
        assert_int_equal(o.status, 200);
        assert_string_equal(o.body, "hello");
        assert_string_equal(o.header, "value");
}

static void a_request_is_sent_as_described(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        const struct http_header headers[] = { { "X-One", "1" }, { "X-Empty", "" }, { "Content-Type", "text/x" } };
        run(f,
            &(struct http_request){
                    .method = "PUT", .body = "a\0b", .body_len = 3, .headers = headers, .header_count = 3 },
            &o);
        assert_non_null(text_after(f->server.last, "PUT /path HTTP/1.1\r\n"));
        assert_non_null(strstr(f->server.last, "\r\nX-One: 1\r\n"));
        assert_non_null(strstr(f->server.last, "\r\nX-Empty:\r\n"));
        assert_non_null(strstr(f->server.last, "\r\nContent-Type: text/x\r\n"));
        assert_non_null(strstr(f->server.last, "\r\nContent-Length: 3\r\n"));
        assert_null(strstr(f->server.last, "Expect"));
        assert_null(strstr(f->server.last, "Accept"));
}

static void methods_do_not_leak_into_the_next_request(void **state) {
        struct fixture *f = *state;
        static const char *const methods[] = { "DELETE", "GET", "PUT", "POST", "HEAD", "GET", "PATCH", "GET" };
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
                _cleanup_(outcome_done) struct outcome o = { 0 };
                run(f, &(struct http_request){ .method = methods[i] }, &o);
                assert_int_equal(o.status, 200);
                assert_non_null(text_after(f->server.last, methods[i]));
        }
        assert_true(f->server.connection_count <= 2); /* HEAD's body from this server costs its connection */
}

static void a_connection_is_used_again(void **state) {
        struct fixture *f = *state;
        for (unsigned i = 0; i < 20; i++) {
                _cleanup_(outcome_done) struct outcome o = { 0 };
                run(f, &(struct http_request){ .body = "x", .body_len = 1 }, &o);
        }
        assert_int_equal(f->server.request_count, 20);
        assert_int_equal(f->server.connection_count, 1);
}

static enum server_action serve_then_close(struct server *s, const char *request, size_t len, struct buf *answer) {
        server_answer(answer, 200, "", "bye");
        return SERVER_CLOSE;
}

static void a_connection_the_server_closed_is_replaced(void **state) {
        struct fixture *f = *state;
        f->server.serve = serve_then_close;
        for (unsigned i = 0; i < 5; i++) {
                _cleanup_(outcome_done) struct outcome o = { 0 };
                run(f, &(struct http_request){ .body = "x", .body_len = 1 }, &o);
                assert_int_equal(o.error, 0);
                /* let the closing be seen while the socket is parked */
                while (sd_event_run(f->event, 1000) > 0)
                        ;
        }
        assert_int_equal(f->server.connection_count, 5);
}

static void a_callback_may_start_the_next_call(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { .again = f };
        _cleanup_free_ char *url = url_of(f, "/");
        assert_int_equal(http_start(f->http, &(struct http_request){ .url = url }, on_done, &o, NULL), 0);
        while (o.count < 2)
                assert_true(sd_event_run(f->event, 10000000) > 0);
        assert_string_equal(o.body, "hello");
        assert_int_equal(f->server.connection_count, 1);
}

static void a_body_beyond_the_maximum_fails_the_call(void **state) {
        _cleanup_(outcome_done) struct outcome o = { 0 };
        run(*state, &(struct http_request){ .response_max_bytes = 4 }, &o);
        assert_int_equal(o.error, -EFBIG);
        assert_string_equal(o.error_text, "the answer is too large");
        _cleanup_(outcome_done) struct outcome fits = { 0 };
        run(*state, &(struct http_request){ .response_max_bytes = 5 }, &fits);
        assert_int_equal(fits.error, 0);
}

static enum server_action serve_many_headers(struct server *s, const char *request, size_t len, struct buf *answer) {
        buf_append_str(answer, "HTTP/1.1 200 OK\r\n");
        for (unsigned i = 0; i < 1000; i++)
                buf_appendf(answer, "X-%u: %0100u\r\n", i, i);
        buf_append_str(answer, "Content-Length: 0\r\n\r\n");
        return SERVER_CLOSE;
}

/* They are no body that another limit would let in. */
static void headers_beyond_their_maximum_are_told_apart(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        f->server.serve = serve_many_headers;
        run(f, &(struct http_request){ 0 }, &o);
        assert_int_equal(o.error, -EPROTO);
        assert_string_equal(o.error_text, "the headers of the answer are too large");
}

static void what_cannot_be_sent_is_refused_at_once(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 };
        const struct http_header split = { "X-A", "b\r\nX-C: d" };
        struct http_request r = { .url = "http://127.0.0.1/", .headers = &split, .header_count = 1 };
        assert_int_equal(http_start(f->http, &r, on_done, &o, NULL), -EINVAL);
        r = (struct http_request){ .url = "file:///etc/passwd" };
        assert_int_equal(http_start(f->http, &r, on_done, &o, NULL), -EINVAL);
        assert_int_equal(http_active_count(f->http), 0);
}

/* libcurl closes the socket of one that did not connect without a word; the next gets the same descriptor. */
static void a_call_cancelled_while_it_connects_leaves_the_next_ones_alone(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        struct outcome cancelled = { 0 };
        struct http_call *call;
        unsigned port;
        int clients[4], fd = server_start_busy(&port, clients);
        _cleanup_free_ char *url = text_printf("http://127.0.0.1:%u/", port);

        assert_int_equal(http_start(f->http, &(struct http_request){ .url = url }, on_done, &cancelled, &call), 0);
        while (sd_event_run(f->event, 0) > 0)
                ;
        assert_null(http_cancel(call));
        run(f, &(struct http_request){ 0 }, &o);
        assert_int_equal(o.error, 0);
        assert_int_equal(o.status, 200);
        assert_int_equal(cancelled.count, 0);
        for (unsigned i = 0; i < 4; i++)
                close_fd(clients[i]);
        close_fd(fd);
}

static void a_cancelled_call_never_calls_back(void **state) {
        struct fixture *f = *state;
        struct outcome cancelled = { 0 };
        _cleanup_(outcome_done) struct outcome other = { 0 };
        _cleanup_free_ char *url = url_of(f, "/");
        struct http_call *call = NULL;
        assert_int_equal(http_start(f->http, &(struct http_request){ .url = url }, on_done, &cancelled, &call), 0);
        assert_null(http_cancel(call));
        run(f, &(struct http_request){ 0 }, &other);
        assert_int_equal(cancelled.count, 0);
        assert_null(http_cancel(NULL));
}

struct pair {
        struct http_call *other;
        bool done;
        unsigned count;
};

static void on_cancel_the_other(const struct http_response *response, void *userdata) {
        struct pair *p = userdata;
        p->count++;
        p->done = true;
        if (p->count == 1)
                p->other = http_cancel(p->other);
}

/* Both answers arrive in the same turn; the first callback cancels the second call. */
static void a_callback_may_cancel_a_call_that_is_just_done(void **state) {
        struct fixture *f = *state;
        struct http_call *calls[2];
        struct pair pairs[2] = { 0 };
        _cleanup_free_ char *url = url_of(f, "/");
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(http_start(f->http, &(struct http_request){ .url = url }, on_cancel_the_other,
                                            &pairs[i], &calls[i]),
                                 0);
        pairs[0].other = calls[1];
        pairs[1].other = calls[0];
        while (!pairs[0].done && !pairs[1].done)
                assert_true(sd_event_run(f->event, 10000000) > 0);
        while (sd_event_run(f->event, 1000) > 0)
                ;
        assert_int_equal(pairs[0].count + pairs[1].count, 1);
        assert_int_equal(http_active_count(f->http), 0);
}

static void five_hundred_long_polls_are_held_at_once(void **state) {
        struct fixture *f = *state;
        enum { N = 500 };
        static struct outcome polls[N];
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *url = url_of(f, "/poll");
        memset(polls, 0, sizeof(polls));
        f->server.serve = serve_nothing;
        for (size_t i = 0; i < N; i++)
                assert_int_equal(http_start(f->http,
                                            &(struct http_request){ .url = url, .timeout_usec = USEC_PER_MINUTE },
                                            on_done, &polls[i], NULL),
                                 0);
        while (f->server.request_count < N)
                assert_true(sd_event_run(f->event, 10000000) > 0);
        assert_int_equal(http_active_count(f->http), N);
        f->server.serve = serve_hello;
        run(f, &(struct http_request){ 0 }, &o);
        assert_int_equal(o.status, 200);
        /* answer them all: each connection gets what it waited for */
        for (struct server_connection *c = f->server.connections; c; c = c->next) {
                _cleanup_(buf_done) struct buf b = { 0 };
                server_answer(&b, 200, "", "late");
                assert_int_equal(send(c->fd, b.data, b.len, MSG_NOSIGNAL), (ssize_t)b.len);
        }
        for (size_t i = 0; i < N; i++) {
                assert_true(loop_until(f->event, &polls[i].done));
                assert_int_equal(polls[i].status, 200);
                outcome_done(&polls[i]);
        }
}

static enum server_action serve_redirect(struct server *s, const char *request, size_t len, struct buf *answer) {
        if (text_after(request, "GET /path"))
                server_answer(answer, 302, "Location: /there\r\nX-Name: old\r\n", "moved");
        else
                server_answer(answer, 200, "X-Name: new\r\n", "there");
        return SERVER_ANSWER;
}

static void redirects_are_followed_only_when_asked_for(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome stay = { 0 }, follow = { 0 };
        f->server.serve = serve_redirect;
        run(f, &(struct http_request){ 0 }, &stay);
        assert_int_equal(stay.status, 302);
        run(f, &(struct http_request){ .flags = HTTP_FOLLOW_REDIRECTS }, &follow);
        assert_int_equal(follow.status, 200);
        assert_string_equal(follow.body, "there");
        assert_string_equal(follow.header, "new");
}

static void a_proxy_of_the_environment_is_used_unless_forbidden(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome proxied = { 0 }, direct = { 0 };
        _cleanup_free_ char *proxy = url_of(f, "");
        setenv("http_proxy", proxy, 1);
        unsetenv("no_proxy");
        run(f, &(struct http_request){ .url = "http://" UNKNOWN_HOST "/x" }, &proxied);
        assert_int_equal(proxied.status, 200);
        assert_non_null(text_after(f->server.last, "GET http://" UNKNOWN_HOST "/x HTTP/1.1"));
        run(f, &(struct http_request){ .url = "http://" UNKNOWN_HOST "/x", .flags = HTTP_NO_PROXY }, &direct);
        assert_int_equal(direct.error, -EHOSTUNREACH);
        unsetenv("http_proxy");
}

int main(void) {
        signal(SIGPIPE, SIG_IGN);
        const struct CMUnitTest tests[] = {
                TEST(an_answer_comes_whole_with_its_headers),
                TEST(a_request_is_sent_as_described),
                TEST(methods_do_not_leak_into_the_next_request),
                TEST(a_connection_is_used_again),
                TEST(a_connection_the_server_closed_is_replaced),
                TEST(a_callback_may_start_the_next_call),
                TEST(a_body_beyond_the_maximum_fails_the_call),
                TEST(headers_beyond_their_maximum_are_told_apart),
                TEST(what_cannot_be_sent_is_refused_at_once),
                TEST(a_call_cancelled_while_it_connects_leaves_the_next_ones_alone),
                TEST(a_cancelled_call_never_calls_back),
                TEST(a_callback_may_cancel_a_call_that_is_just_done),
                TEST(five_hundred_long_polls_are_held_at_once),
                TEST(redirects_are_followed_only_when_asked_for),
                TEST(a_proxy_of_the_environment_is_used_unless_forbidden),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
