/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever answers in the name of STS, or of a credential_process and the SSO portal. */
#include <stdint.h>
#include <stdlib.h>

#include "common/aws/credentials_provider.h"
#include "common/aws/xml.h"
#include "common/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every event keeps the stack of names balanced, and a document that ends well has closed what it opened. */
static void walk(const char *text, size_t len) {
        struct xml x;
        size_t open = 0;
        int r;
        xml_init(&x, text, len);
        while ((r = xml_next(&x)) > 0) {
                open += r == XML_OPEN;
                if (x.depth != open || x.depth == 0 || x.depth > XML_DEPTH_MAX)
                        abort();
                open -= r == XML_CLOSE;
        }
        if (r == XML_END && open != 0)
                abort();
        xml_done(&x);
}

static void decode(const char *text, size_t len) {
        struct aws_credentials *c = NULL;
        const char *why = NULL;
        int r = sts_decode(text, len, "fuzz", &c, &why);
        if (r == 0 && (!c->access_key_id[0] || !c->secret_access_key[0] || !c->session_token))
                abort();
        if (r < 0 && (c || !why))
                abort();
        aws_credentials_unref(c);
        struct aws_error e = sts_decode_error(text, len, 403);
        if (!text_is_utf8(e.message, strlen(e.message)) || strpbrk(e.message, "\r\n"))
                abort();
        c = NULL;
        if (credentials_from_process(text, len, &c, &why) == 0)
                aws_credentials_unref(c);
}

static void split(const char *text, size_t len) {
        _cleanup_free_ char *line = text_dup_n(text, len);
        _cleanup_(text_list_freep) char **words = NULL;
        if (line && credentials_split_command(line, &words) == 0 && text_list_count(words) == 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = size > 0 ? (const char *)data : "";
        walk(text, size);
        decode(text, size);
        split(text, size);
        return 0;
}
