/* SPDX-License-Identifier: Apache-2.0 */
/* The queue server's API without HTTP: requests in, JSON out, time as an argument. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/service.h"

#define START (1000 * USEC_PER_SEC)

struct fixture {
        struct service service;
        struct request request; /* of the last call */
        bool is_alive;
        unsigned answers; /* to parked requests */
};

static void on_answer(struct request *r) {
        ((struct fixture *)r->context)->answers++;
}

static bool is_alive(struct request *r) {
        return ((struct fixture *)r->context)->is_alive;
}

/* Submits; false: parked. What it answered stands in f->request. */
static bool submit(struct fixture *f, struct request *r, const char *target, const char *body, uint64_t now) {
        *r = (struct request){ .target = target, .on_answer = on_answer, .is_alive = is_alive, .context = f };
        return service_submit(&f->service, r, body, strlen(body), now);
}

static const char *answer(const struct request *r) {
        return r->out.len > 0 ? r->out.data : "";
}

static const char *call(struct fixture *f, const char *target, const char *body) {
        request_done(&f->request);
        assert_true(submit(f, &f->request, target, body, START));
        return answer(&f->request);
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        service_init(&f->service, START, 7);
        f->is_alive = true;
        (void)call(f, "AmazonSQS.CreateQueue", "{\"QueueName\":\"q\"}");
        assert_int_equal(f->request.status, 200);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        request_done(&f->request);
        service_done(&f->service);
        free(f);
        return 0;
}

static void add_fault(struct fixture *f, const char *rule) {
        _cleanup_value_ struct value *v = NULL;
        struct failure failure = { 0 };

        assert_int_equal(json_parse(rule, strlen(rule), &v, NULL, NULL), 0);
        assert_int_equal(faults_add(&f->service.faults, v, &failure), 0);
}

#define SEND "AmazonSQS.SendMessage", "{\"QueueUrl\":\"q\",\"MessageBody\":\"hi\"}"
#define RECEIVE "AmazonSQS.ReceiveMessage", "{\"QueueUrl\":\"q\"}"
#define POLL "AmazonSQS.ReceiveMessage", "{\"QueueUrl\":\"q\",\"WaitTimeSeconds\":20}"

static void the_published_attribute_digest_is_reproduced(void **state) {
        const char *out = call(*state, "AmazonSQS.SendMessage",
                               "{\"QueueUrl\":\"q\",\"MessageBody\":\"x\",\"MessageAttributes\":{\"attribName1\":"
                               "{\"DataType\":\"String\",\"StringValue\":\"attribValue 1\"}}}");

        assert_non_null(strstr(out, "\"MD5OfMessageAttributes\":\"19e27d4e946b072f3f58da80d94fd778\""));
}

static void a_long_poll_is_answered_in_the_turn_in_which_a_message_comes(void **state) {
        struct fixture *f = *state;
        struct request poll;

        assert_false(submit(f, &poll, POLL, START));
        service_turn(&f->service, START);
        assert_int_equal(f->answers, 0);
        (void)call(f, SEND);
        service_turn(&f->service, START);
        assert_int_equal(f->answers, 1);
        assert_non_null(strstr(answer(&poll), "\"Body\":\"hi\""));
        assert_int_equal(f->service.parked_count, 0);
        request_done(&poll);
}

static void a_long_poll_ends_empty_after_its_wait(void **state) {
        struct fixture *f = *state;
        struct request poll;

        assert_false(submit(f, &poll, POLL, START));
        service_turn(&f->service, START + 20 * USEC_PER_SEC - 1);
        assert_int_equal(f->answers, 0);
        service_turn(&f->service, START + 20 * USEC_PER_SEC);
        assert_int_equal(f->answers, 1);
        assert_string_equal(answer(&poll), "{}");
        request_done(&poll);
}

static void a_long_poll_whose_client_went_away_takes_nothing(void **state) {
        struct fixture *f = *state;
        struct request dead, alive;

        assert_false(submit(f, &dead, POLL, START));
        f->is_alive = false;
        (void)call(f, SEND);
        service_turn(&f->service, START);
        assert_true(dead.closes);
        assert_int_equal(f->service.broker.queues->counts[MESSAGE_VISIBLE], 1);
        f->is_alive = true;
        assert_true(submit(f, &alive, POLL, START));
        request_done(&dead);
        request_done(&alive);
}

