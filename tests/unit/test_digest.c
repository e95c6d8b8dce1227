/* SPDX-License-Identifier: Apache-2.0 */
/* common/base/digest.h, against published vectors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/digest.h"

static const struct {
        enum digest_type type;
        const char *text, *hex;
} vectors[] = {
        { DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
        { DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
        { DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { DIGEST_SHA512, "abc",
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void digests_match_the_published_ones(void **state) {
        uint8_t out[SHA512_BYTES];
        char hex[HEX_SIZE(SHA512_BYTES)];

        /* Twice: what is kept between calls must not show. */
        for (size_t i = 0; i < 2 * ARRAY_SIZE(vectors); i++) {
                size_t v = i % ARRAY_SIZE(vectors);

                assert_int_equal(digest(vectors[v].type, vectors[v].text, strlen(vectors[v].text), out), 0);
                assert_string_equal(hex_encode(out, digest_size(vectors[v].type), hex), vectors[v].hex);
        }
}

static void digests_in_pieces_match_and_start_anew(void **state) {
        _cleanup_(digest_freep) struct digest_state *s = digest_new(DIGEST_SHA256);
        uint8_t out[SHA256_BYTES];
        char hex[HEX_SIZE(SHA256_BYTES)];

        assert_non_null(s);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(digest_update(s, "a", 1), 0);
                assert_int_equal(digest_update(s, "bc", 2), 0);
                assert_int_equal(digest_final(s, out), 0);
                assert_string_equal(hex_encode(out, sizeof(out), hex), vectors[4].hex);
        }
        assert_null(digest_free(NULL));
}

static void add_part(struct digest_state *s, const char *part) {
        size_t len = strlen(part);
        const uint8_t prefix[] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

        assert_int_equal(digest_update(s, prefix, sizeof(prefix)), 0);
        assert_int_equal(digest_update(s, part, len), 0);
}

static void the_md5_of_sqs_attributes_can_be_built(void **state) {
        _cleanup_(digest_freep) struct digest_state *s = digest_new(DIGEST_MD5);
        uint8_t out[MD5_BYTES];
        char hex[HEX_SIZE(MD5_BYTES)];

        add_part(s, "attribName1");
        add_part(s, "String");
        assert_int_equal(digest_update(s, "\001", 1), 0);
        add_part(s, "attribValue 1");
        assert_int_equal(digest_final(s, out), 0);
        assert_string_equal(hex_encode(out, sizeof(out), hex), "19e27d4e946b072f3f58da80d94fd778");
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than the block). */
static void hmac_matches_rfc_4231(void **state) {
        uint8_t key[131], out[SHA256_BYTES];
        char hex[HEX_SIZE(SHA256_BYTES)];

        memset(key, 0x0b, 20);
        assert_int_equal(hmac_sha256(key, 20, "Hi There", 8, out), 0);
        assert_string_equal(hex_encode(out, sizeof(out), hex),
                            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_int_equal(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out), 0);
        assert_string_equal(hex_encode(out, sizeof(out), hex),
                            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        memset(key, 0xaa, sizeof(key));
        assert_int_equal(hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, out),
                         0);
        assert_string_equal(hex_encode(out, sizeof(out), hex),
                            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        assert_int_equal(hmac_sha256("", 0, "", 0, out), 0);
        assert_string_equal(hex_encode(out, sizeof(out), hex),
                            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 4648 section 10. */
static const char *const base64_pairs[][2] = {
        { "", "" },         { "f", "Zg==" },         { "fo", "Zm8=" },         { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xef\xfe", "/+/+" },
};

static void base64_matches_rfc_4648_both_ways(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(base64_pairs); i++) {
                const char *plain = base64_pairs[i][0], *text = base64_pairs[i][1];
                _cleanup_(buf_done) struct buf encoded = { 0 }, decoded = { 0 };

                assert_int_equal(buf_append_str(&encoded, ">"), 0);
                assert_int_equal(base64_encode(&encoded, plain, strlen(plain)), 0);
                assert_string_equal(encoded.data + 1, text);
                assert_int_equal(base64_decode(&decoded, text, strlen(text)), 0);
                assert_int_equal(decoded.len, strlen(plain));
                assert_memory_equal(decoded.data, plain, decoded.len);
        }
}

static void base64_that_no_encoder_writes_is_refused(void **state) {
        static const char *const bad[] = { "Z",    "Zg",   "Zg=",   "Zg==\n", "Z g=", "Zm9v=", "=",    "====",
                                           "Zg=a", "Zh==", "Zm9=",  "Zm-_",   "Z===", "Zg==Zg==" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_(buf_done) struct buf b = { 0 };

                assert_int_equal(base64_decode(&b, bad[i], strlen(bad[i])), -EINVAL);
                assert_int_equal(b.len, 0);
        }
}

static void secrets_are_wiped(void **state) {
        char secret[] = "hunter2";

        secret_wipe(secret, sizeof(secret));
        for (size_t i = 0; i < sizeof(secret); i++)
                assert_int_equal(secret[i], 0);
        assert_null(secret_free(strdup("hunter2")));
        assert_null(secret_free(NULL));
}

static void random_bytes_differ(void **state) {
        uint8_t a[32] = { 0 }, b[32] = { 0 };

        assert_int_equal(random_bytes(a, sizeof(a)), 0);
        assert_int_equal(random_bytes(b, sizeof(b)), 0);
        assert_memory_not_equal(a, b, sizeof(a));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(digests_match_the_published_ones),
                cmocka_unit_test(digests_in_pieces_match_and_start_anew),
                cmocka_unit_test(the_md5_of_sqs_attributes_can_be_built),
                cmocka_unit_test(hmac_matches_rfc_4231),
                cmocka_unit_test(base64_matches_rfc_4648_both_ways),
                cmocka_unit_test(base64_that_no_encoder_writes_is_refused),
                cmocka_unit_test(secrets_are_wiped),
                cmocka_unit_test(random_bytes_differ),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
