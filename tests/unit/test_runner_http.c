/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP tasks: the real runner against a real server on the test's own loop. */
#include "tests/unit/runner_execute.h"

#include "common/base/json.h"
#include "common/link/execution_file.h"
#include "tests/unit/http_server.h"

#define REQUEST "  - id: r\n    type: io.kestra.plugin.core.http.Request\n"
#define DOWNLOAD "  - id: r\n    type: io.kestra.plugin.core.http.Download\n"
#define SECRET "s3cr3t-token" /* SECRET_TOKEN of the driver's environment */

static struct server server, other;
static char first[8192]; /* the first request of a test; server.last is the last one */

static enum server_action serve(struct server *s, const char *request, size_t len, struct buf *answer) {
        _cleanup_free_ char *location = text_printf("Location: http://127.0.0.1:%u/else\r\n", other.port);

        if (!first[0])
                (void)snprintf(first, sizeof(first), "%s", request);
        if (strstr(request, " /loop "))
                server_answer(answer, 302, "Location: /loop\r\n", "");
        else if (strstr(request, " /moved "))
                server_answer(answer, 302, "Location: here?a=1\r\n", "gone");
        else if (strstr(request, " /away"))
                server_answer(answer, strstr(request, "307") ? 307 : 302, location, "");
        else if (strstr(request, " /missing"))
                server_answer(answer, 404, "", "no such order " SECRET);
        else if (strstr(request, " /empty"))
                server_answer(answer, 200, "", "");
        else if (strstr(request, " /named"))
                server_answer(answer, 200, "Content-Disposition: attachment; filename=\"../../etc/a b.csv\"\r\n", "x,y\n");
        else if (strstr(request, " /binary"))
                server_answer(answer, 200, "", "\xff\xfe");
        else if (strstr(request, " /hang"))
                return SERVER_HANG;
        else
                server_answer(answer, 200, "X-Two: 1\r\nx-two: 2\r\n", "{\"ok\": true}");
        return SERVER_ANSWER;
}

static int setup(void **state) {
        int r = driver_setup(state);
        struct driver *d = *state;

        first[0] = '\0';
        server_start(&server, d->event, serve);
        server_start(&other, d->event, serve);
        return r;
}

static int teardown(void **state) {
        server_stop(&server);
        server_stop(&other);
        return driver_teardown(state);
}

/* Runs one task against http://127.0.0.1:PORT/PATH with further lines of properties. */
static enum run_state run(struct driver *d, const char *task, const char *path, const char *more) {
        _cleanup_free_ char *flow = text_printf("tasks:\n%s    uri: http://127.0.0.1:%u%s\n%s", task, server.port, path, more);

        first[0] = '\0';
        return driver_run(d, flow);
}

static struct value *outputs_of(const struct driver *d) {
        struct value *v = NULL;

        assert_int_equal(json_parse(d->runs[0].outputs, strlen(d->runs[0].outputs), &v, NULL, NULL), 0);
        return v;
}

static void assert_sent(const char *text) {
        if (!strstr(server.last, text))
                fail_msg("'%s' is not in:\n%s", text, server.last);
}

static void assert_not_sent(const struct server *s, const char *text) {
        if (strstr(s->last, text))
                fail_msg("'%s' is in:\n%s", text, s->last);
}

/* --- requests and answers -------------------------------------------------------------------------------------------- */

static void an_answer_becomes_outputs(void **state) {
        struct driver *d = *state;
        _cleanup_value_ struct value *v = NULL;
        const struct value *two;

        assert_int_equal(run(d, REQUEST, "/a b", ""), RUN_SUCCESS);
        assert_sent("GET /a%20b HTTP/1.1\r\n");
        v = outputs_of(d);
        assert_string_equal(value_map_string(v, "body"), "{\"ok\": true}");
        assert_string_equal(value_number(value_map_get(v, "code")), "200");
        two = value_map_get(value_map_get(v, "headers"), "X-Two");
        assert_int_equal(value_count(two), 2);
        assert_string_equal(value_string(value_list_at(two, 1)), "2");
        assert_true(text_ends_with(value_map_string(v, "uri"), "/a%20b"));
}

