/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent about an item, and what its owner is told, against a server that answers what each test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/lease.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/unit/http_server.h"

#define GOOD "{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[]}" /* of one entry */
#define REFUSED                                                                                                        \
        "{\"Successful\":[],\"Failed\":[{\"Id\":\"0\",\"SenderFault\":true,\"Code\":\"Unwanted\",\"Message\":\"\"}]}"

struct fixture {
        struct services services;
        struct http *http;
        struct server server;
        struct sqs_client *client;
        struct jitter jitter;
        struct queue queue;
        struct lease lease;
        struct lease_item a, b;
        sd_event_source *turn;
        unsigned status;                        /* of the next answers */
        const char *body;                       /* NULL: there is none */
        void (*on_request)(struct fixture *f);  /* before the answer, once */
        bool may_release;
        unsigned answered, failed, sent, deleted, again, again_failed, released, lost, ended;
        char refusal[32];
        bool done;                              /* something was told */
};

static struct fixture *fixture; /* of the test that runs */

static enum server_action serve(struct server *s, const char *request, size_t len, struct buf *answer) {
        struct fixture *f = CONTAINER_OF(s, struct fixture, server);
        void (*on_request)(struct fixture *f) = TAKE_PTR(f->on_request);

        if (on_request)
                on_request(f);
        if (!f->body)
                return SERVER_HANG;
        server_answer(answer, f->status, "", f->body);
        return SERVER_ANSWER;
}

static bool may_release(const struct lease_item *item) {
        return fixture->may_release;
}

static void on_released(struct lease_item *item) {
        fixture->released++;
        lease_forget(&fixture->lease, item);
}

static void on_delete_sent(struct lease_item *item) {
        fixture->sent++;
}

static void on_deleted(struct lease_item *item, const char *refusal) {
        fixture->deleted++;
        snprintf(fixture->refusal, sizeof fixture->refusal, "%s", refusal ? refusal : "");
        lease_forget(&fixture->lease, item);
}

static void on_delete_again(struct lease_item *item, bool failed) {
        fixture->again++;
        fixture->again_failed += failed;
        lease_delete(&fixture->lease, item);
}

static void on_lost(struct lease_item *item) {
        fixture->lost++;
        lease_let_go(item);
}

static void on_call_ended(struct lease_item *item) {
        fixture->ended++;
}

static void on_answered(struct lease *l, const struct aws_error *error) {
        fixture->answered++;
        fixture->failed += error != NULL;
        fixture->done = true;
}

static const struct lease_ops ops = {
        .may_release = may_release, .on_released = on_released, .on_delete_sent = on_delete_sent, .on_deleted = on_deleted,
        .on_delete_again = on_delete_again, .on_lost = on_lost, .on_call_ended = on_call_ended, .on_answered = on_answered,
};

/* The end of a turn, as far as a lease is concerned. */
static int on_turn(sd_event_source *source, void *userdata) {
        struct fixture *f = userdata;

        f->services.wishes.turn = false;
        if (f->services.wishes.flushes) {
                wish_no_flush(&f->services.wishes, &f->lease.flush);
                lease_flush(&f->lease);
        }
        return 0;
}

