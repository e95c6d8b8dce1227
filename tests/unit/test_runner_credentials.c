/* SPDX-License-Identifier: Apache-2.0 */
/* secret('NAME') and the credentials that systemd gives to the service. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/digest.h"
#include "common/base/text.h"
#include "runner/secrets.h"

static char folder[] = "/tmp/sqsflow-credentials-XXXXXX";

static void write_file(const char *name, const char *text) {
        char path[128];
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int setup(void **state) {
        if (!mkdtemp(folder))
                return -1;
        write_file("named", "one\n");
        write_file("secret_loaded", "two\n");
        write_file("both", "own");
        write_file("secret_both", "folder");
        return setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

static int teardown(void **state) {
        static const char *const names[] = { "named", "secret_loaded", "both", "secret_both" };
        char path[128];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                snprintf(path, sizeof path, "%s/%s", folder, names[i]);
                unlink(path);
        }
        return rmdir(folder);
}

static void assert_found(const char *name, const char *expected) {
        struct secrets s = { 0 };
        char *value = NULL, *message = NULL;

        assert_int_equal(secrets_find(&s, name, &value, &message), 0);
        assert_string_equal(value, expected);
        secret_free(value);
        secrets_done(&s);
}

static void a_credential_is_found_by_its_name(void **state) {
        assert_found("named", "one");
}

static void a_file_of_a_folder_that_was_loaded_whole_is_found(void **state) {
        assert_found("loaded", "two");
}

static void a_credential_of_the_very_name_comes_first(void **state) {
        assert_found("both", "own");
}

static void what_is_nowhere_is_not_found(void **state) {
        struct secrets s = { 0 };
        char *value = NULL, *message = NULL;

        assert_int_equal(secrets_find(&s, "nowhere", &value, &message), -ENOENT);
        assert_non_null(message);
        free(message);
        secrets_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_credential_is_found_by_its_name),
                cmocka_unit_test(a_file_of_a_folder_that_was_loaded_whole_is_found),
                cmocka_unit_test(a_credential_of_the_very_name_comes_first),
                cmocka_unit_test(what_is_nowhere_is_not_found),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
