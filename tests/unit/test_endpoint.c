/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/aws/endpoint.h"
#include "common/base/file.h"
#include "common/base/text.h"

static char *nothing[] = { NULL };

/* A profile as if it stood in ~/.aws/config. */
static struct aws_profile *profile(const char *config) {
        char path[] = "/tmp/test_endpoint.XXXXXX";
        _cleanup_close_ int fd = mkstemp(path);
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_free_ char *variable = text_printf("AWS_CONFIG_FILE=%s", path);
        char *environment[] = { variable, NULL };
        struct aws_profile *p = NULL;
        assert_int_equal(fd_write_all(fd, config, strlen(config)), 0);
        int r = aws_profile_load(environment, NULL, &diag, &p);
        unlink(path);
        assert_int_equal(r, 0);
        return p;
}

struct row {
        enum aws_service service;
        const char *endpoint, *region, *queue_url;
        const char *environment[4];
        const char *profile;
        const char *expected_region, *expected_url; /* region NULL: an error that contains expected_url */
};

static void check(const struct row *rows, size_t count) {
        for (size_t i = 0; i < count; i++) {
                const struct row *row = &rows[i];
                _cleanup_(aws_profile_freep) struct aws_profile *p = row->profile ? profile(row->profile) : NULL;
                const struct endpoint_inputs in = {
                        .service = row->service,
                        .endpoint = row->endpoint,
                        .region = row->region,
                        .queue_url = row->queue_url,
                        .environment = (char *const *)row->environment,
                        .profile = p,
                };
                struct endpoint e;
                const char *why = NULL;
                int r = endpoint_resolve(&in, &e, &why);
                if (!row->expected_region) {
                        assert_int_equal(r, -EINVAL);
                        if (!strstr(why, row->expected_url))
                                fail_msg("row %zu: '%s' does not speak of '%s'", i, why, row->expected_url);
                        continue;
                }
                if (r < 0)
                        fail_msg("row %zu: %s", i, why);
                if (!text_eq(e.region, row->expected_region) || !text_eq(e.url, row->expected_url))
                        fail_msg("row %zu: %s %s, expected %s %s", i, e.region, e.url, row->expected_region,
                                 row->expected_url);
        }
}

static void a_region_gives_the_endpoint_of_its_partition(void **state) {
        static const struct row rows[] = {
                { .region = "eu-north-1",
                  .expected_region = "eu-north-1",
                  .expected_url = "https://sqs.eu-north-1.amazonaws.com" },
                { .region = "cn-north-1",
                  .expected_region = "cn-north-1",
                  .expected_url = "https://sqs.cn-north-1.amazonaws.com.cn" },
                { .region = "us-gov-west-1",
                  .expected_region = "us-gov-west-1",
                  .expected_url = "https://sqs.us-gov-west-1.amazonaws.com" },
                { .region = "us-iso-east-1",
                  .expected_region = "us-iso-east-1",
                  .expected_url = "https://sqs.us-iso-east-1.c2s.ic.gov" },
                { .region = "us-isob-east-1",
                  .expected_region = "us-isob-east-1",
                  .expected_url = "https://sqs.us-isob-east-1.sc2s.sgov.gov" },
        };
        check(rows, ARRAY_SIZE(rows));
}

