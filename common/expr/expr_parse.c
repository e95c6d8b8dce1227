/* SPDX-License-Identifier: Apache-2.0 */
/* From text to a template: text, outputs "{{ … }}", tags "{% … %}" and comments "{# … #}". A block's body is read until
 * a tag that the block knows ("endif"), by recursion, bounded by EXPR_NESTING_MAX. */
#include "common/expr/expr_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr_error.h"

/* The end of the list of statements that is being built. */
struct tail {
        struct statement **at;
};

static int body(struct parser *p, const char *const *ends, const struct statement *block, struct statement **ret);

/* --- what the halves share --------------------------------------------------------------------------------------- */

int parser_fail(struct parser *p, size_t offset, const char *fmt, ...) {
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = expr_error_set(p->error, p->t->text, p->t->len, offset, fmt, ap);
        va_end(ap);
        return r;
}

int parser_expected(struct parser *p, const char *what) {
        struct token t = p->token;

        if (t.type == TOKEN_END)
                return parser_fail(p, t.offset, "expected %s, found the end of the text", what);
        return parser_fail(p, t.offset, "expected %s, found '%.*s'", what, (int)t.len, p->t->text + t.offset);
}

void parser_advance(struct parser *p) {
        p->token = lexer_next(&p->lexer);
}

bool parser_at_word(const struct parser *p, const char *word) {
        return p->token.len == strlen(word) && memcmp(p->t->text + p->token.offset, word, p->token.len) == 0;
}

int parser_expect(struct parser *p, char symbol) {
        char what[] = { '\'', symbol, '\'', '\0' };

        if (p->token.symbol != symbol)
                return parser_expected(p, what);
        parser_advance(p);
        return 0;
}

const char *parser_copy(struct parser *p, const char *s, size_t len) {
        char *copy = expr_template_alloc(p->t, len + 1);

        if (!copy)
                return NULL;
        memcpy(copy, s, len);
        copy[len] = '\0';
        return copy;
}

int parser_name(struct parser *p, const char **ret) {
        if (p->token.type != TOKEN_NAME)
                return parser_expected(p, "a name");
        *ret = parser_copy(p, p->t->text + p->token.offset, p->token.len);
        parser_advance(p);
        return *ret ? 0 : -ENOMEM;
}

int parser_enter(struct parser *p) {
        if (++p->nesting > EXPR_NESTING_MAX)
                return parser_fail(p, p->token.offset, "nested too deeply: more than %d levels", EXPR_NESTING_MAX);
        return 0;
}

void parser_leave(struct parser *p) {
        p->nesting--;
}

/* --- text ------------------------------------------------------------------------------------------------------ */

static struct statement *add(struct parser *p, struct tail *tail, enum statement_type type, size_t offset) {
        struct statement *s = expr_template_alloc(p->t, sizeof(*s));

        if (!s)
                return NULL;
        *s = (struct statement){ .type = type, .offset = (uint32_t)offset };
        *tail->at = s;
        tail->at = &s->next;
        return s;
}

static int add_text(struct parser *p, struct tail *tail, const char *start, const char *end) {
        struct statement *s;

        if (start == end)
                return 0;
        s = add(p, tail, STATEMENT_TEXT, (size_t)(start - p->t->text));
        if (!s)
                return -ENOMEM;
        s->text.start = start;
        s->text.len = (size_t)(end - start);
        return 0;
}

static const char *find_opening(const char *s) {
        for (s = strchr(s, '{'); s; s = strchr(s + 1, '{'))
                if (s[1] == '{' || s[1] == '%' || s[1] == '#')
                        return s;
        return NULL;
}

/* The text up to the next delimiter, which may ask to trim it at its end, as the one before may at its start. */
static int text(struct parser *p, struct tail *tail) {
        const char *start = p->t->text + p->lexer.at;
        const char *opening = find_opening(start);
        const char *end = opening ? opening : p->t->text + p->t->len;

        p->lexer.at = (uint32_t)(end - p->t->text);
        if (p->trim_next)
                while (start < end && lexer_is_space(*start))
                        start++;
        p->trim_next = false;
        if (opening && opening[2] == '-')
                while (end > start && lexer_is_space(end[-1]))
                        end--;
        return add_text(p, tail, start, end);
}

