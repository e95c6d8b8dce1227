/* SPDX-License-Identifier: Apache-2.0 */
/* One rendering in progress, and what operators, filters and functions may ask of it. Only expr*.c include it. */
#pragma once

#include "common/base/buf.h"
#include "common/expr/expr_ast.h"

#define EXPR_STEPS_MAX 1000000u                /* evaluated expressions, loop turns and blocks of built text */
#define EXPR_OUTPUT_MAX ((size_t)16 << 20)     /* bytes of a rendered text, and of every text on the way */
#define EXPR_RENDER_MAX 8                      /* render() inside what render() rendered */
#define EXPR_TEXT_PER_STEP 256                 /* bytes of built text that count as one step */
#define EXPR_VALUE_DEPTH_MAX 128               /* of what {% set %} keeps; as deep as JSON may be */

/* A variable of {% set %} or {% for %}; the newest first. */
struct local {
        const char *name;
        struct value *value;
        struct local *next;
};

struct evaluation {
        const struct expr_env *env;
        const char *text; /* of the template that is rendered, for excerpts */
        size_t len;
        struct local *locals;
        unsigned steps_left;
        unsigned renders;
        /* An undefined variable or attribute is -ENOENT with these three set; it becomes a sentence only when
         * nothing catches it, so that "a ?? b" costs nothing. */
        const struct node *undefined;
        struct value *undefined_in;  /* what lacks it, owned; NULL for a variable */
        struct value *undefined_key; /* of "object[key]", owned; else NULL */
        struct expr_error *error;   /* NULL when nobody wants it */
};

/* Evaluates n to an owned value. 0; -ENOENT undefined; -EBADMSG, -E2BIG with the error filled; -ENOMEM. */
int evaluate(struct evaluation *e, const struct node *n, struct value **ret) _must_check_;

/* The same, but what is undefined is null. */
int evaluate_lenient(struct evaluation *e, const struct node *n, struct value **ret) _must_check_;

/* Fills the error with a sentence about n; returns -EBADMSG (-ENOMEM when that failed). */
int evaluation_fail(struct evaluation *e, const struct node *n, const char *fmt, ...) _printf_(3, 4);

/* Makes the sentence about what is undefined. As evaluation_fail(). */
int evaluation_undefined(struct evaluation *e);

/* Counts steps; -E2BIG with the error filled when there are too many. */
int evaluation_charge(struct evaluation *e, const struct node *n, size_t steps) _must_check_;

/* The buffer's bytes as a string value; frees it. Fails with the buffer's error, -E2BIG with a sentence, or -EBADMSG
 * when the bytes hold a NUL, which no text value can. */
int evaluation_text(struct evaluation *e, const struct node *n, struct buf *b, struct value **ret) _must_check_;

/* Hands a fresh value over: 0, or -ENOMEM when it is NULL. */
int evaluation_give(struct value *v, struct value **ret) _must_check_;

/* Pebble's truth: false, 0, "" and null are false. Lists and maps are an error. */
int evaluation_truth(struct evaluation *e, const struct node *n, const struct value *v, bool *ret) _must_check_;

/* Appends v as it stands in a text: null is nothing, lists and maps are JSON. */
int expr_write_text(struct buf *b, const struct value *v);

/* v as a text value (a reference when it is one already). */
int evaluation_to_text(struct evaluation *e, const struct node *n, struct value *v, struct value **ret) _must_check_;

/* Renders a template inside this rendering, as render() does: the steps count on, the variables are the same. */
int evaluation_render(struct evaluation *e, const struct node *n, const struct value *text, struct value **ret)
        _must_check_;
