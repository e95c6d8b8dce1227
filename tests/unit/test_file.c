/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/file.h */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/base/file.h"

static char folder[] = "/tmp/sqsflow-test-file-XXXXXX";

static int make_folder(void **state) {
        return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
        return dir_remove_all(AT_FDCWD, folder);
}

static void write_file(const char *path, const char *text) {
        assert_int_equal(file_write_at(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static void what_was_written_is_read(void **state) {
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        struct stat st;

        write_file("a", "longer than what follows");
        write_file("a", "two\nlines\n");
        assert_int_equal(file_read("a", 100, &text, &len), 0);
        assert_string_equal(text, "two\nlines\n");
        assert_int_equal(len, 10);
        assert_int_equal(stat("a", &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
}

static void reading_stops_at_the_maximum(void **state) {
        _cleanup_free_ char *text = NULL;

        write_file("five", "12345");
        assert_int_equal(file_read("five", 4, &text, NULL), -EFBIG);
        assert_null(text);
        assert_int_equal(file_read("five", 5, &text, NULL), 0);
        assert_string_equal(text, "12345");
}

static void files_without_a_size_are_read_whole(void **state) {
        _cleanup_free_ char *text = NULL, *empty = NULL;
        size_t len;

        assert_int_equal(file_read("/proc/self/status", 100000, &text, &len), 0);
        assert_true(len > 100 && strncmp(text, "Name:", 5) == 0);
        write_file("empty", "");
        assert_int_equal(file_read("empty", 0, &empty, &len), 0);
        assert_string_equal(empty, "");
        assert_int_equal(len, 0);
}

static void files_larger_than_a_chunk_are_read_whole(void **state) {
        size_t size = 100000, len = 0;
        _cleanup_free_ char *data = malloc(size), *back = NULL;

        for (size_t i = 0; i < size; i++)
                data[i] = (char)(i * 7);
        assert_int_equal(file_write_at(AT_FDCWD, "large", data, size, 0600), 0);
        assert_int_equal(file_read("large", size, &back, &len), 0);
        assert_int_equal(len, size);
        assert_memory_equal(back, data, size);
}

static void what_is_missing_is_said(void **state) {
        char *text;

        assert_int_equal(file_read("nothing", 10, &text, NULL), -ENOENT);
        assert_int_equal(file_read(".", 10, &text, NULL), -EISDIR);
        assert_int_equal(file_write_at(AT_FDCWD, "nothing/x", "", 0, 0600), -ENOENT);
        assert_int_equal(file_write_at(AT_FDCWD, "/dev/full", "x", 1, 0600), -ENOSPC);
}

static void folders_are_made_with_their_parents(void **state) {
        struct stat st;

        assert_int_equal(dir_make_all("p/q//r/", 0700), 0);
        assert_int_equal(dir_make_all("p/q/r", 0700), 0);
        assert_int_equal(stat("p/q/r", &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        write_file("p/file", "");
        assert_int_equal(dir_make_all("p/file", 0700), -ENOTDIR);
        assert_int_equal(dir_make_all("p/file/x", 0700), -ENOTDIR);
}

static void a_tree_is_removed_but_not_what_its_links_point_to(void **state) {
        assert_int_equal(dir_make_all("tree/a/b/c", 0700), 0);
        assert_int_equal(dir_make_all("outside", 0700), 0);
        write_file("outside/kept", "");
        write_file("tree/a/file", "x");
        assert_int_equal(symlink("../../outside", "tree/a/link"), 0);
        assert_int_equal(symlink("nowhere", "tree/dangling"), 0);
        assert_int_equal(dir_remove_all(AT_FDCWD, "tree"), 0);
        assert_int_equal(access("tree", F_OK), -1);
        assert_int_equal(access("outside/kept", F_OK), 0);
        assert_int_equal(dir_remove_all(AT_FDCWD, "tree"), 0);
}

static void a_link_or_file_given_as_the_tree_is_removed_itself(void **state) {
        assert_int_equal(dir_make_all("target", 0700), 0);
        assert_int_equal(symlink("target", "link"), 0);
        write_file("file", "");
        assert_int_equal(dir_remove_all(AT_FDCWD, "link"), 0);
        assert_int_equal(dir_remove_all(AT_FDCWD, "file"), 0);
        assert_int_equal(access("target", F_OK), 0);
        assert_int_equal(access("file", F_OK), -1);
}

/* As another user this needs the permissions back; as root it passes anyway. */
static void folders_without_permissions_are_removed(void **state) {
        assert_int_equal(dir_make_all("closed/in/deep", 0700), 0);
        write_file("closed/in/deep/file", "");
        assert_int_equal(chmod("closed/in/deep", 0), 0);
        assert_int_equal(chmod("closed/in", 0500), 0);
        assert_int_equal(dir_remove_all(AT_FDCWD, "closed"), 0);
        assert_int_equal(access("closed", F_OK), -1);
}

static void trees_deeper_than_the_descriptors_of_a_process_are_removed(void **state) {
        int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct rlimit few;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
        few.rlim_cur = 256;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        assert_true(fd >= 0);
        for (int i = 0; i < 3000; i++) {
                const char *name = i == 0 ? "deep" : "d";
                int next;

                assert_int_equal(mkdirat(fd, name, 0700), 0);
                next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                close_fd(fd);
                fd = next;
        }
        close_fd(fd);
        assert_int_equal(dir_remove_all(AT_FDCWD, "deep"), 0);
        assert_int_equal(access("deep", F_OK), -1);
}

static void paths_are_joined_with_one_slash(void **state) {
        static const char *const cases[][3] = {
                { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a", "/b", "a/b" }, { "/", "b", "/b" }, { "a//", "//b/c", "a/b/c" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *path = path_join(cases[i][0], cases[i][1]);

                assert_string_equal(path, cases[i][2]);
        }
}

static void closing_keeps_errno(void **state) {
        errno = E2BIG;
        assert_int_equal(close_fd(-1), -1);
        assert_int_equal(errno, E2BIG);
        assert_int_equal(close_fd(open("/dev/null", O_RDONLY | O_CLOEXEC)), -1);
        assert_int_equal(errno, E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_written_is_read),
                cmocka_unit_test(reading_stops_at_the_maximum),
                cmocka_unit_test(files_without_a_size_are_read_whole),
                cmocka_unit_test(files_larger_than_a_chunk_are_read_whole),
                cmocka_unit_test(what_is_missing_is_said),
                cmocka_unit_test(folders_are_made_with_their_parents),
                cmocka_unit_test(a_tree_is_removed_but_not_what_its_links_point_to),
                cmocka_unit_test(a_link_or_file_given_as_the_tree_is_removed_itself),
                cmocka_unit_test(folders_without_permissions_are_removed),
                cmocka_unit_test(trees_deeper_than_the_descriptors_of_a_process_are_removed),
                cmocka_unit_test(paths_are_joined_with_one_slash),
                cmocka_unit_test(closing_keeps_errno),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