/* Moves behind "{{", "{%" and reads the first token; `close` is the byte that closes. */
static void open_expression(struct parser *p, char close) {
        p->lexer.at += p->t->text[p->lexer.at + 2] == '-' ? 3 : 2;
        p->lexer.close = close;
        p->lexer.brackets = 0;
        parser_advance(p);
}

static int close_expression(struct parser *p) {
        char what[] = { '\'', p->lexer.close, '}', '\'', '\0' };

        if (p->token.type != TOKEN_CLOSE)
                return parser_expected(p, what);
        p->trim_next = p->token.trims;
        return 0;
}

static int comment(struct parser *p) {
        const char *start = p->t->text + p->lexer.at;
        const char *end = strstr(start + 2, "#}");

        if (!end)
                return parser_fail(p, p->lexer.at, "the comment that begins here is not closed by '#}'");
        p->trim_next = end[-1] == '-';
        p->lexer.at = (uint32_t)(end + 2 - p->t->text);
        return 0;
}

static int output(struct parser *p, struct tail *tail) {
        struct statement *s = add(p, tail, STATEMENT_OUTPUT, p->lexer.at);
        int r;

        if (!s)
                return -ENOMEM;
        open_expression(p, '}');
        r = parser_expression(p, &s->output);
        return r < 0 ? r : close_expression(p);
}

/* --- tags ------------------------------------------------------------------------------------------------------ */

/* "elseif" chains are a loop here, so that their number is not bounded by the nesting. */
static int tag_if(struct parser *p, struct statement *s) {
        static const char *const inside[] = { "elseif", "else", "endif", NULL };
        static const char *const last[] = { "endif", NULL };
        int r;

        for (;;) {
                struct tail tail = { &s->choice.otherwise };

                s->type = STATEMENT_IF;
                r = parser_expression(p, &s->choice.condition);
                if (r == 0)
                        r = close_expression(p);
                if (r == 0)
                        r = body(p, inside, s, &s->choice.then);
                if (r < 0 || !parser_at_word(p, "elseif"))
                        break;
                s = add(p, &tail, STATEMENT_IF, p->token.offset);
                if (!s)
                        return -ENOMEM;
                parser_advance(p);
        }
        if (r == 0 && parser_at_word(p, "else")) {
                parser_advance(p);
                r = close_expression(p);
                if (r == 0)
                        r = body(p, last, s, &s->choice.otherwise);
        }
        if (r == 0)
                parser_advance(p);
        return r;
}

static int tag_for(struct parser *p, struct statement *s) {
        static const char *const inside[] = { "else", "endfor", NULL };
        static const char *const last[] = { "endfor", NULL };
        int r;

        s->type = STATEMENT_FOR;
        r = parser_name(p, &s->loop.name);
        if (r == 0 && !parser_at_word(p, "in"))
                r = parser_expected(p, "'in'");
        if (r < 0)
                return r;
        parser_advance(p);
        r = parser_expression(p, &s->loop.iterable);
        if (r == 0)
                r = close_expression(p);
        if (r == 0)
                r = body(p, inside, s, &s->loop.body);
        if (r == 0 && parser_at_word(p, "else")) {
                parser_advance(p);
                r = close_expression(p);
                if (r == 0)
                        r = body(p, last, s, &s->loop.otherwise);
        }
        if (r == 0)
                parser_advance(p);
        return r;
}

static int tag_set(struct parser *p, struct statement *s) {
        int r;

        s->type = STATEMENT_SET;
        r = parser_name(p, &s->assignment.name);
        if (r == 0)
                r = parser_expect(p, '=');
        return r < 0 ? r : parser_expression(p, &s->assignment.value);
}

