/* SPDX-License-Identifier: Apache-2.0 */
/* The queue server's core: what happens to messages, with the time as an argument. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/queue/queue.h"
#include "tests/queue/receipt.h"

#define START (1000 * USEC_PER_SEC)
#define SECONDS(n) ((uint64_t)(n)*USEC_PER_SEC)

struct fixture {
        struct broker broker;
        struct queue *standard, *fifo, *dead;
};

static struct queue *make_queue(struct broker *b, const char *name, const struct settings *s) {
        struct queue *q = NULL;
        assert_int_equal(queue_new(b, name, s, value_new_map(), START, &q), 0);
        return q;
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        struct settings s = settings_default();

        assert_non_null(f);
        broker_init(&f->broker, START, 7);
        f->dead = make_queue(&f->broker, "dead", &s);
        f->standard = make_queue(&f->broker, "standard", &s);
        s.fifo = true;
        f->fifo = make_queue(&f->broker, "orders.fifo", &s);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        broker_done(&f->broker);
        free(f);
        return 0;
}

/* Sends a message whose body is also its deduplication id. */
static int send_at(struct queue *q, const char *body, const char *group, int64_t delay, uint64_t now) {
        struct attributes none = { 0 };
        struct message *m = NULL;
        char id[MESSAGE_ID_SIZE];
        uint64_t sequence;

        assert_int_equal(message_new(body, strlen(body), &none, &m), 0);
        m->group = text_dup(group);
        m->deduplication_id = text_dup(body);
        return queue_send(q, m, delay, now, id, &sequence);
}

static void send(struct queue *q, const char *body, const char *group) {
        assert_int_equal(send_at(q, body, group, -1, START), 0);
}

/* The bodies of what a receive takes, as "a b c". */
static char *receive(struct queue *q, size_t max, uint64_t visibility_usec, uint64_t now) {
        static char bodies[256];
        struct message *out[RECEIVE_COUNT_MAX];
        size_t n = queue_receive(q, max, now + visibility_usec, now, out);

        bodies[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                strcat(bodies, i > 0 ? " " : "");
                strcat(bodies, out[i]->body);
        }
        return bodies;
}

static struct message *only(struct queue *q) {
        assert_int_equal(HASH_COUNT(q->messages), 1);
        return q->messages;
}

static struct message *with_body(struct queue *q, const char *body) {
        for (struct message *m = q->messages; m; m = m->hh.next)
                if (text_eq(m->body, body))
                        return m;
        fail_msg("no message %s", body);
        return NULL;
}

static void a_received_message_is_invisible_until_its_timeout(void **state) {
        struct fixture *f = *state;

        send(f->standard, "a", NULL);
        assert_string_equal(receive(f->standard, 10, SECONDS(30), START), "a");
        assert_string_equal(receive(f->standard, 10, SECONDS(30), START), "");
        timers_run(&f->broker.timers, START + SECONDS(30) - 1);
        assert_string_equal(receive(f->standard, 10, SECONDS(30), START), "");
        timers_run(&f->broker.timers, START + SECONDS(30));
        assert_string_equal(receive(f->standard, 10, SECONDS(30), START + SECONDS(30)), "a");
        assert_int_equal(only(f->standard)->receive_count, 2);
        assert_int_equal(only(f->standard)->first_receive_usec, START);
}

static void a_receive_takes_at_most_what_is_asked_for(void **state) {
        struct fixture *f = *state;

        send(f->standard, "a", NULL);
        send(f->standard, "b", NULL);
        send(f->standard, "c", NULL);
        assert_string_equal(receive(f->standard, 2, SECONDS(1), START), "a b");
        assert_string_equal(receive(f->standard, 2, SECONDS(1), START), "c");
}

static void visibility_zero_gives_the_message_back_at_once(void **state) {
        struct fixture *f = *state;

        send(f->standard, "a", NULL);
        (void)receive(f->standard, 1, SECONDS(30), START);
        assert_int_equal(queue_change_visibility(only(f->standard), 0, START), 0);
        assert_int_equal(queue_change_visibility(only(f->standard), 10, START), QUEUE_NOT_IN_FLIGHT);
        assert_string_equal(receive(f->standard, 1, SECONDS(30), START), "a");
}

static void an_extension_counts_from_the_call_and_ends_twelve_hours_after_the_receive(void **state) {
        struct fixture *f = *state;
        uint64_t eleven_hours = START + 11 * USEC_PER_HOUR;

        send(f->standard, "a", NULL);
        (void)receive(f->standard, 1, 12 * USEC_PER_HOUR, START);
        assert_int_equal(queue_change_visibility(only(f->standard), 3601, eleven_hours), QUEUE_BEYOND_LIMIT);
        assert_int_equal(queue_change_visibility(only(f->standard), 3600, eleven_hours), 0);
        timers_run(&f->broker.timers, START + 12 * USEC_PER_HOUR - 1);
        assert_int_equal(f->standard->counts[MESSAGE_IN_FLIGHT], 1);
        timers_run(&f->broker.timers, START + 12 * USEC_PER_HOUR);
        assert_int_equal(f->standard->counts[MESSAGE_VISIBLE], 1);
}