static void a_body_goes_out_as_it_is(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/", "    method: POST\n    body: '{\"n\": 1}'\n"), RUN_SUCCESS);
        assert_sent("POST / HTTP/1.1\r\n");
        assert_sent("Content-Type: application/json\r\n");
        assert_sent("\r\n\r\n{\"n\": 1}");
        assert_int_equal(run(d, REQUEST, "/", "    method: PATCH\n    contentType: text/plain\n    body: \"{{ 1 + 1 }}\"\n"
                                              "    headers: {x-a: \"{{ flow.id }}\", user-agent: me}\n"), RUN_SUCCESS);
        assert_sent("PATCH / ");
        assert_sent("Content-Type: text/plain\r\n");
        assert_sent("x-a: test\r\n");
        assert_sent("user-agent: me\r\n");
        assert_sent("\r\n\r\n2");
        assert_int_equal(run(d, REQUEST, "/", "    method: DELETE\n"), RUN_SUCCESS);
        assert_sent("DELETE / ");
        assert_not_sent(&server, "Content-Type");
        assert_int_equal(run(d, REQUEST, "/", "    method: HEAD\n"), RUN_SUCCESS);
        assert_sent("HEAD / ");
}

static void forms_are_written_in_both_ways(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *flow = text_printf(
                "tasks:\n  - id: make\n    type: io.kestra.plugin.scripts.shell.Commands\n    commands: [printf content > f.txt]\n"
                "    outputFiles: [f.txt]\n" REQUEST "    uri: http://127.0.0.1:%u/\n    method: POST\n"
                "    contentType: multipart/form-data\n    formData:\n      plain: a&b\n"
                "      \"q\\\"t\": {x: 1}\n      file: \"{{ outputs.make.outputFiles['f.txt'] }}\"\n"
                "      named: {name: other.csv, content: \"{{ outputs.make.outputFiles['f.txt'] }}\"}\n", server.port);

        assert_int_equal(run(d, REQUEST, "/", "    method: POST\n    formData: {user: 'a b&c', n: 5, u: \xc3\xa4}\n"), RUN_SUCCESS);
        assert_sent("Content-Type: application/x-www-form-urlencoded\r\n");
        assert_sent("\r\n\r\nuser=a+b%26c&n=5&u=%C3%A4");
        assert_int_equal(driver_run(d, flow), RUN_SUCCESS);
        assert_sent("Content-Type: multipart/form-data; boundary=--");
        assert_sent("name=\"plain\"\r\n\r\na&b\r\n--");
        assert_sent("name=\"q%22t\"\r\n\r\n{\"x\":1}\r\n--");
        assert_sent("name=\"file\"; filename=\"f.txt\"\r\nContent-Type: application/octet-stream\r\n\r\ncontent\r\n--");
        assert_sent("name=\"named\"; filename=\"other.csv\"\r\n");
}

static void a_header_cannot_smuggle_another(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/", "    headers: {x-a: \"1\\r\\nx-b: 2\"}\n"), RUN_FAILED);
        assert_int_equal(run(d, REQUEST, "/", "    headers: {\"x-a: 1\\r\\nx-b\": 2}\n"), RUN_FAILED);
        assert_int_equal(server.request_count, 0);
}

static void only_http_is_spoken(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" REQUEST "    uri: file:///etc/passwd\n"), RUN_FAILED);
        assert_string_equal(d->error, "task 'r' failed: uri must begin with http:// or https://");
        assert_int_equal(driver_run(d, "tasks:\n" DOWNLOAD "    uri: ftp://127.0.0.1/x\n"), RUN_FAILED);
}

/* --- who asks -------------------------------------------------------------------------------------------------------- */

#define BASIC "    options: {auth: {type: BASIC, username: u, password: \"{{ secret('TOKEN') }}\"}}\n"
#define BEARER "    options: {auth: {type: BEARER, token: \"{{ secret('TOKEN') }}\"}}\n"

static void assert_no_secret(const struct driver *d) {
        const char *forms[] = { SECRET, "czNjcjN0", "M2NyM3Qt", "czczcjN0", "OnMzY3IzdC10b2tlb" };

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                assert_null(strstr(d->log.data ? d->log.data : "", forms[i]));
                assert_null(strstr(d->runs[0].outputs, forms[i]));
                assert_null(strstr(d->error, forms[i]));
        }
}

static void credentials_are_sent_and_not_shown(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/", BASIC), RUN_SUCCESS);
        assert_sent("Authorization: Basic dTpzM2NyM3QtdG9rZW4=\r\n");
        assert_no_secret(d);
        assert_int_equal(run(d, REQUEST, "/", "    options: {basicAuthUser: u, basicAuthPassword: p}\n"), RUN_SUCCESS);
        assert_sent("Authorization: Basic dTpw\r\n");
        assert_int_equal(run(d, REQUEST, "/missing?key=x", BEARER), RUN_FAILED);
        assert_sent("Authorization: Bearer " SECRET "\r\n");
        assert_no_secret(d);
        assert_non_null(strstr(d->error, "/missing: the server answered 404: no such order ******"));
        assert_null(strstr(d->error, "key="));
}

