/* SPDX-License-Identifier: Apache-2.0 */
/* The excerpt is the one line of the template that holds the place, cut to what fits a terminal. The caret counts
 * characters, not bytes, so that it stands right under UTF-8 text too. */
#include "common/expr/expr_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"

#define EXCERPT_BEFORE 60 /* bytes shown on either side of the place */
#define EXCERPT_AFTER 40

void expr_error_done(struct expr_error *e) {
        free(e->message);
        free(e->excerpt);
        *e = EXPR_ERROR_INIT;
}

static bool is_continuation(char c) {
        return ((unsigned char)c & 0xc0) == 0x80;
}

/* Both ends of the excerpt stand on whole characters within the line. */
static void excerpt_bounds(const char *text, size_t len, size_t offset, size_t *ret_start, size_t *ret_end) {
        size_t start = offset, end = offset;

        while (start > 0 && text[start - 1] != '\n' && offset - start < EXCERPT_BEFORE)
                start--;
        while (start < offset && is_continuation(text[start]))
                start++;
        while (end < len && text[end] != '\n' && text[end] != '\r' && end - offset < EXCERPT_AFTER)
                end++;
        while (end < len && end > offset && is_continuation(text[end]))
                end--;
        *ret_start = start;
        *ret_end = end;
}

static char *excerpt(const char *text, size_t len, size_t offset) {
        struct buf b = BUF_INIT(0);
        size_t start, end;

        offset = MIN(offset, len);
        excerpt_bounds(text, len, offset, &start, &end);
        for (size_t i = start; i < end; i++)
                buf_append_char(&b, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
        buf_append_char(&b, '\n');
        for (size_t i = start; i < offset; i++)
                if (!is_continuation(text[i]))
                        buf_append_char(&b, ' ');
        buf_append_char(&b, '^');
        return buf_take(&b, NULL);
}

int expr_error_set(struct expr_error *error, const char *text, size_t len, size_t offset, const char *fmt, va_list ap) {
        struct expr_error made = { .offset = offset < len ? offset : len };

        if (!error)
                return -EBADMSG;
        if (vasprintf(&made.message, fmt, ap) < 0)
                return -ENOMEM;
        made.excerpt = excerpt(text, len, offset);
        if (!made.excerpt) {
                free(made.message);
                return -ENOMEM;
        }
        expr_error_done(error);
        *error = made;
        return -EBADMSG;
}
