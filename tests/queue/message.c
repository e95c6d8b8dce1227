/* SPDX-License-Identifier: Apache-2.0 */
/* Digests are made once, when the message is made; a receive only copies them. */
#include "tests/queue/message.h"

#include <errno.h>

#include "common/base/text.h"

struct message *message_free(struct message *m) {
        if (!m)
                return NULL;
        attributes_done(&m->attributes);
        free(m->body);
        free(m->trace_header);
        free(m->group);
        free(m->deduplication_id);
        free(m->dead_letter_source);
        free(m);
        return NULL;
}

int message_new(const char *body, size_t len, struct attributes *attributes, struct message **ret) {
        _cleanup_(message_freep) struct message *m = calloc(1, sizeof(*m));
        uint8_t md5[MD5_BYTES];
        if (!m)
                return -ENOMEM;

        m->body = text_dup_n(body, len);
        if (!m->body)
                return -ENOMEM;
        m->body_len = len;
        int r = digest(DIGEST_MD5, body, len, md5);
        if (r < 0)
                return r;
        hex_encode(md5, sizeof(md5), m->body_md5);

        if (attributes->count > 0) {
                r = attributes_md5(attributes, NULL, m->attributes_md5);
                if (r < 0)
                        return r;
        }
        m->attributes = *attributes;
        *attributes = (struct attributes){ 0 };
        *ret = TAKE_PTR(m);
        return 0;
}

int message_set_trace_header(struct message *m, const char *value) {
        _cleanup_(attributes_done) struct attributes one = { 0 };
        if (!value)
                return 0;

        int r = attributes_add(&one, "AWSTraceHeader", "String", value, strlen(value));
        if (r < 0)
                return r;
        r = attributes_md5(&one, NULL, m->trace_md5);
        return r < 0 ? r : text_replace(&m->trace_header, value);
}
