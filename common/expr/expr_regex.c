/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern is translated piece by piece: what both dialects share is copied, Java's \d, \D, \t, \n, \r become what
 * POSIX calls them. Counted repetitions are bounded, because the C library unrolls them in memory. */
#include "common/expr/expr_regex.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/text.h"

#define PATTERN_MAX 1000     /* bytes */
#define REPETITIONS_MAX 1000 /* the product of all counts of a pattern */

struct translation {
        const char *at;
        struct buf out;
        unsigned long repetitions;
        const char *refused; /* what POSIX cannot say */
};

void expr_regex_done(struct expr_regex *r) {
        if (r->set)
                regfree(&r->compiled);
        *r = EXPR_REGEX_INIT;
}

static void refuse(struct translation *t, const char *what) {
        if (!t->refused)
                t->refused = what;
}

/* Inside brackets a class of Java's needs its POSIX name; outside, its own brackets. */
static void translate_escape(struct translation *t, bool in_class) {
        static const struct {
                char letter;
                const char *outside, *inside;
        } classes[] = {
                { 'd', "[0-9]", "0-9" },      { 'D', "[^0-9]", NULL },
                { 'w', "[A-Za-z0-9_]", "A-Za-z0-9_" }, { 'W', "[^A-Za-z0-9_]", NULL },
                { 's', "[ \t\n\v\f\r]", " \t\n\v\f\r" }, { 'S', "[^ \t\n\v\f\r]", NULL },
                { 't', "\t", "\t" },          { 'n', "\n", "\n" },
                { 'r', "\r", "\r" },          { 'b', "\\b", NULL },
                { 'B', "\\B", NULL },
        };
        char c = *++t->at;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (classes[i].letter == c) {
                        const char *as = in_class ? classes[i].inside : classes[i].outside;

                        if (!as)
                                refuse(t, "this escape inside brackets");
                        else
                                buf_append_str(&t->out, as);
                        t->at++;
                        return;
                }
        if (c == '\0' || isalnum((unsigned char)c)) {
                refuse(t, "an escape of a letter or digit other than d, D, w, W, s, S, t, n, r, b and B");
                return;
        }
        if (!in_class)
                buf_append_char(&t->out, '\\');
        else if (strchr("]^-\\", c))
                refuse(t, "an escaped ']', '^', '-' or '\\' inside brackets");
        buf_append_char(&t->out, c);
        t->at++;
}

static void translate_class(struct translation *t) {
        buf_append_char(&t->out, *t->at++);
        if (*t->at == '^')
                buf_append_char(&t->out, *t->at++);
        while (*t->at != '\0' && *t->at != ']') {
                if (*t->at == '[' || (t->at[0] == '&' && t->at[1] == '&'))
                        refuse(t, "a class inside a class");
                if (*t->at == '\\')
                        translate_escape(t, true);
                else
                        buf_append_char(&t->out, *t->at++);
                if (t->refused)
                        return;
        }
        if (*t->at == ']')
                buf_append_char(&t->out, *t->at++);
}

static void translate_count(struct translation *t) {
        const char *comma = strpbrk(t->at, ",}");
        unsigned long low = strtoul(t->at + 1, NULL, 10),
                      high = comma && *comma == ',' ? strtoul(comma + 1, NULL, 10) : 0;

        if (!isdigit((unsigned char)t->at[1]))
                refuse(t, "a '{' that does not begin a count");
        high = MAX(low, high);
        t->repetitions *= MAX(high, 1ul);
        if (high > REPETITIONS_MAX || t->repetitions > REPETITIONS_MAX)
                refuse(t, "so many repetitions");
        buf_append_char(&t->out, *t->at++);
}

static void translate(struct translation *t) {
        while (*t->at != '\0' && !t->refused) {
                char c = *t->at, next = t->at[1];

                if (c == '\\') {
                        translate_escape(t, false);
                } else if (c == '[') {
                        translate_class(t);
                } else if (c == '{') {
                        translate_count(t);
                } else {
                        if (c == '(' && next == '?')
                                refuse(t, "a group that begins with '(?'");
                        if (strchr("*+?}", c) && (next == '?' || next == '+'))
                                refuse(t, "a reluctant or possessive quantifier");
                        buf_append_char(&t->out, c);
                        t->at++;
                }
        }
}

static int compile(struct expr_regex *r, const char *translated, char **ret_error) {
        char why[128];
        int code = regcomp(&r->compiled, translated, REG_EXTENDED);

        if (code == 0) {
                r->set = true;
                return 0;
        }
        if (code == REG_ESPACE)
                return -ENOMEM;
        regerror(code, &r->compiled, why, sizeof(why));
        *ret_error = text_printf("the pattern is not a regular expression: %s", why);
        return *ret_error ? -EBADMSG : -ENOMEM;
}

int expr_regex_compile(struct expr_regex *r, const char *pattern, char **ret_error) {
        struct translation t = { .at = pattern, .out = BUF_INIT(0), .repetitions = 1 };
        int result;

        if (strlen(pattern) > PATTERN_MAX)
                t.refused = "a pattern of that length";
        buf_append_str(&t.out, "");
        translate(&t);
        if (t.refused) {
                *ret_error = text_printf("the pattern uses %s, which is not supported by sqsflow", t.refused);
                result = *ret_error ? -EBADMSG : -ENOMEM;
        } else {
                result = buf_error(&t.out) < 0 ? buf_error(&t.out) : compile(r, t.out.data, ret_error);
        }
        buf_done(&t.out);
        return result;
}

bool expr_regex_find(const struct expr_regex *r, const char *s, size_t len, size_t from,
                     regmatch_t groups[REGEX_GROUPS_MAX]) {
        groups[0] = (regmatch_t){ .rm_so = (regoff_t)from, .rm_eo = (regoff_t)len };
        return regexec(&r->compiled, s, REGEX_GROUPS_MAX, groups, REG_STARTEND | (from > 0 ? REG_NOTBOL : 0)) == 0;
}
