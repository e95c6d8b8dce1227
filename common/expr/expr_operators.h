/* SPDX-License-Identifier: Apache-2.0 */
/* The operators of Pebble and the two that Kestra adds, in one table: how they are written, how tightly they bind,
 * what they do. */
#pragma once

#include "common/expr/expr_eval.h"

enum operator_kind {
        OPERATOR_BINARY,
        OPERATOR_UNARY, /* only in front of its operand, like "not" */
        OPERATOR_FILTER,
        OPERATOR_TEST,
        OPERATOR_NEGATED_TEST,
};

struct expr_operator {
        const char *symbol;
        enum operator_kind kind;
        unsigned precedence; /* greater binds tighter; equal ones group to the left */
        /* Exactly one is set, none for filters and tests. `lazy` evaluates its operands itself. */
        int (*apply)(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                     struct value **ret);
        int (*lazy)(struct evaluation *e, const struct node *n, struct value **ret);
        /* The same symbol in front of an operand ("-"), NULL when it cannot stand there. */
        const struct expr_operator *unary;
};

/* The operator that the word of *len bytes at s is, NULL when it is a name. "is not" and "not in" are one operator:
 * then *len grows over the second word. */
const struct expr_operator *expr_operator_word(const char *s, uint32_t *len);

/* The longest operator of punctuation at s, with its length in *len; NULL when there is none. */
const struct expr_operator *expr_operator_symbol(const char *s, uint32_t *len);
