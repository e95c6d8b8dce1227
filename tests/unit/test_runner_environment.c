/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/link/runner_link.h"

static bool has(char **list, const char *entry) {
        for (; *list; list++)
                if (strcmp(*list, entry) == 0)
                        return true;
        return false;
}

static void a_runner_sees_what_flows_need_and_nothing_of_the_services_own(void **state) {
        static const char *const seen[] = { "PATH=/bin", "LC_ALL=C", "TZ=UTC", "HOME=/h", "TMPDIR=/t", "ENV_SHOP=x",
                                            "SECRET_KEY=eA==", "CREDENTIALS_DIRECTORY=/run/c",
                                            "AWS_REGION=eu-north-1", "https_proxy=http://p:3128" };
        static const char *const hidden[] = { "AWS_SECRET_ACCESS_KEY=x", "AWS_SESSION_TOKEN=x", "NOTIFY_SOCKET=/n",
                                              "WATCHDOG_USEC=1", "JOURNAL_STREAM=8:1", "LD_PRELOAD=", "PATHS=x",
                                              "MY_ENV_X=1" };
        _cleanup_(text_list_freep) char **list = NULL, **with_aws = NULL;

        assert_int_equal(clearenv(), 0);
        for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
                assert_int_equal(putenv((char *)(uintptr_t)seen[i]), 0);
        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
                assert_int_equal(putenv((char *)(uintptr_t)hidden[i]), 0);
        assert_int_equal(runner_environment(false, &list), 0);
        for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
                assert_true(has(list, seen[i]));
        assert_int_equal(text_list_count(list), ARRAY_SIZE(seen));
        assert_int_equal(runner_environment(true, &with_aws), 0);
        assert_true(has(with_aws, "AWS_SECRET_ACCESS_KEY=x"));
        assert_int_equal(text_list_count(with_aws), ARRAY_SIZE(seen) + 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_runner_sees_what_flows_need_and_nothing_of_the_services_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
