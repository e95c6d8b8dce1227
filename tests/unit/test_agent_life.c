/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery between its trigger and its lease: what each move of it leaves in them, without a queue to speak to. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "agent/delivery.h"
#include "agent/held.h"
#include "agent/intake.h"
#include "agent/trigger.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/text.h"

#define URL "http://queue/orders"

struct fixture {
        struct services services;
        struct slots slots;
        struct deliveries deliveries;
        struct flow flow;
        struct trigger *trigger;
        sd_event_source *turn;
        char folder[64];
};

static int on_turn(sd_event_source *source, void *userdata) {
        return 0;
}

static void make_trigger(struct fixture *f, bool fifo) {
        const struct trigger_config config = { .id = (char *)"orders", .queue_url = (char *)URL, .flow_id = (char *)"shop.orders",
                                               .flow = &f->flow, .fifo = fifo, .auto_delete = true, .weight = 1 };

        assert_int_equal(trigger_new(&f->services, &config, &intake_poller_ops, &delivery_lease_ops, &f->trigger), 0);
        assert_int_equal(text_replace(&f->trigger->queue.url, URL), 0);
        f->trigger->queue.visibility_sec = 30;
}

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof *f);
        char path[96];

        strcpy(f->folder, "/tmp/sqsflow-life-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        snprintf(path, sizeof path, "%s/held", f->folder);
        assert_int_equal(held_open(path, &f->services.held), 0);
        assert_int_equal(sd_event_new(&f->services.event), 0);
        assert_true(sd_event_add_defer(f->services.event, &f->turn, on_turn, f) >= 0);
        f->services.wishes.turn_source = f->turn;
        f->services.slots = &f->slots;
        f->services.deliveries = &f->deliveries;
        f->slots.total = 4;
        f->flow = (struct flow){ .id = (char *)"orders", .namespace = (char *)"shop", .refs = 1 };
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;

        deliveries_abandon(f->trigger);
        trigger_unref(f->trigger);
        assert_null(f->deliveries.by_key);
        assert_int_equal(f->flow.refs, 1);
        slots_done(&f->slots);
        held_free(f->services.held);
        sd_event_source_unref(f->turn);
        sd_event_unref(f->services.event);
        dir_remove_all(AT_FDCWD, f->folder);
        free(f);
        return 0;
}

static struct sqs_message *message_new(const char *id, const char *handle) {
        struct sqs_message *m = calloc(1, sizeof *m);

        m->group_id = "group";
        m->message_id = id;
        m->receipt_handle = text_dup(handle);
        m->body = "";
        m->receive_count = 1;
        return m;
}

static struct lease_terms terms(void) {
        uint64_t now = clock_boottime_usec();

        return (struct lease_terms){ .received_usec = now, .due_usec = now + 10 * USEC_PER_SEC,
                                     .deadline_usec = now + 25 * USEC_PER_SEC };
}

static struct delivery *waiting(struct fixture *f, const char *id) {
        _cleanup_(sqs_message_freep) struct sqs_message *m = message_new(id, "first");
        struct lease_terms t = terms();
        struct delivery *d;

        assert_int_equal(delivery_new(f->trigger, &m, &t, &d), 0);
        assert_null(m);
        assert_true(delivery_apply(d, DELIVERY_ACCEPTED));
        return d;
}

static void what_waits_holds_a_slot_and_what_goes_back_does_not(void **state) {
        struct fixture *f = *state;
        struct delivery *d;

        make_trigger(f, false);
        d = waiting(f, "a");
        assert_ptr_equal(deliveries_find(&f->deliveries, URL, "a"), d);
        assert_ptr_equal(waiting_next(&f->trigger->waiting), &d->waiting);
        assert_int_equal(slots_left(&f->slots), 3);
        intake_stop(f->trigger);
        assert_int_equal(d->state, DELIVERY_RELEASING);
        assert_null(waiting_next(&f->trigger->waiting));
        assert_int_equal(slots_left(&f->slots), 4);
        assert_ptr_equal(f->trigger->lease.releases, &d->lease);
        assert_ptr_equal(f->services.wishes.flushes, &f->trigger->lease.flush);
        delivery_lease_ops.on_released(&d->lease);
        assert_null(deliveries_find(&f->deliveries, URL, "a"));
        assert_true(trigger_is_quiet(f->trigger));
}

