/* SPDX-License-Identifier: Apache-2.0 */
/* common/flow/state.h */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/flow/state.h"

static void every_state_has_a_name_that_reads_back(void **state) {
        for (int s = 0; s < RUN_STATE_COUNT; s++)
                assert_int_equal(run_state_from_name(run_state_name((enum run_state)s)), s);
}

static void unknown_states_are_answered(void **state) {
        assert_int_equal(run_state_from_name("success"), -EINVAL);
        assert_int_equal(run_state_from_name(""), -EINVAL);
        assert_int_equal(run_state_from_name(NULL), -EINVAL);
        assert_string_equal(run_state_name((enum run_state)200), "UNKNOWN");
        assert_false(run_state_is_final((enum run_state)200));
        assert_false(run_state_settles_message((enum run_state)200));
}

static void a_message_is_settled_by_success_and_warning_only(void **state) {
        for (int s = 0; s < RUN_STATE_COUNT; s++)
                assert_int_equal(run_state_settles_message((enum run_state)s), s == RUN_SUCCESS || s == RUN_WARNING);
}

static void states_from_success_on_are_final(void **state) {
        for (int s = 0; s < RUN_STATE_COUNT; s++)
                assert_int_equal(run_state_is_final((enum run_state)s), s >= RUN_SUCCESS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_state_has_a_name_that_reads_back),
                cmocka_unit_test(unknown_states_are_answered),
                cmocka_unit_test(a_message_is_settled_by_success_and_warning_only),
                cmocka_unit_test(states_from_success_on_are_final),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
