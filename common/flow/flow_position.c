/* SPDX-License-Identifier: Apache-2.0 */
/* Where in the file a byte of a scalar's text stood. YAML forgets that, so it is found again in the source: in plain
 * and quoted scalars the text follows the start as it is, in a literal block ("|") line by line below an indentation.
 * Elsewhere (folded text, escapes) the text from that byte on is searched for. What was found is compared with the
 * text, so a wrong guess ends at the scalar's start and never somewhere else. */
#include "common/flow/flow_loader.h"

#include <string.h>

#define SNIPPET_MIN 2
#define SNIPPET_MAX 40

struct place {
        const char *at; /* in the source; NULL: not found */
        const char *end;
        unsigned line, column;
};

/* One character further; columns count characters, not bytes. */
static void place_step(struct place *p) {
        if (*p->at == '\n') {
                p->line++;
                p->column = 1;
        } else {
                p->column += p->at + 1 == p->end || (p->at[1] & 0xc0) != 0x80;
        }
        p->at++;
}

static struct place place_of(const char *text, const char *end, unsigned line, unsigned column) {
        struct place p = { .at = text, .end = end, .line = 1, .column = 1 };

        while (p.line < line) {
                const char *newline = memchr(p.at, '\n', (size_t)(end - p.at));

                if (!newline)
                        return (struct place){ 0 };
                p.at = newline + 1;
                p.line++;
        }
        while (p.column < column && p.at < end && *p.at != '\n')
                place_step(&p);
        return p.column == column && p.at < end ? p : (struct place){ 0 };
}

static struct place place_at(struct place p, const char *target) {
        while (p.at < target)
                place_step(&p);
        return p;
}

/* The text stands in the source as it is. */
static struct place in_line(struct place start, const char *end, const struct yaml_node *scalar, size_t offset) {
        if (*start.at == '"' || *start.at == '\'')
                place_step(&start);
        if ((size_t)(end - start.at) <= offset || memcmp(start.at, scalar->text, offset) != 0)
                return (struct place){ 0 };
        return place_at(start, start.at + offset);
}

static struct place in_literal(struct place start, const char *end, const struct yaml_node *scalar, size_t offset) {
        const char *body = memchr(start.at, '\n', (size_t)(end - start.at));
        size_t indent = 0, line_start = 0, lines = 1;
        struct place p;

        for (const char *c = body; c && c < end && (*c == '\n' || *c == ' '); c++)
                indent = *c == '\n' ? 0 : indent + 1;
        for (size_t i = 0; i < offset; i++)
                if (scalar->text[i] == '\n') {
                        lines++;
                        line_start = i + 1;
                }
        p = place_of(start.at, end, (unsigned)lines + 1, 1);
        if (!p.at || (size_t)(end - p.at) < indent + offset - line_start ||
            memcmp(p.at + indent, scalar->text + line_start, offset - line_start) != 0)
                return (struct place){ 0 };
        p = place_at(p, p.at + indent + (offset - line_start));
        p.line += start.line - 1;
        return p;
}

static struct place by_search(struct place start, const char *end, const struct yaml_node *scalar, size_t offset) {
        size_t len = strcspn(scalar->text + offset, "\n");
        const char *found;

        if (len > SNIPPET_MAX)
                len = SNIPPET_MAX;
        if (len < SNIPPET_MIN)
                return (struct place){ 0 };
        found = memmem(start.at, (size_t)(end - start.at), scalar->text + offset, len);
        return found ? place_at(start, found) : (struct place){ 0 };
}

void flow_position(const char *text, size_t len, const struct yaml_node *scalar, size_t offset, unsigned *ret_line,
                   unsigned *ret_column) {
        const char *end = text + len;
        struct place start = place_of(text, end, scalar->line, scalar->column);
        struct place found = { 0 };

        *ret_line = scalar->line;
        *ret_column = scalar->column;
        if (!start.at || offset > scalar->len)
                return;
        found = *start.at == '|' ? in_literal(start, end, scalar, offset) : in_line(start, end, scalar, offset);
        if (!found.at)
                found = by_search(start, end, scalar, offset);
        if (!found.at)
                return;
        *ret_line = found.line;
        *ret_column = found.column;
}
