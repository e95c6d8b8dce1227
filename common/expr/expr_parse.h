/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the parser share: expr_parse.c reads text and tags, expr_parse_expression.c operators,
 * expr_parse_operand.c what stands between them, expr_parse_call.c filters, tests and functions. */
#pragma once

#include "common/expr/expr_ast.h"
#include "common/expr/expr_lex.h"
#include "common/expr/expr_routines.h"

struct parser {
        struct expr_template *t;
        struct lexer lexer;
        struct token token; /* the current one, not yet consumed */
        unsigned nesting;
        bool trim_next;     /* the last delimiter was "-}}" or "-%}" */
        struct expr_error *error;
};

/* Fills the error, pointing at byte `offset`; returns -EBADMSG, or -ENOMEM. */
int parser_fail(struct parser *p, size_t offset, const char *fmt, ...) _printf_(3, 4);
/* "expected WHAT, found …" about the current token. */
int parser_expected(struct parser *p, const char *what);

void parser_advance(struct parser *p);
/* The current token's bytes are `word` (a name or an operator's). */
bool parser_at_word(const struct parser *p, const char *word);
/* Consumes that punctuation, or fails. */
int parser_expect(struct parser *p, char symbol) _must_check_;
/* Consumes a name and copies it into the template. */
int parser_name(struct parser *p, const char **ret) _must_check_;

/* Going in and out of something that nests; -EBADMSG when it is too deep. */
int parser_enter(struct parser *p) _must_check_;
void parser_leave(struct parser *p);

/* One expression from the current token on. */
int parser_expression(struct parser *p, const struct node **ret) _must_check_;

/* Something that operators may stand around. */
int parser_operand(struct parser *p, const struct node **ret) _must_check_;

/* A filter, test or function called `name`, whose arguments begin at the current token. */
int parser_call(struct parser *p, enum routine_kind kind, struct token name, const struct node *input,
                struct node **ret) _must_check_;

/* A new node; NULL: out of memory. */
struct node *parser_node(struct parser *p, enum node_type type, size_t offset);
/* Takes note of a child of n (NULL is none); -EBADMSG when the tree gets too high. */
int parser_stand_on(struct parser *p, struct node *n, const struct node *child) _must_check_;
/* The literal of an owned value (NULL: out of memory), which the template keeps. */
int parser_literal(struct parser *p, size_t offset, struct value *v, const struct node **ret) _must_check_;

/* A text copied into the template, NUL-terminated; NULL: out of memory. */
const char *parser_copy(struct parser *p, const char *s, size_t len);

/* Parses t->text into t->body. 0; -EBADMSG with `error` filled; -ENOMEM. */
int parser_template(struct expr_template *t, struct expr_error *error) _must_check_;
