/* SPDX-License-Identifier: Apache-2.0 */
/* P10: systemd is told that all is well exactly while nobody is overdue, and a lease says when it must have been kept. The
 * notifications go over a real socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/lease.h"
#include "agent/supervise.h"
#include "common/base/clock.h"

#define PERIOD_USEC (20 * USEC_PER_MSEC)

struct fixture {
        struct services services;
        struct supervise *supervise;
        char path[64];
        int socket;
};

static const char *description;

static void describe(void *userdata, struct buf *line) {
        buf_append_str(line, description);
}

static int set_up(void **state) {
        static struct fixture f;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char usec[32];

        f = (struct fixture){ .socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
        snprintf(f.path, sizeof f.path, "/tmp/sqsflow-watchdog-%d", (int)getpid());
        strcpy(address.sun_path, f.path);
        unlink(f.path);
        assert_int_equal(bind(f.socket, (struct sockaddr *)&address, sizeof address), 0);
        snprintf(usec, sizeof usec, "%" PRIu64, 3 * PERIOD_USEC);
        setenv("NOTIFY_SOCKET", f.path, 1);
        setenv("WATCHDOG_USEC", usec, 1);
        unsetenv("WATCHDOG_PID");
        assert_true(sd_event_new(&f.services.event) >= 0);
        description = "well";
        *state = &f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;

        supervise_free(f->supervise);
        sd_event_unref(f->services.event);
        close(f->socket);
        unlink(f->path);
        return 0;
}

/* How many of the notifications that have come hold `text`. */
static unsigned heard(struct fixture *f, const char *text) {
        char got[256];
        unsigned n = 0;
        ssize_t len;

        while ((len = recv(f->socket, got, sizeof got - 1, 0)) > 0) {
                got[len] = '\0';
                n += strstr(got, text) != NULL;
        }
        return n;
}

/* Turns the loop until the watchdog was fed that often. */
static void await_fed(struct fixture *f, unsigned count) {
        uint64_t end = clock_monotonic_usec() + USEC_PER_MINUTE;

        for (unsigned n = 0; n < count; n += heard(f, "WATCHDOG=1")) {
                assert_true(clock_monotonic_usec() < end);
                assert_true(sd_event_run(f->services.event, PERIOD_USEC) >= 0);
        }
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        *(bool *)userdata = true;
        return 0;
}

/* Turns the loop for some periods, and then until all that was due before is done: a timer of less priority says so. */
static void turn_for(struct fixture *f, unsigned periods) {
        sd_event_source *timer = NULL;
        bool is_over = false;

        assert_true(sd_event_add_time_relative(f->services.event, &timer, CLOCK_MONOTONIC, periods * PERIOD_USEC, 1, on_late, &is_over) >= 0);
        assert_true(sd_event_source_set_priority(timer, SD_EVENT_PRIORITY_IDLE) >= 0);
        while (!is_over)
                assert_true(sd_event_run(f->services.event, UINT64_MAX) >= 0);
        sd_event_source_unref(timer);
}

static void the_watchdog_is_fed_exactly_while_nobody_is_overdue(void **state) {
        struct fixture *f = *state;
        struct liveness_entry poll = { 0 }, lease = { 0 };

        assert_int_equal(supervise_new(&f->services, describe, NULL, &f->supervise), 0);
        await_fed(f, 3);
        liveness_watch(&f->services.liveness, &poll, "receive", clock_monotonic_usec() + USEC_PER_HOUR);
        await_fed(f, 3);
        liveness_watch(&f->services.liveness, &lease, "lease", clock_monotonic_usec() - 1);
        turn_for(f, 50);
        assert_int_equal(heard(f, "WATCHDOG=1"), 0);
        liveness_watch(&f->services.liveness, &lease, "lease", clock_monotonic_usec() + USEC_PER_HOUR);
        await_fed(f, 3);
}

static void a_line_end_in_the_status_makes_no_second_notification(void **state) {
        struct fixture *f = *state;

        assert_int_equal(supervise_new(&f->services, describe, NULL, &f->supervise), 0);
        description = "well\nWATCHDOG=trigger";
        supervise_ready(f->supervise);
        assert_int_equal(heard(f, "STATUS=well WATCHDOG=trigger"), 1);
}

static void a_held_lease_has_a_deadline_by_which_its_timer_must_have_come(void **state) {
        struct fixture *f = *state;
        struct queue q = { .services = &f->services };
        struct lease_item item = { 0 };
        struct lease l;
        uint64_t now = clock_monotonic_usec();

        item.terms.due_usec = clock_boottime_usec() + 10 * USEC_PER_SEC;
        assert_int_equal(lease_init(&l, &q, NULL), 0);
        assert_null(liveness_overdue(&f->services.liveness, UINT64_MAX));
        lease_hold(&l, &item);
        assert_null(liveness_overdue(&f->services.liveness, now + 10 * USEC_PER_SEC));
        assert_string_equal(liveness_overdue(&f->services.liveness, now + USEC_PER_MINUTE)->name, "lease");
        lease_forget(&l, &item);
        lease_done(&l);
        assert_null(liveness_overdue(&f->services.liveness, UINT64_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_watchdog_is_fed_exactly_while_nobody_is_overdue, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_line_end_in_the_status_makes_no_second_notification, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_held_lease_has_a_deadline_by_which_its_timer_must_have_come, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
