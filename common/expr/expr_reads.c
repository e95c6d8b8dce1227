/* SPDX-License-Identifier: Apache-2.0 */
/* All that a template reads of the world. Names that it sets are known from there on, those of a loop or of a choice to
 * its end; where there are too many of them, the others count as read: who asks must rather hear of too much. */
#include <string.h>

#include "common/expr/expr_node_reads.h"

#define OWN_MAX 64

struct reading {
        struct read_search world; /* what the template's own names do not hide */
        expr_reads_function is_meant;
        void *userdata;
        const char *own[OWN_MAX];
        size_t own_count;
};

static void own(struct reading *r, const char *name) {
        if (r->own_count < OWN_MAX)
                r->own[r->own_count++] = name;
}

static bool is_own(const struct reading *r, const char *name) {
        for (size_t i = 0; i < r->own_count; i++)
                if (strcmp(r->own[i], name) == 0)
                        return true;
        return false;
}

static bool is_not_own(void *userdata, const struct expr_read *read) {
        struct reading *r = userdata;

        return (read->is_function || !is_own(r, read->path[0])) && r->is_meant(r->userdata, read);
}

static bool all_read(struct reading *r, const struct statement *s);

static bool loop_reads(struct reading *r, const struct statement *s) {
        size_t outside = r->own_count;
        bool found;

        if (node_reads(&r->world, s->loop.iterable))
                return true;
        own(r, "loop");
        own(r, s->loop.name);
        found = all_read(r, s->loop.body);
        r->own_count = outside;
        return found || all_read(r, s->loop.otherwise);
}

static bool branch_reads(struct reading *r, const struct statement *branch) {
        size_t outside = r->own_count;
        bool found = all_read(r, branch);

        r->own_count = outside;
        return found;
}

static bool choice_reads(struct reading *r, const struct statement *s) {
        for (const struct statement *i = s; i; i = statement_elseif(i)) {
                if (node_reads(&r->world, i->choice.condition) || branch_reads(r, i->choice.then))
                        return true;
                s = i;
        }
        return branch_reads(r, s->choice.otherwise);
}

static bool set_reads(struct reading *r, const struct statement *s) {
        if (node_reads(&r->world, s->assignment.value))
                return true;
        own(r, s->assignment.name);
        return false;
}

static bool statement_reads(struct reading *r, const struct statement *s) {
        switch (s->type) {
        case STATEMENT_TEXT:
                return false;
        case STATEMENT_OUTPUT:
                return node_reads(&r->world, s->output);
        case STATEMENT_IF:
                return choice_reads(r, s);
        case STATEMENT_FOR:
                return loop_reads(r, s);
        case STATEMENT_SET:
                return set_reads(r, s);
        }
        return true;
}

static bool all_read(struct reading *r, const struct statement *s) {
        for (; s; s = s->next)
                if (statement_reads(r, s))
                        return true;
        return false;
}

bool expr_reads(const struct expr_template *t, expr_reads_function is_meant, void *userdata) {
        struct reading r = { .is_meant = is_meant, .userdata = userdata };

        r.world = (struct read_search){ .is_meant = is_not_own, .userdata = &r };
        return all_read(&r, t->body);
}
