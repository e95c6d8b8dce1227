/* SPDX-License-Identifier: Apache-2.0 */
/* An http with a server of its own, and calls whose outcome is kept. */
#pragma once

#include "common/aws/http.h"
#include "common/base/text.h"
#include "tests/unit/http_server_none.h"

/* A label has 63 characters at most: no name server is asked. */
#define UNKNOWN_HOST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid"

struct fixture {
        sd_event *event;
        struct http *http;
        struct server server;
};

struct outcome {
        bool done;
        unsigned count;
        int error;
        unsigned status;
        char *body;
        char *header;
        char error_text[64];
        struct fixture *again; /* start another call from inside the callback */
};

static inline enum server_action serve_hello(struct server *s, const char *request, size_t len, struct buf *answer) {
        server_answer(answer, 200, "X-Name: first\r\nx-NAME:  value \r\n", "hello");
        return SERVER_ANSWER;
}

static inline int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_int_equal(sd_event_new(&f->event), 0);
        assert_int_equal(http_new(f->event, NULL, &f->http), 0);
        server_start(&f->server, f->event, serve_hello);
        *state = f;
        return 0;
}

static inline int tear_down(void **state) {
        struct fixture *f = *state;
        http_free(f->http);
        server_stop(&f->server);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

static inline char *url_of(const struct fixture *f, const char *path) {
        return text_printf("http://127.0.0.1:%u%s", f->server.port, path);
}

static inline void on_done(const struct http_response *response, void *userdata) {
        struct outcome *o = userdata;
        o->done = true;
        o->count++;
        o->error = response->error;
        o->status = response->status;
        free(o->body);
        o->body = buf_take(response->body, NULL);
        free(o->header);
        o->header = text_dup(http_response_header(response, "X-Name"));
        snprintf(o->error_text, sizeof(o->error_text), "%s", response->error_text ? response->error_text : "");
        assert_int_equal(response->error < 0, o->error_text[0] != '\0');
        if (o->again && o->count == 1) {
                _cleanup_free_ char *url = url_of(o->again, "/again");
                o->done = false;
                assert_int_equal(http_start(o->again->http, &(struct http_request){ .url = url }, on_done, o, NULL), 0);
        }
}

static inline void outcome_done(struct outcome *o) {
        free(o->body);
        free(o->header);
}

static inline void run(struct fixture *f, const struct http_request *request, struct outcome *o) {
        _cleanup_free_ char *url = url_of(f, "/path");
        struct http_request r = *request;
        if (!r.url)
                r.url = url;
        assert_int_equal(http_start(f->http, &r, on_done, o, NULL), 0);
        assert_false(o->done);
        assert_true(loop_until(f->event, &o->done));
        assert_int_equal(o->count, 1);
}

static inline enum server_action serve_nothing(struct server *s, const char *request, size_t len, struct buf *answer) {
        return SERVER_HANG;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
