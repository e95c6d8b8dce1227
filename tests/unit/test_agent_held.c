/* SPDX-License-Identifier: Apache-2.0 */
/* The file of held messages: what is in it when a process dies is what the next one finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/held.h"
#include "common/base/file.h"

struct fixture {
        char folder[64], path[96];
        struct held *held;
};

static void open_again(struct fixture *f) {
        f->held = held_free(f->held);
        assert_int_equal(held_open(f->path, &f->held), 0);
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof *f);

        strcpy(f->folder, "/tmp/sqsflow-held-XXXXXX");
        if (!mkdtemp(f->folder))
                return -1;
        snprintf(f->path, sizeof f->path, "%s/held", f->folder);
        open_again(f);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        held_free(f->held);
        dir_remove_all(AT_FDCWD, f->folder);
        free(f);
        return 0;
}

static uint32_t put(struct held *h, const char *id, const char *handle) {
        return held_put(h, &(struct held_message){ .trigger = "orders", .flow = "shop.orders", .flow_revision = 7,
                                                   .queue_url = "http://q/orders", .message_id = id,
                                                   .receipt_handle = handle, .receive_count = 3 });
}

/* "id=handle " of each, and " @execution" when one started. */
static int write_one(void *userdata, uint32_t place, const struct held_message *m) {
        char *out = userdata;

        sprintf(out + strlen(out), "%s=%s", m->message_id, m->receipt_handle);
        if (m->execution_id)
                sprintf(out + strlen(out), "@%llu", (unsigned long long)m->execution_id);
        strcat(out, " ");
        return 0;
}

static const char *all(struct held *h) {
        static char text[4096];

        *text = '\0';
        assert_int_equal(held_each(h, write_one, text), 0);
        return text;
}

static void what_is_held_is_there_after_the_end_in_the_order_of_arrival(void **state) {
        struct fixture *f = *state;
        uint32_t first = put(f->held, "m1", "h1"), second = put(f->held, "m2", "h2");

        put(f->held, "m3", "h3");
        held_drop(f->held, first);
        put(f->held, "m4", "h4"); /* where m1 was */
        held_started(f->held, second, 42, 1000, 77);
        open_again(f);
        assert_string_equal(all(f->held), "m2=h2@42 m3=h3 m4=h4 ");
        put(f->held, "m5", "h5"); /* beside what the last one left */
        assert_string_equal(all(f->held), "m2=h2@42 m3=h3 m4=h4 m5=h5 ");
}

static int check_whole(void *userdata, uint32_t place, const struct held_message *m) {
        assert_int_equal(place, *(uint32_t *)userdata);
        assert_string_equal(m->trigger, "orders");
        assert_string_equal(m->flow, "shop.orders");
        assert_string_equal(m->queue_url, "http://q/orders");
        assert_string_equal(m->group_id, "g");
        assert_int_equal(m->flow_revision, 7);
        assert_int_equal(m->receive_count, 3);
        assert_int_equal(m->start_usec, 1000);
        assert_int_equal(m->runner, 77);
        return -E2BIG;
}

static void every_field_comes_back_and_a_refusal_ends_the_walk(void **state) {
        struct fixture *f = *state;
        uint32_t place = held_put(f->held, &(struct held_message){
                .trigger = "orders", .flow = "shop.orders", .flow_revision = 7, .queue_url = "http://q/orders",
                .message_id = "m", .group_id = "g", .receipt_handle = "h", .receive_count = 3 });

        held_started(f->held, place, 42, 1000, 77);
        put(f->held, "other", "h");
        assert_int_equal(held_each(f->held, check_whole, &place), -E2BIG);
}

static int check_runner(void *userdata, uint32_t place, const struct held_message *m) {
        assert_int_equal(m->runner, *(pid_t *)userdata);
        return 0;
}

