/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/beneath.h, and the rule of common/link/execution_file.h that stands on it */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/base/beneath.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"

static char folder[] = "/tmp/sqsflow-test-beneath-XXXXXX";
static int top = -1;

static int make_folder(void **state) {
        if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("in", 0700) < 0)
                return -1;
        top = open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return top < 0 ? -1 : 0;
}

static int remove_folder(void **state) {
        close_fd(top);
        return dir_remove_all(AT_FDCWD, folder);
}

static void write_file(const char *path, const char *text) {
        assert_int_equal(file_write_at(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static void assert_holds(const char *path, const char *text) {
        _cleanup_free_ char *found = NULL;

        assert_int_equal(file_read(path, 1000000, &found, NULL), 0);
        assert_string_equal(found, text);
}

static void paths_stay_inside(void **state) {
        static const char *const good[] = { "a", "a/b", "a/b..c/..d", ".hidden" };
        static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/." };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                assert_true(beneath_is_path(good[i]));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_false(beneath_is_path(bad[i]));
                assert_int_equal(beneath_create(top, bad[i], 0600), -EINVAL);
                assert_int_equal(beneath_open_file(top, bad[i]), -EINVAL);
        }
}

static void a_new_file_gets_its_folders(void **state) {
        int fd = beneath_create(top, "x/y/z", 0600);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, "one", 3), 0);
        close_fd(fd);
        assert_holds("in/x/y/z", "one");
        fd = beneath_open_file(top, "x/y/z");
        assert_true(fd >= 0);
        close_fd(fd);
        assert_int_equal(beneath_open_file(top, "x/y"), -EINVAL); /* a folder is no file */
        assert_int_equal(beneath_open_file(top, "x/none"), -ENOENT);
}

static void no_symbolic_link_leads_out(void **state) {
        int fd;

        write_file("outside", "untouched");
        assert_int_equal(symlink("../outside", "in/link"), 0);
        assert_int_equal(symlink("..", "in/up"), 0);
        assert_int_equal(beneath_open_file(top, "link"), -ELOOP);
        assert_true(beneath_open_file(top, "up/outside") < 0);
        assert_true(beneath_create(top, "up/new", 0600) < 0);
        assert_int_equal(access("new", F_OK), -1);
        fd = beneath_create(top, "link", 0600); /* the link gives way; what it pointed to is left alone */
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, "x", 1), 0);
        close_fd(fd);
        assert_holds("outside", "untouched");
        assert_holds("in/link", "x");
}

static void a_pipe_is_not_waited_for(void **state) {
        assert_int_equal(mkfifo("in/pipe", 0600), 0);
        assert_int_equal(beneath_open_file(top, "pipe"), -EINVAL);
}

static void a_copy_is_whole_or_refused(void **state) {
        uint64_t len = 0;
        int from, to;

        write_file("in/source", "0123456789");
        from = beneath_open_file(top, "source");
        to = beneath_create(top, "copy", 0600);
        assert_int_equal(fd_copy(from, to, 10, &len), 0);
        assert_int_equal(len, 10);
        assert_holds("in/copy", "0123456789");
        close_fd(to);
        assert_int_equal(lseek(from, 0, SEEK_SET), 0);
        to = beneath_create(top, "copy", 0600);
        assert_int_equal(fd_copy(from, to, 9, &len), -EFBIG);
        close_fd(to);
        close_fd(from);
}

/* --- files of executions --------------------------------------------------------------------------------------------- */