/* What stands between {% raw %} and {% endraw %} is text; Pebble's own name for it is "verbatim". */
static int tag_raw(struct parser *p, struct statement *s) {
        bool verbatim = parser_at_word(p, "verbatim");
        const char *name = verbatim ? "endverbatim" : "endraw", *start, *end, *after = NULL;
        int r;

        parser_advance(p);
        r = close_expression(p);
        if (r < 0)
                return r;
        start = p->t->text + p->lexer.at;
        for (end = strstr(start, "{%"); end; end = strstr(end + 2, "{%")) {
                p->lexer.at = (uint32_t)(end - p->t->text);
                open_expression(p, '%');
                after = end;
                if (parser_at_word(p, name))
                        break;
        }
        if (!end || !after)
                return parser_fail(p, s->offset, "'%s' is not closed by '%s'", name + 3, name);
        if (p->trim_next)
                while (start < end && lexer_is_space(*start))
                        start++;
        if (after[2] == '-')
                while (end > start && lexer_is_space(end[-1]))
                        end--;
        s->type = STATEMENT_TEXT;
        s->text.start = start;
        s->text.len = (size_t)(end - start);
        parser_advance(p);
        return 0;
}

static const struct tag {
        const char *name;
        int (*parse)(struct parser *p, struct statement *s);
} tags[] = {
        { "if", tag_if },
        { "for", tag_for },
        { "set", tag_set },
        { "raw", tag_raw },
        { "verbatim", tag_raw },
};

static int unknown_tag(struct parser *p) {
        static const char *const unsupported[] = { "autoescape", "block", "cache",  "embed",   "extends", "filter",
                                                   "flush",      "from",  "import", "include", "macro",   "parallel" };
        _cleanup_free_ char *name = text_dup_n(p->t->text + p->token.offset, p->token.len);
        const char *names[ARRAY_SIZE(tags)], *near;

        if (!name)
                return -ENOMEM;
        if (p->token.type != TOKEN_NAME)
                return parser_expected(p, "a tag's name (if, for, set, raw)");
        for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++)
                if (text_eq(name, unsupported[i]))
                        return parser_fail(p, p->token.offset, "the tag '%s' is not supported by sqsflow", name);
        for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
                names[i] = tags[i].name;
        near = text_nearest(name, names, ARRAY_SIZE(tags));
        return parser_fail(p, p->token.offset, "there is no tag '%s'%s%s%s", name, near ? "; did you mean '" : "",
                           near ? near : "", near ? "'?" : "");
}

static int tag(struct parser *p, struct tail *tail, uint32_t offset) {
        for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
                struct statement *s;
                int r;

                if (!parser_at_word(p, tags[i].name))
                        continue;
                s = add(p, tail, STATEMENT_TEXT, offset);
                if (!s)
                        return -ENOMEM;
                if (tags[i].parse != tag_raw)
                        parser_advance(p);
                r = tags[i].parse(p, s);
                return r < 0 ? r : close_expression(p);
        }
        return unknown_tag(p);
}

static bool at_end(const struct parser *p, const char *const *ends) {
        for (; *ends; ends++)
                if (parser_at_word(p, *ends))
                        return true;
        return false;
}

static int unclosed(struct parser *p, const struct statement *block) {
        const char *name = block->type == STATEMENT_FOR ? "for" : "if";

        return parser_fail(p, block->offset, "'%s' is not closed by 'end%s'", name, name);
}

/* Statements up to one of the tags in `ends`, whose name is then the current token, or up to the end of the template
 * when they stand in no block. */
static int statements(struct parser *p, const char *const *ends, const struct statement *block, struct tail tail) {
        for (;;) {
                int r = text(p, &tail);
                uint32_t offset = p->lexer.at;
                const char *s = p->t->text + offset;

                if (r < 0)
                        return r;
                if (*s == '\0')
                        return block ? unclosed(p, block) : 0;
                if (s[1] == '#') {
                        r = comment(p);
                } else if (s[1] == '{') {
                        r = output(p, &tail);
                } else {
                        open_expression(p, '%');
                        if (at_end(p, ends))
                                return 0;
                        r = tag(p, &tail, offset);
                }
                if (r < 0)
                        return r;
        }
}

static int body(struct parser *p, const char *const *ends, const struct statement *block, struct statement **ret) {
        int r = parser_enter(p);

        *ret = NULL;
        if (r == 0)
                r = statements(p, ends, block, (struct tail){ ret });
        parser_leave(p);
        return r;
}

int parser_template(struct expr_template *t, struct expr_error *error) {
        struct parser p = { .t = t, .lexer = { .text = t->text }, .error = error };
        static const char *const none[] = { NULL };

        return body(&p, none, NULL, &t->body);
}
