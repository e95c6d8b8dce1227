/* SPDX-License-Identifier: Apache-2.0 */
/* All that a template reads of the world. Names that it sets are known from there on, those of a loop to its end; where there
 * are too many of them, the others count as read: who asks must rather hear of too much. */
#include <string.h>

#include "common/expr/expr_eval.h"
#include "common/expr/expr_routines.h"

#define OWN_MAX 64

struct reading {
        expr_reads_function reads;
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

/* --- expressions ------------------------------------------------------------------------------------------------------ */

static const char *constant_key(const struct node *key) {
        return key->type == NODE_LITERAL && value_type(key->literal) == VALUE_STRING ? value_string(key->literal) : NULL;
}

static bool read_so_far(const struct node *n, struct expr_read *ret, bool *ret_computed) {
        const char *name;

        if (n->type == NODE_VARIABLE) {
                *ret = (struct expr_read){ .path = { n->variable }, .depth = 1 };
                *ret_computed = false;
                return true;
        }
        if ((n->type != NODE_ATTRIBUTE && n->type != NODE_SUBSCRIPT) || !read_so_far(n->access.object, ret, ret_computed))
                return false;
        name = n->type == NODE_SUBSCRIPT ? constant_key(n->access.key) : n->access.name;
        *ret_computed |= !name || ret->depth == EXPR_READ_MAX;
        if (!*ret_computed)
                ret->path[ret->depth++] = name;
        return true;
}

bool node_read(const struct node *n, struct expr_read *ret) {
        bool computed;

        return read_so_far(n, ret, &computed);
}

static bool reads(const struct reading *r, const struct node *n);

static bool any_reads(const struct reading *r, const struct node *const *nodes, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (reads(r, nodes[i]))
                        return true;
        return false;
}

static bool access_reads(const struct reading *r, const struct node *n) {
        struct expr_read read;

        if (node_read(n, &read)) {
                if (!is_own(r, read.path[0]) && r->reads(r->userdata, &read))
                        return true;
        } else if (reads(r, n->access.object)) {
                return true;
        }
        for (; n->type == NODE_ATTRIBUTE || n->type == NODE_SUBSCRIPT; n = n->access.object)
                if (n->type == NODE_SUBSCRIPT && reads(r, n->access.key))
                        return true;
        return false;
}

static bool call_reads(const struct reading *r, const struct node *n) {
        const struct expr_read read = { .path = { n->call.routine->name }, .depth = 1, .is_function = true };

        if (n->type == NODE_FUNCTION && r->reads(r->userdata, &read))
                return true;
        return reads(r, n->call.input) || any_reads(r, (const struct node *const *)n->call.args, n->call.count);
}

static bool reads(const struct reading *r, const struct node *n) {
        if (!n)
                return false;
        switch (n->type) {
        case NODE_LITERAL:
                return false;
        case NODE_VARIABLE:
        case NODE_ATTRIBUTE:
        case NODE_SUBSCRIPT:
                return access_reads(r, n);
        case NODE_UNARY:
        case NODE_BINARY:
                return reads(r, n->operation.left) || reads(r, n->operation.right);
        case NODE_CONDITIONAL:
                return reads(r, n->conditional.condition) || reads(r, n->conditional.yes) || reads(r, n->conditional.no);
        case NODE_LIST:
        case NODE_MAP:
                return any_reads(r, (const struct node *const *)n->collection.items, n->collection.count);
        case NODE_FILTER:
        case NODE_TEST:
        case NODE_FUNCTION:
                return call_reads(r, n);
        }
        return true;
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

static bool all_read(struct reading *r, const struct statement *s);

static bool loop_reads(struct reading *r, const struct statement *s) {
        size_t outside = r->own_count;
        bool found;

        if (reads(r, s->loop.iterable))
                return true;
        own(r, "loop");
        own(r, s->loop.name);
        found = all_read(r, s->loop.body);
        r->own_count = outside;
        return found || all_read(r, s->loop.otherwise);
}

static bool choice_reads(struct reading *r, const struct statement *s) {
        for (const struct statement *i = s; i; i = statement_elseif(i)) {
                if (reads(r, i->choice.condition) || all_read(r, i->choice.then))
                        return true;
                s = i;
        }
        return all_read(r, s->choice.otherwise);
}

static bool set_reads(struct reading *r, const struct statement *s) {
        if (reads(r, s->assignment.value))
                return true;
        own(r, s->assignment.name);
        return false;
}

static bool statement_reads(struct reading *r, const struct statement *s) {
        switch (s->type) {
        case STATEMENT_TEXT:
                return false;
        case STATEMENT_OUTPUT:
                return reads(r, s->output);
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
        struct reading r = { .reads = is_meant, .userdata = userdata };

        return all_read(&r, t->body);
}
