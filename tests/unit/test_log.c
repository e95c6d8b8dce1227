/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/log.h: stderr is led into a file and read back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"

static char path[] = "/tmp/sqsflow-test-log-XXXXXX";
static int real_stderr = -1;

static int redirect(void **state) {
        int fd = mkstemp(path);

        if (fd < 0)
                return -1;
        real_stderr = dup(STDERR_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        close_fd(fd);
        return 0;
}

static int restore(void **state) {
        (void)dup2(real_stderr, STDERR_FILENO);
        close_fd(real_stderr);
        return unlink(path);
}

/* What was logged since the last call; the caller owns it. */
static char *logged(void) {
        char *text = NULL;

        assert_int_equal(file_read(path, 1024 * 1024, &text, NULL), 0);
        assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
        (void)lseek(STDERR_FILENO, 0, SEEK_SET);
        return text;
}

static void a_readable_line_has_time_level_message_error_and_fields(void **state) {
        _cleanup_free_ char *line = NULL, *stamp = NULL;
        uint64_t usec;

        log_open("test", LOG_TARGET_TEXT, LOG_INFO);
        log_write(LOG_WARNING, -ENOENT, LOG_FIELDS({ "SQSFLOW_TRIGGER", "orders" }, { "SQSFLOW_FLOW", NULL }, { "X", "1" }),
                  "cannot read %s", "it");
        line = logged();
        stamp = text_dup_n(line, strcspn(line, " "));
        assert_int_equal(timestamp_parse(stamp, &usec), 0);
        assert_string_equal(line + strlen(stamp),
                            " warning: cannot read it: No such file or directory SQSFLOW_TRIGGER=orders X=1\n");
}

static void control_characters_cannot_make_a_second_line(void **state) {
        _cleanup_free_ char *line = NULL;

        log_open("test", LOG_TARGET_TEXT, LOG_INFO);
        log_write(LOG_INFO, 0, LOG_FIELDS({ "F", "x\ny\xc2\x9b" }), "a\nb\x1b[31m");
        line = logged();
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        assert_non_null(strstr(line, "a\\nb\\x1b[31m F=x\\ny\\x9b\n"));
}

static void lines_above_the_level_are_left_out(void **state) {
        _cleanup_free_ char *none = NULL, *some = NULL;

        log_open("test", LOG_TARGET_TEXT, LOG_INFO);
        log_debug("hidden");
        none = logged();
        assert_string_equal(none, "");
        log_set_level(LOG_DEBUG);
        log_debug("shown");
        some = logged();
        assert_non_null(strstr(some, "debug: shown\n"));
}

static void a_json_line_is_json(void **state) {
        _cleanup_value_ struct value *v = NULL;
        _cleanup_free_ char *line = NULL;

        log_open("test", LOG_TARGET_JSON, LOG_INFO);
        log_write(LOG_ERR, 0, LOG_FIELDS({ "SQSFLOW_EXECUTION", "1\"2" }, { "N", NULL }), "a\nb\xff");
        line = logged();
        assert_int_equal(json_parse(line, strlen(line), &v, NULL, NULL), 0);
        assert_string_equal(value_map_string(v, "level"), "error");
        assert_string_equal(value_map_string(v, "program"), "test");
        assert_string_equal(value_map_string(v, "message"), "a\nb\xef\xbf\xbd");
        assert_string_equal(value_map_string(v, "SQSFLOW_EXECUTION"), "1\"2");
        assert_null(value_map_get(v, "N"));
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void errno_is_kept_when_nothing_can_be_written(void **state) {
        int file = dup(STDERR_FILENO);

        log_open("test", LOG_TARGET_TEXT, LOG_INFO);
        (void)close(STDERR_FILENO); /* so that the write fails */
        errno = E2BIG;
        log_info("x");
        assert_int_equal(errno, E2BIG);
        (void)dup2(file, STDERR_FILENO);
        close_fd(file);
}

static void a_message_too_long_for_a_line_is_told_by_its_format(void **state) {
        _cleanup_free_ char *line = NULL, *big = malloc(100001);

        memset(big, 'x', 100000);
        big[100000] = '\0';
        log_open("test", LOG_TARGET_TEXT, LOG_INFO);
        log_info("the task said: %s", big);
        line = logged();
        assert_non_null(strstr(line, "info: the task said: %s\n"));
}

/* On a machine without journald this also shows that a line is not lost then. */
static void the_journal_is_chosen_only_when_stderr_is_its_stream(void **state) {
        _cleanup_free_ char *own = NULL, *line = NULL;
        struct stat st;

        assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
        log_open("test", LOG_TARGET_AUTO, LOG_INFO);
        log_info("as text");
        line = logged();
        assert_non_null(strstr(line, "as text"));

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        own = text_printf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        assert_int_equal(setenv("JOURNAL_STREAM", own, 1), 0);
        log_open("test", LOG_TARGET_AUTO, LOG_INFO);
        log_write(LOG_INFO, 0, LOG_FIELDS({ "SQSFLOW_TEST", "1" }), "sent to the journal by a unit test");
        free(TAKE_PTR(line));
        line = logged();
        if (access("/run/systemd/journal/socket", F_OK) == 0)
                assert_string_equal(line, "");
        else
                assert_non_null(strstr(line, "sent to the journal by a unit test"));
        assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void names_are_read(void **state) {
        assert_int_equal(log_level_from_name("error"), LOG_ERR);
        assert_int_equal(log_level_from_name("warning"), LOG_WARNING);
        assert_int_equal(log_level_from_name("info"), LOG_INFO);
        assert_int_equal(log_level_from_name("debug"), LOG_DEBUG);
        assert_int_equal(log_level_from_name("loud"), -EINVAL);
        assert_int_equal(log_target_from_name("json"), LOG_TARGET_JSON);
        assert_int_equal(log_target_from_name("syslog"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_readable_line_has_time_level_message_error_and_fields),
                cmocka_unit_test(control_characters_cannot_make_a_second_line),
                cmocka_unit_test(lines_above_the_level_are_left_out),
                cmocka_unit_test(a_json_line_is_json),
                cmocka_unit_test(errno_is_kept_when_nothing_can_be_written),
                cmocka_unit_test(a_message_too_long_for_a_line_is_told_by_its_format),
                cmocka_unit_test(the_journal_is_chosen_only_when_stderr_is_its_stream),
                cmocka_unit_test(names_are_read),
        };

        return cmocka_run_group_tests(tests, redirect, restore);
}
