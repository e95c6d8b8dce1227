/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer makes one token at a time and looks only forward, so that the parser can switch it into a string and back
 * (for "#{…}") without a token list in between. Operators come from the table of expr_operators.c. */
#include "common/expr/expr_lex.h"

#include <string.h>

#include "common/expr/expr_operators.h"

bool lexer_is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Letters beyond ASCII are taken as they come: Pebble allows every Unicode letter in a name. */
static bool is_name_start(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

bool lexer_is_name(char c) {
        return is_name_start(c) || is_digit(c);
}

static const char *skip_space(const char *s) {
        while (lexer_is_space(*s))
                s++;
        return s;
}

static bool at_close(const struct lexer *l, const char *s) {
        return l->brackets == 0 && s[0] == l->close && s[1] == '}';
}

static uint32_t number_length(const char *s) {
        const char *start = s;

        while (is_digit(*s))
                s++;
        if (s[0] == '.' && is_digit(s[1]))
                for (s++; is_digit(*s);)
                        s++;
        return (uint32_t)(s - start);
}

static uint32_t name_length(const char *s) {
        const char *start = s;

        while (lexer_is_name(*s))
                s++;
        return (uint32_t)(s - start);
}

static void count_bracket(struct lexer *l, char c) {
        if (strchr("([{", c))
                l->brackets++;
        else if (strchr(")]}", c) && l->brackets > 0)
                l->brackets--;
}

static struct token scan(struct lexer *l, const char *s) {
        struct token t = { .offset = (uint32_t)(s - l->text), .len = 1 };
        bool trims = *s == '-' && at_close(l, s + 1);

        if (trims || at_close(l, s)) {
                t.type = TOKEN_CLOSE;
                t.trims = trims;
                t.len = trims ? 3 : 2;
        } else if (*s == '\0') {
                t.type = TOKEN_END;
                t.len = 0;
        } else if (is_name_start(*s)) {
                t.len = name_length(s);
                t.operation = expr_operator_word(s, &t.len);
                t.type = t.operation ? TOKEN_OPERATOR : TOKEN_NAME;
        } else if (is_digit(*s)) {
                t.type = TOKEN_NUMBER;
                t.len = number_length(s);
        } else if (*s == '"' || *s == '\'') {
                t.type = TOKEN_STRING;
        } else if ((t.operation = expr_operator_symbol(s, &t.len))) {
                t.type = TOKEN_OPERATOR;
        } else if (strchr("()[]{}?:.,=", *s)) {
                t.type = TOKEN_PUNCTUATION;
                t.symbol = *s;
                count_bracket(l, *s);
        } else {
                t.type = TOKEN_UNKNOWN;
        }
        return t;
}

struct token lexer_next(struct lexer *l) {
        struct token t = scan(l, skip_space(l->text + l->at));

        l->at = t.offset + t.len;
        if (t.type == TOKEN_NUMBER && l->text[l->at] == 'L')
                l->at++;
        return t;
}

char lexer_string(struct lexer *l, char quote, uint32_t *ret_start, uint32_t *ret_len) {
        const char *start = l->text + l->at, *s = start;
        bool interpolates;

        while (*s != '\0' && *s != quote && !(quote == '"' && s[0] == '#' && s[1] == '{'))
                s += s[0] == '\\' && s[1] != '\0' ? 2 : 1;
        interpolates = *s == '#' && quote == '"';
        *ret_start = l->at;
        *ret_len = (uint32_t)(s - start);
        l->at += *ret_len + (*s == '\0' ? 0 : interpolates ? 2 : 1);
        if (interpolates)
                l->brackets++;
        return *s;
}

bool lexer_at_assignment(const struct lexer *l) {
        const char *s = skip_space(l->text + l->at);

        return s[0] == '=' && s[1] != '=';
}