static void redirects_are_followed_within_the_server(void **state) {
        struct driver *d = *state;
        _cleanup_value_ struct value *v = NULL;

        assert_int_equal(run(d, REQUEST, "/moved", BEARER "    method: POST\n    body: x\n"), RUN_SUCCESS);
        assert_sent("GET /here?a=1 ");
        assert_sent("Authorization: Bearer " SECRET);
        assert_not_sent(&server, "Content-Type");
        v = outputs_of(d);
        assert_true(text_ends_with(value_map_string(v, "uri"), "/here?a=1"));
        assert_int_equal(run(d, REQUEST, "/moved", "    options: {followRedirects: false}\n"), RUN_SUCCESS);
        assert_string_equal(d->runs[0].outputs + strlen(d->runs[0].outputs) - 14, "\"body\":\"gone\"}");
        assert_int_equal(run(d, REQUEST, "/loop", ""), RUN_FAILED);
        assert_non_null(strstr(d->error, "it redirects too often"));
        assert_true(server.request_count < 20);
}

static void credentials_do_not_go_to_another_server(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/away", BEARER "    headers: {Cookie: a=b, X-Own-Key: k, X-T: \"{{ secret('TOKEN') }}\", Accept: a/b}\n"),
                         RUN_SUCCESS);
        assert_non_null(strstr(first, "X-Own-Key: k"));
        assert_non_null(strstr(first, SECRET));
        assert_non_null(strstr(other.last, "GET /else "));
        assert_non_null(strstr(other.last, "Accept: a/b"));
        assert_not_sent(&other, "Authorization");
        assert_not_sent(&other, "Cookie");
        assert_not_sent(&other, "Key");
        assert_not_sent(&other, SECRET);
}

static void a_body_with_a_secret_does_not_go_to_another_server(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/away-307", "    method: POST\n    body: \"x={{ secret('TOKEN') | urlencode }}\"\n"), RUN_FAILED);
        assert_non_null(strstr(d->error, "it redirects to another server, and the body holds a secret"));
        assert_int_equal(other.request_count, 0);
        assert_int_equal(run(d, REQUEST, "/away-307", "    method: POST\n    body: plain\n"), RUN_SUCCESS);
        assert_non_null(strstr(other.last, "POST /else "));
        assert_non_null(strstr(other.last, "\r\n\r\nplain"));
}

/* --- what is a success ----------------------------------------------------------------------------------------------- */

static void failures_can_be_allowed(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/missing", ""), RUN_FAILED);
        assert_non_null(strstr(d->runs[0].outputs, "\"code\":404"));
        assert_int_equal(run(d, REQUEST, "/missing", "    options: {allowFailed: true}\n"), RUN_SUCCESS);
        assert_int_equal(run(d, REQUEST, "/missing", "    options: {allowedResponseCodes: [404]}\n"), RUN_SUCCESS);
        assert_int_equal(run(d, REQUEST, "/", "    options: {allowedResponseCodes: [404]}\n"), RUN_FAILED);
}

static void an_answer_has_a_limit(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/", "    options: {maxContentLength: 12}\n"), RUN_SUCCESS);
        assert_int_equal(run(d, REQUEST, "/", "    options: {maxContentLength: 11}\n"), RUN_FAILED);
        assert_non_null(strstr(d->error, "the answer is bigger than 11 bytes"));
        assert_int_equal(run(d, REQUEST, "/binary", ""), RUN_FAILED);
        assert_non_null(strstr(d->error, "the answer is no text; Download stores it as a file"));
}

static void nobody_there_is_said(void **state) {
        struct driver *d = *state;

        assert_int_equal(driver_run(d, "tasks:\n" REQUEST "    uri: http://user:pw@127.0.0.1:1/x?y\n"), RUN_FAILED);
        assert_non_null(strstr(d->error, "task 'r' failed: GET http://127.0.0.1:1/x: "));
        assert_null(strstr(d->error, "pw"));
}

/* --- time ------------------------------------------------------------------------------------------------------------ */

static void silence_ends_a_request(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, REQUEST, "/hang", "    options: {timeout: {readIdleTimeout: PT1S}}\n"), RUN_FAILED);
        assert_non_null(strstr(d->error, "/hang: "));
}

/* Turns the loop until the runner has closed all its connections. */
static void await_closed(struct driver *d) {
        uint64_t end = clock_monotonic_usec() + DRIVER_WAIT_USEC;

        while (server.connections) {
                assert_true(clock_monotonic_usec() < end);
                assert_true(sd_event_run(d->event, USEC_PER_SEC) >= 0);
        }
}

