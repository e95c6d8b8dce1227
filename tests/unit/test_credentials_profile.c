/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that get their credentials from elsewhere: roles, named sources, SSO. Which profile leads where is
 * test_profile_plan.c; here the way is gone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/digest.h"
#include "tests/unit/sts_server.h"

#define KEYS "aws_access_key_id = AKID\naws_secret_access_key = " TEST_SECRET "\n"

static void use_config(struct fixture *f, const char *text) {
        _cleanup_free_ char *path = path_join(f->folder, "config");
        assert_int_equal(file_write_at(-100, path, text, strlen(text), 0600), 0);
        set_env(f, "AWS_CONFIG_FILE=", path);
}

/* --- roles -------------------------------------------------------------------------------------------------------- */

static void roles_are_assumed_along_the_source_profiles(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_config(f, "[default]\nrole_arn = arn:aws:iam::1:role/RoleA\nsource_profile = b\nexternal_id = e\n"
                      "[profile b]\nrole_arn = arn:aws:iam::1:role/RoleB\nsource_profile = c\n[profile c]\n" KEYS);
        get(f, &o);
        assert_string_equal(o.why, "");
        assert_string_equal(o.found->access_key_id, "RoleA.RoleB.AKID");
        assert_non_null(strstr(f->server.last, "&ExternalId=e"));
        assert_int_equal(f->sts_count, 2);
}

static void a_role_that_is_refused_ends_the_search(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_imds(f);
        use_config(f, "[default]\nrole_arn = arn:aws:iam::1:role/RoleA\nsource_profile = c\n[profile c]\n" KEYS);
        sts_refuse(f, 9, 403, STS_ERROR("AccessDenied", "no"));
        get(f, &o);
        assert_int_equal(o.error, -EACCES);
        assert_non_null(
                strstr(o.why, "; files: arn:aws:iam::1:role/RoleA cannot be assumed: AccessDenied: no (HTTP 403"));
        assert_int_equal(f->server.request_count, 1);
}

