/* SPDX-License-Identifier: Apache-2.0 */
/* Which outputs carry what the caller looks for. It says of each read (a variable with the members that stand there as
 * constants, or a function) whether that holds it. "set" and "for" hand it on to other names, so the names that carry
 * it are collected first, until no new one turns up. Only what is put out counts: a condition or a test decides, but
 * does not carry. */
#include <string.h>

#include "common/expr/expr_node_reads.h"
#include "common/expr/expr_routines.h"

#define CARRIERS_MAX 64 /* more names than that: every name carries */

struct carriers {
        expr_reads_function reads;
        void *userdata;
        struct {
                const char *name;
                struct expr_read read; /* what it was set from */
        } names[CARRIERS_MAX];
        size_t count;
        bool all;
        struct expr_read found; /* of the last carries() that was true */
};

static bool is_known(const struct carriers *c, const char *name) {
        for (size_t i = 0; i < c->count; i++)
                if (strcmp(c->names[i].name, name) == 0)
                        return true;
        return c->all;
}

static bool read_carries(void *userdata, const struct expr_read *read) {
        struct carriers *c = userdata;

        for (size_t i = 0; i < c->count && !read->is_function; i++)
                if (strcmp(c->names[i].name, read->path[0]) == 0) {
                        c->found = c->names[i].read;
                        return true;
                }
        if (!(c->all && !read->is_function) && !c->reads(c->userdata, read))
                return false;
        c->found = *read;
        return true;
}

static bool carries(struct carriers *c, const struct node *n) {
        const struct read_search search = { .is_meant = read_carries, .userdata = c, .only_put_out = true };

        return node_reads(&search, n);
}

static bool learn(struct carriers *c, const char *name, const struct node *from) {
        if (is_known(c, name) || !carries(c, from))
                return false;
        if (c->count == CARRIERS_MAX) {
                c->all = true;
                return true;
        }
        c->names[c->count].name = name;
        c->names[c->count++].read = c->found;
        return true;
}

/* True when a name was learnt. */
static bool collect(struct carriers *c, const struct statement *s) {
        bool learnt = false;

        for (; s; s = s->next) {
                const struct statement *last = s;

                switch (s->type) {
                case STATEMENT_SET:
                        learnt |= learn(c, s->assignment.name, s->assignment.value);
                        break;
                case STATEMENT_FOR:
                        learnt |= learn(c, s->loop.name, s->loop.iterable);
                        learnt |= collect(c, s->loop.body);
                        learnt |= collect(c, s->loop.otherwise);
                        break;
                case STATEMENT_IF:
                        for (const struct statement *i = s; i; i = statement_elseif(i)) {
                                learnt |= collect(c, i->choice.then);
                                last = i;
                        }
                        learnt |= collect(c, last->choice.otherwise);
                        break;
                default:
                        break;
                }
        }
        return learnt;
}

static int visit_output(struct carriers *c, const struct statement *s, expr_visit_function on_output, void *userdata) {
        const struct node *n = s->output;

        if (!carries(c, n))
                return 0;
        return on_output(userdata, &c->found, n->type == NODE_FILTER ? n->call.routine->name : NULL, s->offset);
}

static int visit(struct carriers *c, const struct statement *s, expr_visit_function on_output, void *userdata) {
        int r = 0;

        for (; s && r == 0; s = s->next) {
                const struct statement *last = s;

                switch (s->type) {
                case STATEMENT_OUTPUT:
                        r = visit_output(c, s, on_output, userdata);
                        break;
                case STATEMENT_FOR:
                        r = visit(c, s->loop.body, on_output, userdata);
                        if (r == 0)
                                r = visit(c, s->loop.otherwise, on_output, userdata);
                        break;
                case STATEMENT_IF:
                        for (const struct statement *i = s; i && r == 0; i = statement_elseif(i)) {
                                r = visit(c, i->choice.then, on_output, userdata);
                                last = i;
                        }
                        if (r == 0)
                                r = visit(c, last->choice.otherwise, on_output, userdata);
                        break;
                default:
                        break;
                }
        }
        return r;
}

int expr_visit_outputs(const struct expr_template *t, expr_reads_function reads, expr_visit_function on_output,
                       void *userdata) {
        struct carriers c = { .reads = reads, .userdata = userdata };

        while (collect(&c, t->body))
                ;
        return visit(&c, t->body, on_output, userdata);
}
