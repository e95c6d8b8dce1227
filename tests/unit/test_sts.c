/* SPDX-License-Identifier: Apache-2.0 */
/* common/aws/sts.h, and what stands directly on them: web identity, and a role as a layer upon a chain. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/sts_server.h"

/* --- the codec ---------------------------------------------------------------------------------------------------- */

#define ANSWER(op, inner) "<" op "Response><" op "Result>" inner "</" op "Result></" op "Response>"
#define CREDENTIALS                                                                                                    \
        "<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>"  \
        "<Expiration>2026-11-25T10:00:00Z</Expiration></Credentials>"

static void an_answer_gives_credentials_from_where_the_reference_puts_them(void **state) {
        static const char *const good[] = { ANSWER("AssumeRole", CREDENTIALS),
                                            ANSWER("AssumeRoleWithWebIdentity", CREDENTIALS) };
        static const char *const bad[] = {
                "",
                "{}",
                "<a/>",
                "<AssumeRoleResponse/>",
                ANSWER("AssumeRole", ""),
                ANSWER("AssumeRole", "<x>" CREDENTIALS "</x>"),
                ANSWER("GetSessionToken", CREDENTIALS),
                ANSWER("AssumeRole", CREDENTIALS CREDENTIALS),
                ANSWER("AssumeRole", "<Credentials><AccessKeyId>a</AccessKeyId></Credentials>"),
                ANSWER("AssumeRole", "<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
                                     "<SessionToken>c</SessionToken><Expiration>soon</Expiration></Credentials>"),
                ANSWER("AssumeRole", CREDENTIALS) "x",
        };
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _cleanup_(aws_credentials_unrefp) struct aws_credentials *c = NULL;
                const char *why = NULL;
                assert_int_equal(sts_decode(good[i], strlen(good[i]), "t", &c, &why), 0);
                assert_string_equal(c->access_key_id, "a");
                assert_string_equal(c->secret_access_key, "b");
                assert_string_equal(c->session_token, "c");
                assert_true(c->expires_usec == UINT64_C(1795600800000000));
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct aws_credentials *c = NULL;
                const char *why = NULL;
                if (sts_decode(bad[i], strlen(bad[i]), "t", &c, &why) != -EBADMSG || c || !why)
                        fail_msg("%s was taken for credentials", bad[i]);
        }
}

static void an_error_is_one_line_with_its_code(void **state) {
        static const struct {
                const char *text;
                unsigned status;
                const char *line;
                enum aws_error_class class;
        } rows[] = {
                { STS_ERROR("AccessDenied", "User: u is not\nauthorized &amp; more"), 403,
                  "AccessDenied: User: u is not authorized & more (HTTP 403, request 11111111-2222)",
                  AWS_ERROR_DENIED },
                { STS_ERROR("ExpiredToken", "The security token included in the request is expired"), 403,
                  "ExpiredToken: The security token included in the request is expired (HTTP 403, request "
                  "11111111-2222)",
                  AWS_ERROR_EXPIRED },
                { "<html>502", 502, "the server is in trouble (HTTP 502)", AWS_ERROR_TRANSIENT },
                { "", 500, "the server is in trouble (HTTP 500)", AWS_ERROR_TRANSIENT },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf line = { 0 };
                struct aws_error e = sts_decode_error(rows[i].text, strlen(rows[i].text), rows[i].status);
                assert_int_equal(aws_error_write(&line, &e), 0);
                assert_string_equal(line.data, rows[i].line);
                assert_int_equal(e.class, rows[i].class);
        }
}

