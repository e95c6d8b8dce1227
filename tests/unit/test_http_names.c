/* SPDX-License-Identifier: Apache-2.0 */
/* Calls whose host is looked up by a resolver of the test's own: libcurl takes this program's getaddrinfo(), and asks it
 * in a thread. */
#include <curl/curlver.h>
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "common/aws/http.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/unit/http_server_none.h"

#define LOOKUP_MAX_SECONDS 20
#define RES_TIMEOUT_SECONDS 5 /* "timeout" of resolv.conf(5) */

static sem_t let_go, ended;

/* No name server answers: it ends when the test says so, or gives up. */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                                                       struct addrinfo **ret) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += LOOKUP_MAX_SECONDS;
        while (sem_timedwait(&let_go, &until) < 0 && errno == EINTR)
                ;
        sem_post(&ended);
        return EAI_AGAIN;
}

static bool has_ended(void) {
        int value = 0;

        sem_getvalue(&ended, &value);
        return value > 0;
}

struct outcome {
        bool done, lookup_had_ended;
        int error;
};

static void on_done(const struct http_response *response, void *userdata) {
        struct outcome *o = userdata;

        o->done = true;
        o->error = response->error;
        o->lookup_had_ended = has_ended();
}

static void let_the_lookup_end(void) {
        sem_post(&let_go);
        while (sem_wait(&ended) < 0)
                ;
}

/* libcurl's own wait is for the thread, and thereby for all that the loop has to do meanwhile. */
static void a_name_that_nobody_answers_for_does_not_hold_the_loop_up(void **state) {
#if LIBCURL_VERSION_NUM < 0x075700
        skip(); /* it cannot be told not to */
#endif
        struct outcome o = { 0 };
        sd_event *event = NULL;
        struct http *http;
        struct http_call *call;
        struct http_request r = { .url = "http://silent.test/", .connect_timeout_usec = 100 * USEC_PER_MSEC };

        assert_int_equal(sem_init(&let_go, 0, 0) | sem_init(&ended, 0, 0), 0);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(http_new(event, NULL, &http), 0);
        assert_int_equal(http_start(http, &r, on_done, &o, NULL), 0);
        assert_true(loop_until(event, &o.done));
        assert_int_equal(o.error, -ETIMEDOUT);
        assert_false(o.lookup_had_ended);
        let_the_lookup_end();

        /* nor does one that is cancelled, or the end of it all */
        assert_int_equal(http_start(http, &r, on_done, &o, &call), 0);
        while (sd_event_run(event, 1000) > 0)
                ;
        http_cancel(call);
        assert_false(has_ended());
        assert_int_equal(http_start(http, &r, on_done, &o, NULL), 0);
        while (sd_event_run(event, 1000) > 0)
                ;
        http_free(http);
        assert_false(has_ended());
        let_the_lookup_end();
        let_the_lookup_end();
        sd_event_unref(event);
}

/* libcurl closes the socket of one that did not connect without a word, and its resolver gets the same descriptor. */
static void a_call_that_did_not_connect_leaves_the_next_lookup_alone(void **state) {
        struct outcome o = { 0 };
        sd_event *event = NULL;
        struct http *http;
        unsigned port;
        int clients[4], fd = server_start_busy(&port, clients);
        _cleanup_free_ char *url = text_printf("http://127.0.0.1:%u/", port);
        struct http_request busy = { .url = url, .connect_timeout_usec = 100 * USEC_PER_MSEC };
        struct http_request unknown = { .url = "http://unknown.test/" };

        assert_int_equal(sem_init(&let_go, 0, 0) | sem_init(&ended, 0, 0), 0);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(http_new(event, NULL, &http), 0);
        for (unsigned i = 0; i < 3; i++) {
                o.done = false;
                assert_int_equal(http_start(http, &busy, on_done, &o, NULL), 0);
                assert_true(loop_until(event, &o.done));
                assert_int_equal(o.error, -ETIMEDOUT);
                o.done = false;
                assert_int_equal(http_start(http, &unknown, on_done, &o, NULL), 0);
                while (sd_event_run(event, 1000) > 0)
                        ;
                let_the_lookup_end();
                assert_true(loop_until(event, &o.done));
                assert_int_equal(o.error, -EHOSTUNREACH);
        }
        http_free(http);
        sd_event_unref(event);
        for (unsigned i = 0; i < 4; i++)
                close_fd(clients[i]);
        close_fd(fd);
}

/* The resolver asks the first name server for that long. Who gives up with it never hears the second. */
static void one_dead_name_server_of_two_can_be_waited_for(void **state) {
        assert_true(HTTP_CONNECT_TIMEOUT_DEFAULT_USEC >= (RES_TIMEOUT_SECONDS + 2) * USEC_PER_SEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_name_that_nobody_answers_for_does_not_hold_the_loop_up),
                cmocka_unit_test(a_call_that_did_not_connect_leaves_the_next_lookup_alone),
                cmocka_unit_test(one_dead_name_server_of_two_can_be_waited_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
