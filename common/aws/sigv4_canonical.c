/* SPDX-License-Identifier: Apache-2.0 */
/* Method, path, query, headers and the body's hash, each written in the one way that signer and server agree on:
 *
 *   path     dot segments and repeated slashes are taken out, then everything but A-Za-z0-9-_.~/ is percent-encoded.
 * The path of a URL is encoded already, so this is the second time; s3 alone leaves the path as it was sent. query each
 * name and value is decoded and encoded again, so that it does not matter how it was written; sorted. headers
 * lower-case names, sorted; white space inside values becomes one space; equal names are joined by commas. */
#include "common/aws/sigv4_canonical.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/base/text.h"

struct canonical_header {
        const char *name;
        const char *value;
        size_t order; /* as given, so that equal names keep it */
};

static bool is_unreserved(unsigned char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_' || c == '.' ||
               c == '~';
}

static void append_encoded(struct buf *b, const char *s, size_t len, bool keep_slash) {
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)s[i];
                if (is_unreserved(c) || (keep_slash && c == '/'))
                        buf_append_char(b, (char)c);
                else
                        buf_appendf(b, "%%%02X", c);
        }
}

/* --- URL ---------------------------------------------------------------------------------------------------------- */

/* Authority, path and query of a URL; the path begins with '/' or is empty. */
struct url_parts {
        const char *scheme, *authority, *path, *query;
        size_t scheme_len, authority_len, path_len, query_len;
};

static struct url_parts url_split(const char *url) {
        struct url_parts u = { .scheme = url, .authority = "" };
        const char *colon = strstr(url, "://");
        size_t to_path = strcspn(url, "/?#");
        if (colon && colon + 1 == url + to_path) {
                u.scheme_len = (size_t)(colon - url);
                u.authority = colon + 3;
                u.authority_len = strcspn(u.authority, "/?#");
                url = u.authority + u.authority_len;
        }
        u.path = url;
        u.path_len = strcspn(url, "?#");
        u.query = url + u.path_len;
        if (*u.query == '?')
                u.query++;
        u.query_len = strcspn(u.query, "#");
        return u;
}

/* The Host header that HTTP clients send: without user info and without the scheme's own port. */
static char *url_host(const struct url_parts *u) {
        const char *at = memrchr(u->authority, '@', u->authority_len);
        const char *host = at ? at + 1 : u->authority;
        size_t len = u->authority_len - (size_t)(host - u->authority);
        const char *port = u->scheme_len == 5 ? ":443" : ":80";
        size_t port_len = strlen(port);
        if (len > port_len && memcmp(host + len - port_len, port, port_len) == 0)
                len -= port_len;
        return text_dup_n(host, len);
}

/* --- headers ------------------------------------------------------------------------------------------------------ */

static int compare_headers(const void *a, const void *b) {
        const struct canonical_header *x = a, *y = b;
        int r = strcasecmp(x->name, y->name);
        return r ? r : (x->order > y->order) - (x->order < y->order);
}

static bool has_header(const struct canonical_headers *h, const char *name) {
        for (size_t i = 0; i < h->count; i++)
                if (strcasecmp(h->list[i].name, name) == 0)
                        return true;
        return false;
}

static void add_header(struct canonical_headers *h, const char *name, const char *value) {
        assert(name && value && h->count < h->capacity);
        h->list[h->count] = (struct canonical_header){ name, value, h->count };
        h->count++;
}

int canonical_headers_init(struct canonical_headers *h, const struct sigv4_request *r, const struct http_header *extra,
                           size_t extra_count) {
        size_t capacity = r->header_count + extra_count + 1;
        struct canonical_header *list = calloc(capacity, sizeof(*list));
        if (!list)
                return -ENOMEM;
        *h = (struct canonical_headers){ .list = list, .capacity = capacity };
        for (size_t i = 0; i < r->header_count; i++)
                add_header(h, r->headers[i].name, r->headers[i].value);
        for (size_t i = 0; i < extra_count; i++)
                if (!has_header(h, extra[i].name))
                        add_header(h, extra[i].name, extra[i].value);
        if (!has_header(h, "host")) {
                struct url_parts u = url_split(r->url);
                if (u.authority_len == 0)
                        return -EINVAL;
                h->host = url_host(&u);
                if (!h->host)
                        return -ENOMEM;
                add_header(h, "host", h->host);
        }
        qsort(h->list, h->count, sizeof(*h->list), compare_headers);
        return 0;
}

void canonical_headers_done(struct canonical_headers *h) {
        free(h->list);
        free(h->host);
        *h = (struct canonical_headers){ 0 };
}

static bool is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static void append_value(struct buf *b, const char *s) {
        for (const char *separator = "";; separator = " ") {
                size_t len = 0;
                while (is_space(*s))
                        s++;
                while (s[len] && !is_space(s[len]))
                        len++;
                if (len == 0)
                        return;
                buf_append_str(b, separator);
                buf_append(b, s, len);
                s += len;
        }
}

static void append_lower(struct buf *b, const char *s) {
        for (; *s; s++)
                buf_append_char(b, *s >= 'A' && *s <= 'Z' ? (char)(*s | 0x20) : *s);
}

static bool same_as_previous(const struct canonical_headers *h, size_t i) {
        return i > 0 && strcasecmp(h->list[i].name, h->list[i - 1].name) == 0;
}

static void append_headers(struct buf *b, const struct canonical_headers *h) {
        for (size_t i = 0; i < h->count; i++) {
                if (same_as_previous(h, i)) {
                        buf_append_char(b, ',');
                } else {
                        if (i > 0)
                                buf_append_char(b, '\n');
                        append_lower(b, h->list[i].name);
                        buf_append_char(b, ':');
                }
                append_value(b, h->list[i].value);
        }
        buf_append_char(b, '\n');
}

