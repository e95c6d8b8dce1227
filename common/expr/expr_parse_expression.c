/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, by precedence climbing, as Pebble's own grammar has them: an operand, then operators as long as they
 * bind at least as tightly as asked; "? :" binds loosest of all. */
#include <errno.h>

#include "common/expr/expr_operators.h"
#include "common/expr/expr_parse.h"
#include "common/expr/expr_routines.h"

static int climb(struct parser *p, unsigned min_precedence, const struct node **ret);

struct node *parser_node(struct parser *p, enum node_type type, size_t offset) {
        struct node *n = expr_template_alloc(p->t, sizeof(*n));

        if (n)
                *n = (struct node){ .type = type, .height = 1, .offset = (uint32_t)offset };
        return n;
}

int parser_stand_on(struct parser *p, struct node *n, const struct node *child) {
        if (!child || child->height < n->height)
                return 0;
        if (child->height >= EXPR_HEIGHT_MAX)
                return parser_fail(p, n->offset,
                                   "the expression is too long: more than %d operations build on one another",
                                   EXPR_HEIGHT_MAX);
        n->height = (uint16_t)(child->height + 1);
        return 0;
}

int parser_literal(struct parser *p, size_t offset, struct value *v, const struct node **ret) {
        struct owned_value *owned = expr_template_alloc(p->t, sizeof(*owned));
        struct node *n = parser_node(p, NODE_LITERAL, offset);

        if (!v || !owned || !n) {
                value_unref(v);
                return -ENOMEM;
        }
        *owned = (struct owned_value){ v, p->t->owned };
        p->t->owned = owned;
        n->literal = v;
        *ret = n;
        return 0;
}

/* --- operators ------------------------------------------------------------------------------------------------- */

static int operation(struct parser *p, const struct expr_operator *op, uint32_t offset, const struct node *left,
                     unsigned right_precedence, const struct node **ret) {
        struct node *n = parser_node(p, left ? NODE_BINARY : NODE_UNARY, offset);
        int r;

        if (!n)
                return -ENOMEM;
        n->operation.operation = op;
        n->operation.left = left;
        r = climb(p, right_precedence, &n->operation.right);
        if (r == 0)
                r = parser_stand_on(p, n, left);
        if (r == 0)
                r = parser_stand_on(p, n, n->operation.right);
        if (r == 0)
                *ret = n;
        return r;
}

static int piped(struct parser *p, const struct expr_operator *op, const struct node *left, const struct node **ret) {
        bool filter = op->kind == OPERATOR_FILTER;
        struct token t = p->token;
        struct node *n = NULL;
        int r;

        if (t.type != TOKEN_NAME)
                return parser_expected(p, filter ? "a filter's name" : "a test's name");
        parser_advance(p);
        r = parser_call(p, filter ? ROUTINE_FILTER : ROUTINE_TEST, t, left, &n);
        if (r < 0)
                return r;
        n->negated = op->kind == OPERATOR_NEGATED_TEST;
        *ret = n;
        return 0;
}

static int prefixed(struct parser *p, const struct node **ret) {
        const struct expr_operator *op = p->token.operation ? p->token.operation->unary : NULL;
        uint32_t offset = p->token.offset;

        if (!op)
                return parser_operand(p, ret);
        parser_advance(p);
        return operation(p, op, offset, NULL, op->precedence, ret);
}

static int climb_operators(struct parser *p, unsigned min_precedence, const struct node **ret) {
        const struct node *n = NULL;
        int r = prefixed(p, &n);

        while (r == 0 && p->token.operation && p->token.operation->kind != OPERATOR_UNARY &&
               p->token.operation->precedence >= min_precedence) {
                const struct expr_operator *op = p->token.operation;
                uint32_t offset = p->token.offset;

                parser_advance(p);
                r = op->kind == OPERATOR_BINARY ? operation(p, op, offset, n, op->precedence + 1, &n)
                                                : piped(p, op, n, &n);
        }
        if (r == 0)
                *ret = n;
        return r;
}

static int climb(struct parser *p, unsigned min_precedence, const struct node **ret) {
        int r = parser_enter(p);

        if (r == 0)
                r = climb_operators(p, min_precedence, ret);
        parser_leave(p);
        return r;
}

static int conditional(struct parser *p, const struct node *condition, const struct node **ret) {
        struct node *n = parser_node(p, NODE_CONDITIONAL, condition->offset);
        int r;

        if (!n)
                return -ENOMEM;
        parser_advance(p);
        n->conditional.condition = condition;
        r = parser_expression(p, &n->conditional.yes);
        if (r == 0)
                r = parser_expect(p, ':');
        if (r == 0)
                r = parser_expression(p, &n->conditional.no);
        if (r == 0)
                r = parser_stand_on(p, n, condition);
        if (r == 0)
                r = parser_stand_on(p, n, n->conditional.yes);
        if (r == 0)
                r = parser_stand_on(p, n, n->conditional.no);
        if (r == 0)
                *ret = n;
        return r;
}

int parser_expression(struct parser *p, const struct node **ret) {
        const struct node *n = NULL;
        int r = parser_enter(p);

        if (r == 0)
                r = climb(p, 0, &n);
        if (r == 0 && p->token.symbol == '?')
                r = conditional(p, n, &n);
        parser_leave(p);
        if (r == 0)
                *ret = n;
        return r;
}
