/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/http_answer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/base/text.h"

/* Bytes of a header need not be UTF-8, and a value must be. */
static struct value *header_value(const char *text) {
        size_t len = strlen(text);
        char *copy = text_is_utf8(text, len) ? NULL : text_dup(text);

        if (!copy)
                return value_new_string(text);
        for (char *p = copy; *p; p++)
                if ((unsigned char)*p >= 0x80)
                        *p = '?';
        return value_new_string_take(copy, len);
}

/* What a header was called first is its key: names differ in case only by accident. */
static const char *known_name(const struct value *map, const char *name) {
        for (size_t i = 0; i < value_count(map); i++)
                if (strcasecmp(value_map_key_at(map, i), name) == 0)
                        return value_map_key_at(map, i);
        return NULL;
}

static int add_header(struct value *map, const char *name, size_t name_len, const char *text) {
        _cleanup_free_ char *own = text_dup_n(name, name_len);
        const char *known;
        int r;

        if (!own)
                return -ENOMEM;
        if (!text_is_utf8(own, name_len))
                return 0;
        known = known_name(map, own);
        if (!known) {
                r = value_map_put(map, own, value_new_list());
                if (r < 0)
                        return r;
                known = own;
        }
        return value_list_add(value_map_get(map, known), header_value(text));
}

struct value *http_answer_outputs(const struct http_response *r, const char *uri) {
        _cleanup_value_ struct value *outputs = value_new_map(), *headers = value_new_map();
        const char *name, *text;
        size_t at = 0, name_len;
        int k = outputs && headers ? 0 : -ENOMEM;

        while (k == 0 && http_response_next(r, &at, &name, &name_len, &text))
                k = add_header(headers, name, name_len, text);
        if (k == 0 && uri)
                k = value_map_put(outputs, "uri", value_new_string(uri));
        if (k == 0)
                k = value_map_put(outputs, "code", value_new_int((int64_t)r->status));
        if (k == 0)
                k = value_map_put(outputs, "headers", TAKE_PTR(headers));
        return k == 0 ? TAKE_PTR(outputs) : NULL;
}

/* --- names of files -------------------------------------------------------------------------------------------------- */

static const char *last_part(const char *name) {
        const char *slash = strrchr(name, '/'), *backslash = strrchr(name, '\\');

        name = slash ? slash + 1 : name;
        return backslash && backslash >= name ? backslash + 1 : name;
}

/* filename="…" of a Content-Disposition (RFC 6266); the encoded form, filename*, is not read. NULL: none. */
static char *disposition_name(const char *header) {
        for (const char *p = header; (p = strcasestr(p, "filename=")); p++) {
                const char *start = p + strlen("filename=");
                size_t len;

                if (p > header && !strchr("; \t", p[-1]))
                        continue;
                if (*start == '"')
                        return text_dup_n(start + 1, strcspn(start + 1, "\""));
                len = strcspn(start, "; \t");
                return text_dup_n(start, len);
        }
        return NULL;
}

char *http_answer_file_name(const struct http_response *r, const char *url) {
        const char *header = http_response_header(r, "Content-Disposition");
        _cleanup_free_ char *name = header ? disposition_name(header) : NULL;

        if (!name || !*last_part(name)) {
                const char *path = strstr(url, "://");

                free(name);
                path = path ? path + 3 + strcspn(path + 3, "/?#") : "";
                name = text_dup_n(path, strcspn(path, "?#"));
        }
        if (!name)
                return NULL;
        return text_dup(*last_part(name) ? last_part(name) : "download");
}
