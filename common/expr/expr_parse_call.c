/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of filters, tests and functions. They are looked up here, so that a misspelt name is found when a flow is
 * loaded, and their named arguments are put into their places once. */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr_parse.h"
#include "common/expr/expr_routines.h"

static int named_position(struct parser *p, const struct expr_routine *routine, size_t *ret) {
        struct token t = p->token;
        const char *s = p->t->text + t.offset;

        for (size_t i = 0; i < ROUTINE_NAMES_MAX && routine->names[i]; i++) {
                if (strlen(routine->names[i]) != t.len || memcmp(routine->names[i], s, t.len) != 0)
                        continue;
                parser_advance(p);
                *ret = i;
                return parser_expect(p, '=');
        }
        return parser_fail(p, t.offset, "'%s' has no argument named '%.*s'", routine->name, (int)t.len, s);
}

static int argument(struct parser *p, const struct expr_routine *routine, const struct node **args, size_t *next,
                    bool *named) {
        uint32_t offset = p->token.offset;
        size_t i = *next;
        int r = 0;

        if (p->token.type == TOKEN_NAME && lexer_at_assignment(&p->lexer)) {
                *named = true;
                r = named_position(p, routine, &i);
        } else if (*named) {
                r = parser_fail(p, offset, "arguments by position come before named ones");
        } else if (i >= routine->max) {
                r = parser_fail(p, offset, "'%s' takes %s%d argument%s", routine->name,
                                routine->max > 0 ? "at most " : "", routine->max, routine->max == 1 ? "" : "s");
        } else {
                (*next)++;
        }
        if (r == 0 && args[i])
                r = parser_fail(p, offset, "the argument '%s' is given twice", routine->names[i]);
        return r < 0 ? r : parser_expression(p, &args[i]);
}

/* "(a, b, name=c)" into places. Without brackets there are no arguments. */
static int arguments(struct parser *p, const struct expr_routine *routine, const struct node **args) {
        bool named = false;
        size_t next = 0;
        int r = 0;

        if (p->token.symbol != '(')
                return 0;
        parser_advance(p);
        for (bool first = true; p->token.symbol != ')'; first = false) {
                if (!first)
                        r = p->token.symbol == ',' ? parser_expect(p, ',') : parser_expected(p, "',' or ')'");
                if (r == 0)
                        r = argument(p, routine, args, &next, &named);
                if (r < 0)
                        return r;
        }
        parser_advance(p);
        return 0;
}

static int call_finish(struct parser *p, struct node *n, const struct node **args) {
        const struct expr_routine *routine = n->call.routine;
        size_t count = EXPR_ARGUMENTS_MAX;
        int r = parser_stand_on(p, n, n->call.input);

        while (count > 0 && !args[count - 1])
                count--;
        for (size_t i = 0; i < routine->min; i++)
                if (!args[i] && i < ROUTINE_NAMES_MAX && routine->names[i])
                        return parser_fail(p, n->offset, "'%s' needs the argument '%s'", routine->name,
                                           routine->names[i]);
                else if (!args[i])
                        return parser_fail(p, n->offset, "'%s' needs at least %d argument%s", routine->name,
                                           routine->min, routine->min == 1 ? "" : "s");
        n->call.count = count;
        n->call.args = expr_template_alloc(p->t, count * sizeof(struct node *));
        if (!n->call.args)
                return -ENOMEM;
        if (count > 0)
                memcpy(n->call.args, args, count * sizeof(struct node *));
        for (size_t i = 0; i < count && r == 0; i++)
                r = parser_stand_on(p, n, args[i]);
        return r;
}

static int unknown_routine(struct parser *p, enum routine_kind kind, struct token name) {
        _cleanup_free_ char *text = text_dup_n(p->t->text + name.offset, name.len);
        _cleanup_free_ char *why = text ? expr_routine_unknown(kind, text) : NULL;

        return why ? parser_fail(p, name.offset, "%s", why) : -ENOMEM;
}

int parser_call(struct parser *p, enum routine_kind kind, struct token name, const struct node *input,
                struct node **ret) {
        static const enum node_type types[] = { NODE_FILTER, NODE_TEST, NODE_FUNCTION };
        const struct expr_routine *routine = expr_routine_find(kind, p->t->text + name.offset, name.len);
        const struct node *args[EXPR_ARGUMENTS_MAX] = { NULL };
        struct node *n = parser_node(p, types[kind], name.offset);
        int r;

        if (!n)
                return -ENOMEM;
        if (!routine)
                return unknown_routine(p, kind, name);
        n->call.routine = routine;
        n->call.input = input;
        r = arguments(p, routine, args);
        if (r == 0)
                r = call_finish(p, n, args);
        if (r == 0)
                *ret = n;
        return r;
}
