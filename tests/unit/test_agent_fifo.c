/* SPDX-License-Identifier: Apache-2.0 */
/* FIFO groups, first by example, then by a random walk against a model of a FIFO queue: whatever fails or is released,
 * within a group a message never starts before an earlier one ended well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/fifo.h"
#include "common/base/cleanup.h"

static void messages_of_a_group_run_one_after_the_other(void **state) {
        struct fifo f = { 0 };
        struct fifo_item a = { 0 }, b = { 0 };

        assert_int_equal(fifo_add(&f, &a, "g"), 0);
        assert_int_equal(fifo_add(&f, &b, "g"), 0);
        assert_ptr_equal(fifo_peek(&f), &a);
        fifo_take(&f, &a, &a);
        assert_null(fifo_peek(&f));
        fifo_end(&f, &a);
        assert_ptr_equal(fifo_peek(&f), &b);
        fifo_take(&f, &b, &b);
        fifo_end(&f, &b);
        assert_null(f.by_id);
}

static void groups_run_side_by_side_and_in_turn(void **state) {
        struct fifo f = { 0 };
        struct fifo_item items[4] = { 0 };

        assert_int_equal(fifo_add(&f, &items[0], "a"), 0);
        assert_int_equal(fifo_add(&f, &items[1], "a"), 0);
        assert_int_equal(fifo_add(&f, &items[2], "b"), 0);
        fifo_take(&f, &items[0], &items[0]);
        assert_ptr_equal(fifo_peek(&f), &items[2]);
        fifo_take(&f, &items[2], &items[2]);
        fifo_end(&f, &items[0]);
        fifo_end(&f, &items[2]);
        fifo_remove(&f, &items[1]);
        assert_null(f.by_id);
        assert_null(f.ready);
}

static void a_failure_hands_back_what_waits_behind_it_last_first(void **state) {
        struct fifo f = { 0 };
        struct fifo_item items[4] = { 0 };

        for (int i = 0; i < 4; i++)
                assert_int_equal(fifo_add(&f, &items[i], "g"), 0);
        fifo_take(&f, &items[0], &items[0]);
        for (int i = 3; i > 0; i--) {
                assert_ptr_equal(fifo_last_waiting(&items[0]), &items[i]);
                fifo_release_begin(&f, &items[i]);
        }
        assert_null(fifo_last_waiting(&items[0]));
        fifo_release_begin(&f, &items[0]);
        fifo_end(&f, &items[0]);
        assert_true(fifo_release_may_go(&items[3]) && fifo_release_may_go(&items[1]));
        assert_false(fifo_release_may_go(&items[0])); /* the first waits for the later ones */
        for (int i = 3; i > 0; i--)
                fifo_release_end(&f, &items[i]);
        assert_true(fifo_release_may_go(&items[0]));
        fifo_release_end(&f, &items[0]);
        assert_null(f.by_id);
}

static void a_batch_takes_several_of_a_group_and_keeps_others_out_until_it_ends(void **state) {
        struct fifo f = { 0 };
        struct fifo_item items[3] = { 0 };
        int window, execution;

        f.collector = &window;
        assert_int_equal(fifo_add(&f, &items[0], "g"), 0);
        fifo_take(&f, &items[0], &window);
        assert_int_equal(fifo_add(&f, &items[1], "g"), 0);
        assert_ptr_equal(fifo_peek(&f), &items[1]); /* into the same window */
        fifo_take(&f, &items[1], &window);
        fifo_hand_over(&f, &items[0], &execution);
        fifo_hand_over(&f, &items[1], &execution);
        assert_int_equal(fifo_add(&f, &items[2], "g"), 0);
        assert_null(fifo_peek(&f)); /* not into the next one */
        fifo_end(&f, &items[0]);
        assert_null(fifo_peek(&f));
        fifo_end(&f, &items[1]);
        assert_ptr_equal(fifo_peek(&f), &items[2]);
        fifo_remove(&f, &items[2]);
        assert_null(f.by_id);
}

/* --- the model: a FIFO queue of a few groups, and an agent that receives, runs, fails, and gives back --------------------- */

#define GROUPS 4
#define PER_GROUP 30

enum place { IN_QUEUE, HELD, RUNNING, RELEASING, HIDDEN, DONE };

struct model_message {
        struct fifo_item item;
        unsigned group, number;
        enum place place;
};

struct model {
        struct fifo fifo;
        struct model_message messages[GROUPS][PER_GROUP];
        unsigned done[GROUPS];
};

