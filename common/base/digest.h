/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, base64 and hex. MD5 is here for SQS's checksums only. The OpenSSL door, with sigv4's needs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

#define MD5_BYTES 16
#define SHA1_BYTES 20
#define SHA256_BYTES 32
#define SHA512_BYTES 64
#define HEX_SIZE(bytes) ((bytes) * 2 + 1)

enum digest_type { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512 };

/* One-shot. `out` must hold the type's bytes. 0 or -EIO when OpenSSL refuses (a FIPS provider without MD5). */
int digest(enum digest_type type, const void *data, size_t len, uint8_t *out) _must_check_;
size_t digest_size(enum digest_type type);

/* In pieces: SQS's MD5 of attributes is made of many. */
struct digest_state;
struct digest_state *digest_new(enum digest_type type); /* NULL: out of memory or refused */
int digest_update(struct digest_state *s, const void *data, size_t len);
int digest_final(struct digest_state *s, uint8_t *out); /* the state may be used for a new digest after that */
struct digest_state *digest_free(struct digest_state *s);
DEFINE_CLEANUP(struct digest_state *, digest_free)

int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES]) _must_check_;

/* Lower-case hex with NUL; `out` must hold HEX_SIZE(len). Returns out. */
char *hex_encode(const void *data, size_t len, char *out);

/* RFC 4648 section 4, with padding. Appends to b. Decoding is strict (no white space): -EINVAL. */
int base64_encode(struct buf *b, const void *data, size_t len);
int base64_decode(struct buf *b, const char *text, size_t len);

/* Overwrites secrets in a way the compiler keeps (OPENSSL_cleanse). */
void secret_wipe(void *p, size_t len);
/* Wipes and frees a NUL-terminated secret; returns NULL. */
char *secret_free(char *s);
DEFINE_CLEANUP(char *, secret_free)

/* Cryptographically strong random bytes (getrandom). 0 or -errno. */
int random_bytes(void *out, size_t len) _must_check_;