/* It works on others then, and a message may be held a while longer, until it is deleted. */
static void an_execution_that_ended_has_no_runner(void **state) {
        struct fixture *f = *state;
        uint32_t place = put(f->held, "m1", "h1");
        pid_t runner = 0;

        assert_int_equal(held_each(f->held, check_runner, &runner), 0);
        held_started(f->held, place, 42, 1000, 77);
        open_again(f);
        runner = 77;
        assert_int_equal(held_each(f->held, check_runner, &runner), 0);
        held_ended(f->held, place);
        runner = 0;
        assert_int_equal(held_each(f->held, check_runner, &runner), 0);
        assert_string_equal(all(f->held), "m1=h1@42 ");
}

static void the_newest_handle_counts(void **state) {
        struct fixture *f = *state;
        uint32_t place = put(f->held, "m1", "h1");

        held_new_handle(f->held, place, "a much longer handle than the first");
        held_new_handle(f->held, place, "h2");
        open_again(f);
        assert_string_equal(all(f->held), "m1=h2 ");
}

static void a_handle_that_does_not_fit_is_not_held(void **state) {
        struct fixture *f = *state;
        char big[3000];
        uint32_t place;

        memset(big, 'h', sizeof big - 1);
        big[sizeof big - 1] = '\0';
        assert_int_equal(put(f->held, "m", big), HELD_NONE);
        held_started(f->held, HELD_NONE, 1, 1, 1);
        held_ended(f->held, HELD_NONE);
        held_drop(f->held, HELD_NONE);
        place = put(f->held, "m", "h");
        held_new_handle(f->held, place, big);
        assert_string_equal(all(f->held), "");
        held_drop(f->held, place);
}

static void it_grows_and_uses_places_again(void **state) {
        struct fixture *f = *state;
        uint32_t places[1000];
        struct stat st;
        char id[16];

        for (unsigned round = 0; round < 3; round++) {
                for (unsigned i = 0; i < 1000; i++) {
                        snprintf(id, sizeof id, "m%u", i);
                        places[i] = put(f->held, id, "h");
                        assert_true(places[i] != HELD_NONE);
                }
                assert_int_equal(stat(f->path, &st), 0);
                assert_true(st.st_size <= 1025 * 2048);
                for (unsigned i = 0; i < 1000; i++)
                        held_drop(f->held, places[i]);
        }
        open_again(f);
        assert_string_equal(all(f->held), "");
}

static void a_file_of_something_else_holds_nothing(void **state) {
        struct fixture *f = *state;
        char junk[8192];
        int fd;

        f->held = held_free(f->held);
        memset(junk, 'x', sizeof junk);
        fd = open(f->path, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
        close(fd);
        open_again(f);
        assert_string_equal(all(f->held), "");
        put(f->held, "m1", "h1");
        assert_string_equal(all(f->held), "m1=h1 ");
}

/* A child puts, starts and drops for ever and is killed: what is found is whole. */
static void kill_9_at_any_moment_leaves_whole_entries(void **state) {
        struct fixture *f = *state;

        for (unsigned round = 0; round < 20; round++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0) {
                        for (uint32_t place = HELD_NONE;; held_drop(f->held, place)) {
                                place = put(f->held, "message", "handle-0000");
                                held_new_handle(f->held, place, "handle-1111");
                        }
                }
                usleep(2000 + round * 500); /* how far it gets is of no interest */
                kill(pid, SIGKILL);
                assert_int_equal(waitpid(pid, NULL, 0), pid);
                open_again(f);
                const char *found = all(f->held);
                assert_true(strcmp(found, "") == 0 || strcmp(found, "message=handle-0000 ") == 0 ||
                            strcmp(found, "message=handle-1111 ") == 0);
                f->held = held_free(f->held);
                unlink(f->path);
                open_again(f);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_is_held_is_there_after_the_end_in_the_order_of_arrival),
                TEST(every_field_comes_back_and_a_refusal_ends_the_walk),
                TEST(an_execution_that_ended_has_no_runner),
                TEST(the_newest_handle_counts),
                TEST(a_handle_that_does_not_fit_is_not_held),
                TEST(it_grows_and_uses_places_again),
                TEST(a_file_of_something_else_holds_nothing),
                TEST(kill_9_at_any_moment_leaves_whole_entries),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
