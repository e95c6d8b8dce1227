/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/base/file.h"
#include "tests/unit/sigv4_vector.h"

#define VECTORS "tests/unit/vectors/sigv4"

static void assert_text(const char *file, const char *what, const struct value *expected, const struct buf *made) {
        const char *text = value_map_string(expected, what);
        if (!text || strcmp(text, made->data) != 0)
                fail_msg("%s: %s\n--- expected\n%s\n--- made\n%s", file, what, text ? text : "(none)", made->data);
}

static void replay(const char *file, struct sigv4_key_cache *cache) {
        _cleanup_(buf_done) struct buf canonical = { 0 }, to_sign = { 0 }, authorization = { 0 };
        _cleanup_(vector_done) struct vector v = { 0 };
        _cleanup_value_ struct value *expected = NULL;
        _cleanup_free_ char *path = path_join(VECTORS, file), *text = NULL;
        size_t len;

        assert_int_equal(file_read(path, 1 << 24, &text, &len), 0);
        assert_int_equal(json_parse(text, len, &expected, NULL, NULL), 0);
        const struct value *request = value_map_get(expected, "request");
        assert_int_equal(vector_parse_request(&v, value_string(request), value_string_len(request)), 0);
        assert_int_equal(vector_use_context(&v, value_map_get(expected, "context")), 0);
        v.context.cache = cache;
        struct sigv4_result result = {
                .canonical_request = &canonical,
                .string_to_sign = &to_sign,
                .authorization = &authorization,
        };
        assert_int_equal(sigv4_sign(&v.request, &v.context, &result), 0);
        if (value_map_get(expected, "canonical_request")) {
                assert_text(file, "canonical_request", expected, &canonical);
                assert_text(file, "string_to_sign", expected, &to_sign);
        }
        assert_text(file, "authorization", expected, &authorization);
}

static void replay_all(struct sigv4_key_cache *cache) {
        DIR *d = opendir(VECTORS);
        size_t count = 0;
        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d));)
                if (text_ends_with(e->d_name, ".json")) {
                        replay(e->d_name, cache);
                        count++;
                }
        closedir(d);
        assert_true(count >= 30);
}

static void every_vector_of_an_independent_signer_is_signed_the_same(void **state) {
        replay_all(NULL);
}

static void a_shared_key_cache_changes_no_signature(void **state) {
        struct sigv4_key_cache cache = { 0 };
        replay_all(&cache);
        replay_all(&cache);
        sigv4_key_cache_done(&cache);
}

static void sign_with(struct sigv4_key_cache *cache, uint64_t time, const char *region, const char *secret,
                      struct buf *authorization) {
        _cleanup_(aws_credentials_unrefp) struct aws_credentials *c = aws_credentials_new("t", "A", secret, NULL, 0);
        const struct sigv4_request request = { .method = "POST", .url = "http://127.0.0.1:9324/" };
        const struct sigv4_context context = {
                .realtime_usec = time,
                .region = region,
                .service = "sqs",
                .credentials = c,
                .cache = cache,
        };
        struct sigv4_result result = { .authorization = authorization };
        assert_int_equal(sigv4_sign(&request, &context, &result), 0);
}

static void the_cached_key_follows_day_region_and_secret(void **state) {
        static const struct {
                uint64_t time;
                const char *region, *secret;
        } steps[] = {
                { UINT64_C(1700000000000000), "eu-north-1", "one" },
                { UINT64_C(1700000000000000), "eu-north-1", "one" },
                { UINT64_C(1700086400000000), "eu-north-1", "one" },
                { UINT64_C(1700086400000000), "eu-west-1", "one" },
                { UINT64_C(1700086400000000), "eu-west-1", "two" },
                { UINT64_C(1700000000000000), "eu-north-1", "one" },
        };
        struct sigv4_key_cache cache = { 0 };
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                _cleanup_(buf_done) struct buf cached = { 0 }, fresh = { 0 };
                sign_with(&cache, steps[i].time, steps[i].region, steps[i].secret, &cached);
                sign_with(NULL, steps[i].time, steps[i].region, steps[i].secret, &fresh);
                assert_string_equal(cached.data, fresh.data);
        }
        sigv4_key_cache_done(&cache);
}

static void a_request_without_a_host_is_refused(void **state) {
        _cleanup_(aws_credentials_unrefp) struct aws_credentials *c = aws_credentials_new("t", "A", "B", NULL, 0);
        const struct sigv4_request request = { .method = "GET", .url = "/path" };
        const struct sigv4_context context = { .region = "r", .service = "s", .credentials = c };
        struct sigv4_result result = { 0 };
        assert_int_equal(sigv4_sign(&request, &context, &result), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_vector_of_an_independent_signer_is_signed_the_same),
                cmocka_unit_test(a_shared_key_cache_changes_no_signature),
                cmocka_unit_test(the_cached_key_follows_day_region_and_secret),
                cmocka_unit_test(a_request_without_a_host_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
