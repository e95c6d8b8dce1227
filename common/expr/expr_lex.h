/* SPDX-License-Identifier: Apache-2.0 */
/* Words of an expression: from "{{" or "{%" to the delimiter that closes it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_type {
        TOKEN_CLOSE,       /* "}}" or "%}", with or without a '-' in front */
        TOKEN_END,         /* of the template, which is always an error */
        TOKEN_NAME,
        TOKEN_NUMBER,      /* digits, with or without a fraction; an 'L' at the end is not part of it */
        TOKEN_STRING,      /* the opening quote only: lexer_string() reads on */
        TOKEN_OPERATOR,
        TOKEN_PUNCTUATION, /* one of ( ) [ ] { } ? : . , = */
        TOKEN_UNKNOWN,     /* a byte that no expression has */
};

struct expr_operator;

struct token {
        enum token_type type;
        uint32_t offset;
        uint32_t len;
        char symbol;                           /* of punctuation, else 0 */
        bool trims;                            /* TOKEN_CLOSE: white space behind it is removed */
        const struct expr_operator *operation; /* TOKEN_OPERATOR */
};

struct lexer {
        const char *text; /* NUL-terminated */
        uint32_t at;
        unsigned brackets; /* open ones: inside them "}}" are two brackets */
        char close;        /* '}' or '%': the first byte of the delimiter that ends this expression */
};

/* Reads the token at the cursor (after white space) and moves behind it. */
struct token lexer_next(struct lexer *l);

/* The rest of a string whose opening quote was just read, up to its closing quote or, between double quotes, "#{".
 * Moves behind that. Returns the byte it stopped at: the quote, '#', or '\0' at the end of the template. The span is
 * still escaped. */
char lexer_string(struct lexer *l, char quote, uint32_t *ret_start, uint32_t *ret_len);

/* True when the next thing is a single '=': the name just read is an argument's. */
bool lexer_at_assignment(const struct lexer *l);

/* Java's white space, as far as it is ASCII. */
bool lexer_is_space(char c);
/* A byte that may stand inside a name. */
bool lexer_is_name(char c);
