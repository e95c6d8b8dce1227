/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in the real runner: where they are found, and that they come out nowhere. */
#include "tests/unit/runner_execute.h"

#define SECRET "s3cr3t-token" /* SECRET_TOKEN of the driver's environment */
#define RETURN(id, format) "  - {id: " id ", type: io.kestra.plugin.core.debug.Return, format: \"" format "\"}\n"

static void assert_nowhere(const struct driver *d, const char *secret) {
        if (strstr(d->log.data ? d->log.data : "", secret) || strstr(d->error, secret) || strstr(d->outputs, secret))
                fail_msg("'%s' is in: %s %s %s", secret, d->log.data, d->error, d->outputs);
        for (size_t i = 0; i < d->run_count; i++)
                if (strstr(d->runs[i].outputs, secret) || strstr(d->runs[i].error, secret))
                        fail_msg("'%s' is in: %s %s", secret, d->runs[i].outputs, d->runs[i].error);
}

static void a_secret_comes_out_in_no_form(void **state) {
        struct driver *d = *state;
        const char *flow =
                "tasks:\n"
                "  - id: prints\n"
                "    type: io.kestra.plugin.scripts.shell.Commands\n"
                "    env: {T: \"{{ secret('TOKEN') }}\"}\n"
                "    commands:\n"
                "      - echo \"plain $T\"\n"
                "      - printf %s \"$T\" | base64\n"
                "      - printf %s \"user:$T\" | base64 >&2\n"
                "      - printf '%s\\n' \"$T\" | sed 's/-/%2D/'\n"
                "      - 'echo \"::{\\\"outputs\\\":{\\\"a\\\":\\\"$T\\\",\\\"$T\\\":1},\\\"logs\\\":[{\\\"message\\\":\\\"$T\\\"}]}::\"'\n"
                RETURN("encodes", "{{ secret('TOKEN') | base64encode }} {{ secret('TOKEN') | urlencode }}")
                "  - {id: fails, type: io.kestra.plugin.core.execution.Fail, errorMessage: \"no {{ secret('TOKEN') }} {{ secret('TOKEN') | base64encode }}\"}\n";

        assert_int_equal(driver_run(d, flow), RUN_FAILED);
        assert_nowhere(d, SECRET);
        assert_nowhere(d, "czNjcjN0"); /* base64, */
        assert_nowhere(d, "M2NyM3Qt"); /* and that of "user:…" */
        assert_nowhere(d, "s3cr3t%2D");
        assert_true(driver_logged(d, "6 plain ******\n"));
        assert_string_equal(d->error, "task 'fails' failed: no ****** ******");
}

static void a_secret_is_a_file_before_it_is_a_variable(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *folder = text_printf("%s/secrets", d->folder), *file = text_printf("%s/TOKEN", folder);
        const struct frame_execute f = { .secrets_folder = { folder, strlen(folder) } };
        const char *flow = "tasks:\n" RETURN("r", "{{ secret('TOKEN') | length }}");

        driver_start(d, flow, &f);
        driver_wait(d, &d->ended);
        assert_string_equal(d->runs[0].outputs, "{\"value\":\"12\"}"); /* the variable's */
        assert_int_equal(dir_make_all(folder, 0700), 0);
        assert_int_equal(file_write_at(AT_FDCWD, file, "from a file\n", 12, 0600), 0);
        driver_start(d, flow, &f);
        driver_wait(d, &d->ended);
        assert_string_equal(d->runs[0].outputs, "{\"value\":\"11\"}"); /* the line end is the editor's */
}

static void what_is_no_secret_is_said_without_a_value(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" RETURN("r", "{{ secret('BROKEN') }}")), RUN_FAILED);
        assert_non_null(strstr(d->error, "its SECRET_ variable is not base64"));
        assert_null(strstr(d->error, "not base64 at all!"));
        assert_int_equal(driver_run(d, "tasks:\n" RETURN("r", "{{ secret('../x') }}")), RUN_FAILED);
        assert_non_null(strstr(d->error, "cannot be a secret's name"));
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, driver_setup, driver_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(a_secret_comes_out_in_no_form),
                PROMISE(a_secret_is_a_file_before_it_is_a_variable),
                PROMISE(what_is_no_secret_is_said_without_a_value),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
