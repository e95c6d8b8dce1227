/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled template is made of; only expr*.c include it.
 *
 * Everything a template owns lies in its arena and dies with it, except the values of its literals, which are
 * reference counted and therefore chained. The tree is never higher than EXPR_HEIGHT_MAX, so that walking it by
 * recursion is safe. */
#pragma once

#include "common/expr/expr.h"

#define EXPR_TEXT_MAX ((size_t)4 << 20) /* bytes of a template; offsets are 32 bits wide */
#define EXPR_NESTING_MAX 64             /* brackets, blocks and unary operators inside one another */
#define EXPR_HEIGHT_MAX 256             /* of an expression's tree: how long "a ~ b ~ c …" may get */
#define EXPR_ARGUMENTS_MAX 16

struct expr_operator; /* expr_operators.h */
struct expr_routine;  /* expr_routines.h */

enum node_type {
        NODE_LITERAL,
        NODE_VARIABLE,
        NODE_ATTRIBUTE, /* object.name */
        NODE_SUBSCRIPT, /* object[key] */
        NODE_UNARY,
        NODE_BINARY,
        NODE_CONDITIONAL,
        NODE_LIST,
        NODE_MAP,
        NODE_FILTER,
        NODE_TEST,
        NODE_FUNCTION,
};

/* An expression. */
struct node {
        enum node_type type;
        uint16_t height;
        bool negated;    /* NODE_TEST: "is not" */
        uint32_t offset; /* byte in the template that an error points at */
        union {
                struct value *literal;
                const char *variable;
                struct {
                        const struct node *object;
                        const char *name;
                        const struct node *key;
                } access;
                struct {
                        const struct expr_operator *operation;
                        const struct node *left; /* unary: NULL */
                        const struct node *right;
                } operation;
                struct {
                        const struct node *condition, *yes, *no;
                } conditional;
                struct { /* list: items; map: key, value, key, value … */
                        const struct node **items;
                        size_t count;
                } collection;
                struct {
                        const struct expr_routine *routine;
                        const struct node *input; /* NULL for a function */
                        const struct node **args; /* by position; NULL where not given */
                        size_t count;
                } call;
        };
};

enum statement_type { STATEMENT_TEXT, STATEMENT_OUTPUT, STATEMENT_IF, STATEMENT_FOR, STATEMENT_SET };

struct statement {
        enum statement_type type;
        uint32_t offset;
        struct statement *next;
        union {
                struct {
                        const char *start;
                        size_t len;
                } text;
                const struct node *output;
                struct { /* see statement_elseif() */
                        const struct node *condition;
                        struct statement *then, *otherwise;
                } choice;
                struct {
                        const char *name;
                        const struct node *iterable;
                        struct statement *body, *otherwise;
                } loop;
                struct {
                        const char *name;
                        const struct node *value;
                } assignment;
        };
};

/* The "elseif" of an IF, NULL when its otherwise is something else. */
static inline const struct statement *statement_elseif(const struct statement *s) {
        const struct statement *o = s->choice.otherwise;

        return o && o->type == STATEMENT_IF && !o->next ? o : NULL;
}

struct arena_chunk {
        struct arena_chunk *next;
        char bytes[];
};

struct arena {
        char *at, *end;
        struct arena_chunk *chunks;
};

struct owned_value {
        struct value *value;
        struct owned_value *next;
};

struct expr_template {
        unsigned refs;
        size_t len;
        const char *text; /* a copy behind the struct, NUL-terminated */
        struct statement *body;
        struct value *constant; /* set when the template renders to itself */
        struct owned_value *owned;
        struct arena arena; /* its first bytes lie behind the text */
};

/* Bytes that live as long as the template, aligned for any node; NULL: out of memory. */
void *expr_template_alloc(struct expr_template *t, size_t size);