static void a_deleted_queue_tells_those_that_wait_at_it(void **state) {
        struct fixture *f = *state;
        struct request poll;

        assert_false(submit(f, &poll, POLL, START));
        (void)call(f, "AmazonSQS.DeleteQueue", "{\"QueueUrl\":\"q\"}");
        assert_int_equal(f->answers, 1);
        assert_int_equal(poll.failure.code, FAILURE_QUEUE_DOES_NOT_EXIST);
        request_done(&poll);
}

static void a_request_that_is_given_up_leaves_no_trace(void **state) {
        struct fixture *f = *state;
        struct request poll;

        assert_false(submit(f, &poll, POLL, START));
        request_done(&poll);
        assert_null(f->service.broker.queues->waiters);
        (void)call(f, SEND);
        service_turn(&f->service, START);
        assert_int_equal(f->service.broker.queues->counts[MESSAGE_VISIBLE], 1);
}

static void too_many_in_flight_is_an_error_on_a_short_poll_and_a_wait_on_a_long_one(void **state) {
        struct fixture *f = *state;
        struct request poll;

        for (int i = 0; i < IN_FLIGHT_MAX; i++) {
                (void)call(f, SEND);
                (void)call(f, RECEIVE);
        }
        assert_int_equal(f->service.broker.queues->counts[MESSAGE_IN_FLIGHT], IN_FLIGHT_MAX);
        (void)call(f, RECEIVE);
        assert_int_equal(f->request.failure.code, FAILURE_OVER_LIMIT);
        assert_int_equal(f->request.status, 403);
        assert_false(submit(f, &poll, POLL, START));
        request_done(&poll);
}

static void a_fault_hits_only_its_operation_and_queue_and_as_often_as_told(void **state) {
        struct fixture *f = *state;

        add_fault(f, "{\"kind\":\"throttle\",\"op\":\"SendMessage\",\"queue\":\"q\",\"count\":1}");
        (void)call(f, "AmazonSQS.CreateQueue", "{\"QueueName\":\"other\"}");
        (void)call(f, "AmazonSQS.SendMessage", "{\"QueueUrl\":\"other\",\"MessageBody\":\"x\"}");
        assert_int_equal(f->request.status, 200);
        (void)call(f, RECEIVE);
        assert_int_equal(f->request.status, 200);
        (void)call(f, SEND);
        assert_int_equal(f->request.failure.code, FAILURE_THROTTLED);
        (void)call(f, SEND);
        assert_int_equal(f->request.status, 200);
}

static void a_fault_with_a_probability_hits_that_often(void **state) {
        struct fixture *f = *state;

        add_fault(f, "{\"kind\":\"http503\",\"op\":\"SendMessage\",\"probability\":0.25,\"seed\":1}");
        for (int i = 0; i < 4000; i++)
                (void)call(f, SEND);
        assert_in_range(f->service.faults.hit_counts[FAULT_HTTP503], 850, 1150);
}

static void a_slow_answer_comes_after_its_latency(void **state) {
        struct fixture *f = *state;
        struct request r;

        add_fault(f, "{\"kind\":\"latency\",\"ms\":250}");
        assert_false(submit(f, &r, SEND, START));
        assert_int_equal(f->service.broker.queues->counts[MESSAGE_VISIBLE], 1);
        service_turn(&f->service, START + 249 * USEC_PER_MSEC);
        assert_int_equal(f->answers, 0);
        service_turn(&f->service, START + 250 * USEC_PER_MSEC);
        assert_int_equal(f->answers, 1);
        assert_int_equal(r.status, 200);
        request_done(&r);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(the_published_attribute_digest_is_reproduced),
                TEST(a_long_poll_is_answered_in_the_turn_in_which_a_message_comes),
                TEST(a_long_poll_ends_empty_after_its_wait),
                TEST(a_long_poll_whose_client_went_away_takes_nothing),
                TEST(a_deleted_queue_tells_those_that_wait_at_it),
                TEST(a_request_that_is_given_up_leaves_no_trace),
                TEST(too_many_in_flight_is_an_error_on_a_short_poll_and_a_wait_on_a_long_one),
                TEST(a_fault_hits_only_its_operation_and_queue_and_as_often_as_told),
                TEST(a_fault_with_a_probability_hits_that_often),
                TEST(a_slow_answer_comes_after_its_latency),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
