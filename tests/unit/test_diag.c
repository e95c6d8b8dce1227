/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/diag.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/diag.h"

static void a_finding_is_shown_with_its_place(void **state) {
        _cleanup_(diag_done) struct diag d = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = { 0 };

        diag_add(&d, DIAG_ERROR, "orders.yaml", 12, 7, "unknown property '%s'", "tmeout");
        diag_add(&d, DIAG_WARNING, "orders.yaml", 13, 1, "odd");
        diag_add(&d, DIAG_ERROR, "agent.yaml", 0, 0, "the file is empty");
        assert_int_equal(diag_write(&d, &out), 0);
        assert_string_equal(out.data, "orders.yaml:12:7: unknown property 'tmeout'\n"
                                      "orders.yaml:13:1: warning: odd\n"
                                      "agent.yaml: the file is empty\n");
        assert_int_equal(d.error_count, 2);
        assert_int_equal(d.count, 3);
}

static void a_finding_steers_no_terminal(void **state) {
        _cleanup_(diag_done) struct diag d = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = { 0 };

        diag_add(&d, DIAG_ERROR, "a\033[2J\n.yaml", 1, 1, "'\xc2\x9b" "31m'\n  ^");
        assert_int_equal(diag_write(&d, &out), 0);
        assert_string_equal(out.data, "a\\x1b[2J\\n.yaml:1:1: '\\x9b31m'\n  ^\n");
}

static void findings_beyond_the_limit_are_counted_and_said(void **state) {
        _cleanup_(diag_done) struct diag d = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = { 0 };

        for (int i = 0; i < DIAG_COUNT_MAX + 3; i++)
                diag_add(&d, DIAG_ERROR, "f", 1, 1, "x");
        assert_int_equal(d.count, DIAG_COUNT_MAX);
        assert_int_equal(d.error_count, DIAG_COUNT_MAX + 3);
        assert_int_equal(diag_write(&d, &out), 0);
        assert_non_null(strstr(out.data, "3 more errors are not shown\n"));
}

static void done_leaves_an_empty_one_behind(void **state) {
        struct diag d = DIAG_INIT;

        diag_add(&d, DIAG_ERROR, "f", 1, 1, "x");
        diag_done(&d);
        assert_int_equal(d.count, 0);
        assert_int_equal(d.error_count, 0);
        diag_done(&d);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_finding_is_shown_with_its_place),
                cmocka_unit_test(a_finding_steers_no_terminal),
                cmocka_unit_test(findings_beyond_the_limit_are_counted_and_said),
                cmocka_unit_test(done_leaves_an_empty_one_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
