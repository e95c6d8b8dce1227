/* SPDX-License-Identifier: Apache-2.0 */
/* SQS's checksums: plain MD5 for the body, and for message attributes an MD5 over names, data types and values, each
 * with its length, sorted by name. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/aws/sqs_codec.h"
#include "common/base/digest.h"
#include "common/base/text.h"

int sqs_md5_of_body(const void *body, size_t len, char ret_hex[33]) {
        uint8_t md5[MD5_BYTES];
        int r = digest(DIGEST_MD5, body, len, md5);
        if (r < 0)
                return r;
        hex_encode(md5, sizeof(md5), ret_hex);
        return 0;
}

bool sqs_attribute_is_binary(const struct sqs_attribute *a) {
        const char *rest = text_after(a->data_type, "Binary");
        return rest && (*rest == '\0' || *rest == '.');
}

static int compare_names(const void *a, const void *b) {
        const struct sqs_attribute *x = a, *y = b;
        return strcmp(x->name, y->name);
}

static int add_field(struct buf *b, const void *data, size_t len) {
        uint32_t big_endian = htonl((uint32_t)len);
        buf_append(b, &big_endian, sizeof(big_endian));
        return buf_append(b, data, len);
}

int sqs_md5_of_attributes(const struct sqs_attribute *attributes, size_t count, char ret_hex[33]) {
        _cleanup_free_ struct sqs_attribute *sorted = calloc(count + 1, sizeof(*sorted));
        _cleanup_(buf_done) struct buf b = { 0 };
        if (!sorted)
                return -ENOMEM;
        if (count > 0)
                memcpy(sorted, attributes, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), compare_names);
        for (size_t i = 0; i < count; i++) {
                const struct sqs_attribute *a = &sorted[i];
                add_field(&b, a->name, strlen(a->name));
                add_field(&b, a->data_type, strlen(a->data_type));
                buf_append_char(&b, sqs_attribute_is_binary(a) ? 2 : 1);
                add_field(&b, a->value, a->len);
        }
        if (buf_error(&b) < 0)
                return buf_error(&b);
        return sqs_md5_of_body(b.data ? b.data : "", b.len, ret_hex);
}