static int set_up(void **state) {
        struct fixture *f = fixture = calloc(1, sizeof *f);
        _cleanup_free_ char *endpoint = NULL;

        assert_int_equal(sd_event_new(&f->services.event), 0);
        assert_int_equal(http_new(f->services.event, NULL, &f->http), 0);
        server_start(&f->server, f->services.event, serve);
        endpoint = text_printf("http://127.0.0.1:%u", f->server.port);
        const struct sqs_client_options o = { .http = f->http, .region = "eu-north-1", .endpoint = endpoint };
        assert_int_equal(sqs_client_new(&o, &f->client), 0);
        assert_true(sd_event_add_defer(f->services.event, &f->turn, on_turn, f) >= 0);
        sd_event_source_set_enabled(f->turn, SD_EVENT_OFF);
        f->services.wishes.turn_source = f->turn;
        f->services.stopping = true; /* deletes do not linger */
        assert_int_equal(jitter_init(&f->jitter), 0);
        f->queue = (struct queue){ .services = &f->services, .client = f->client, .jitter = &f->jitter,
                                   .url = (char *)"http://queue/orders", .visibility_sec = 30 };
        f->status = 200;
        f->body = GOOD;
        assert_int_equal(lease_init(&f->lease, &f->queue, &ops), 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;

        lease_cancel_calls(&f->lease);
        while (f->lease.held) {
                lease_unlist(&f->lease, f->lease.held);
                lease_forget(&f->lease, f->lease.held);
        }
        lease_done(&f->lease);
        free(f->a.receipt_handle);
        free(f->b.receipt_handle);
        sqs_client_free(f->client);
        http_free(f->http);
        server_stop(&f->server);
        sd_event_source_unref(f->turn);
        sd_event_unref(f->services.event);
        free(f);
        return 0;
}

static struct lease_terms terms_due_in(uint64_t usec) {
        uint64_t now = clock_boottime_usec();

        return (struct lease_terms){ .received_usec = now, .due_usec = now + usec, .deadline_usec = now + 25 * USEC_PER_SEC };
}

static void hold(struct fixture *f, struct lease_item *item, const char *handle, uint64_t due_usec) {
        item->receipt_handle = text_dup(handle);
        item->terms = terms_due_in(due_usec);
        lease_hold(&f->lease, item);
}

static void await_answer(struct fixture *f) {
        f->done = false;
        assert_true(loop_until(f->services.event, &f->done));
}

static void what_was_let_go_is_not_extended_until_it_comes_again(void **state) {
        struct fixture *f = *state;
        struct lease_terms due = terms_due_in(0);
        char *newer = text_dup("newer");

        hold(f, &f->a, "handle-a", 0);
        hold(f, &f->b, "handle-b", 0);
        lease_let_go(&f->b);
        await_answer(f);
        assert_non_null(strstr(f->server.last, "ChangeMessageVisibilityBatch"));
        assert_non_null(strstr(f->server.last, "handle-a"));
        assert_null(strstr(f->server.last, "handle-b"));
        lease_adopt(&f->lease, &f->b, &newer, &due);
        assert_null(newer);
        await_answer(f);
        assert_non_null(strstr(f->server.last, "newer"));
        assert_null(strstr(f->server.last, "handle-a"));
        assert_int_equal(f->lost, 0);
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        *(bool *)userdata = true;
        return 0;
}

/* The network lost the connection without a word. What is due later and of less priority comes later, however busy the
 * machine is. */
static void an_extension_that_is_not_answered_leaves_time_for_the_next(void **state) {
        struct fixture *f = *state;
        sd_event_source *deadline = NULL;
        bool late = false;

        f->body = NULL;
        hold(f, &f->a, "handle-a", 0);
        f->a.terms.deadline_usec = clock_boottime_usec() + 4 * USEC_PER_SEC;
        assert_true(sd_event_add_time_relative(f->services.event, &deadline, CLOCK_MONOTONIC, 4 * USEC_PER_SEC, 1, on_late,
                                               &late) >= 0);
        assert_true(sd_event_source_set_priority(deadline, SD_EVENT_PRIORITY_IDLE) >= 0);
        await_answer(f);
        assert_int_equal(f->failed, 1);
        assert_false(late);
        sd_event_source_unref(deadline);
}

static void a_batch_that_fails_counts_as_one_failure(void **state) {
        struct fixture *f = *state;

        f->may_release = true;
        f->status = 500;
        f->body = "{}";
        hold(f, &f->a, "handle-a", USEC_PER_MINUTE);
        hold(f, &f->b, "handle-b", USEC_PER_MINUTE);
        lease_release(&f->lease, &f->a);
        lease_release(&f->lease, &f->b);
        await_answer(f);
        assert_non_null(strstr(f->server.last, "handle-a"));
        assert_non_null(strstr(f->server.last, "handle-b"));
        assert_int_equal(f->lease.failures, 1);
}

static void a_lease_that_time_ended_is_told_and_nothing_is_sent(void **state) {
        struct fixture *f = *state;

        f->a.receipt_handle = text_dup("handle-a");
        f->a.terms = (struct lease_terms){ .due_usec = 1, .deadline_usec = 2 };
        lease_hold(&f->lease, &f->a);
        while (f->lost == 0)
                assert_true(sd_event_run(f->services.event, 10 * USEC_PER_SEC) > 0);
        assert_null(f->lease.calls);
        assert_int_equal(f->server.request_count, 0);
}

static void adopt_a(struct fixture *f) {
        struct lease_terms terms = terms_due_in(USEC_PER_MINUTE);
        char *newer = text_dup("newer");

        lease_adopt(&f->lease, &f->a, &newer, &terms);
}

static void a_delete_confirmed_for_an_older_handle_is_repeated_with_the_newest(void **state) {
        struct fixture *f = *state;

        hold(f, &f->a, "handle-a", USEC_PER_MINUTE);
        f->on_request = adopt_a;
        lease_delete(&f->lease, &f->a);
        await_answer(f);
        assert_non_null(strstr(f->server.last, "handle-a"));
        assert_int_equal(f->deleted, 0);
        assert_int_equal(f->again, 1);
        assert_int_equal(f->again_failed, 0);
        await_answer(f);
        assert_non_null(strstr(f->server.last, "newer"));
        assert_int_equal(f->sent, 2);
        assert_int_equal(f->deleted, 1);
        assert_string_equal(f->refusal, "");
        assert_true(lease_is_quiet(&f->lease));
}

static void a_delete_that_fails_is_repeated_and_one_that_is_refused_is_not(void **state) {
        struct fixture *f = *state;

        hold(f, &f->a, "handle-a", USEC_PER_MINUTE);
        f->status = 500;
        f->body = "{}";
        lease_delete(&f->lease, &f->a);
        await_answer(f);
        assert_int_equal(f->failed, 1);
        assert_int_equal(f->again_failed, 1);
        assert_true(f->lease.not_before_usec > 0);
        f->status = 200;
        f->body = REFUSED;
        await_answer(f);
        assert_int_equal(f->deleted, 1);
        assert_string_equal(f->refusal, "Unwanted");
        assert_null(f->lease.held);
}

static void a_release_waits_for_leave_and_is_not_extended_meanwhile(void **state) {
        struct fixture *f = *state;

        hold(f, &f->a, "handle-a", 0);
        hold(f, &f->b, "handle-b", 0);
        f->a.release_sec = 7;
        lease_release(&f->lease, &f->a);
        await_answer(f); /* the extension of b; the turn came before */
        assert_null(strstr(f->server.last, "handle-a"));
        assert_int_equal(f->lease.release_count, 1);
        f->may_release = true;
        lease_wish_flush(&f->lease);
        await_answer(f);
        assert_non_null(strstr(f->server.last, "handle-a"));
        assert_non_null(strstr(f->server.last, "\"VisibilityTimeout\":7"));
        assert_int_equal(f->released, 1);
        assert_true(lease_is_quiet(&f->lease));
}

static void forget_a(struct fixture *f) {
        lease_forget(&f->lease, &f->a);
}

static void of_an_item_that_was_forgotten_only_the_end_of_its_call_is_told(void **state) {
        struct fixture *f = *state;

        hold(f, &f->a, "handle-a", USEC_PER_MINUTE);
        f->on_request = forget_a;
        lease_delete(&f->lease, &f->a);
        await_answer(f);
        assert_int_equal(f->ended, 1);
        assert_int_equal(f->deleted + f->again, 0);
        assert_false(f->a.in_flight);
}

static void cancelled_calls_tell_the_end_of_what_was_forgotten_and_nothing_else(void **state) {
        struct fixture *f = *state;

        hold(f, &f->a, "handle-a", USEC_PER_MINUTE);
        hold(f, &f->b, "handle-b", USEC_PER_MINUTE);
        lease_delete(&f->lease, &f->a);
        lease_delete(&f->lease, &f->b);
        while (!f->lease.calls)
                assert_true(sd_event_run(f->services.event, 10 * USEC_PER_SEC) > 0);
        assert_true(f->a.in_flight && f->b.in_flight);
        lease_forget(&f->lease, &f->a);
        lease_cancel_calls(&f->lease);
        assert_int_equal(f->ended, 1);
        assert_int_equal(f->answered + f->deleted + f->again, 0);
        assert_false(f->b.in_flight);
        assert_ptr_equal(f->lease.held, &f->b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(what_was_let_go_is_not_extended_until_it_comes_again),
                TEST(an_extension_that_is_not_answered_leaves_time_for_the_next),
                TEST(a_batch_that_fails_counts_as_one_failure),
                TEST(a_lease_that_time_ended_is_told_and_nothing_is_sent),
                TEST(a_delete_confirmed_for_an_older_handle_is_repeated_with_the_newest),
                TEST(a_delete_that_fails_is_repeated_and_one_that_is_refused_is_not),
                TEST(a_release_waits_for_leave_and_is_not_extended_meanwhile),
                TEST(of_an_item_that_was_forgotten_only_the_end_of_its_call_is_told),
                TEST(cancelled_calls_tell_the_end_of_what_was_forgotten_and_nothing_else),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
