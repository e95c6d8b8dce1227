/* SPDX-License-Identifier: Apache-2.0 */
/* A template's life: one allocation holds the struct, a copy of its text and the first part of the arena, so that
 * compiling a short template allocates little more than its literals. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/expr/expr_error.h"
#include "common/expr/expr_parse.h"

#define ALIGNMENT _Alignof(max_align_t)
#define ARENA_FIRST(len) MIN(256 + 12 * (len), (size_t)8192)
#define ARENA_CHUNK 8192

static size_t align(size_t n) {
        return (n + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

void *expr_template_alloc(struct expr_template *t, size_t size) {
        struct arena *a = &t->arena;
        void *p;

        size = align(MAX(size, (size_t)1));
        if ((size_t)(a->end - a->at) < size) {
                size_t bytes = MAX(size, (size_t)ARENA_CHUNK), header = align(sizeof(struct arena_chunk));
                struct arena_chunk *chunk = malloc(header + bytes);

                if (!chunk)
                        return NULL;
                chunk->next = a->chunks;
                a->chunks = chunk;
                a->at = (char *)chunk + header;
                a->end = a->at + bytes;
        }
        p = a->at;
        a->at += size;
        return p;
}

static struct expr_template *template_new(const char *text, size_t len) {
        size_t header = align(sizeof(struct expr_template)), arena = ARENA_FIRST(len);
        struct expr_template *t = malloc(header + align(len + 1) + arena);
        char *copy;

        if (!t)
                return NULL;
        copy = (char *)t + header;
        if (len > 0)
                memcpy(copy, text, len);
        copy[len] = '\0';
        *t = (struct expr_template){ .refs = 1, .len = len, .text = copy };
        t->arena.at = copy + align(len + 1);
        t->arena.end = t->arena.at + arena;
        return t;
}

struct expr_template *expr_template_ref(const struct expr_template *t) {
        struct expr_template *own = (struct expr_template *)(uintptr_t)t;

        if (own)
                own->refs++;
        return own;
}

struct expr_template *expr_template_unref(struct expr_template *t) {
        struct arena_chunk *next;

        if (!t)
                return NULL;
        assert(t->refs > 0);
        if (--t->refs > 0)
                return NULL;
        for (struct owned_value *o = t->owned; o; o = o->next)
                value_unref(o->value);
        value_unref(t->constant);
        for (struct arena_chunk *chunk = t->arena.chunks; chunk; chunk = next) {
                next = chunk->next;
                free(chunk);
        }
        free(t);
        return NULL;
}

bool expr_is_literal(const char *text, size_t len) {
        const char *end = text + len;

        for (const char *s = text; len > 0 && (s = memchr(s, '{', (size_t)(end - s))) && ++s < end;)
                if (*s == '{' || *s == '%' || *s == '#')
                        return false;
        return true;
}

static int refuse(struct expr_error *error, const char *text, size_t len, size_t offset, const char *fmt, ...)
        _printf_(5, 6);

static int refuse(struct expr_error *error, const char *text, size_t len, size_t offset, const char *fmt, ...) {
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = expr_error_set(error, text, len, offset, fmt, ap);
        va_end(ap);
        return r;
}

int expr_compile(const char *text, size_t len, struct expr_template **ret, struct expr_error *error) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
        int r;

        if (len > EXPR_TEXT_MAX)
                return refuse(error, "", 0, 0, "the text is longer than %zu bytes", EXPR_TEXT_MAX);
        if (nul)
                return refuse(error, text, len, (size_t)(nul - text), "the text holds a NUL byte");
        t = template_new(text, len);
        if (!t)
                return -ENOMEM;
        if (expr_is_literal(text, len)) {
                t->constant = value_new_string_n(t->text, len);
                r = t->constant ? 0 : -ENOMEM;
        } else {
                r = parser_template(t, error);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}
