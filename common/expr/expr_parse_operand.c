/* SPDX-License-Identifier: Apache-2.0 */
/* What operators stand between: literals, names, brackets, and the ".name" and "[key]" behind them. */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr_operators.h"
#include "common/expr/expr_parse.h"
#include "common/expr/expr_routines.h"

/* A growing array of nodes while their number is unknown. */
struct node_list {
        const struct node **items;
        size_t count, cap;
};

static void node_list_done(struct node_list *l) {
        free(l->items);
}

static int node_list_add(struct node_list *l, const struct node *n) {
        if (l->count == l->cap) {
                size_t cap = l->cap > 0 ? 2 * l->cap : 8;
                const struct node **items = reallocarray(l->items, cap, sizeof(struct node *));

                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->cap = cap;
        }
        l->items[l->count++] = n;
        return 0;
}

/* --- strings --------------------------------------------------------------------------------------------------- */

/* Only the quote and the backslash are escaped in Pebble: "\n" is a backslash and an n. */
static int string_part(struct parser *p, size_t offset, char quote, uint32_t start, uint32_t len,
                       const struct node **ret) {
        const char *s = p->t->text + start, *end = s + len;
        char *out = malloc((size_t)len + 1);
        size_t n = 0;

        if (!out)
                return -ENOMEM;
        while (s < end) {
                if (s[0] == '\\' && s + 1 < end && (s[1] == quote || s[1] == '\\'))
                        s++;
                out[n++] = *s++;
        }
        out[n] = '\0';
        return parser_literal(p, offset, value_new_string_take(out, n), ret);
}

static int concatenate(struct parser *p, size_t offset, const struct node *left, const struct node *right,
                       const struct node **ret) {
        uint32_t len = 0;
        struct node *n;
        int r;

        if (!left) {
                *ret = right;
                return 0;
        }
        n = parser_node(p, NODE_BINARY, offset);
        if (!n)
                return -ENOMEM;
        n->operation.operation = expr_operator_symbol("~", &len);
        n->operation.left = left;
        n->operation.right = right;
        r = parser_stand_on(p, n, left);
        if (r == 0)
                r = parser_stand_on(p, n, right);
        if (r == 0)
                *ret = n;
        return r;
}

/* "text #{expression} text" is a chain of concatenations. The current token is the opening quote. */
static int string(struct parser *p, const struct node **ret) {
        size_t offset = p->token.offset;
        char quote = p->t->text[offset], stop;
        const struct node *whole = NULL, *part;
        int r;

        do {
                uint32_t start, len;

                stop = lexer_string(&p->lexer, quote, &start, &len);
                if (stop == '\0')
                        return parser_fail(p, offset, "the text that begins here has no closing %c", quote);
                r = string_part(p, offset, quote, start, len, &part);
                if (r == 0)
                        r = concatenate(p, offset, whole, part, &whole);
                if (r < 0 || stop == quote)
                        break;
                parser_advance(p);
                r = parser_expression(p, &part);
                if (r == 0)
                        r = concatenate(p, offset, whole, part, &whole);
                if (r == 0 && p->token.symbol != '}')
                        r = parser_expected(p, "'}'");
        } while (r == 0);
        if (r < 0)
                return r;
        parser_advance(p);
        *ret = whole;
        return 0;
}

/* --- operands -------------------------------------------------------------------------------------------------- */

static int number(struct parser *p, const struct node **ret) {
        struct token t = p->token;
        const char *s = p->t->text + t.offset;
        char *digits;
        int r;

        while (t.len > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9') {
                s++;
                t.len--;
        }
        digits = text_dup_n(s, t.len);
        if (!digits)
                return -ENOMEM;
        r = parser_literal(p, t.offset, value_new_number(digits), ret);
        free(digits);
        if (r == 0)
                parser_advance(p);
        return r;
}

static int items_finish(struct parser *p, struct node_list *list, struct node *n, const struct node **ret) {
        size_t size = list->count * sizeof(struct node *);
        int r;

        n->collection.count = list->count;
        n->collection.items = expr_template_alloc(p->t, size);
        if (!n->collection.items)
                return -ENOMEM;
        if (size > 0)
                memcpy(n->collection.items, list->items, size);
        for (size_t i = 0; i < list->count; i++) {
                r = parser_stand_on(p, n, list->items[i]);
                if (r < 0)
                        return r;
        }
        *ret = n;
        return 0;
}

static int item(struct parser *p, struct node_list *list) {
        const struct node *n;
        int r = parser_expression(p, &n);

        return r < 0 ? r : node_list_add(list, n);
}