static void every_receive_gives_a_new_receipt_and_the_old_one_goes_stale(void **state) {
        struct fixture *f = *state;
        _cleanup_(buf_done) struct buf old = BUF_INIT(0), new = BUF_INIT(0);
        struct receipt first, second;

        send(f->standard, "a", NULL);
        (void)receive(f->standard, 1, 0, START);
        receipt_write(&old, only(f->standard));
        (void)receive(f->standard, 1, SECONDS(30), START);
        receipt_write(&new, only(f->standard));
        assert_int_equal(receipt_read(old.data, &first), 0);
        assert_int_equal(receipt_read(new.data, &second), 0);
        assert_int_equal(first.message_number, second.message_number);
        assert_int_not_equal(first.number, second.number);
        assert_int_equal(second.number, only(f->standard)->receipt);
}

static void junk_is_no_receipt(void **state) {
        struct fixture *f = *state;
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0);
        struct receipt r;

        assert_true(receipt_read("", &r) < 0);
        assert_true(receipt_read("junk", &r) < 0);
        send(f->standard, "a", NULL);
        receipt_write(&handle, only(f->standard));
        handle.data[5] ^= 1;
        assert_true(receipt_read(handle.data, &r) < 0);
}

static void a_delayed_message_waits(void **state) {
        struct fixture *f = *state;

        assert_int_equal(send_at(f->standard, "late", NULL, 5, START), 0);
        assert_string_equal(receive(f->standard, 1, 0, START), "");
        timers_run(&f->broker.timers, START + SECONDS(5));
        assert_string_equal(receive(f->standard, 1, 0, START + SECONDS(5)), "late");
}

static void a_message_expires_when_its_retention_ends_even_in_flight(void **state) {
        struct fixture *f = *state;
        uint64_t four_days = 4 * USEC_PER_DAY;

        send(f->standard, "a", NULL);
        assert_int_equal(send_at(f->standard, "b", NULL, 0, START + SECONDS(10)), 0);
        (void)receive(f->standard, 1, 12 * USEC_PER_HOUR, START + four_days - SECONDS(5));
        timers_run(&f->broker.timers, START + four_days);
        assert_string_equal(only(f->standard)->body, "b");
        timers_run(&f->broker.timers, START + four_days + SECONDS(10));
        assert_null(f->standard->messages);
        assert_int_equal(f->standard->expired_count, 2);
}

static void redrive_to_dead(struct queue *q, uint32_t max) {
        q->settings.max_receive_count = max;
        strcpy(q->settings.dead_letter_queue, "dead");
}

static void what_was_received_too_often_goes_to_the_dead_letter_queue(void **state) {
        struct fixture *f = *state;

        redrive_to_dead(f->standard, 2);
        send(f->standard, "poison", NULL);
        assert_string_equal(receive(f->standard, 1, 0, START), "poison");
        assert_string_equal(receive(f->standard, 1, 0, START), "poison");
        send(f->standard, "good", NULL);
        assert_string_equal(receive(f->standard, 1, 0, START), "good");
        assert_string_equal(only(f->standard)->body, "good");
        assert_string_equal(only(f->dead)->body, "poison");
        assert_string_equal(only(f->dead)->dead_letter_source, QUEUE_ARN_PREFIX "standard");
        assert_int_equal(only(f->dead)->receive_count, 2);
}

static void a_missing_dead_letter_queue_keeps_the_message(void **state) {
        struct fixture *f = *state;

        redrive_to_dead(f->standard, 1);
        queue_free(f->dead);
        send(f->standard, "poison", NULL);
        (void)receive(f->standard, 1, 0, START);
        assert_string_equal(receive(f->standard, 1, 0, START), "poison");
}

static void no_more_than_120000_messages_are_in_flight(void **state) {
        struct fixture *f = *state;
        struct message *out[RECEIVE_COUNT_MAX];
        char body[16];

        for (int i = 0; i < IN_FLIGHT_MAX + 5; i++) {
                (void)snprintf(body, sizeof(body), "%d", i);
                send(f->standard, body, NULL);
        }
        for (int i = 0; i < IN_FLIGHT_MAX / RECEIVE_COUNT_MAX; i++)
                assert_int_equal(queue_receive(f->standard, 10, START + SECONDS(30), START, out), 10);
        assert_int_equal(queue_receive(f->standard, 10, START + SECONDS(30), START, out), 0);
        queue_delete(f->standard->lists[MESSAGE_IN_FLIGHT]);
        assert_int_equal(queue_receive(f->standard, 10, START + SECONDS(30), START, out), 1);
        timers_run(&f->broker.timers, START + SECONDS(30));
        assert_int_equal(f->standard->counts[MESSAGE_VISIBLE], IN_FLIGHT_MAX + 4);
}

static void a_message_in_flight_blocks_its_group_and_no_other(void **state) {
        struct fixture *f = *state;

        send(f->fifo, "a1", "a");
        send(f->fifo, "a2", "a");
        send(f->fifo, "b1", "b");
        assert_string_equal(receive(f->fifo, 1, SECONDS(30), START), "a1");
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "b1");
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "");
        queue_delete(with_body(f->fifo, "a1"));
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "a2");
}