static void a_request_holds_what_the_role_says(void **state) {
        static const struct {
                struct sts_role role;
                const char *token, *form;
        } rows[] = {
                { { .arn = "arn:aws:iam::1:role/r" },
                  NULL,
                  "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
                  "RoleSessionName=sqsflow-1700000000" },
                { { "r", "e&x=1", "me@home", 900 },
                  NULL,
                  "Action=AssumeRole&Version=2011-06-15&RoleArn=r&RoleSessionName=me%40home&ExternalId=e%26x%3D1&"
                  "DurationSeconds=900" },
                { { "r", "e", "s", 0 },
                  "a.b-c_d",
                  "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&RoleSessionName=s&"
                  "WebIdentityToken=a.b-c_d" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf b = { 0 };
                assert_int_equal(sts_encode(&b, &rows[i].role, rows[i].token, UINT64_C(1700000000500000)), 0);
                assert_string_equal(b.data, rows[i].form);
        }
}

/* --- web identity ------------------------------------------------------------------------------------------------- */

static char *write_token(struct fixture *f, const char *token) {
        char *path = path_join(f->folder, "token");
        assert_int_equal(file_write_at(-100, path, token, strlen(token), 0600), 0);
        return path;
}

static void use_web_identity(struct fixture *f, const char *token) {
        _cleanup_free_ char *path = write_token(f, token);
        use_sts(f);
        set_env(f, "AWS_WEB_IDENTITY_TOKEN_FILE=", path);
        set_env(f, "AWS_ROLE_ARN=", "arn:aws:iam::123456789012:role/pod");
}

static void a_web_identity_is_exchanged_for_its_role(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_web_identity(f, "SECRET-jwt\n");
        set_env(f, "AWS_ROLE_SESSION_NAME=", "pod-7");
        get(f, &o);
        assert_string_equal(o.why, "");
        assert_string_equal(o.found->access_key_id, "pod.SECRET-jwt");
        assert_string_equal(o.found->session_token, "SECRET-token");
        assert_string_equal(o.found->provider, "web identity");
        assert_true(o.found->expires_usec < USEC_INFINITY);
        assert_non_null(strstr(f->server.last, "&RoleSessionName=pod-7&"));
}

static void the_token_file_is_read_anew_at_each_refresh(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        use_web_identity(f, "old");
        expire_in(f, 0);
        get(f, &first);
        assert_string_equal(first.found->access_key_id, "pod.old");
        assert_null(credentials_cached(f->chain));
        free(write_token(f, "new"));
        get(f, &second);
        assert_string_equal(second.found->access_key_id, "pod.new");
}

static void web_identity_comes_after_the_environment_and_before_the_files(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome files = { 0 }, environment = { 0 };
        use_file(f, "[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
        use_web_identity(f, "jwt");
        get(f, &files);
        assert_string_equal(files.found->access_key_id, "pod.jwt");
        set_env(f, "AWS_ACCESS_KEY_ID=", "env");
        set_env(f, "AWS_SECRET_ACCESS_KEY=", "s");
        make_chain(f);
        get(f, &environment);
        assert_string_equal(environment.found->access_key_id, "env");
}

static void no_file(struct fixture *f) {
        set_env(f, "AWS_WEB_IDENTITY_TOKEN_FILE=", "/nonexistent/token");
        set_env(f, "AWS_ROLE_ARN=", "arn:aws:iam::1:role/r");
}
static void empty_file(struct fixture *f) {
        use_web_identity(f, "\n");
}
static void no_role(struct fixture *f) {
        _cleanup_free_ char *path = write_token(f, "SECRET");
        set_env(f, "AWS_WEB_IDENTITY_TOKEN_FILE=", path);
}
static void role_alone(struct fixture *f) {
        set_env(f, "AWS_ROLE_ARN=", "arn:aws:iam::1:role/r");
}
static void denied(struct fixture *f) {
        use_web_identity(f, "SECRET-jwt");
        sts_refuse(f, 9, 400, STS_ERROR("InvalidIdentityToken", "the token SECRET-jwt has a bad issuer"));
}
static void not_xml(struct fixture *f) {
        use_web_identity(f, "SECRET-jwt");
        sts_refuse(f, 9, 200, "{\"SECRET\":1}");
}

static void a_broken_web_identity_never_becomes_the_nodes_role(void **state) {
        static const struct {
                void (*break_it)(struct fixture *);
                const char *why;
        } rows[] = {
                { no_file, "web identity: the token file /nonexistent/token cannot be read: No such file" },
                { empty_file, "holds no token" },
                { no_role, "web identity: AWS_ROLE_ARN is not set" },
                { role_alone, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set" },
                { denied, "web identity: InvalidIdentityToken: the server's text is left out" },
                { not_xml, "web identity: the answer of STS is not the XML that was expected" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                f->environment = text_list_free(f->environment);
                set_env(f, "HOME=", f->folder);
                f->server.request_count = 0;
                use_imds(f);
                rows[i].break_it(f);
                make_chain(f);
                get(f, &o);
                if (o.error == 0)
                        fail_msg("'%s' was passed over for %s", rows[i].why, o.found->provider);
                if (!strstr(o.why, rows[i].why))
                        fail_msg("'%s' does not say '%s'", o.why, rows[i].why);
                assert_int_equal(f->server.request_count, f->sts_count);
                f->sts_count = 0;
        }
}

/* --- a role upon a chain ------------------------------------------------------------------------------------------ */

struct layered {
        struct credentials_chain *base, *layer;
};

static void layered_done(struct layered *l) {
        credentials_chain_free(l->layer);
        credentials_chain_free(l->base);
}

static struct layered make_layer(struct fixture *f, struct sts_role role, const char *endpoint) {
        struct layered l = { 0 };
        make_chain(f);
        l.base = TAKE_PTR(f->chain);
        const struct credentials_options options = {
                .event = f->event,
                .http = f->http,
                .environment = f->environment,
                .region = "eu-west-7",
                .base = l.base,
                .role = role,
                .sts_endpoint = endpoint,
        };
        assert_int_equal(credentials_chain_new(&options, &l.layer), 0);
        return l;
}

static void get_of(struct fixture *f, struct credentials_chain *c, struct outcome *o) {
        o->done = false;
        assert_int_equal(credentials_get(c, on_credentials, o, NULL), 0);
        assert_true(loop_until(f->event, &o->done));
}

static void use_keys(struct fixture *f) {
        f->options.access_key_id = "AKID";
        f->options.secret_access_key = TEST_SECRET;
}

static void a_role_is_assumed_with_the_credentials_of_a_chain(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l =
                make_layer(f, (struct sts_role){ "arn:aws:iam::1:role/task", "ext/1", "run-5", 1200 }, NULL);
        get_of(f, l.layer, &o);
        assert_string_equal(o.why, "");
        assert_string_equal(o.found->access_key_id, "task.AKID");
        assert_ptr_equal(credentials_cached(l.layer), o.found);
        assert_non_null(strstr(f->server.last, "&RoleSessionName=run-5&ExternalId=ext%2F1&DurationSeconds=1200"));
        assert_non_null(strstr(f->server.last, "/eu-west-7/sts/aws4_request"));
}

static void layers_stand_upon_layers(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        struct credentials_options options = f->options;
        options.base = l.layer;
        options.role.arn = "x:role/b";
        _cleanup_(credentials_chain_freep) struct credentials_chain *top = NULL;
        assert_int_equal(credentials_chain_new(&options, &top), 0);
        get_of(f, top, &o);
        assert_string_equal(o.found->access_key_id, "b.a.AKID");
}

static void an_endpoint_of_the_task_wins(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        _cleanup_free_ char *url = text_printf("http://127.0.0.1:%u/", f->server.port);
        f->server.serve = serve_sts;
        use_keys(f);
        set_env(f, "AWS_ENDPOINT_URL_STS=", "http://127.0.0.1:1");
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, url);
        get_of(f, l.layer, &o);
        assert_int_equal(o.error, 0);
}

static void many_waits_for_a_role_cause_one_call(void **state) {
        struct fixture *f = *state;
        struct outcome o[20] = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
                if (i == ARRAY_SIZE(o) / 2)
                        while (f->sts_count == 0) /* the rest comes while the call is under way */
                                assert_true(sd_event_run(f->event, 10000000) > 0);
                assert_int_equal(credentials_get(l.layer, on_credentials, &o[i], NULL), 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
                assert_true(loop_until(f->event, &o[i].done));
                assert_string_equal(o[i].found->access_key_id, "a.AKID");
                assert_int_equal(o[i].count, 1);
                outcome_done(&o[i]);
        }
        assert_int_equal(f->sts_count, 1);
}

static void a_role_that_expires_is_assumed_again(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        expire_in(f, 0);
        get_of(f, l.layer, &o);
        assert_null(credentials_cached(l.layer));
        expire_in(f, USEC_PER_HOUR);
        get_of(f, l.layer, &o);
        assert_non_null(credentials_cached(l.layer));
        assert_int_equal(f->sts_count, 2);
}

static void a_failed_refresh_of_a_role_keeps_the_old_one_while_it_lasts(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        expire_in(f, 40 * USEC_PER_SEC);
        get_of(f, l.layer, &o);
        sts_refuse(f, 9, 503, "busy");
        get_of(f, l.layer, &o);
        assert_int_equal(o.error, 0);
        assert_string_equal(o.found->access_key_id, "a.AKID");
}

static void a_base_that_ran_out_is_asked_once_for_newer_credentials(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_web_identity(f, "old");
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        get_of(f, l.base, &o);
        free(write_token(f, "new"));
        sts_refuse(f, 1, 403, STS_ERROR("ExpiredToken", "expired"));
        get_of(f, l.layer, &o);
        assert_int_equal(o.error, 0);
        assert_string_equal(o.found->access_key_id, "a.pod.new");
        assert_int_equal(f->sts_count, 4); /* the base, a refusal, the base again, the role */
}

static void a_base_that_stays_refused_is_not_asked_in_a_loop(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        sts_refuse(f, 99, 403, STS_ERROR("ExpiredToken", "expired"));
        get_of(f, l.layer, &o);
        assert_int_equal(o.error, -EIO);
        assert_int_equal(f->sts_count, 2);
}

static void what_sts_says_is_told_without_what_was_signed(void **state) {
        static const struct {
                const char *error, *why;
        } rows[] = {
                { STS_ERROR("AccessDenied", "not authorized to perform sts:AssumeRole"),
                  "role: x:role/b cannot be assumed: AccessDenied: not authorized to perform sts:AssumeRole (HTTP 403, "
                  "request 11111111-2222)" },
                { STS_ERROR("SignatureDoesNotMatch", "should have been POST / x-amz-security-token:SECRET-token"),
                  "role: x:role/b cannot be assumed: SignatureDoesNotMatch: the server's text is left out, since it "
                  "repeats what was signed (HTTP 403, request 11111111-2222)" },
                { STS_ERROR("Odd", "you sent SECRET-token and " TEST_SECRET),
                  "role: x:role/b cannot be assumed: Odd: the server's text is left out, since it repeats what was "
                  "signed (HTTP 403, request 11111111-2222)" },
        };
        struct fixture *f = *state;
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        struct credentials_options options = f->options;
        options.base = l.layer;
        options.role.arn = "x:role/b";
        _cleanup_(credentials_chain_freep) struct credentials_chain *top = NULL;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        assert_int_equal(credentials_chain_new(&options, &top), 0);
        get_of(f, l.layer, &o);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                sts_refuse(f, 1, 403, rows[i].error);
                get_of(f, top, &o);
                assert_true(o.error < 0);
                assert_string_equal(o.why, rows[i].why);
        }
}

static void a_wrong_clock_is_corrected_once_by_the_servers_date(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_keys(f);
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        f->sts_headers = "Date: Thu, 01 Jan 2037 10:00:30 GMT\r\n";
        sts_refuse(f, 1, 403, STS_ERROR("SignatureDoesNotMatch", "Signature expired"));
        get_of(f, l.layer, &o);
        assert_string_equal(o.why, "");
        assert_int_equal(f->sts_count, 2);
        assert_non_null(strstr(f->server.last, "\r\nX-Amz-Date: 20370101T1000"));
        credentials_expire(l.layer, o.found);
        sts_refuse(f, 9, 403, STS_ERROR("SignatureDoesNotMatch", "Signature expired"));
        get_of(f, l.layer, &o);
        assert_int_equal(o.error, -EIO);
        assert_int_equal(f->sts_count, 4);
}

static void a_base_without_credentials_is_told(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        set_env(f, "AWS_EC2_METADATA_DISABLED=", "true");
        _cleanup_(layered_done) struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        get_of(f, l.layer, &o);
        assert_int_equal(o.error, -ENOENT);
        assert_non_null(text_after(o.why, "role: no credentials to assume x:role/a with: static: no keys"));
}

static void a_layer_that_goes_while_it_waits_calls_nobody(void **state) {
        struct fixture *f = *state;
        struct outcome o = { 0 }, base = { 0 };
        use_web_identity(f, "jwt");
        struct layered l = make_layer(f, (struct sts_role){ .arn = "x:role/a" }, NULL);
        assert_int_equal(credentials_get(l.layer, on_credentials, &o, NULL), 0);
        while (f->sts_count == 0) /* the layer waits for its base */
                assert_true(sd_event_run(f->event, 10000000) > 0);
        l.layer = credentials_chain_free(l.layer);
        get_of(f, l.base, &base);
        assert_int_equal(o.count, 0);
        outcome_done(&base);
        layered_done(&l);
}

static void options_that_contradict_are_refused(void **state) {
        struct fixture *f = *state;
        struct credentials_chain *c = NULL;
        make_chain(f);
        struct credentials_options base_alone = f->options, too_short = f->options;
        base_alone.base = f->chain;
        too_short.base = f->chain;
        too_short.role = (struct sts_role){ .arn = "r", .duration_seconds = 899 };
        assert_int_equal(credentials_chain_new(&base_alone, &c), -EINVAL);
        assert_int_equal(credentials_chain_new(&too_short, &c), -EINVAL);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_answer_gives_credentials_from_where_the_reference_puts_them),
                cmocka_unit_test(an_error_is_one_line_with_its_code),
                cmocka_unit_test(a_request_holds_what_the_role_says),
                TEST(a_web_identity_is_exchanged_for_its_role),
                TEST(the_token_file_is_read_anew_at_each_refresh),
                TEST(web_identity_comes_after_the_environment_and_before_the_files),
                TEST(a_broken_web_identity_never_becomes_the_nodes_role),
                TEST(a_role_is_assumed_with_the_credentials_of_a_chain),
                TEST(layers_stand_upon_layers),
                TEST(an_endpoint_of_the_task_wins),
                TEST(many_waits_for_a_role_cause_one_call),
                TEST(a_role_that_expires_is_assumed_again),
                TEST(a_failed_refresh_of_a_role_keeps_the_old_one_while_it_lasts),
                TEST(a_base_that_ran_out_is_asked_once_for_newer_credentials),
                TEST(a_base_that_stays_refused_is_not_asked_in_a_loop),
                TEST(what_sts_says_is_told_without_what_was_signed),
                TEST(a_wrong_clock_is_corrected_once_by_the_servers_date),
                TEST(a_base_without_credentials_is_told),
                TEST(a_layer_that_goes_while_it_waits_calls_nobody),
                TEST(options_that_contradict_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
