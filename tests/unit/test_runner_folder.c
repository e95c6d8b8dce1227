/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of runners that are gone: what goes, what stays, and what is not looked at. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/link/runner_folder.h"

#define ID (UINT64_C(1) << 40)

/* Each test in a folder of its own, which is the working directory. */
static int setup(void **state) {
        static char folder[64];

        strcpy(folder, "/tmp/sqsflow-folders-XXXXXX");
        *state = folder;
        return mkdtemp(folder) && chdir(folder) == 0 && mkdir("ex", 0700) == 0 ? 0 : -1;
}

static int teardown(void **state) {
        return chdir("/") == 0 ? dir_remove_all(AT_FDCWD, *state) : -1;
}

static void make(const char *path) {
        assert_int_equal(dir_make_all(path, 0700), 0);
}

static bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

static const char *of_id(const char *name) {
        static char path[96];
        char id[IDENT_TEXT_SIZE];

        snprintf(path, sizeof(path), "ex/%s%s", ident_format(ID, id), name);
        return path;
}

static void a_folder_goes_with_all_that_is_in_it(void **state) {
        make("ex/runner-7/work/deep");
        make("ex/runner-77");
        assert_int_equal(runner_folder_end("ex", 7, 0), 0);
        assert_false(exists("ex/runner-7"));
        assert_true(exists("ex/runner-77"));
        assert_int_equal(runner_folder_end("ex", 7, 0), 0);
        assert_int_equal(runner_folder_end("nowhere", 7, 0), 0);
}

static void of_a_kept_execution_the_working_directory_stays(void **state) {
        make("ex/runner-7/work/deep");
        make("ex/runner-7/scripts");
        make(of_id("/files")); /* it has kept a file already */
        assert_int_equal(runner_folder_end("ex", 7, ID), 0);
        assert_false(exists("ex/runner-7"));
        assert_true(exists(of_id("/work/deep")) && exists(of_id("/files")));
        assert_false(exists(of_id("/scripts")));
        assert_int_equal(runner_folder_end("ex", 8, ID), 0);
}

static void a_link_in_its_place_is_not_followed_and_not_kept(void **state) {
        make("outside/precious");
        make("ex/runner-7");
        assert_int_equal(symlink("../../outside", "ex/runner-7/work"), 0);
        assert_int_equal(symlink("../outside", "ex/runner-8"), 0);
        assert_int_equal(runner_folder_end("ex", 7, ID), 0);
        assert_int_equal(runner_folder_end("ex", 8, ID), 0);
        assert_false(exists("ex/runner-7") || exists(of_id("")));
        assert_true(exists("outside/precious") && exists("ex/runner-8"));
        assert_int_equal(runner_folders_sweep("ex", UINT64_MAX), 0);
        assert_true(exists("outside/precious") && exists("ex/runner-8"));
}

static void a_folder_in_use_is_none_that_was_left(void **state) {
        int fd;

        make("ex/runner-7");
        assert_true(runner_folder_is_left("ex", 7));
        assert_false(runner_folder_is_left("ex", 8));
        fd = open("ex/runner-7", O_RDONLY | O_DIRECTORY);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_false(runner_folder_is_left("ex", 7));
        assert_int_equal(runner_folders_sweep("ex", UINT64_MAX), 0);
        assert_true(exists("ex/runner-7"));
        close(fd);
        assert_int_equal(runner_folders_sweep("ex", UINT64_MAX), 1);
        assert_false(exists("ex/runner-7"));
}

static void the_young_and_what_is_no_runners_are_passed_over(void **state) {
        make("ex/runner-7");
        make("ex/runner-x");
        make("ex/runner-");
        make(of_id("/work"));
        assert_int_equal(runner_folders_sweep("ex", clock_realtime_usec() - USEC_PER_HOUR), 0);
        assert_true(exists("ex/runner-7"));
        assert_int_equal(runner_folders_sweep("ex", UINT64_MAX), 1);
        assert_false(exists("ex/runner-7"));
        assert_true(exists("ex/runner-x") && exists("ex/runner-") && exists(of_id("/work")));
        assert_int_equal(runner_folders_sweep("nowhere", UINT64_MAX), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_folder_goes_with_all_that_is_in_it),
                TEST(of_a_kept_execution_the_working_directory_stays),
                TEST(a_link_in_its_place_is_not_followed_and_not_kept),
                TEST(a_folder_in_use_is_none_that_was_left),
                TEST(the_young_and_what_is_no_runners_are_passed_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
