/* SPDX-License-Identifier: Apache-2.0 */
/* Which outputs carry what a root variable holds. "set" and "for" hand it on to other names, so the names that carry it
 * are collected first, until no new one turns up. Whatever render() makes may read anything, so it carries everything.
 * Only what is put out counts: a condition or a test decides, but does not carry. */
#include <string.h>

#include "common/flow/expr_eval.h"
#include "common/flow/expr_routines.h"

#define CARRIERS_MAX 64 /* more names than that: every name carries */

struct carriers {
        const char *names[CARRIERS_MAX];
        size_t count;
        bool all;
};

typedef int (*visit_output_function)(void *userdata, const char *last_filter, size_t offset);

static bool carries_name(const struct carriers *c, const char *name) {
        for (size_t i = 0; i < c->count; i++)
                if (strcmp(c->names[i], name) == 0)
                        return true;
        return c->all;
}

static bool carries(const struct carriers *c, const struct node *n);

static bool any_carries(const struct carriers *c, const struct node *const *nodes, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (carries(c, nodes[i]))
                        return true;
        return false;
}

static bool call_carries(const struct carriers *c, const struct node *n) {
        if (n->type == NODE_FUNCTION && strcmp(n->call.routine->name, "render") == 0)
                return true;
        return carries(c, n->call.input) || any_carries(c, (const struct node *const *)n->call.args, n->call.count);
}

static bool carries(const struct carriers *c, const struct node *n) {
        if (!n)
                return false;
        switch (n->type) {
        case NODE_LITERAL:
                return false;
        case NODE_VARIABLE:
                return carries_name(c, n->variable);
        case NODE_ATTRIBUTE:
        case NODE_SUBSCRIPT:
                return carries(c, n->access.object) || carries(c, n->access.key);
        case NODE_UNARY:
        case NODE_BINARY:
                return carries(c, n->operation.left) || carries(c, n->operation.right);
        case NODE_CONDITIONAL:
                return carries(c, n->conditional.yes) || carries(c, n->conditional.no);
        case NODE_LIST:
        case NODE_MAP:
                return any_carries(c, (const struct node *const *)n->collection.items, n->collection.count);
        case NODE_TEST:
                return false;
        case NODE_FILTER:
        case NODE_FUNCTION:
                return call_carries(c, n);
        }
        return true;
}

static bool learn(struct carriers *c, const char *name, const struct node *from) {
        if (carries_name(c, name) || !carries(c, from))
                return false;
        if (c->count == CARRIERS_MAX)
                c->all = true;
        else
                c->names[c->count++] = name;
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

static int visit_output(const struct carriers *c, const struct statement *s, visit_output_function on_output,
                        void *userdata) {
        const struct node *n = s->output;

        if (!carries(c, n))
                return 0;
        return on_output(userdata, n->type == NODE_FILTER ? n->call.routine->name : NULL, s->offset);
}

static int visit(const struct carriers *c, const struct statement *s, visit_output_function on_output, void *userdata) {
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

int expr_visit_outputs(const struct expr_template *t, const char *root,
                       int (*on_output)(void *userdata, const char *last_filter, size_t offset), void *userdata) {
        struct carriers c = { .names = { root }, .count = 1 };

        while (collect(&c, t->body))
                ;
        return visit(&c, t->body, on_output, userdata);
}
