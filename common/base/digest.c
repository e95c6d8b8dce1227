/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's EVP digests. Looking an algorithm up (EVP_MD_fetch) costs more than digesting a message, so each is
 * looked up once and kept for the process's life, and so is the context of the one-shot functions. The libraries are
 * single-threaded, which makes that safe. Base64 and hex are in base64.c. */
#include "common/base/digest.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

struct digest_state {
        enum digest_type type;
        EVP_MD_CTX *context;
};

static struct {
        const char *name;
        size_t size;
        EVP_MD *algorithm;
} types[] = {
        [DIGEST_MD5] = { "MD5", MD5_BYTES, NULL },
        [DIGEST_SHA1] = { "SHA1", SHA1_BYTES, NULL },
        [DIGEST_SHA256] = { "SHA256", SHA256_BYTES, NULL },
        [DIGEST_SHA512] = { "SHA512", SHA512_BYTES, NULL },
};

/* NULL when OpenSSL does not offer it. */
static const EVP_MD *algorithm(enum digest_type type) {
        if (!types[type].algorithm)
                types[type].algorithm = EVP_MD_fetch(NULL, types[type].name, NULL);
        return types[type].algorithm;
}

int digest(enum digest_type type, const void *data, size_t len, uint8_t *out) {
        static EVP_MD_CTX *context;
        const EVP_MD *md = algorithm(type);

        if (!context)
                context = EVP_MD_CTX_new();
        if (!md || !context || EVP_DigestInit_ex2(context, md, NULL) != 1 ||
            EVP_DigestUpdate(context, data, len) != 1 || EVP_DigestFinal_ex(context, out, NULL) != 1)
                return -EIO;
        return 0;
}

size_t digest_size(enum digest_type type) {
        return types[type].size;
}

struct digest_state *digest_new(enum digest_type type) {
        struct digest_state *s = calloc(1, sizeof(*s));
        const EVP_MD *md = algorithm(type);

        if (!s)
                return NULL;
        s->type = type;
        s->context = EVP_MD_CTX_new();
        if (!md || !s->context || EVP_DigestInit_ex2(s->context, md, NULL) != 1)
                return digest_free(s);
        return s;
}

int digest_update(struct digest_state *s, const void *data, size_t len) {
        return EVP_DigestUpdate(s->context, data, len) == 1 ? 0 : -EIO;
}

int digest_final(struct digest_state *s, uint8_t *out) {
        if (EVP_DigestFinal_ex(s->context, out, NULL) != 1 ||
            EVP_DigestInit_ex2(s->context, algorithm(s->type), NULL) != 1)
                return -EIO;
        return 0;
}

struct digest_state *digest_free(struct digest_state *s) {
        if (!s)
                return NULL;
        EVP_MD_CTX_free(s->context);
        free(s);
        return NULL;
}

/* The context is made anew each time, because it holds the key. */
int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES]) {
        static EVP_MAC *hmac;
        static char digest_name[] = "SHA256";
        const OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                OSSL_PARAM_construct_end(),
        };
        EVP_MAC_CTX *context;
        size_t written;
        bool done;

        if (!hmac)
                hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
        done = context && EVP_MAC_init(context, key, key_len, params) == 1 &&
               EVP_MAC_update(context, data, len) == 1 && EVP_MAC_final(context, out, &written, SHA256_BYTES) == 1;
        EVP_MAC_CTX_free(context);
        return done ? 0 : -EIO;
}

void secret_wipe(void *p, size_t len) {
        OPENSSL_cleanse(p, len);
}

char *secret_free(char *s) {
        if (s)
                secret_wipe(s, strlen(s));
        free(s);
        return NULL;
}

int random_bytes(void *out, size_t len) {
        uint8_t *p = out;

        while (len > 0) {
                ssize_t n = getrandom(p, len, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                len -= (size_t)n;
        }
        return 0;
}
