/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/credentials_fixture.h"

static void explicit_keys_win_over_the_environment(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        set_env(f, "AWS_ACCESS_KEY_ID=", "env");
        set_env(f, "AWS_SECRET_ACCESS_KEY=", "s");
        f->options.access_key_id = "explicit";
        f->options.secret_access_key = "s";
        get(f, &o);
        assert_int_equal(o.error, 0);
        assert_string_equal(o.found->access_key_id, "explicit");
        assert_null(o.found->session_token);
        assert_ptr_equal(credentials_cached(f->chain), o.found);
}

static void the_environment_wins_over_the_files(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_file(f, "[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
        set_env(f, "AWS_ACCESS_KEY_ID=", "env");
        set_env(f, "AWS_SECRET_ACCESS_KEY=", "s");
        set_env(f, "AWS_SESSION_TOKEN=", "t");
        get(f, &o);
        assert_string_equal(o.found->access_key_id, "env");
        assert_string_equal(o.found->session_token, "t");
        assert_string_equal(o.found->provider, "environment");
}

static void a_profile_gives_its_static_keys(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_file(f, "[default]\naws_access_key_id = d\naws_secret_access_key = s\n"
                    "[work]\naws_access_key_id = w\naws_secret_access_key = s/+=\naws_session_token = t\n");
        f->options.profile = "work";
        get(f, &o);
        assert_string_equal(o.found->access_key_id, "w");
        assert_string_equal(o.found->secret_access_key, "s/+=");
        assert_string_equal(o.found->session_token, "t");
        assert_string_equal(o.found->provider, "files");
}

static void the_container_endpoint_is_asked_with_its_token(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_container(f, "127.0.0.1");
        set_env(f, "AWS_CONTAINER_AUTHORIZATION_TOKEN=", "container-token");
        get(f, &o);
        assert_int_equal(o.error, 0);
        assert_string_equal(o.found->access_key_id, "AKID1");
        assert_string_equal(o.found->session_token, "token");
        assert_true(o.found->expires_usec < USEC_INFINITY);
}

static void the_containers_token_file_is_read_anew_at_each_refresh(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        _cleanup_free_ char *path = path_join(f->folder, "token");
        use_container(f, "localhost");
        set_env(f, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=", path);
        assert_int_equal(file_write_at(-100, path, "old", 3, 0600), 0);
        get(f, &first);
        assert_int_equal(first.error, -EIO);
        assert_non_null(strstr(first.why, "container: the endpoint answered HTTP 401"));
        assert_int_equal(file_write_at(-100, path, "container-token\n", 16, 0600), 0);
        get(f, &second);
        assert_int_equal(second.error, 0);
}

static void the_containers_token_goes_to_no_other_host(void **state) {
        static const char *const forbidden[] = { "http://169.254.169.254/c",
                                                 "http://example.com/c",
                                                 "http://10.0.0.1/c",
                                                 "http://127.0.0.1@evil.example/c",
                                                 "http://127.0.0.1.evil.example/c",
                                                 "http://[fd00:ec2::24]/c",
                                                 "ftp://127.0.0.1/c" };
        for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                f->environment = text_list_free(f->environment);
                set_env(f, "AWS_CONTAINER_CREDENTIALS_FULL_URI=", forbidden[i]);
                make_chain(f);
                get(f, &o);
                if (o.error != -EPERM)
                        fail_msg("%s was asked: %s", forbidden[i], o.why);
        }
}

static void instance_metadata_is_asked_by_version_2(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        use_imds(f);
        get(f, &o);
        assert_int_equal(o.error, 0);
        assert_int_equal(f->server.request_count, 3);
        assert_string_equal(o.found->access_key_id, "AKID3");
        assert_string_equal(o.found->provider, "imds");
}

static enum server_action serve_version_1(struct server *s, const char *request, size_t len, struct buf *answer) {
        if (text_after(request, "PUT "))
                server_answer(answer, 405, "", "");
        else if (text_after(request, "GET /latest/meta-data/iam/security-credentials/ "))
                server_answer(answer, 200, "", "my-role");
        else
                answer_credentials(s, answer);
        return SERVER_ANSWER;
}

static void version_1_is_used_only_where_it_is_allowed(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome refused = { 0 }, allowed = { 0 };
        f->server.serve = serve_version_1;
        use_imds(f);
        get(f, &refused);
        assert_int_equal(refused.error, -EIO);
        assert_int_equal(f->server.request_count, 1);
        set_env(f, "AWS_EC2_METADATA_V1_DISABLED=", "false");
        make_chain(f);
        get(f, &allowed);
        assert_int_equal(allowed.error, 0);
}

static void an_error_names_every_provider_and_its_reason(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome o = { 0 };
        set_env(f, "AWS_EC2_METADATA_DISABLED=", "true");
        get(f, &o);
        assert_int_equal(o.error, -ENOENT);
        assert_string_equal(o.why, "static: no keys in the configuration; environment: AWS_ACCESS_KEY_ID is not set; "
                                   "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; files: the shared files have no profile 'default'; "
                                   "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set; "
                                   "imds: AWS_EC2_METADATA_DISABLED is true");
        assert_null(credentials_cached(f->chain));
}

/* Each sets a provider up wrongly in front of instance metadata that would work. */
static void half_an_environment(struct fixture *f) {
        set_env(f, "AWS_ACCESS_KEY_ID=", "env");
}
static void half_a_profile(struct fixture *f) {
        use_file(f, "[default]\naws_access_key_id = d\n");
}
static void a_missing_profile(struct fixture *f) {
        set_env(f, "AWS_PROFILE=", "nowhere");
}
static void a_profile_with_a_role(struct fixture *f) {
        use_file(f, "[default]\nrole_arn = arn:aws:iam::1:role/r\naws_access_key_id = d\naws_secret_access_key = s\n");
}
static void a_malformed_file(struct fixture *f) {
        use_file(f, "[default\n");
}
static void half_explicit_keys(struct fixture *f) {
        f->options.access_key_id = "x";
}

static void a_broken_identity_is_never_replaced_by_another(void **state) {
        static void (*const breakages[])(struct fixture *) = {
                half_an_environment,   half_a_profile,   a_missing_profile,
                a_profile_with_a_role, a_malformed_file, half_explicit_keys,
        };
        for (size_t i = 0; i < ARRAY_SIZE(breakages); i++) {
                struct fixture *f = *state;
                _cleanup_(outcome_done) struct outcome o = { 0 };
                f->environment = text_list_free(f->environment);
                set_env(f, "HOME=", f->folder);
                use_imds(f);
                breakages[i](f);
                make_chain(f);
                get(f, &o);
                if (o.error == 0)
                        fail_msg("breakage %zu was passed over for %s", i, o.found->provider);
                assert_int_equal(f->server.request_count, 0);
        }
}

static void many_waits_cause_one_search(void **state) {
        struct fixture *f = *state;
        struct outcome o[20] = { 0 };
        _cleanup_(outcome_done) struct outcome late = { 0 };
        struct credentials_wait *cancelled;
        use_imds(f);
        make_chain(f);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++)
                assert_int_equal(credentials_get(f->chain, on_credentials, &o[i], i == 7 ? &cancelled : NULL), 0);
        assert_null(credentials_cancel(cancelled));
        while (f->server.request_count == 0) /* half-way through the search */
                assert_true(sd_event_run(f->event, 10000000) > 0);
        assert_int_equal(credentials_get(f->chain, on_credentials, &late, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
                if (i == 7)
                        continue;
                assert_true(loop_until(f->event, &o[i].done));
                assert_int_equal(o[i].error, 0);
                assert_int_equal(o[i].count, 1);
                outcome_done(&o[i]);
        }
        assert_int_equal(o[7].count, 0);
        assert_int_equal(late.count, 1);
        assert_int_equal(f->server.request_count, 3);
}

static void a_failed_refresh_keeps_the_old_ones_while_they_last(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        use_imds(f);
        expire_in(f, 40 * USEC_PER_SEC);
        get(f, &first);
        assert_non_null(credentials_cached(f->chain));
        f->broken = true;
        get(f, &second);
        assert_int_equal(second.error, 0);
        assert_string_equal(second.found->access_key_id, "AKID3");
}

static void expired_ones_are_not_used(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        use_imds(f);
        expire_in(f, 0);
        get(f, &first);
        assert_null(credentials_cached(f->chain));
        f->broken = true;
        get(f, &second);
        assert_int_equal(second.error, -EIO);
        assert_non_null(strstr(second.why, "imds: asking for a session token: HTTP 500"));
}

static void what_the_server_refused_is_asked_for_again_once(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        use_imds(f);
        get(f, &first);
        credentials_expire(f->chain, first.found);
        assert_null(credentials_cached(f->chain));
        get(f, &second);
        assert_string_equal(second.found->access_key_id, "AKID6");
        credentials_expire(f->chain, first.found); /* a late failure with the old ones changes nothing */
        assert_ptr_equal(credentials_cached(f->chain), second.found);
}

static void ageing_ones_are_refreshed_while_they_serve(void **state) {
        struct fixture *f = *state;
        _cleanup_(outcome_done) struct outcome first = { 0 }, second = { 0 };
        use_imds(f);
        expire_in(f, 3 * USEC_PER_MINUTE);
        get(f, &first);
        /* inside the window, but a search has just ended: not again at once */
        assert_ptr_equal(credentials_cached(f->chain), first.found);
        while (sd_event_run(f->event, 1000) > 0)
                ;
        assert_int_equal(f->server.request_count, 3);
}

static void freshness_follows_from_the_time_left(void **state) {
        const uint64_t now = 1000 * USEC_PER_MINUTE, jitter = 30 * USEC_PER_SEC;
        const struct {
                uint64_t left, not_before;
                enum credentials_freshness freshness;
        } rows[] = {
                { 6 * USEC_PER_MINUTE, 0, CREDENTIALS_FRESH },
                { 5 * USEC_PER_MINUTE + jitter + 1, 0, CREDENTIALS_FRESH },
                { 5 * USEC_PER_MINUTE + jitter, 0, CREDENTIALS_AGEING },
                { 1, 0, CREDENTIALS_AGEING },
                { 0, 0, CREDENTIALS_EXPIRED },
                { 2 * USEC_PER_MINUTE, now + 1, CREDENTIALS_FRESH },
                { 1, now + 1, CREDENTIALS_FRESH },
                { 0, now + 1, CREDENTIALS_EXPIRED },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_int_equal(credentials_freshness(now + rows[i].left, now, rows[i].not_before, jitter),
                                 rows[i].freshness);
        assert_int_equal(credentials_freshness(USEC_INFINITY, now, 0, jitter), CREDENTIALS_FRESH);
        assert_int_equal(credentials_freshness(now - 1, now, 0, jitter), CREDENTIALS_EXPIRED);
}

static void answers_that_are_not_credentials_are_told(void **state) {
        static const char *const wrong[] = {
                "",
                "x",
                "[]",
                "{}",
                "{\"AccessKeyId\":\"a\"}",
                "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Expiration\":\"soon\"}"
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct aws_credentials *c = NULL;
                const char *why = NULL;
                assert_int_equal(credentials_from_json("t", wrong[i], strlen(wrong[i]), &c, &why), -EBADMSG);
                assert_non_null(why);
        }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(explicit_keys_win_over_the_environment),
                TEST(the_environment_wins_over_the_files),
                TEST(a_profile_gives_its_static_keys),
                TEST(the_container_endpoint_is_asked_with_its_token),
                TEST(the_containers_token_file_is_read_anew_at_each_refresh),
                TEST(the_containers_token_goes_to_no_other_host),
                TEST(instance_metadata_is_asked_by_version_2),
                TEST(version_1_is_used_only_where_it_is_allowed),
                TEST(an_error_names_every_provider_and_its_reason),
                TEST(a_broken_identity_is_never_replaced_by_another),
                TEST(many_waits_cause_one_search),
                TEST(a_failed_refresh_keeps_the_old_ones_while_they_last),
                TEST(expired_ones_are_not_used),
                TEST(what_the_server_refused_is_asked_for_again_once),
                TEST(ageing_ones_are_refreshed_while_they_serve),
                TEST(freshness_follows_from_the_time_left),
                TEST(answers_that_are_not_credentials_are_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