static void a_timeout_and_a_cancel_abort_the_transfer(void **state) {
        struct driver *d = *state;
        _cleanup_free_ char *flow = text_printf("tasks:\n" DOWNLOAD "    uri: http://127.0.0.1:%u/hang-too\n", server.port);

        assert_int_equal(run(d, REQUEST, "/hang", "    timeout: PT0.1S\n"), RUN_FAILED);
        assert_string_equal(d->error, "task 'r' failed: timed out after 100ms");
        await_closed(d);
        driver_start(d, flow, NULL);
        while (!strstr(server.last, " /hang-too ")) /* not the request that timed out, which may come late */
                assert_true(sd_event_run(d->event, DRIVER_WAIT_USEC) > 0);
        assert_int_equal(runner_link_cancel(d->link, d->execution_id), 0);
        assert_int_equal(runner_link_flush(d->link), 0);
        driver_wait(d, &d->ended);
        assert_int_equal(d->state, RUN_KILLED);
        await_closed(d);
}

/* --- downloads ------------------------------------------------------------------------------------------------------- */

static void assert_file(const struct driver *d, const char *name, const char *content) {
        _cleanup_value_ struct value *v = outputs_of(d);
        const char *uri = value_map_string(v, "uri");
        char found[64] = { 0 };
        int fd = execution_file_open(d->folder, uri);

        if (!text_ends_with(uri, name) || fd < 0)
                fail_msg("%s", uri);
        assert_true(read(fd, found, sizeof(found) - 1) >= 0);
        close_fd(fd);
        assert_string_equal(found, content);
}

static void a_download_is_a_file(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, DOWNLOAD, "/dir/report.json?x=1", ""), RUN_SUCCESS);
        assert_file(d, "/1-report.json", "{\"ok\": true}");
        assert_non_null(strstr(d->runs[0].outputs, "\"length\":12"));
        assert_int_equal(run(d, DOWNLOAD, "/named", ""), RUN_SUCCESS);
        assert_file(d, "/1-a_b.csv", "x,y\n");
        assert_int_equal(run(d, DOWNLOAD, "/moved", "    saveAs: \"own {{ flow.id }}.txt\"\n"), RUN_SUCCESS);
        assert_file(d, "/1-own_test.txt", "{\"ok\": true}");
        assert_int_equal(run(d, DOWNLOAD, "/binary", ""), RUN_SUCCESS);
        assert_file(d, "/1-binary", "\xff\xfe");
}

/* It would be masked in the outputs, so that the file would not be found again, and stand on the disk. */
static void a_secret_of_the_url_is_no_files_name(void **state) {
        struct driver *d = *state;

        assert_int_equal(run(d, DOWNLOAD, "/dir/{{ secret('TOKEN') }}", ""), RUN_SUCCESS);
        assert_file(d, "/1-download", "{\"ok\": true}");
        assert_no_secret(d);
}

static void a_download_that_fails_leaves_no_file(void **state) {
        struct driver *d = *state;
        char id[IDENT_TEXT_SIZE];
        _cleanup_free_ char *folder = NULL;

        assert_int_equal(run(d, DOWNLOAD, "/missing", ""), RUN_FAILED);
        assert_non_null(strstr(d->error, "the server answered 404: no such order"));
        folder = text_printf("%s/%s", d->folder, ident_format(d->execution_id, id));
        assert_int_equal(access(folder, F_OK), -1);
        assert_int_equal(run(d, DOWNLOAD, "/empty", ""), RUN_FAILED);
        assert_non_null(strstr(d->error, "the answer is empty"));
        assert_int_equal(run(d, DOWNLOAD, "/empty", "    failOnEmptyResponse: false\n"), RUN_SUCCESS);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PROMISE(an_answer_becomes_outputs),
                PROMISE(a_body_goes_out_as_it_is),
                PROMISE(forms_are_written_in_both_ways),
                PROMISE(a_header_cannot_smuggle_another),
                PROMISE(only_http_is_spoken),
                PROMISE(credentials_are_sent_and_not_shown),
                PROMISE(redirects_are_followed_within_the_server),
                PROMISE(credentials_do_not_go_to_another_server),
                PROMISE(a_body_with_a_secret_does_not_go_to_another_server),
                PROMISE(failures_can_be_allowed),
                PROMISE(an_answer_has_a_limit),
                PROMISE(nobody_there_is_said),
                PROMISE(silence_ends_a_request),
                PROMISE(a_timeout_and_a_cancel_abort_the_transfer),
                PROMISE(a_download_is_a_file),
                PROMISE(a_secret_of_the_url_is_no_files_name),
                PROMISE(a_download_that_fails_leaves_no_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
