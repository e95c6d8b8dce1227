/* SPDX-License-Identifier: Apache-2.0 */
/* What an expression reads of the world. */
#include <string.h>

#include "common/expr/expr_node_reads.h"
#include "common/expr/expr_routines.h"

static const char *constant_key(const struct node *key) {
        return key->type == NODE_LITERAL && value_type(key->literal) == VALUE_STRING ? value_string(key->literal)
                                                                                     : NULL;
}

static bool read_so_far(const struct node *n, struct expr_read *ret, bool *ret_computed) {
        const char *name;

        if (n->type == NODE_VARIABLE) {
                *ret = (struct expr_read){ .path = { n->variable }, .depth = 1 };
                *ret_computed = false;
                return true;
        }
        if ((n->type != NODE_ATTRIBUTE && n->type != NODE_SUBSCRIPT) ||
            !read_so_far(n->access.object, ret, ret_computed))
                return false;
        name = n->type == NODE_SUBSCRIPT ? constant_key(n->access.key) : n->access.name;
        *ret_computed |= !name || ret->depth == EXPR_READ_MAX;
        if (!*ret_computed)
                ret->path[ret->depth++] = name;
        return true;
}

static bool node_read(const struct node *n, struct expr_read *ret) {
        bool computed;

        return read_so_far(n, ret, &computed);
}

static bool any_of(const struct read_search *s, const struct node *const *nodes, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (node_reads(s, nodes[i]))
                        return true;
        return false;
}

static bool access_reads(const struct read_search *s, const struct node *n) {
        struct expr_read read;

        if (node_read(n, &read)) {
                if (s->is_meant(s->userdata, &read))
                        return true;
        } else if (node_reads(s, n->access.object)) {
                return true;
        }
        for (; n->type == NODE_ATTRIBUTE || n->type == NODE_SUBSCRIPT; n = n->access.object)
                if (n->type == NODE_SUBSCRIPT && node_reads(s, n->access.key))
                        return true;
        return false;
}

static bool call_reads(const struct read_search *s, const struct node *n) {
        const struct expr_read read = { .path = { n->call.routine->name }, .depth = 1, .is_function = true };

        if (n->type == NODE_FUNCTION && s->is_meant(s->userdata, &read))
                return true;
        return node_reads(s, n->call.input) || any_of(s, (const struct node *const *)n->call.args, n->call.count);
}

bool node_reads(const struct read_search *s, const struct node *n) {
        if (!n)
                return false;
        switch (n->type) {
        case NODE_LITERAL:
                return false;
        case NODE_VARIABLE:
        case NODE_ATTRIBUTE:
        case NODE_SUBSCRIPT:
                return access_reads(s, n);
        case NODE_UNARY:
        case NODE_BINARY:
                return node_reads(s, n->operation.left) || node_reads(s, n->operation.right);
        case NODE_CONDITIONAL:
                return (!s->only_put_out && node_reads(s, n->conditional.condition)) ||
                       node_reads(s, n->conditional.yes) || node_reads(s, n->conditional.no);
        case NODE_LIST:
        case NODE_MAP:
                return any_of(s, (const struct node *const *)n->collection.items, n->collection.count);
        case NODE_TEST:
                return !s->only_put_out && call_reads(s, n);
        case NODE_FILTER:
        case NODE_FUNCTION:
                return call_reads(s, n);
        }
        return true;
}