/* What SQS promises: a group with a message in flight gives out nothing; else the earliest, in order. */
static void model_receive(struct model *m, unsigned g, unsigned count) {
        char name[16];

        for (unsigned i = 0; i < PER_GROUP; i++)
                if (m->messages[g][i].place != IN_QUEUE && m->messages[g][i].place != DONE)
                        return;
        snprintf(name, sizeof name, "group-%u", g);
        for (unsigned i = 0; i < PER_GROUP && count > 0; i++)
                if (m->messages[g][i].place == IN_QUEUE) {
                        m->messages[g][i].place = HELD;
                        memset(&m->messages[g][i].item, 0, sizeof m->messages[g][i].item);
                        assert_int_equal(fifo_add(&m->fifo, &m->messages[g][i].item, name), 0);
                        count--;
                }
}

static void model_start(struct model *m) {
        struct fifo_item *item = fifo_peek(&m->fifo);
        struct model_message *message;

        if (!item)
                return;
        message = CONTAINER_OF(item, struct model_message, item);
        assert_int_equal(message->number, m->done[message->group]); /* the promise */
        fifo_take(&m->fifo, item, message);
        message->place = RUNNING;
}

static void model_end(struct model *m, struct model_message *message, bool success) {
        struct fifo_item *last;

        if (message->place != RUNNING)
                return;
        if (success) {
                m->done[message->group]++;
                message->place = DONE;
                fifo_end(&m->fifo, &message->item);
                return;
        }
        while ((last = fifo_last_waiting(&message->item))) {
                CONTAINER_OF(last, struct model_message, item)->place = RELEASING;
                fifo_release_begin(&m->fifo, last);
        }
        if (rand() % 2) { /* a retry policy sets its visibility too */
                message->place = RELEASING;
                fifo_release_begin(&m->fifo, &message->item);
        } else
                message->place = HIDDEN;
        fifo_end(&m->fifo, &message->item);
}

static void model_release(struct model *m, struct model_message *message) {
        if (message->place == HIDDEN) { /* its visibility timeout is over, long after the others were given back */
                for (unsigned i = 0; i < PER_GROUP; i++)
                        if (m->messages[message->group][i].place == RELEASING)
                                return;
                message->place = IN_QUEUE;
                return;
        }
        if (message->place != RELEASING || !fifo_release_may_go(&message->item))
                return;
        fifo_release_end(&m->fifo, &message->item);
        message->place = IN_QUEUE;
}

/* A sloppier server than SQS: a visible message is given out although a later one is still in flight here. The order of
 * releases alone must then keep the group's order. */
static void nothing_is_visible_before_a_later_one_is_back(const struct model *m) {
        for (unsigned g = 0; g < GROUPS; g++)
                for (unsigned i = 0; i + 1 < PER_GROUP; i++)
                        if (m->messages[g][i].place == IN_QUEUE && m->messages[g][i].number == m->done[g])
                                for (unsigned k = i + 1; k < PER_GROUP; k++)
                                        assert_int_not_equal(m->messages[g][k].place, RELEASING);
}

static void a_group_keeps_its_order_whatever_fails(void **state) {
        for (unsigned seed = 1; seed <= 200; seed++) {
                struct model m = { 0 };
                unsigned steps = 0, all = 0;

                srand(seed);
                for (unsigned g = 0; g < GROUPS; g++)
                        for (unsigned i = 0; i < PER_GROUP; i++)
                                m.messages[g][i] = (struct model_message){ .group = g, .number = i };
                while (all < GROUPS * PER_GROUP && steps++ < 200000) {
                        unsigned g = (unsigned)rand() % GROUPS;
                        struct model_message *message = &m.messages[g][(unsigned)rand() % PER_GROUP];

                        switch (rand() % 4) {
                        case 0:
                                model_receive(&m, g, 1 + (unsigned)rand() % 10);
                                break;
                        case 1:
                                model_start(&m);
                                break;
                        case 2:
                                model_end(&m, message, rand() % 3 > 0);
                                break;
                        default:
                                model_release(&m, message);
                        }
                        nothing_is_visible_before_a_later_one_is_back(&m);
                        all = 0;
                        for (g = 0; g < GROUPS; g++)
                                all += m.done[g];
                }
                assert_int_equal(all, GROUPS * PER_GROUP); /* no group stalls */
                assert_null(m.fifo.by_id);
                assert_null(m.fifo.ready);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(messages_of_a_group_run_one_after_the_other),
                cmocka_unit_test(groups_run_side_by_side_and_in_turn),
                cmocka_unit_test(a_failure_hands_back_what_waits_behind_it_last_first),
                cmocka_unit_test(a_batch_takes_several_of_a_group_and_keeps_others_out_until_it_ends),
                cmocka_unit_test(a_group_keeps_its_order_whatever_fails),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
