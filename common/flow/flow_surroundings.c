/* SPDX-License-Identifier: Apache-2.0 */
/* Two small scanners, each from the beginning of the text to the place in question. They know what may hide a quote
 * (escapes, comments, here-documents, substitutions) and nothing else of their languages. */
#include "common/flow/flow_surroundings.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"

#define DEPTH_MAX 32
#define BLANKS " \t"

/* The end of the template's own tag that begins at p, NULL when none does. */
static const char *skip_tag(const char *p) {
        static const char *const ends[][2] = { { "{{", "}}" }, { "{%", "%}" }, { "{#", "#}" } };

        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (strncmp(p, ends[i][0], 2) == 0) {
                        const char *end = strstr(p + 2, ends[i][1]);
                        return end ? end + 2 : p + strlen(p);
                }
        return NULL;
}

static const char *line_end(const char *p) {
        return p + strcspn(p, "\n");
}

/* --- shell ------------------------------------------------------------------------------------------------------------ */

enum context { WORDS, SINGLE, DOUBLE, BACKTICKS, ARITHMETIC, SUBSTITUTION /* words, up to its parenthesis */ };

static const char *const context_names[SUBSTITUTION + 1] = {
        [SINGLE] = "single quotes", [DOUBLE] = "double quotes", [BACKTICKS] = "backticks", [ARITHMETIC] = "arithmetic",
};

struct shell {
        const char *text, *at, *place;
        enum context stack[DEPTH_MAX];
        size_t depth;              /* of stack; its last is where `at` is */
        const char *here;          /* the delimiter of a here-document that begins with the next line; NULL: none */
        size_t here_len;
        bool in_here, too_deep;
};

static enum context top(const struct shell *s) {
        return s->stack[s->depth - 1];
}

static void push(struct shell *s, enum context c, size_t len) {
        if (s->depth == DEPTH_MAX)
                s->too_deep = true;
        else
                s->stack[s->depth++] = c;
        s->at += len;
}

static void pop(struct shell *s, size_t len) {
        s->depth -= s->depth > 1;
        s->at += len;
}

/* "<<" and its delimiter. */
static void here_document(struct shell *s) {
        s->at += 2;
        s->at += *s->at == '-';
        s->at += strspn(s->at, BLANKS);
        s->at += strspn(s->at, "'\"\\");
        s->here = s->at;
        s->here_len = strcspn(s->at, BLANKS "\n'\";&|<>()");
        s->at += s->here_len;
        s->at += strspn(s->at, "'\"");
}

/* From the line end behind "<<": to the end of the document, or to the place in it. */
static void skip_here_document(struct shell *s) {
        const char *line = s->at + 1;

        for (; *line && line < s->place; line = line_end(line) + (*line_end(line) == '\n')) {
                const char *text = line + strspn(line, "\t");
                if ((size_t)(line_end(line) - text) == s->here_len && strncmp(text, s->here, s->here_len) == 0)
                        break;
        }
        s->in_here = line >= s->place || !*line;
        s->at = s->in_here ? s->place : line_end(line);
        s->here = NULL;
}

/* Where words stand: at the top, and in a substitution. */
static void words_step(struct shell *s) {
        const char *p = s->at;

        if (*p == '\\' && p[1])
                s->at += 2;
        else if (*p == '\'')
                push(s, SINGLE, 1);
        else if (*p == '"')
                push(s, DOUBLE, 1);
        else if (*p == '`')
                push(s, BACKTICKS, 1);
        else if (strncmp(p, "$((", 3) == 0)
                push(s, ARITHMETIC, 3);
        else if (strncmp(p, "$(", 2) == 0 || *p == '(')
                push(s, SUBSTITUTION, *p == '(' ? 1 : 2);
        else if (*p == ')')
                pop(s, 1);
        else if (strncmp(p, "<<<", 3) == 0)
                s->at += 3;
        else if (strncmp(p, "<<", 2) == 0)
                here_document(s);
        else if (*p == '\n' && s->here)
                skip_here_document(s);
        else if (*p == '#' && (p == s->text || strchr(BLANKS "\n;&|()", p[-1])))
                s->at = line_end(p);
        else
                s->at++;
}

static void quoted_step(struct shell *s) {
        enum context c = top(s);
        const char *p = s->at;

        if (c != SINGLE && *p == '\\' && p[1])
                s->at += 2;
        else if ((c == SINGLE && *p == '\'') || (c == DOUBLE && *p == '"') || (c == BACKTICKS && *p == '`'))
                pop(s, 1);
        else if (c == ARITHMETIC && strncmp(p, "))", 2) == 0)
                pop(s, 2);
        else if (c == DOUBLE && strncmp(p, "$((", 3) == 0)
                push(s, ARITHMETIC, 3);
        else if (c == DOUBLE && strncmp(p, "$(", 2) == 0)
                push(s, SUBSTITUTION, 2);
        else if (c == DOUBLE && *p == '`')
                push(s, BACKTICKS, 1);
        else
                s->at++;
}

const char *flow_shell_surroundings(const char *text, size_t offset) {
        struct shell s = { .text = text, .at = text, .place = text + offset, .stack = { WORDS }, .depth = 1 };
        const char *tag;

        while (s.at < s.place && !s.in_here && !s.too_deep) {
                if ((tag = skip_tag(s.at)))
                        s.at = tag;
                else if (top(&s) == WORDS || top(&s) == SUBSTITUTION)
                        words_step(&s);
                else
                        quoted_step(&s);
        }
        if (s.in_here)
                return "a here-document";
        if (s.too_deep)
                return "too many parentheses";
        if (s.at > s.place)
                return "a comment";
        /* A backtick in the message would end the backticks, however it is quoted in them. */
        for (size_t i = s.depth; i > 0; i--)
                if (s.stack[i - 1] == BACKTICKS || (i == s.depth && context_names[s.stack[i - 1]]))
                        return context_names[s.stack[i - 1]];
        return NULL;
}

/* --- Python and JavaScript --------------------------------------------------------------------------------------------- */

static bool is_tripled(const char *p) {
        return p[0] == p[1] && p[1] == p[2];
}

/* Passes the string that *p begins; false when `place` lies in it. A line end ends a string that is not tripled, so an
 * apostrophe in a comment does no harm beyond its line. */
static bool pass_string(const char **p, const char *place) {
        char quote = **p;
        bool tripled = quote != '`' && is_tripled(*p);
        const char *at = *p + (tripled ? 3 : 1), *tag;

        while (at < place) {
                bool ends = *at == quote && (!tripled || is_tripled(at));

                if (ends || (*at == '\n' && !tripled && quote != '`')) {
                        *p = at + (ends && tripled ? 3 : 1);
                        return true;
                }
                if ((tag = skip_tag(at)))
                        at = tag;
                else
                        at += *at == '\\' && at[1] ? 2 : 1;
        }
        return false;
}

const char *flow_code_surroundings(const char *text, size_t offset) {
        const char *at = text, *place = text + offset, *tag;

        while (at < place) {
                if ((tag = skip_tag(at)))
                        at = tag;
                else if (*at == '#')
                        at = line_end(at);
                else if (!strchr("'\"`", *at))
                        at++;
                else if (!pass_string(&at, place))
                        return "quotes";
        }
        return at > place ? "a comment" : NULL;
}