int canonical_signed_names(struct buf *b, const struct canonical_headers *h) {
        for (size_t i = 0; i < h->count; i++) {
                if (same_as_previous(h, i))
                        continue;
                if (i > 0)
                        buf_append_char(b, ';');
                append_lower(b, h->list[i].name);
        }
        return buf_error(b);
}

/* --- path --------------------------------------------------------------------------------------------------------- */

/* Drops the last segment of what was written since `start`. */
static void pop_segment(struct buf *b, size_t start) {
        while (b->len > start && b->data[b->len - 1] != '/')
                b->len--;
        if (b->len > start)
                b->len--;
}

static void append_segments(struct buf *b, const char *path, size_t len, bool single_encode) {
        if (single_encode)
                buf_append(b, path, len);
        else
                append_encoded(b, path, len, true);
}

/* Writes the segments of the path, without "", "." and "..", each after a '/'. A final slash stays. */
static void append_normal_path(struct buf *b, const char *path, size_t len, bool single_encode) {
        size_t start = b->len;
        bool slash_at_end = false;
        for (const char *end = path + len; path < end;) {
                const char *slash = memchr(path, '/', (size_t)(end - path));
                size_t n = (size_t)((slash ? slash : end) - path);
                bool stay = n == 0 || (n == 1 && path[0] == '.');
                bool up = n == 2 && path[0] == '.' && path[1] == '.';
                if (up) {
                        pop_segment(b, start);
                } else if (!stay) {
                        buf_append_char(b, '/');
                        append_segments(b, path, n, single_encode);
                }
                slash_at_end = slash || stay || up;
                path += n + (slash ? 1 : 0);
        }
        if (b->len == start || slash_at_end)
                buf_append_char(b, '/');
}

/* --- query -------------------------------------------------------------------------------------------------------- */

struct parameter {
        char *name, *value; /* encoded */
};

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes and encodes again; owned, NULL when memory is out. */
static char *reencode(const char *s, size_t len) {
        _cleanup_(buf_done) struct buf b = { 0 };
        buf_append(&b, "", 0);
        for (size_t i = 0; i < len; i++) {
                char c = s[i];
                int high = i + 2 < len ? hex_digit(s[i + 1]) : -1, low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
                if (c == '%' && high >= 0 && low >= 0) {
                        c = (char)(high * 16 + low);
                        i += 2;
                }
                append_encoded(&b, &c, 1, false);
        }
        return buf_take(&b, NULL);
}

static int compare_parameters(const void *a, const void *b) {
        const struct parameter *x = a, *y = b;
        int r = strcmp(x->name, y->name);
        return r ? r : strcmp(x->value, y->value);
}

static int parse_query(const char *query, size_t len, struct parameter *list, size_t *count) {
        for (const char *end = query + len; query < end;) {
                const char *stop = memchr(query, '&', (size_t)(end - query));
                stop = stop ? stop : end;
                if (stop > query) {
                        const char *equals = memchr(query, '=', (size_t)(stop - query));
                        const char *value = equals ? equals + 1 : stop;
                        struct parameter *p = &list[(*count)++];
                        p->name = reencode(query, (size_t)((equals ? equals : stop) - query));
                        p->value = reencode(value, (size_t)(stop - value));
                        if (!p->name || !p->value)
                                return -ENOMEM;
                }
                query = stop + 1;
        }
        return 0;
}

static int append_query(struct buf *b, const char *query, size_t len) {
        size_t count = 0, capacity = 1;
        if (len == 0)
                return 0;
        for (size_t i = 0; i < len; i++)
                capacity += query[i] == '&';
        struct parameter *list = calloc(capacity, sizeof(*list));
        int r = list ? parse_query(query, len, list, &count) : -ENOMEM;
        if (r == 0) {
                qsort(list, count, sizeof(*list), compare_parameters);
                for (size_t i = 0; i < count; i++)
                        buf_appendf(b, "%s%s=%s", i > 0 ? "&" : "", list[i].name, list[i].value);
        }
        for (size_t i = 0; i < count; i++) {
                free(list[i].name);
                free(list[i].value);
        }
        free(list);
        return r;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* The body's SHA-256 in hex, or what x-amz-content-sha256 claims (S3's UNSIGNED-PAYLOAD). */
static int append_payload_hash(struct buf *b, const struct sigv4_request *r) {
        for (size_t i = 0; i < r->header_count; i++)
                if (strcasecmp(r->headers[i].name, "x-amz-content-sha256") == 0)
                        return buf_append_str(b, r->headers[i].value);
        uint8_t hash[SHA256_BYTES];
        char hex[HEX_SIZE(SHA256_BYTES)];
        int e = digest(DIGEST_SHA256, r->body ? r->body : "", r->body_len, hash);
        return e < 0 ? e : buf_append_str(b, hex_encode(hash, sizeof(hash), hex));
}

int canonical_request(struct buf *b, const struct sigv4_request *r, const struct canonical_headers *h,
                      const struct sigv4_context *c) {
        struct url_parts u = url_split(r->url);

        buf_appendf(b, "%s\n", r->method);
        if (!c->keep_path)
                append_normal_path(b, u.path, u.path_len, c->single_encode_path);
        else
                append_segments(b, u.path_len ? u.path : "/", u.path_len ? u.path_len : 1, c->single_encode_path);
        buf_append_char(b, '\n');
        int e = append_query(b, u.query, u.query_len);
        if (e < 0)
                return e;
        buf_append_char(b, '\n');
        append_headers(b, h);
        buf_append_char(b, '\n');
        canonical_signed_names(b, h);
        buf_append_char(b, '\n');
        e = append_payload_hash(b, r);
        return e < 0 ? e : buf_error(b);
}
