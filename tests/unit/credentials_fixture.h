/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the credential chain share: a loop, a server that plays whatever service is asked, an environment
 * of its own, a folder for its HOME, and what a search ended with. A test that needs another service sets `serve`. */
#pragma once

#include "common/aws/credentials_provider.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "tests/unit/credentials_outcome.h"
#include "tests/unit/http_server.h"

#define TEST_SECRET "SECRET+/key" /* of the keys that the servers give */

struct fixture {
        sd_event *event;
        struct http *http;
        struct server server;
        char folder[64];
        char **environment;
        struct credentials_options options;
        struct credentials_chain *chain;
        char expiration[TIMESTAMP_MAX]; /* what the servers answer with */
        bool broken;                    /* they answer 500 */

        unsigned sts_count;    /* calls to STS that came */
        unsigned sts_refusals; /* how many of them are answered with sts_status and sts_error */
        unsigned sts_status;
        const char *sts_error;
        const char *sts_headers; /* of the refusal; NULL: none */
};

static inline struct fixture *fixture_of(struct server *s) {
        return CONTAINER_OF(s, struct fixture, server);
}

static inline void answer_credentials(struct server *s, struct buf *answer) {
        struct fixture *f = fixture_of(s);
        _cleanup_free_ char *body =
                text_printf("{\"Code\":\"Success\",\"AccessKeyId\":\"AKID%u\",\"SecretAccessKey\":\"" TEST_SECRET
                            "\",\"Token\":\"token\","
                            "\"Expiration\":\"%s\"}",
                            s->request_count, f->expiration);
        server_answer(answer, 200, "", body);
}

/* Both services: IMDSv2 and the container endpoint. */
static inline enum server_action serve(struct server *s, const char *request, size_t len, struct buf *answer) {
        bool with_token = strstr(request, "\r\nX-aws-ec2-metadata-token: imds-token\r\n");
        if (fixture_of(s)->broken)
                server_answer(answer, 500, "", "broken");
        else if (text_after(request, "PUT /latest/api/token HTTP/1.1\r\n") &&
                 strstr(request, "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"))
                server_answer(answer, 200, "", "imds-token");
        else if (text_after(request, "GET /latest/meta-data/iam/security-credentials/ ") && with_token)
                server_answer(answer, 200, "", "my-role\n");
        else if (text_after(request, "GET /latest/meta-data/iam/security-credentials/my-role ") && with_token)
                answer_credentials(s, answer);
        else if (text_after(request, "GET /container ") && strstr(request, "\r\nAuthorization: container-token\r\n"))
                answer_credentials(s, answer);
        else
                server_answer(answer, 401, "", "no");
        return SERVER_ANSWER;
}

static inline void set_env(struct fixture *f, const char *fmt, const char *value) {
        _cleanup_free_ char *line = text_printf("%s%s", fmt, value);
        assert_int_equal(text_list_add(&f->environment, line), 0);
}

static inline void use_imds(struct fixture *f) {
        _cleanup_free_ char *url = text_printf("http://127.0.0.1:%u/", f->server.port);
        set_env(f, "AWS_EC2_METADATA_SERVICE_ENDPOINT=", url);
}

static inline void use_container(struct fixture *f, const char *host) {
        _cleanup_free_ char *url = text_printf("http://%s:%u/container", host, f->server.port);
        set_env(f, "AWS_CONTAINER_CREDENTIALS_FULL_URI=", url);
}

static inline void use_file(struct fixture *f, const char *text) {
        _cleanup_free_ char *path = path_join(f->folder, "credentials");
        assert_int_equal(file_write_at(-100, path, text, strlen(text), 0600), 0);
        set_env(f, "AWS_SHARED_CREDENTIALS_FILE=", path);
}

static inline void expire_in(struct fixture *f, uint64_t usec) {
        timestamp_format(clock_realtime_usec() + usec, f->expiration);
}

static inline int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_int_equal(sd_event_new(&f->event), 0);
        assert_int_equal(http_new(f->event, NULL, &f->http), 0);
        server_start(&f->server, f->event, serve);
        strcpy(f->folder, "/tmp/test_credentials.XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        set_env(f, "HOME=", f->folder);
        expire_in(f, USEC_PER_HOUR);
        *state = f;
        return 0;
}

static inline int tear_down(void **state) {
        struct fixture *f = *state;
        credentials_chain_free(f->chain);
        http_free(f->http);
        server_stop(&f->server);
        sd_event_unref(f->event);
        dir_remove_all(-100, f->folder);
        text_list_free(f->environment);
        free(f);
        return 0;
}

static inline void make_chain(struct fixture *f) {
        f->options.event = f->event;
        f->options.http = f->http;
        f->options.environment = f->environment;
        f->chain = credentials_chain_free(f->chain);
        assert_int_equal(credentials_chain_new(&f->options, &f->chain), 0);
}

static inline void get(struct fixture *f, struct outcome *o) {
        if (!f->chain)
                make_chain(f);
        assert_int_equal(credentials_get(f->chain, on_credentials, o, NULL), 0);
        assert_false(o->done);
        assert_true(loop_until(f->event, &o->done));
}