static void a_uri_is_recognised_where_it_stands(void **state) {
        static const struct {
                const char *text;
                size_t len;
        } cases[] = {
                { "sqsflow://1k3x9p2m7q4ab/3-report.csv", 36 }, { "sqsflow://1k3x9p2m7q4ab/3-r.csv' > x", 31 },
                { "sqsflow://1k3x9p2m7q4ab/3-a/../b", 27 },     { "sqsflow://1k3x9p2m7q4ab/", 0 },
                { "sqsflow://1k3x9p2m7q4ab", 0 },               { "sqsflow://1k3x9p2m7q4a/3-r", 0 },
                { "sqsflow://1k3x9p2m7q4ab/..", 0 },            { "sqsflow://1k3x9p2m7q4ab/.x", 0 },
                { "file:///etc/passwd", 0 },                    { "", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                size_t len = strlen(cases[i].text);

                assert_int_equal(execution_file_scan(cases[i].text, len, NULL, NULL), cases[i].len);
                assert_int_equal(execution_file_is_uri(cases[i].text), len > 0 && len == cases[i].len);
        }
}

static void a_file_is_found_by_its_uri(void **state) {
        uint64_t id = ident_new();
        char id_text[IDENT_TEXT_SIZE];
        _cleanup_free_ char *uri = execution_file_uri(id, "1-a.txt"), *path = execution_file_path("ex", uri);
        _cleanup_free_ char *expected = text_printf("ex/%s/files/1-a.txt", ident_format(id, id_text));
        _cleanup_free_ char *parent = text_printf("ex/%s/files", id_text), *link = text_printf("%s/2-l", parent);
        _cleanup_free_ char *link_uri = execution_file_uri(id, "2-l");
        int fd;

        assert_string_equal(path, expected);
        assert_int_equal(execution_file_open("ex", uri), -ENOENT);
        assert_int_equal(dir_make_all(parent, 0700), 0);
        write_file(path, "hello");
        fd = execution_file_open("ex", uri);
        assert_true(fd >= 0);
        close_fd(fd);
        assert_int_equal(symlink("/etc/passwd", link), 0);
        assert_int_equal(execution_file_open("ex", link_uri), -ELOOP);
        assert_int_equal(execution_file_open("ex", "file:///etc/passwd"), -EINVAL);
        assert_int_equal(execution_folder_remove("ex", id), 0);
        assert_int_equal(execution_file_open("ex", uri), -ENOENT);
        assert_int_equal(execution_folder_remove("ex", id), 0);
        assert_int_equal(execution_folder_remove("nowhere", id), 0);
}

static void make_execution(uint64_t id, uint64_t kept_usec, char id_text[IDENT_TEXT_SIZE]) {
        _cleanup_free_ char *path = text_printf("old/%s/files", ident_format(id, id_text));
        const struct timespec time = { .tv_sec = (time_t)(kept_usec / USEC_PER_SEC) };

        assert_int_equal(dir_make_all(path, 0700), 0);
        assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){ time, time }, 0), 0);
}

static bool is_this(void *userdata, uint64_t id) {
        return id == *(uint64_t *)userdata;
}

static void retention_takes_old_executions_that_do_not_run(void **state) {
        /* in this order, and before the other tests: an id is always greater than those made before */
        uint64_t now = clock_realtime_usec(), before = now - 3 * USEC_PER_DAY;
        uint64_t running = ident_make(before, 1), old = ident_make(before, 2), slow = ident_make(before, 3),
                 young = ident_make(now, 4);
        char old_text[IDENT_TEXT_SIZE], running_text[IDENT_TEXT_SIZE], young_text[IDENT_TEXT_SIZE],
                slow_text[IDENT_TEXT_SIZE];

        make_execution(old, before, old_text);
        make_execution(running, before, running_text);
        make_execution(slow, now, slow_text); /* it ran until now */
        make_execution(young, now, young_text);
        assert_int_equal(dir_make_all("old/runner-17", 0700), 0);
        assert_int_equal(execution_folders_retain("old", now - USEC_PER_DAY, 10, is_this, &running), 0);
        assert_int_equal(chdir("old"), 0);
        assert_int_equal(access(old_text, F_OK), -1);
        assert_int_equal(access(running_text, F_OK), 0);
        assert_int_equal(access(slow_text, F_OK), 0);
        assert_int_equal(access(young_text, F_OK), 0);
        assert_int_equal(access("runner-17", F_OK), 0);
        assert_int_equal(chdir(".."), 0);
        running = 0;
        assert_int_equal(execution_folders_retain("old", now - USEC_PER_DAY, 1, is_this, &running), 1); /* its share */
        assert_int_equal(execution_folders_retain("old", now - USEC_PER_DAY, 1, is_this, &running), 0);
        assert_int_equal(execution_folders_retain("nowhere", now, 1, is_this, &running), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(retention_takes_old_executions_that_do_not_run),
                cmocka_unit_test(paths_stay_inside),
                cmocka_unit_test(a_new_file_gets_its_folders),
                cmocka_unit_test(no_symbolic_link_leads_out),
                cmocka_unit_test(a_pipe_is_not_waited_for),
                cmocka_unit_test(a_copy_is_whole_or_refused),
                cmocka_unit_test(a_uri_is_recognised_where_it_stands),
                cmocka_unit_test(a_file_is_found_by_its_uri),
        };
        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