/* "[a, b]" and "{key: value}", behind the opening bracket. */
static int collection(struct parser *p, enum node_type type, const struct node **ret) {
        _cleanup_(node_list_done) struct node_list list = { 0 };
        char close = type == NODE_LIST ? ']' : '}';
        struct node *n = parser_node(p, type, p->token.offset);
        int r = 0;

        if (!n)
                return -ENOMEM;
        parser_advance(p);
        while (p->token.symbol != close) {
                if (list.count > 0)
                        r = p->token.symbol == ','
                                    ? parser_expect(p, ',')
                                    : parser_expected(p, type == NODE_LIST ? "',' or ']'" : "',' or '}'");
                if (r == 0)
                        r = item(p, &list);
                if (r == 0 && type == NODE_MAP)
                        r = parser_expect(p, ':');
                if (r == 0 && type == NODE_MAP)
                        r = item(p, &list);
                if (r < 0)
                        return r;
        }
        parser_advance(p);
        return items_finish(p, &list, n, ret);
}

/* --- names ----------------------------------------------------------------------------------------------------- */

static struct value *constant_named(const char *s, size_t len) {
        static const char *const names[] = { "true", "TRUE", "false", "FALSE", "null", "NULL", "none", "NONE" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strlen(names[i]) == len && memcmp(names[i], s, len) == 0)
                        return i < 4 ? value_new_bool(i < 2) : value_new_null();
        return NULL;
}

static int name(struct parser *p, const struct node **ret) {
        struct token t = p->token;
        struct value *constant = constant_named(p->t->text + t.offset, t.len);
        struct node *n = NULL;
        int r;

        if (constant) {
                parser_advance(p);
                return parser_literal(p, t.offset, constant, ret);
        }
        parser_advance(p);
        if (p->token.symbol == '(') {
                r = parser_call(p, ROUTINE_FUNCTION, t, NULL, &n);
        } else {
                n = parser_node(p, NODE_VARIABLE, t.offset);
                if (n)
                        n->variable = parser_copy(p, p->t->text + t.offset, t.len);
                r = n && n->variable ? 0 : -ENOMEM;
        }
        if (r == 0)
                *ret = n;
        return r;
}

/* After a dot any word is a name, also one that is an operator elsewhere. */
static int attribute_name(struct parser *p, const char **ret) {
        struct token t = p->token;
        char first = p->t->text[t.offset];
        bool word = t.type == TOKEN_OPERATOR && first >= 'a' && first <= 'z';

        if (t.type != TOKEN_NAME && !word)
                return parser_expected(p, "a name (one with a '-' in it is written ['like-this'])");
        *ret = parser_copy(p, p->t->text + t.offset, t.len);
        if (!*ret)
                return -ENOMEM;
        parser_advance(p);
        if (p->token.symbol == '(')
                return parser_fail(p, p->token.offset, "methods of values cannot be called; filters and functions can");
        return 0;
}

/* ".name" and "[key]", as many as there are. */
static int postfix(struct parser *p, const struct node *object, const struct node **ret) {
        int r = 0;

        while (r == 0 && (p->token.symbol == '.' || p->token.symbol == '[')) {
                bool dot = p->token.symbol == '.';
                struct node *n = parser_node(p, dot ? NODE_ATTRIBUTE : NODE_SUBSCRIPT, p->token.offset);

                if (!n)
                        return -ENOMEM;
                parser_advance(p);
                n->offset = p->token.offset;
                n->access.object = object;
                r = dot ? attribute_name(p, &n->access.name) : parser_expression(p, &n->access.key);
                if (r == 0 && !dot)
                        r = parser_expect(p, ']');
                if (r == 0)
                        r = parser_stand_on(p, n, object);
                if (r == 0 && !dot)
                        r = parser_stand_on(p, n, n->access.key);
                object = n;
        }
        if (r == 0)
                *ret = object;
        return r;
}

int parser_operand(struct parser *p, const struct node **ret) {
        const struct node *n = NULL;
        int r;

        if (p->token.symbol == '[' || p->token.symbol == '{') /* nothing is accessed on these, in Pebble */
                return collection(p, p->token.symbol == '[' ? NODE_LIST : NODE_MAP, ret);
        if (p->token.symbol == '(') {
                parser_advance(p);
                r = parser_expression(p, &n);
                if (r == 0)
                        r = parser_expect(p, ')');
        } else if (p->token.type == TOKEN_NAME) {
                r = name(p, &n);
        } else if (p->token.type == TOKEN_NUMBER) {
                r = number(p, &n);
        } else if (p->token.type == TOKEN_STRING) {
                r = string(p, &n);
        } else {
                r = parser_expected(p, "a value");
        }
        return r < 0 ? r : postfix(p, n, ret);
}
