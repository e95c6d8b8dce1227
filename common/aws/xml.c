/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the bytes, one event a call. The stack of names is kept whole, so that a reader asks for a path and not
 * for a place in a tree, and the end tag must name what it ends. Text is collected for the innermost element only; what
 * stands between elements is white space in every answer, and anything else there is dropped with the next tag. */
#include "common/aws/xml.h"

#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/text.h"

void xml_init(struct xml *x, const char *text, size_t len) {
        *x = (struct xml){ .at = text, .end = text + len, .text = BUF_INIT(XML_TEXT_MAX_BYTES) };
}

static void drop_text(struct xml *x) {
        if (x->text.data)
                secret_wipe(x->text.data, x->text.len);
        buf_reset(&x->text);
}

void xml_done(struct xml *x) {
        drop_text(x);
        buf_done(&x->text);
}

static bool is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name_char(char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_' || c == '.' ||
               c == ':';
}

static void skip_space(struct xml *x) {
        while (x->at < x->end && is_space(*x->at))
                x->at++;
}

/* Steps over `token`; false when something else stands here. */
static bool take(struct xml *x, const char *token) {
        size_t len = strlen(token);
        if ((size_t)(x->end - x->at) < len || memcmp(x->at, token, len) != 0)
                return false;
        x->at += len;
        return true;
}

/* Steps behind the next `token`. */
static int skip_past(struct xml *x, const char *token) {
        const char *found = memmem(x->at, (size_t)(x->end - x->at), token, strlen(token));
        if (!found)
                return -EBADMSG;
        x->at = found + strlen(token);
        return 0;
}

static int take_name(struct xml *x, char ret[XML_NAME_MAX]) {
        size_t len = 0;
        while (x->at + len < x->end && is_name_char(x->at[len]))
                len++;
        if (len == 0 || (x->at[0] >= '0' && x->at[0] <= '9') || strchr("-.:", x->at[0]))
                return -EBADMSG;
        if (len >= XML_NAME_MAX)
                return -E2BIG;
        memcpy(ret, x->at, len);
        ret[len] = '\0';
        x->at += len;
        return 0;
}

/* Attributes mean nothing to Query answers (there is xmlns only); they must be written properly all the same. */
static int skip_attributes(struct xml *x) {
        char name[XML_NAME_MAX];
        for (;;) {
                bool apart = x->at < x->end && is_space(*x->at);
                skip_space(x);
                if (x->at == x->end)
                        return -EBADMSG;
                if (*x->at == '>' || *x->at == '/')
                        return 0;
                int r = apart ? take_name(x, name) : -EBADMSG;
                if (r < 0)
                        return r;
                skip_space(x);
                if (!take(x, "="))
                        return -EBADMSG;
                skip_space(x);
                const char quote[] = { x->at < x->end ? *x->at : '\0', '\0' };
                if ((quote[0] != '"' && quote[0] != '\'') || !take(x, quote))
                        return -EBADMSG;
                const char *value = x->at;
                r = skip_past(x, quote);
                if (r < 0 || memchr(value, '<', (size_t)(x->at - value)))
                        return -EBADMSG;
        }
}

static int append_character(struct buf *b, unsigned long code) {
        char utf8[4];
        size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

        bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
        if (control || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                return -EBADMSG;
        for (size_t i = len; i-- > 1; code >>= 6)
                utf8[i] = (char)(0x80 | (code & 0x3f));
        utf8[0] = (char)(code | marks[len]);
        return buf_append(b, utf8, len);
}

/* "#10" or "#x0a", without the '#' and the ';'. */
static int append_reference(struct buf *b, const char *s, size_t len) {
        bool hex = len > 0 && s[0] == 'x';
        unsigned long code = 0;
        if (len == (size_t)hex || len > 8)
                return -EBADMSG;
        for (size_t i = hex; i < len; i++) {
                const char *digits = "0123456789abcdef", *upper = "0123456789ABCDEF";
                const char *d = strchr(digits, s[i]), *u = strchr(upper, s[i]);
                unsigned long digit = d ? (unsigned long)(d - digits) : u ? (unsigned long)(u - upper) : 16;
                if (s[i] == '\0' || digit >= (hex ? 16u : 10u))
                        return -EBADMSG;
                code = code * (hex ? 16 : 10) + digit;
        }
        return append_character(b, code);
}

static int take_entity(struct xml *x) {
        static const struct {
                const char *token, *text;
        } entities[] = { { "lt;", "<" }, { "gt;", ">" }, { "amp;", "&" }, { "quot;", "\"" }, { "apos;", "'" } };

        x->at++; /* & */
        for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
                if (take(x, entities[i].token))
                        return buf_append_str(&x->text, entities[i].text);
        if (!take(x, "#"))
                return -EBADMSG;
        const char *digits = x->at;
        int r = skip_past(x, ";");
        return r < 0 ? r : append_reference(&x->text, digits, (size_t)(x->at - digits) - 1);
}

/* Collects text up to the next tag. */
static int take_text(struct xml *x) {
        while (x->at < x->end && *x->at != '<') {
                int r;
                if (*x->at == '&') {
                        r = take_entity(x);
                } else {
                        size_t len = 0;
                        while (x->at + len < x->end && x->at[len] != '<' && x->at[len] != '&')
                                len++;
                        r = memchr(x->at, '\0', len) ? -EBADMSG : buf_append(&x->text, x->at, len);
                        x->at += len;
                }
                if (r < 0)
                        return r;
        }
        return x->at < x->end ? 0 : -EBADMSG;
}

static int take_open(struct xml *x) {
        if (x->depth == XML_DEPTH_MAX)
                return -E2BIG;
        int r = take_name(x, x->names[x->depth]);
        if (r == 0)
                r = skip_attributes(x);
        if (r < 0)
                return r;
        x->empty = take(x, "/");
        if (!take(x, ">"))
                return -EBADMSG;
        x->depth++;
        drop_text(x);
        return XML_OPEN;
}

static int take_close(struct xml *x) {
        char name[XML_NAME_MAX];
        int r = take_name(x, name);
        if (r < 0)
                return r;
        skip_space(x);
        if (!take(x, ">") || !text_eq(name, x->names[x->depth - 1]))
                return -EBADMSG;
        x->closing = true;
        return XML_CLOSE;
}

/* White space, comments and, once, the XML declaration: what may stand outside the one root element. */
static int skip_misc(struct xml *x) {
        int r = 0;
        if (!x->started && take(x, "<?xml "))
                r = skip_past(x, "?>");
        for (;;) {
                skip_space(x);
                if (r < 0 || !take(x, "<!--"))
                        return r;
                r = skip_past(x, "-->");
        }
}

int xml_next(struct xml *x) {
        if (x->closing) {
                x->closing = false;
                x->depth--;
                drop_text(x);
        }
        if (x->empty) {
                x->empty = false;
                x->closing = true;
                return XML_CLOSE;
        }
        int r = x->depth == 0 ? skip_misc(x) : take_text(x);
        if (r < 0)
                return r;
        if (x->depth == 0 && x->at == x->end)
                return x->started ? XML_END : -EBADMSG;
        if (x->depth > 0 && take(x, "</"))
                return take_close(x);
        if ((x->depth == 0 && x->started) || !take(x, "<"))
                return -EBADMSG;
        x->started = true;
        return take_open(x);
}

bool xml_is_at(const struct xml *x, const char *path) {
        for (size_t i = 0; i < x->depth; i++) {
                path = text_after(path, x->names[i]);
                if (!path || *path != (i + 1 < x->depth ? '/' : '\0'))
                        return false;
                path += *path == '/';
        }
        return x->depth > 0;
}