static void a_role_uses_the_environment_the_container_and_the_instance(void **state) {
        static const struct {
                const char *source;
                const char *key;
        } rows[] = {
                { "Environment", "RoleA.ENVKEY" },
                { "EcsContainer", "RoleA.AKID1" },
                { "Ec2InstanceMetadata", "RoleA.AKID3" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                _cleanup_free_ char *config = text_printf(
                        "[profile A]\nrole_arn = arn:aws:iam::1:role/RoleA\ncredential_source = %s\n", rows[i].source);
                f->environment = text_list_free(f->environment);
                f->server.request_count = 0;
                use_sts(f);
                use_imds(f);
                use_container(f, "127.0.0.1");
                use_config(f, config);
                set_env(f, "AWS_CONTAINER_AUTHORIZATION_TOKEN=", "container-token");
                set_env(f, "AWS_ACCESS_KEY_ID=", "ENVKEY");
                set_env(f, "AWS_SECRET_ACCESS_KEY=", TEST_SECRET);
                f->options.profile = "A";
                make_chain(f);
                get(f, &o);
                if (o.error < 0)
                        fail_msg("%s: %s", rows[i].source, o.why);
                assert_string_equal(o.found->access_key_id, rows[i].key);
        }
}

static void a_named_source_that_has_nothing_is_not_passed_over(void **state) {
        static const struct {
                const char *source, *why;
        } rows[] = {
                { "Environment", "files (credential_source = Environment): AWS_ACCESS_KEY_ID is not set" },
                { "EcsContainer", "files (credential_source = EcsContainer): AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                _cleanup_free_ char *config = text_printf(
                        "[default]\nrole_arn = arn:aws:iam::1:role/RoleA\ncredential_source = %s\n", rows[i].source);
                f->environment = text_list_free(f->environment);
                use_sts(f);
                use_imds(f);
                use_config(f, config);
                make_chain(f);
                get(f, &o);
                assert_int_equal(o.error, -ENOENT);
                if (!strstr(o.why, rows[i].why))
                        fail_msg("'%s' does not say '%s'", o.why, rows[i].why);
                assert_int_equal(f->server.request_count, 0);
        }
}

static void a_profile_of_the_configuration_wins_over_the_environment(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_sts(f);
        use_config(f, "[profile work]\n" KEYS);
        set_env(f, "AWS_ACCESS_KEY_ID=", "env");
        set_env(f, "AWS_SECRET_ACCESS_KEY=", "s");
        set_env(f, "AWS_WEB_IDENTITY_TOKEN_FILE=", "/nonexistent");
        set_env(f, "AWS_ROLE_ARN=", "arn:aws:iam::1:role/pod");
        f->options.profile = "work";
        get(f, &o);
        assert_string_equal(o.found->access_key_id, "AKID");
}

static void a_profiles_web_identity_is_read_anew(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        _cleanup_free_ char *path = path_join(f->folder, "token");
        _cleanup_free_ char *config = text_printf(
                "[default]\nrole_arn = arn:aws:iam::1:role/pod\nweb_identity_token_file = %s\nrole_session_name = s1\n",
                path);
        use_sts(f);
        use_config(f, config);
        expire_in(f, 0);
        assert_int_equal(file_write_at(-100, path, "old", 3, 0600), 0);
        get(f, &first);
        assert_string_equal(first.found->access_key_id, "pod.old");
        assert_non_null(strstr(f->server.last, "&RoleSessionName=s1&"));
        assert_int_equal(file_write_at(-100, path, "new", 3, 0600), 0);
        get(f, &second);
        assert_string_equal(second.found->access_key_id, "pod.new");
}

static void many_waits_for_a_chain_of_roles_cause_one_walk(void **state) {
        struct fixture *f = *state;
        struct outcome o[10] = { 0 };
        use_sts(f);
        use_config(f, "[default]\nrole_arn = arn:aws:iam::1:role/RoleA\nsource_profile = b\n"
                      "[profile b]\nrole_arn = arn:aws:iam::1:role/RoleB\nsource_profile = c\n[profile c]\n" KEYS);
        make_chain(f);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++)
                assert_int_equal(credentials_get(f->chain, on_credentials, &o[i], NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
                assert_true(loop_until(f->event, &o[i].done));
                assert_int_equal(o[i].error, 0);
                outcome_done(&o[i]);
        }
        assert_int_equal(f->sts_count, 2);
}

/* --- SSO ---------------------------------------------------------------------------------------------------------- */

#define SSO_SESSION                                                                                                    \
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Read Only\n"                    \
        "[sso-session corp]\nsso_region = eu-west-7\nsso_start_url = https://corp.awsapps.com/start\n"
#define SSO_LEGACY                                                                                                     \
        "[default]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-7\n"                          \
        "sso_account_id = 123456789012\nsso_role_name = Read Only\n"

/* As `aws sso login` leaves it, for the session's name or the start URL. */
static void log_in(struct fixture *f, const char *cache_key, const char *token_json) {
        uint8_t sha1[SHA1_BYTES];
        char hex[HEX_SIZE(SHA1_BYTES)];
        _cleanup_free_ char *folder = path_join(f->folder, ".aws/sso/cache");
        assert_int_equal(digest(DIGEST_SHA1, cache_key, strlen(cache_key), sha1), 0);
        _cleanup_free_ char *path = text_printf("%s/%s.json", folder, hex_encode(sha1, sizeof(sha1), hex));
        assert_int_equal(dir_make_all(folder, 0700), 0);
        assert_int_equal(file_write_at(-100, path, token_json, strlen(token_json), 0600), 0);
}

static enum server_action serve_portal(struct server *s, const char *request, size_t len, struct buf *answer) {
        struct fixture *f = fixture_of(s);
        _cleanup_free_ char *body = NULL;
        bool good = text_after(request, "GET /federation/credentials?role_name=Read%20Only&account_id=123456789012 ") &&
                    strstr(request, "\r\nx-amz-sso_bearer_token: SECRET-sso\r\n");
        if (f->sts_status)
                server_answer(answer, f->sts_status, "", f->sts_error);
        else if (!good)
                server_answer(answer, 400, "", "{\"message\":\"no\"}");
        else {
                body = text_printf("{\"roleCredentials\":{\"accessKeyId\":\"SSO%u\",\"secretAccessKey\":\"SECRET\","
                                   "\"sessionToken\":\"SECRET-t\",\"expiration\":%llu}}",
                                   s->request_count,
                                   (unsigned long long)(clock_realtime_usec() / USEC_PER_MSEC + 3600000));
                server_answer(answer, 200, "", body);
        }
        return SERVER_ANSWER;
}

static void use_portal(struct fixture *f, const char *config) {
        _cleanup_free_ char *url = text_printf("http://127.0.0.1:%u", f->server.port);
        f->server.serve = serve_portal;
        set_env(f, "AWS_ENDPOINT_URL_SSO=", url);
        use_config(f, config);
}

#define TOKEN(expiry) "{\"accessToken\":\"SECRET-sso\",\"expiresAt\":\"" expiry "\",\"region\":\"eu-west-7\"}"

static void a_login_gives_the_credentials_of_its_role(void **state) {
        static const struct {
                const char *config, *cache_key, *token;
        } rows[] = {
                { SSO_SESSION, "corp", TOKEN("2099-01-01T00:00:00Z") },
                { SSO_LEGACY, "https://corp.awsapps.com/start", TOKEN("2099-01-01T00:00:00UTC") },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                f->environment = text_list_free(f->environment);
                set_env(f, "HOME=", f->folder);
                use_portal(f, rows[i].config);
                log_in(f, rows[i].cache_key, rows[i].token);
                make_chain(f);
                get(f, &o);
                if (o.error < 0)
                        fail_msg("%s: %s", rows[i].cache_key, o.why);
                assert_non_null(text_after(o.found->access_key_id, "SSO"));
                assert_string_equal(o.found->session_token, "SECRET-t");
                assert_string_equal(o.found->provider, "sso");
                uint64_t left = usec_sub(o.found->expires_usec, clock_realtime_usec());
                assert_true(left > 59 * USEC_PER_MINUTE && left <= USEC_PER_HOUR);
        }
}

static void a_login_that_does_not_serve_says_what_to_do(void **state) {
        static const struct {
                const char *config, *token;
                unsigned status;
                int error;
                const char *why;
        } rows[] = {
                { SSO_SESSION, TOKEN("2020-01-01T00:00:00Z"), 0, -EKEYEXPIRED,
                  "files (SSO): the login has expired: run `aws sso login` (profile 'default')" },
                { SSO_SESSION, TOKEN("2099-01-01T00:00:00Z"), 401, -EKEYEXPIRED, "run `aws sso login`" },
                { SSO_SESSION, TOKEN("2099-01-01T00:00:00Z"), 500, -EIO, "the portal answered HTTP 500" },
                { SSO_SESSION, TOKEN("2099-01-01T00:00:00Z"), 200, -EBADMSG, "not a JSON object" },
                { SSO_SESSION, "{\"accessToken\":\"SECRET\"}", 0, -EBADMSG,
                  "file is not understood: run `aws sso login`" },
                { SSO_SESSION, "SECRET", 0, -EBADMSG, "file is not understood: run `aws sso login`" },
                { SSO_SESSION, NULL, 0, -ENOENT, "there is no token of a login: run `aws sso login`" },
                { "[default]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = r\n", NULL, 0, -EINVAL,
                  "names the sso-session 'gone', which does not exist" },
                { "[default]\nsso_account_id = 1\nsso_role_name = r\nsso_region = x\n", NULL, 0, -EINVAL,
                  "profile 'default' has no sso_start_url" },
                { "[default]\nsso_session = corp\n[sso-session corp]\nsso_region = x\nsso_start_url = y\n", NULL, 0,
                  -EINVAL, "profile 'default' has no sso_account_id" },
                { SSO_SESSION "[profile default]\nsso_region = other\nsso_session = corp\nsso_account_id = 1\n"
                              "sso_role_name = r\n",
                  NULL, 0, -EINVAL, "differ in sso_region or sso_start_url" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                _cleanup_free_ char *cache = path_join(f->folder, ".aws");
                f->environment = text_list_free(f->environment);
                f->server.request_count = 0;
                assert_int_equal(dir_remove_all(-100, cache), 0);
                set_env(f, "HOME=", f->folder);
                use_imds(f);
                use_portal(f, rows[i].config);
                if (rows[i].token)
                        log_in(f, "corp", rows[i].token);
                f->sts_status = rows[i].status;
                f->sts_error = "{\"roleCredentials\":\"SECRET\"}";
                make_chain(f);
                get(f, &o);
                if (o.error != rows[i].error || !strstr(o.why, rows[i].why))
                        fail_msg("%d '%s' is not '%s'", o.error, o.why, rows[i].why);
                assert_int_equal(f->server.request_count, rows[i].status ? 1 : 0);
        }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(roles_are_assumed_along_the_source_profiles),
                TEST(a_role_that_is_refused_ends_the_search),
                TEST(a_role_uses_the_environment_the_container_and_the_instance),
                TEST(a_named_source_that_has_nothing_is_not_passed_over),
                TEST(a_profile_of_the_configuration_wins_over_the_environment),
                TEST(a_profiles_web_identity_is_read_anew),
                TEST(many_waits_for_a_chain_of_roles_cause_one_walk),
                TEST(a_login_gives_the_credentials_of_its_role),
                TEST(a_login_that_does_not_serve_says_what_to_do),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