static void what_waits_knows_how_much_it_adds_to_a_batch(void **state) {
        struct fixture *f = *state;
        _cleanup_(sqs_message_freep) struct sqs_message *m = message_new("a", "first");
        struct lease_terms t = terms();
        struct delivery *d;

        make_trigger(f, false);
        m->body_len = 1000000;
        m->message_attributes = calloc(1, sizeof *m->message_attributes);
        m->message_attributes[0] = (struct sqs_attribute){ .name = "n", .data_type = "String", .value = "", .len = 48000 };
        m->message_attribute_count = 1;
        assert_int_equal(delivery_new(f->trigger, &m, &t, &d), 0);
        assert_true(delivery_apply(d, DELIVERY_ACCEPTED));
        assert_true(d->waiting.bytes >= 1000000 + 6 * 48000);
        assert_true(d->waiting.bytes < 1000000 + 6 * 48000 + 10000);
}

static void a_lost_lease_is_extended_again_when_the_message_joins(void **state) {
        struct fixture *f = *state;
        _cleanup_(sqs_message_freep) struct sqs_message *again = message_new("a", "second");
        struct lease_terms t = terms();
        struct delivery *d;

        make_trigger(f, false);
        d = waiting(f, "a");
        assert_true(delivery_apply(d, DELIVERY_STARTED));
        assert_true(d->lease.is_extended);
        delivery_lease_ops.on_lost(&d->lease);
        assert_int_equal(d->state, DELIVERY_LOST);
        assert_false(d->lease.is_extended);
        assert_true(delivery_join(d, &again, &t));
        assert_int_equal(d->state, DELIVERY_RUNNING);
        assert_true(d->lease.is_extended);
        assert_string_equal(d->lease.receipt_handle, "second");
}

static void a_success_is_deleted_also_after_its_lease_was_lost_meanwhile(void **state) {
        struct fixture *f = *state;
        struct delivery *d;

        make_trigger(f, false);
        d = waiting(f, "a");
        assert_true(delivery_apply(d, DELIVERY_STARTED));
        assert_true(delivery_apply(d, DELIVERY_RECORDED_SUCCESS));
        assert_ptr_equal(f->trigger->lease.deletes, &d->lease);
        delivery_lease_ops.on_lost(&d->lease);
        assert_ptr_equal(f->trigger->lease.deletes, &d->lease);
        assert_true(d->lease.is_extended);
        lease_unlist(&f->trigger->lease, &d->lease);
        delivery_lease_ops.on_delete_sent(&d->lease);
        assert_int_equal(d->state, DELIVERY_DELETING);
        delivery_lease_ops.on_delete_again(&d->lease, true);
        assert_int_equal(f->trigger->counters.of[COUNTER_DELETE_FAILURES], 1);
        assert_ptr_equal(f->trigger->lease.deletes, &d->lease);
        delivery_lease_ops.on_delete_sent(&d->lease);
        delivery_lease_ops.on_deleted(&d->lease, NULL);
        assert_int_equal(f->trigger->counters.of[COUNTER_DELETED], 1);
        assert_null(deliveries_find(&f->deliveries, URL, "a"));
        assert_int_equal(f->deliveries.count, 0);
}

static void a_call_under_way_keeps_what_is_gone(void **state) {
        struct fixture *f = *state;
        struct delivery *d;

        make_trigger(f, false);
        d = waiting(f, "a");
        d->lease.in_flight = true;
        delivery_lease_ops.on_lost(&d->lease);
        assert_int_equal(d->state, DELIVERY_GONE);
        assert_false(d->lease.is_held);
        assert_null(deliveries_find(&f->deliveries, URL, "a"));
        delivery_lease_ops.on_call_ended(&d->lease);
}

static void of_a_group_the_first_goes_back_last(void **state) {
        struct fixture *f = *state;
        struct delivery *a, *b;

        make_trigger(f, true);
        a = waiting(f, "a");
        b = waiting(f, "b");
        assert_ptr_equal(waiting_next(&f->trigger->waiting), &a->waiting);
        intake_stop(f->trigger);
        assert_ptr_equal(f->trigger->lease.releases, &b->lease);
        assert_false(delivery_lease_ops.may_release(&a->lease));
        assert_true(delivery_lease_ops.may_release(&b->lease));
        delivery_lease_ops.on_released(&b->lease);
        assert_true(delivery_lease_ops.may_release(&a->lease));
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(what_waits_holds_a_slot_and_what_goes_back_does_not),
                TEST(what_waits_knows_how_much_it_adds_to_a_batch),
                TEST(a_lost_lease_is_extended_again_when_the_message_joins),
                TEST(a_success_is_deleted_also_after_its_lease_was_lost_meanwhile),
                TEST(a_call_under_way_keeps_what_is_gone),
                TEST(of_a_group_the_first_goes_back_last),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
