/* SPDX-License-Identifier: Apache-2.0 */
/* A store that takes long to be brought forward is no reason for systemd to end the start: seen on a socket such as
 * systemd's, by a step that goes on until it was told of three times. */
#include "tests/unit/store_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "agent/supervise.h"
#include "common/store/database.h"
#include "common/store/schema.h"

/* It ends in any case. */
#define ROWS_MAX "50000000"
#define STEP_1 "PRAGMA application_id = 1397838662; CREATE TABLE first (x);"
#define STEP_2 "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE seen() < 3 AND x < " ROWS_MAX ") "  \
               "INSERT INTO first SELECT max(x) FROM n;"

static const struct schema old = { (const char *const[]){ STEP_1 }, 1 };
static const struct schema long_way = { (const char *const[]){ STEP_1, STEP_2 }, 2 };

static struct {
        int fd;
        unsigned count;
        char first[256];
} heard = { .fd = -1 };

static void listen_in(const char *folder) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        heard.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        heard.count = 0;
        assert_true(heard.fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", folder);
        assert_int_equal(bind(heard.fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
}

static unsigned hear(void) {
        char text[256];
        ssize_t n;

        while ((n = recv(heard.fd, text, sizeof(text) - 1, 0)) >= 0) {
                text[n] = '\0';
                if (heard.count++ == 0)
                        strcpy(heard.first, text);
        }
        return heard.count;
}

static void seen(sqlite3_context *context, int count, sqlite3_value **values) {
        sqlite3_result_int(context, (int)hear());
}

static int add_seen(sqlite3 *db, char **ret_message, const struct sqlite3_api_routines *api) {
        return sqlite3_create_function(db, "seen", 0, SQLITE_UTF8, NULL, seen, NULL, NULL);
}

static void on_progress(void *userdata) {
        supervise_still_starting(userdata, "it takes long");
}

static void bring(const struct fixture *f, const struct schema *schema) {
        uint64_t told_usec = 0;
        const struct store_progress progress = { on_progress, &told_usec };
        struct sqlite3 *db = NULL;
        char *message = NULL;
        unsigned was;

        if (database_open_writer(f->path, schema, &progress, &db, &was, &message) < 0)
                fail_msg("%s", message);
        database_close(db);
}

static void a_long_step_is_told_of_before_it_and_for_as_long_as_it_lasts(void **state) {
        struct fixture *f = *state;
        unsigned count;

        f->store = store_free(f->store);
        assert_int_equal(unlink(f->path), 0);
        (void)sqlite3_auto_extension((void (*)(void))add_seen);
        listen_in(f->folder);
        bring(f, &old); /* a new one, which is quick, asks for nothing */
        assert_int_equal(hear(), 0);
        bring(f, &long_way);
        assert_true(query(f, "SELECT x FROM first") < atoi(ROWS_MAX));
        count = hear();
        assert_true(count >= 3); /* one more where the end itself took a second */
        assert_string_equal(heard.first, "EXTEND_TIMEOUT_USEC=300000000\nSTATUS=it takes long");
        bring(f, &long_way); /* nothing to do */
        assert_int_equal(hear(), count);
        close(heard.fd);
}

static void it_is_said_once_a_second(void **state) {
        struct fixture *f = *state;
        uint64_t now = clock_monotonic_usec(), told_usec = now + USEC_PER_HOUR;

        listen_in(f->folder);
        supervise_still_starting(&told_usec, "it takes long");
        assert_int_equal(hear(), 0);
        told_usec = now - USEC_PER_SEC;
        supervise_still_starting(&told_usec, "it takes long");
        assert_int_equal(hear(), 1);
        assert_true(told_usec >= now);
        close(heard.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_long_step_is_told_of_before_it_and_for_as_long_as_it_lasts),
                TEST(it_is_said_once_a_second),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
