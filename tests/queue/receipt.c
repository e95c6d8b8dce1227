/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 of queue, message and receive number and a check sum, so that junk is told from a handle that went stale. */
#include "tests/queue/receipt.h"

#include <errno.h>
#include <string.h>

#include "common/base/digest.h"

struct wire {
        struct receipt receipt;
        uint64_t check;
};

static uint64_t check_of(const struct receipt *r) {
        const unsigned char *p = (const unsigned char *)r;
        uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

        for (size_t i = 0; i < sizeof(*r); i++)
                hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
        return hash;
}

int receipt_write(struct buf *out, const struct message *m) {
        struct wire w = { .receipt = { m->queue->number, m->number, m->receipt } };

        w.check = check_of(&w.receipt);
        return base64_encode(out, &w, sizeof(w));
}

int receipt_read(const char *handle, struct receipt *ret) {
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(4096);
        struct wire w;

        if (base64_decode(&bytes, handle, strlen(handle)) < 0 || bytes.len != sizeof(w))
                return -EINVAL;
        memcpy(&w, bytes.data, sizeof(w));
        if (w.check != check_of(&w.receipt))
                return -EINVAL;
        *ret = w.receipt;
        return 0;
}