static void a_receive_takes_as_many_of_a_group_as_there_are_in_order(void **state) {
        struct fixture *f = *state;

        send(f->fifo, "a1", "a");
        send(f->fifo, "b1", "b");
        send(f->fifo, "a2", "a");
        send(f->fifo, "a3", "a");
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "a1 a2 a3 b1");
}

static void a_group_is_free_when_its_last_message_in_flight_is_back_and_keeps_its_order(void **state) {
        struct fixture *f = *state;

        send(f->fifo, "a1", "a");
        send(f->fifo, "a2", "a");
        send(f->fifo, "a3", "a");
        assert_string_equal(receive(f->fifo, 2, SECONDS(30), START), "a1 a2");
        assert_int_equal(queue_change_visibility(with_body(f->fifo, "a2"), 0, START), 0);
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "");
        timers_run(&f->broker.timers, START + SECONDS(30));
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "a1 a2 a3");
}

static void a_later_message_in_flight_blocks_the_group_too(void **state) {
        struct fixture *f = *state;

        send(f->fifo, "a1", "a");
        send(f->fifo, "a2", "a");
        assert_string_equal(receive(f->fifo, 2, SECONDS(30), START), "a1 a2");
        assert_int_equal(queue_change_visibility(with_body(f->fifo, "a1"), 0, START), 0);
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "");
        queue_delete(with_body(f->fifo, "a2"));
        assert_string_equal(receive(f->fifo, 10, SECONDS(30), START), "a1");
}

static void a_message_of_a_fifo_queue_is_redriven_without_blocking_its_group(void **state) {
        struct fixture *f = *state;
        struct settings s = settings_default();

        s.fifo = true;
        struct queue *dead = make_queue(&f->broker, "dead.fifo", &s);
        f->fifo->settings.max_receive_count = 1;
        strcpy(f->fifo->settings.dead_letter_queue, "dead.fifo");
        send(f->fifo, "a1", "a");
        send(f->fifo, "a2", "a");
        assert_string_equal(receive(f->fifo, 1, 0, START), "a1");
        assert_string_equal(receive(f->fifo, 1, SECONDS(30), START), "a2");
        assert_string_equal(only(dead)->body, "a1");
        assert_string_equal(receive(dead, 1, 0, START), "a1");
}

static void the_same_deduplication_id_is_taken_once_in_five_minutes(void **state) {
        struct fixture *f = *state;

        send(f->fifo, "x", "a");
        assert_int_equal(send_at(f->fifo, "x", "b", -1, START + FIFO_WINDOW_USEC - 1), QUEUE_DUPLICATE);
        queue_delete(only(f->fifo));
        assert_int_equal(send_at(f->fifo, "x", "a", -1, START + FIFO_WINDOW_USEC - 1), QUEUE_DUPLICATE);
        assert_int_equal(send_at(f->fifo, "x", "a", -1, START + FIFO_WINDOW_USEC), 0);
}

static void deduplication_can_be_per_group(void **state) {
        struct fixture *f = *state;

        f->fifo->settings.group_deduplication = true;
        send(f->fifo, "x", "a");
        assert_int_equal(send_at(f->fifo, "x", "a", -1, START), QUEUE_DUPLICATE);
        assert_int_equal(send_at(f->fifo, "x", "b", -1, START), 0);
}

static void groups_do_not_serialise_a_standard_queue(void **state) {
        struct fixture *f = *state;

        send(f->standard, "a1", "tenant");
        send(f->standard, "a2", "tenant");
        assert_string_equal(receive(f->standard, 1, SECONDS(30), START), "a1");
        assert_string_equal(receive(f->standard, 1, SECONDS(30), START), "a2");
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(a_received_message_is_invisible_until_its_timeout),
                TEST(a_receive_takes_at_most_what_is_asked_for),
                TEST(visibility_zero_gives_the_message_back_at_once),
                TEST(an_extension_counts_from_the_call_and_ends_twelve_hours_after_the_receive),
                TEST(every_receive_gives_a_new_receipt_and_the_old_one_goes_stale),
                TEST(junk_is_no_receipt),
                TEST(a_delayed_message_waits),
                TEST(a_message_expires_when_its_retention_ends_even_in_flight),
                TEST(what_was_received_too_often_goes_to_the_dead_letter_queue),
                TEST(a_missing_dead_letter_queue_keeps_the_message),
                TEST(no_more_than_120000_messages_are_in_flight),
                TEST(a_message_in_flight_blocks_its_group_and_no_other),
                TEST(a_receive_takes_as_many_of_a_group_as_there_are_in_order),
                TEST(a_group_is_free_when_its_last_message_in_flight_is_back_and_keeps_its_order),
                TEST(a_later_message_in_flight_blocks_the_group_too),
                TEST(a_message_of_a_fifo_queue_is_redriven_without_blocking_its_group),
                TEST(the_same_deduplication_id_is_taken_once_in_five_minutes),
                TEST(deduplication_can_be_per_group),
                TEST(groups_do_not_serialise_a_standard_queue),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
