/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern is a list of tokens, and matching keeps the set of all tokens that may come next: no pattern makes it slow.
 * Alternatives are tokens too: OPEN leads to the first token of each, COMMA and CLOSE lead behind the group. */
#include "runner/glob.h"

#include <errno.h>
#include <string.h>

#include "common/base/text.h"

enum token_type { TOKEN_END, TOKEN_CHAR, TOKEN_ANY, TOKEN_STAR, TOKEN_GLOBSTAR, TOKEN_SET, TOKEN_OPEN, TOKEN_COMMA,
                  TOKEN_CLOSE };

struct token {
        enum token_type type;
        char c;                /* CHAR */
        const char *set;       /* SET: its text between the brackets, borrowed */
        size_t set_len;
        size_t next;           /* OPEN, COMMA: the next COMMA or CLOSE of the group; COMMA: `close` is where it ends */
        size_t close;
};

struct glob {
        char *text;
        size_t count;          /* with the END */
        bool *now, *then;      /* the sets of tokens */
        struct token tokens[];
};

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* The set that begins behind '['; 0 or -EINVAL. */
static int read_set(const char **p, struct token *t) {
        const char *start = *p, *end = start + (*start == '!') + 1; /* a ']' in first place stands for itself */

        if (start[0] == '\0' || end[-1] == '\0')
                return -EINVAL;
        while (*end && *end != ']')
                end++;
        if (*end != ']')
                return -EINVAL;
        *t = (struct token){ .type = TOKEN_SET, .set = start, .set_len = (size_t)(end - start) };
        *p = end + 1;
        return 0;
}

static int read_token(const char **p, bool in_group, struct token *t) {
        char c = *(*p)++;

        *t = (struct token){ .type = TOKEN_CHAR, .c = c };
        if (c == '\\') {
                t->c = *(*p)++;
                return t->c == '\0' ? -EINVAL : 0;
        }
        if (c == '[')
                return read_set(p, t);
        if (c == '?')
                t->type = TOKEN_ANY;
        else if (c == '*' && **p == '*') {
                t->type = TOKEN_GLOBSTAR;
                (*p)++;
        } else if (c == '*')
                t->type = TOKEN_STAR;
        else if (c == '{')
                t->type = TOKEN_OPEN;
        else if (c == ',' && in_group)
                t->type = TOKEN_COMMA;
        else if (c == '}' && in_group)
                t->type = TOKEN_CLOSE;
        return t->type == TOKEN_OPEN && in_group ? -EINVAL : 0; /* groups do not nest */
}

/* Ties the parts of one group together when its CLOSE at `close` was read. */
static void tie_group(struct token *tokens, size_t open, size_t close) {
        size_t part = open;

        for (size_t i = open + 1; i <= close; i++)
                if (tokens[i].type == TOKEN_COMMA || tokens[i].type == TOKEN_CLOSE) {
                        tokens[part].next = i;
                        tokens[i].close = close;
                        part = i;
                }
}

static int read_tokens(struct glob *g) {
        const char *p = g->text;
        bool in_group = false;
        size_t open = 0;

        while (*p) {
                struct token *t = &g->tokens[g->count];
                int r = read_token(&p, in_group, t);

                if (r < 0)
                        return r;
                if (t->type == TOKEN_OPEN) {
                        open = g->count;
                        in_group = true;
                } else if (t->type == TOKEN_CLOSE) {
                        tie_group(g->tokens, open, g->count);
                        in_group = false;
                }
                g->count++;
        }
        g->tokens[g->count++] = (struct token){ .type = TOKEN_END };
        return in_group ? -EINVAL : 0;
}

int glob_new(const char *pattern, struct glob **ret) {
        _cleanup_(glob_freep) struct glob *g = NULL;
        size_t room = strlen(pattern) + 1;
        int r;

        if (room > GLOB_PATTERN_BYTES_MAX)
                return -EINVAL;
        g = calloc(1, sizeof(*g) + room * sizeof(g->tokens[0]));
        if (!g)
                return -ENOMEM;
        g->text = text_dup(pattern);
        g->now = calloc(room, sizeof(bool));
        g->then = calloc(room, sizeof(bool));
        if (!g->text || !g->now || !g->then)
                return -ENOMEM;
        r = read_tokens(g);
        if (r == 0)
                *ret = TAKE_PTR(g);
        return r;
}

struct glob *glob_free(struct glob *g) {
        if (!g)
                return NULL;
        free(g->text);
        free(g->now);
        free(g->then);
        free(g);
        return NULL;
}

/* --- matching ------------------------------------------------------------------------------------------------------- */

/* Token i may come next, and whatever is reached from it without a character. */
static void reach(const struct glob *g, bool *set, size_t i) {
        while (!set[i]) {
                const struct token *t = &g->tokens[i];

                set[i] = true;
                switch (t->type) {
                case TOKEN_STAR:
                case TOKEN_GLOBSTAR:
                case TOKEN_CLOSE:
                        i++;
                        break;
                case TOKEN_COMMA: /* the end of an alternative */
                        i = t->close;
                        break;
                case TOKEN_OPEN:
                        for (size_t part = i; g->tokens[part].type != TOKEN_CLOSE; part = g->tokens[part].next)
                                reach(g, set, part + 1);
                        return;
                default:
                        return;
                }
        }
}

static bool in_set(const struct token *t, const char *c, size_t len) {
        bool negated = t->set_len > 0 && t->set[0] == '!';

        if (*c == '/')
                return false;
        for (size_t i = negated; len == 1 && i < t->set_len; i++) {
                if (i + 2 < t->set_len && t->set[i + 1] == '-') {
                        if (t->set[i] <= *c && *c <= t->set[i + 2])
                                return !negated;
                        i += 2;
                } else if (t->set[i] == *c)
                        return !negated;
        }
        return negated;
}

/* Whether token i takes the character of `len` bytes that begins at c. */
static bool takes(const struct token *t, const char *c, size_t len) {
        switch (t->type) {
        case TOKEN_ANY:
        case TOKEN_STAR:
                return *c != '/';
        case TOKEN_GLOBSTAR:
                return true;
        case TOKEN_SET:
                return in_set(t, c, len);
        default:
                return false;
        }
}

/* One character of the path: a literal one is compared byte by byte, so that tokens need not know UTF-8. */
static void step(struct glob *g, const char *c, size_t len) {
        memset(g->then, 0, g->count * sizeof(bool));
        for (size_t i = 0; i < g->count; i++) {
                const struct token *t = &g->tokens[i];
                bool repeats = t->type == TOKEN_STAR || t->type == TOKEN_GLOBSTAR;
                size_t k = 0;

                if (!g->now[i])
                        continue;
                if (takes(t, c, len))
                        reach(g, g->then, repeats ? i : i + 1);
                while (k < len && g->tokens[i + k].type == TOKEN_CHAR && g->tokens[i + k].c == c[k])
                        k++;
                if (k == len)
                        reach(g, g->then, i + len);
        }
        bool *swap = g->now;
        g->now = g->then;
        g->then = swap;
}

bool glob_matches(const struct glob *pattern, const char *path) {
        struct glob *g = (struct glob *)pattern; /* its two sets are scratch */

        memset(g->now, 0, g->count * sizeof(bool));
        reach(g, g->now, 0);
        while (*path) {
                size_t len = text_utf8_char(path, strlen(path));

                len = MAX(len, (size_t)1);
                step(g, path, len);
                path += len;
        }
        return g->now[g->count - 1];
}
