/* SPDX-License-Identifier: Apache-2.0 */
/* TLS against Python's server, with the certificates of vectors/tls. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "common/aws/http.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/spawn.h"
#include "common/base/text.h"

#define FILES "tests/unit/vectors/tls/"

static const char script[] = "import http.server, ssl\n"
                             "class Handler(http.server.BaseHTTPRequestHandler):\n"
                             "    protocol_version = 'HTTP/1.1'\n"
                             "    def do_GET(self):\n"
                             "        self.send_response(200)\n"
                             "        self.send_header('Content-Length', '6')\n"
                             "        self.send_header('X-Port', str(self.client_address[1]))\n"
                             "        self.end_headers()\n"
                             "        self.wfile.write(b'secret')\n"
                             "    def log_message(self, *args):\n"
                             "        pass\n"
                             "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)\n"
                             "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
                             "context.load_cert_chain('" FILES "server.pem')\n"
                             "server.socket = context.wrap_socket(server.socket, server_side=True)\n"
                             "print(server.server_address[1], flush=True)\n"
                             "server.serve_forever()\n";

extern char **environ;
static pid_t server_pid;
static char url[64], by_name_url[64];

static int start_server(void **state) {
        static const char *const argv[] = { "python3", "-c", script, NULL };
        struct spawn_options o = SPAWN_OPTIONS_INIT;
        char line[32] = "";
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        o.path = "python3";
        o.argv = (char *const *)argv;
        o.envp = environ;
        o.stdout_fd = pipes[1];
        o.stderr_fd = STDERR_FILENO;
        assert_int_equal(spawn(&o, &server_pid), 0);
        close(pipes[1]);
        for (size_t len = 0; !strchr(line, '\n'); len++)
                assert_true(len < sizeof(line) - 1 && read(pipes[0], line + len, 1) == 1);
        close(pipes[0]);
        snprintf(url, sizeof(url), "https://127.0.0.1:%lu/", strtoul(line, NULL, 10));
        snprintf(by_name_url, sizeof(by_name_url), "https://localhost:%lu/", strtoul(line, NULL, 10));
        return 0;
}

static int stop_server(void **state) {
        kill(server_pid, SIGTERM);
        return waitpid(server_pid, NULL, 0) == server_pid ? 0 : -1;
}

struct outcome {
        bool done;
        int error;
        unsigned status;
        char body[16], port[16];
};

static void on_done(const struct http_response *response, void *userdata) {
        struct outcome *o = userdata;
        const char *port = http_response_header(response, "x-port");
        *o = (struct outcome){ .done = true, .error = response->error, .status = response->status };
        snprintf(o->body, sizeof(o->body), "%s", response->body->data ? response->body->data : "");
        snprintf(o->port, sizeof(o->port), "%s", port ? port : "");
}

static void run(struct http *h, sd_event *event, const struct http_request *request, struct outcome *o) {
        o->done = false;
        assert_int_equal(http_start(h, request, on_done, o, NULL), 0);
        while (!o->done)
                assert_true(sd_event_run(event, 10000000) > 0);
}

static void once(const char *ca_file, const struct http_request *request, struct outcome *o) {
        sd_event *event = NULL;
        struct http *h = NULL;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(http_new(event, &(struct http_options){ .ca_file = ca_file }, &h), 0);
        run(h, event, request, o);
        http_free(h);
        sd_event_unref(event);
}

static void copy(const char *from, const char *to) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        _cleanup_close_ int fd = open(to, O_WRONLY | O_TRUNC | O_CLOEXEC);
        assert_int_equal(file_read(from, 65536, &text, &len), 0);
        assert_int_equal(fd_write_all(fd, text, len), 0);
}

static void an_unknown_authority_is_refused(void **state) {
        struct outcome o = { 0 };
        once(NULL, &(struct http_request){ .url = url }, &o);
        assert_int_equal(o.error, -EPROTO);
        assert_string_equal(o.body, "");
}

static void the_bundle_of_the_options_or_the_request_is_trusted(void **state) {
        struct outcome o = { 0 };
        once(FILES "authority.pem", &(struct http_request){ .url = url }, &o);
        assert_int_equal(o.error, 0);
        assert_string_equal(o.body, "secret");
        once(NULL, &(struct http_request){ .url = url, .ca_file = FILES "authority.pem" }, &o);
        assert_int_equal(o.error, 0);
}

static void a_certificate_for_another_name_is_refused(void **state) {
        struct outcome o = { 0 };
        once(FILES "authority.pem", &(struct http_request){ .url = by_name_url }, &o);
        assert_int_equal(o.error, -EPROTO);
}

static void a_bundle_that_is_not_there_is_an_error(void **state) {
        struct outcome o = { 0 };
        once("/nonexistent.pem", &(struct http_request){ .url = url }, &o);
        assert_int_equal(o.error, -EPROTO);
}

/* A bundle that was replaced, since an authority expired or was forgotten, is found without a restart. */
static void a_bundle_that_was_mended_is_read_again(void **state) {
        char file[] = "/tmp/test-http-tls-XXXXXX";
        sd_event *event = NULL;
        struct http *h = NULL;
        struct outcome o = { 0 };
        uint64_t until = clock_monotonic_usec() + 20 * USEC_PER_SEC;

        close_fd(mkstemp(file));
        copy(FILES "stranger.pem", file);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(http_new(event, &(struct http_options){ .ca_file = file }, &h), 0);
        run(h, event, &(struct http_request){ .url = url }, &o);
        assert_int_equal(o.error, -EPROTO);
        copy(FILES "authority.pem", file);
        do
                run(h, event, &(struct http_request){ .url = url }, &o);
        while (o.error == -EPROTO && clock_monotonic_usec() < until);
        assert_int_equal(o.error, 0);
        assert_string_equal(o.body, "secret");
        http_free(h);
        sd_event_unref(event);
        unlink(file);
}

static void verification_is_off_only_for_the_call_that_says_so(void **state) {
        sd_event *event = NULL;
        struct http *h = NULL;
        struct outcome o = { 0 };
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(http_new(event, NULL, &h), 0);
        run(h, event, &(struct http_request){ .url = url, .flags = HTTP_TLS_INSECURE }, &o);
        assert_int_equal(o.status, 200);
        run(h, event, &(struct http_request){ .url = url }, &o);
        assert_int_equal(o.error, -EPROTO);
        http_free(h);
        sd_event_unref(event);
}

static void a_tls_connection_is_used_again(void **state) {
        sd_event *event = NULL;
        struct http *h = NULL;
        struct outcome first = { 0 }, next = { 0 };
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(http_new(event, &(struct http_options){ .ca_file = FILES "authority.pem" }, &h), 0);
        run(h, event, &(struct http_request){ .url = url }, &first);
        for (int i = 0; i < 5; i++) {
                run(h, event, &(struct http_request){ .url = url }, &next);
                assert_string_equal(first.port, next.port);
        }
        http_free(h);
        sd_event_unref(event);
}

int main(void) {
        signal(SIGPIPE, SIG_IGN);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_unknown_authority_is_refused),
                cmocka_unit_test(the_bundle_of_the_options_or_the_request_is_trusted),
                cmocka_unit_test(a_certificate_for_another_name_is_refused),
                cmocka_unit_test(a_bundle_that_is_not_there_is_an_error),
                cmocka_unit_test(a_bundle_that_was_mended_is_read_again),
                cmocka_unit_test(verification_is_off_only_for_the_call_that_says_so),
                cmocka_unit_test(a_tls_connection_is_used_again),
        };
        return cmocka_run_group_tests(tests, start_server, stop_server);
}