static void fips_and_dual_stack_change_the_host(void **state) {
        static const struct row rows[] = {
                { .region = "us-east-1",
                  .environment = { "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_region = "us-east-1",
                  .expected_url = "https://sqs-fips.us-east-1.amazonaws.com" },
                { .region = "us-east-1",
                  .environment = { "AWS_USE_DUALSTACK_ENDPOINT=True" },
                  .expected_region = "us-east-1",
                  .expected_url = "https://sqs.us-east-1.api.aws" },
                { .region = "us-east-1",
                  .environment = { "AWS_USE_DUALSTACK_ENDPOINT=true", "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_region = "us-east-1",
                  .expected_url = "https://sqs-fips.us-east-1.api.aws" },
                { .region = "us-gov-east-1",
                  .environment = { "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_region = "us-gov-east-1",
                  .expected_url = "https://sqs.us-gov-east-1.amazonaws.com" },
                { .region = "us-east-1",
                  .profile = "[default]\nuse_fips_endpoint = true\n",
                  .expected_region = "us-east-1",
                  .expected_url = "https://sqs-fips.us-east-1.amazonaws.com" },
                { .region = "us-east-1",
                  .environment = { "AWS_USE_FIPS_ENDPOINT=false" },
                  .profile = "[default]\nuse_fips_endpoint = true\n",
                  .expected_region = "us-east-1",
                  .expected_url = "https://sqs.us-east-1.amazonaws.com" },
                { .region = "us-east-1",
                  .endpoint = "http://x",
                  .environment = { "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_url = "cannot be combined" },
        };
        check(rows, ARRAY_SIZE(rows));
}

#define PROFILE                                                                                                        \
        "[default]\nregion = pr-east-1\nendpoint_url = http://p2\nservices = s\n[services s]\nsqs =\n endpoint_url = " \
        "http://p1\n"

static void endpoints_come_in_their_order_of_precedence(void **state) {
        static const struct row rows[] = {
                { .endpoint = "http://a:1/",
                  .region = "r1",
                  .profile = PROFILE,
                  .expected_region = "r1",
                  .environment = { "AWS_ENDPOINT_URL=http://e2", "AWS_ENDPOINT_URL_SQS=http://e1" },
                  .expected_url = "http://a:1" },
                { .region = "r1",
                  .profile = PROFILE,
                  .expected_region = "r1",
                  .environment = { "AWS_ENDPOINT_URL=http://e2", "AWS_ENDPOINT_URL_SQS=http://e1" },
                  .expected_url = "http://e1" },
                { .region = "r1",
                  .profile = PROFILE,
                  .environment = { "AWS_ENDPOINT_URL=http://e2" },
                  .expected_region = "r1",
                  .expected_url = "http://e2" },
                { .profile = PROFILE, .expected_region = "pr-east-1", .expected_url = "http://p1" },
                { .profile = "[default]\nregion=r\nendpoint_url = http://p2/base/\n",
                  .expected_region = "r",
                  .expected_url = "http://p2/base" },
                { .profile = PROFILE,
                  .environment = { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_ENDPOINT_URL_SQS=http://e1" },
                  .expected_region = "pr-east-1",
                  .expected_url = "https://sqs.pr-east-1.amazonaws.com" },
                { .endpoint = "http://a:1",
                  .environment = { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true" },
                  .expected_region = "us-east-1",
                  .expected_url = "http://a:1" },
        };
        check(rows, ARRAY_SIZE(rows));
}

#define NO_SERVICES "[default]\nregion = r\nendpoint_url = http://p2\nservices = gone\n"

static void a_services_section_that_is_not_there_is_an_error(void **state) {
        static const struct row rows[] = {
                { .profile = NO_SERVICES, .expected_url = "names a section" },
                { .profile = NO_SERVICES,
                  .environment = { "AWS_ENDPOINT_URL=http://e2" },
                  .expected_region = "r",
                  .expected_url = "http://e2" },
                { .profile = NO_SERVICES,
                  .environment = { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true" },
                  .expected_region = "r",
                  .expected_url = "https://sqs.r.amazonaws.com" },
        };
        check(rows, ARRAY_SIZE(rows));
}

#define STS_PROFILE                                                                                                    \
        "[default]\nregion = us-east-2\nendpoint_url = http://p2\nservices = s\n[services s]\nsqs =\n"                 \
        " endpoint_url = http://sqs\nsts =\n endpoint_url = http://p1\n"

static void sts_has_endpoints_of_its_own(void **state) {
        static const struct row rows[] = {
                { AWS_STS, .region = "eu-north-1", .expected_region = "eu-north-1",
                  .expected_url = "https://sts.eu-north-1.amazonaws.com" },
                { AWS_STS, .region = "cn-north-1", .expected_region = "cn-north-1",
                  .expected_url = "https://sts.cn-north-1.amazonaws.com.cn" },
                { AWS_STS, .region = "us-iso-east-1", .expected_region = "us-iso-east-1",
                  .expected_url = "https://sts.us-iso-east-1.c2s.ic.gov" },
                { AWS_STS, .expected_region = "us-east-1", .expected_url = "https://sts.us-east-1.amazonaws.com" },
                { AWS_STS, .environment = { "AWS_REGION=us-west-2" }, .expected_region = "us-west-2",
                  .expected_url = "https://sts.us-west-2.amazonaws.com" },
                /* FIPS and dual-stack */
                { AWS_STS, .region = "us-east-2", .environment = { "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_region = "us-east-2", .expected_url = "https://sts-fips.us-east-2.amazonaws.com" },
                { AWS_STS, .region = "us-gov-west-1", .environment = { "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_region = "us-gov-west-1", .expected_url = "https://sts.us-gov-west-1.amazonaws.com" },
                { AWS_STS, .region = "us-east-2", .environment = { "AWS_USE_DUALSTACK_ENDPOINT=true" },
                  .expected_region = "us-east-2", .expected_url = "https://sts.us-east-2.api.aws" },
                { AWS_STS, .region = "r", .endpoint = "http://x", .environment = { "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_url = "cannot be combined" },
                { AWS_STS, .region = "r",
                  .environment = { "AWS_ENDPOINT_URL_STS=http://x", "AWS_USE_DUALSTACK_ENDPOINT=true" },
                  .expected_url = "cannot be combined" },
                /* the global endpoint */
                { AWS_STS, .region = "eu-west-1", .environment = { "AWS_STS_REGIONAL_ENDPOINTS=legacy" },
                  .expected_region = "us-east-1", .expected_url = "https://sts.amazonaws.com" },
                { AWS_STS, .region = "eu-south-2", .environment = { "AWS_STS_REGIONAL_ENDPOINTS=legacy" },
                  .expected_region = "eu-south-2", .expected_url = "https://sts.eu-south-2.amazonaws.com" },
                { AWS_STS, .region = "eu-west-1", .profile = "[default]\nsts_regional_endpoints = legacy\n",
                  .expected_region = "us-east-1", .expected_url = "https://sts.amazonaws.com" },
                { AWS_STS, .region = "eu-west-1", .environment = { "AWS_STS_REGIONAL_ENDPOINTS=regional" },
                  .profile = "[default]\nsts_regional_endpoints = legacy\n", .expected_region = "eu-west-1",
                  .expected_url = "https://sts.eu-west-1.amazonaws.com" },
                { AWS_STS, .region = "eu-west-1",
                  .environment = { "AWS_STS_REGIONAL_ENDPOINTS=legacy", "AWS_USE_FIPS_ENDPOINT=true" },
                  .expected_region = "eu-west-1", .expected_url = "https://sts-fips.eu-west-1.amazonaws.com" },
                { AWS_STS, .region = "r", .environment = { "AWS_STS_REGIONAL_ENDPOINTS=global" },
                  .expected_url = "must be 'regional' or 'legacy'" },
                { AWS_SQS, .region = "eu-west-1", .environment = { "AWS_STS_REGIONAL_ENDPOINTS=legacy" },
                  .expected_region = "eu-west-1", .expected_url = "https://sqs.eu-west-1.amazonaws.com" },
                /* precedence; another service's endpoint is none */
                { AWS_STS, .endpoint = "http://o/", .profile = STS_PROFILE, .expected_region = "us-east-2",
                  .environment = { "AWS_ENDPOINT_URL=http://e2", "AWS_ENDPOINT_URL_STS=http://e1" },
                  .expected_url = "http://o" },
                { AWS_STS, .profile = STS_PROFILE, .expected_region = "us-east-2",
                  .environment = { "AWS_ENDPOINT_URL=http://e2", "AWS_ENDPOINT_URL_STS=http://e1",
                                   "AWS_ENDPOINT_URL_SQS=http://q" },
                  .expected_url = "http://e1" },
                { AWS_STS, .profile = STS_PROFILE, .environment = { "AWS_ENDPOINT_URL=http://e2" },
                  .expected_region = "us-east-2", .expected_url = "http://e2" },
                { AWS_STS, .profile = STS_PROFILE, .environment = { "AWS_ENDPOINT_URL_SQS=http://q" },
                  .expected_region = "us-east-2", .expected_url = "http://p1" },
                { AWS_STS, .profile = PROFILE, .expected_region = "pr-east-1", .expected_url = "http://p2" },
                { AWS_STS, .profile = STS_PROFILE,
                  .environment = { "AWS_ENDPOINT_URL_STS=http://e1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true" },
                  .expected_region = "us-east-2", .expected_url = "https://sts.us-east-2.amazonaws.com" },
                { AWS_SSO, .region = "eu-north-1", .expected_region = "eu-north-1",
                  .expected_url = "https://portal.sso.eu-north-1.amazonaws.com" },
                { AWS_SSO, .region = "eu-north-1", .environment = { "AWS_ENDPOINT_URL_SSO=http://s" },
                  .expected_region = "eu-north-1", .expected_url = "http://s" },
        };
        check(rows, ARRAY_SIZE(rows));
}

static void the_region_is_where_the_queue_is(void **state) {
        static const struct row rows[] = {
                { .region = "r1",
                  .queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
                  .environment = { "AWS_REGION=r2" },
                  .expected_region = "eu-west-1",
                  .expected_url = "https://sqs.eu-west-1.amazonaws.com" },
                { .region = "r1",
                  .endpoint = "http://a",
                  .queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
                  .expected_region = "r1",
                  .expected_url = "http://a" },
                { .endpoint = "http://a",
                  .queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
                  .expected_region = "eu-west-1",
                  .expected_url = "http://a" },
                { .region = "r1",
                  .environment = { "AWS_REGION=r2" },
                  .queue_url = "http://localhost:9324/000000000000/q",
                  .expected_region = "r1",
                  .expected_url = "http://localhost:9324" },
                { .queue_url = "https://sqs.example.com/123456789012/q",
                  .expected_region = "us-east-1",
                  .expected_url = "https://sqs.example.com" },
                { .region = "r1",
                  .environment = { "AWS_ENDPOINT_URL=http://a" },
                  .queue_url = "http://localhost:9324/000000000000/q",
                  .expected_region = "r1",
                  .expected_url = "http://a" },
                { .environment = { "AWS_DEFAULT_REGION=r3", "AWS_REGION=r2" },
                  .expected_region = "r2",
                  .expected_url = "https://sqs.r2.amazonaws.com" },
                { .environment = { "AWS_DEFAULT_REGION=r3" },
                  .profile = PROFILE,
                  .expected_region = "r3",
                  .expected_url = "http://p1" },
                { .expected_url = "no region" },
                { .region = "eu north", .expected_url = "may hold only" },
                { .region = "evil.example/", .expected_url = "may hold only" },
                { .region = "r", .queue_url = "orders", .expected_url = "queue URL" },
                { .region = "r", .endpoint = "ftp://x", .expected_url = "must be a URL" },
                { .region = "r", .endpoint = "http://", .expected_url = "must be a URL" },
                { .region = "r", .endpoint = "127.0.0.1:9324", .expected_url = "must be a URL" },
        };
        check(rows, ARRAY_SIZE(rows));
}

static void the_answer_names_the_setting_that_decided(void **state) {
        struct endpoint e;
        const char *why;
        static const char *const environment[] = { "AWS_REGION=eu-north-1", "AWS_ENDPOINT_URL=http://x", NULL };
        const struct endpoint_inputs set = { .environment = (char *const *)environment };
        assert_int_equal(endpoint_resolve(&set, &e, &why), 0);
        assert_string_equal(e.region_from, "AWS_REGION");
        assert_string_equal(e.url_from, "AWS_ENDPOINT_URL");
        const struct endpoint_inputs plain = { .environment = nothing, .region = "eu-north-1" };
        assert_int_equal(endpoint_resolve(&plain, &e, &why), 0);
        assert_string_equal(e.region_from, "agent.yaml");
        assert_string_equal(e.url_from, "region");
}

static void queue_urls_are_taken_apart(void **state) {
        static const struct {
                const char *url, *region, *account, *name;
        } good[] = {
                { "https://sqs.eu-north-1.amazonaws.com/123456789012/orders", "eu-north-1", "123456789012", "orders" },
                { "https://sqs.eu-north-1.amazonaws.com/123456789012/orders.fifo", "eu-north-1", "123456789012",
                  "orders.fifo" },
                { "https://sqs-fips.us-east-1.amazonaws.com/123456789012/q", "us-east-1", "123456789012", "q" },
                { "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1", "123456789012", "q" },
                { "https://sqs.us-east-2.api.aws/123456789012/q", "us-east-2", "123456789012", "q" },
                { "https://us-west-2.queue.amazonaws.com/123456789012/q", "us-west-2", "123456789012", "q" },
                { "https://queue.amazonaws.com/123456789012/q", "us-east-1", "123456789012", "q" },
                { "https://cn-north-1.queue.amazonaws.com.cn/123456789012/q", "cn-north-1", "123456789012", "q" },
                { "https://vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/q", "eu-west-1", "123456789012",
                  "q" },
                { "http://127.0.0.1:9324/000000000000/orders", "", "000000000000", "orders" },
                { "http://[::1]:9324/000000000000/orders", "", "000000000000", "orders" },
                { "http://localhost:4566/queue/eu-north-1/000000000000/orders", "", "000000000000", "orders" },
                { "http://localhost:9324/queue/orders", "", "", "orders" },
                { "http://localhost:9324/orders/", "", "", "orders" },
                { "https://sqs.eu-north-1.amazonaws.com.evil.example/1/q", "", "1", "q" },
                { "https://sqs.eu-north-1.localhost.localstack.cloud:4566/000000000000/q", "", "000000000000", "q" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                struct queue_url q;
                assert_int_equal(queue_url_parse(good[i].url, &q), 0);
                assert_string_equal(q.region, good[i].region);
                assert_string_equal(q.account, good[i].account);
                assert_string_equal(q.name, good[i].name);
                assert_int_equal(q.is_fifo, i == 1);
        }
        static const char *const bad[] = {
                "",           "orders", "https://", "https://host", "https://host/", "ftp://h/1/q", "https://h/1/na me",
                "http:///1/q"
        };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct queue_url q;
                if (queue_url_parse(bad[i], &q) != -EINVAL)
                        fail_msg("'%s' was taken for a queue URL", bad[i]);
        }
}

static void a_profile_is_the_merger_of_both_files(void **state) {
        char folder[] = "/tmp/test_endpoint.XXXXXX";
        assert_non_null(mkdtemp(folder));
        static const char config[] =
                "[default]\na = plain\n[profile default]\na = prefixed\nb = config\n[profile x]\nc = 1\n"
                "[y]\nd = 1\n";
        static const char keys[] = "[default]\nb = credentials\n[profile x]\nc = 2\n";
        _cleanup_free_ char *aws = path_join(folder, ".aws"), *home = text_printf("HOME=%s", folder);
        _cleanup_free_ char *c = path_join(aws, "config"), *k = path_join(aws, "credentials");
        assert_int_equal(dir_make_all(aws, 0700), 0);
        assert_int_equal(file_write_at(-100, c, config, strlen(config), 0600), 0);
        assert_int_equal(file_write_at(-100, k, keys, strlen(keys), 0600), 0);
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(aws_profile_freep) struct aws_profile *d = NULL, *x = NULL, *y = NULL;
        char profile_x[] = "AWS_PROFILE=x";
        char *environment[] = { home, profile_x, NULL };
        assert_int_equal(aws_profile_load(environment, "default", &diag, &d), 0);
        assert_string_equal(aws_profile_get(d, "a"), "prefixed");
        assert_string_equal(aws_profile_get(d, "b"), "credentials");
        assert_int_equal(aws_profile_load(environment, NULL, &diag, &x), 0);
        assert_string_equal(aws_profile_get(x, "c"), "1"); /* [profile x] means nothing in the credentials file */
        assert_int_equal(aws_profile_load(environment, "y", &diag, &y), 0);
        assert_false(y->exists); /* [y] means nothing in the config file */
        dir_remove_all(-100, folder);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_region_gives_the_endpoint_of_its_partition),
                cmocka_unit_test(fips_and_dual_stack_change_the_host),
                cmocka_unit_test(endpoints_come_in_their_order_of_precedence),
                cmocka_unit_test(a_services_section_that_is_not_there_is_an_error),
                cmocka_unit_test(sts_has_endpoints_of_its_own),
                cmocka_unit_test(the_region_is_where_the_queue_is),
                cmocka_unit_test(the_answer_names_the_setting_that_decided),
                cmocka_unit_test(queue_urls_are_taken_apart),
                cmocka_unit_test(a_profile_is_the_merger_of_both_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
