/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions to values, by recursion over the tree, one small function a node type behind one table.
 *
 * "Undefined" is not an error yet: it travels as -ENOENT and remembers only where, because "??" and "default" catch it
 * all the time. */
#include "common/expr/expr_eval.h"

#include <errno.h>
#include <string.h>

#include "common/expr/expr_operators.h"
#include "common/expr/expr_routines.h"

typedef int (*evaluate_node)(struct evaluation *e, const struct node *n, struct value **ret);

static int undefined(struct evaluation *e, const struct node *n, struct value *in, struct value *key) {
        value_unref(e->undefined_in);
        value_unref(e->undefined_key);
        e->undefined_in = value_ref(in);
        e->undefined_key = value_ref(key);
        e->undefined = n;
        return -ENOENT;
}

static int evaluate_literal(struct evaluation *e, const struct node *n, struct value **ret) {
        *ret = value_ref(n->literal);
        return 0;
}

static const struct local *find_local(const struct evaluation *e, const char *name) {
        const struct local *l = e->locals;

        while (l && strcmp(l->name, name) != 0)
                l = l->next;
        return l;
}

/* What the world's answer about n means. */
static int take_answer(struct evaluation *e, const struct node *n, int r, struct value *v, struct value **ret) {
        if (r < 0 && r != -ENOENT && r != -ENOMEM)
                return evaluation_fail(e, n, "the variable '%s' cannot be read: %s", n->variable, strerror(-r));
        return r < 0 ? r : evaluation_give(v, ret);
}

static int evaluate_variable(struct evaluation *e, const struct node *n, struct value **ret) {
        const struct local *l = find_local(e, n->variable);
        struct value *v = NULL;
        int r;

        if (l) {
                *ret = value_ref(l->value);
                return 0;
        }
        r = e->env->variable ? e->env->variable(e->env->userdata, n->variable, &v) : -ENOENT;
        return r == -ENOENT ? undefined(e, n, NULL, NULL) : take_answer(e, n, r, v, ret);
}

/* -ENOENT: the object has to be asked. */
static int evaluate_member(struct evaluation *e, const struct node *n, struct value **ret) {
        const struct node *object = n->access.object;
        struct value *v = NULL;
        int r;

        if (!e->env->member || object->type != NODE_VARIABLE || find_local(e, object->variable))
                return -ENOENT;
        r = e->env->member(e->env->userdata, object->variable, n->access.name, &v);
        return take_answer(e, object, r, v, ret);
}

static int evaluate_attribute(struct evaluation *e, const struct node *n, struct value **ret) {
        _cleanup_value_ struct value *object = NULL;
        struct value *found;
        int r = evaluate_member(e, n, ret);

        if (r != -ENOENT)
                return r;
        r = evaluate(e, n->access.object, &object);
        if (r < 0)
                return r;
        found = value_type(object) == VALUE_MAP ? value_map_get(object, n->access.name) : NULL;
        if (!found)
                return undefined(e, n, object, NULL);
        *ret = value_ref(found);
        return 0;
}

/* A list is read by its numbers, a map by texts; a number finds the key that is written like it. */
static struct value *subscript(const struct value *object, const struct value *key) {
        int64_t i;

        if (value_type(object) == VALUE_LIST)
                return value_to_i64(key, &i) == 0 && i >= 0 && (uint64_t)i < value_count(object)
                               ? value_list_at(object, (size_t)i)
                               : NULL;
        if (value_type(object) != VALUE_MAP)
                return NULL;
        if (value_type(key) == VALUE_NUMBER)
                return value_map_get(object, value_number(key));
        return value_type(key) == VALUE_STRING ? value_map_get(object, value_string(key)) : NULL;
}

static int evaluate_subscript(struct evaluation *e, const struct node *n, struct value **ret) {
        _cleanup_value_ struct value *object = NULL, *key = NULL;
        struct value *found;
        int r = evaluate(e, n->access.object, &object);

        if (r == 0)
                r = evaluate(e, n->access.key, &key);
        if (r < 0)
                return r;
        found = subscript(object, key);
        if (!found)
                return undefined(e, n, object, key);
        *ret = value_ref(found);
        return 0;
}

static int evaluate_operation(struct evaluation *e, const struct node *n, struct value **ret) {
        const struct expr_operator *op = n->operation.operation;
        _cleanup_value_ struct value *left = NULL, *right = NULL;
        int r = 0;

        if (op->lazy)
                return op->lazy(e, n, ret);
        if (n->operation.left)
                r = evaluate(e, n->operation.left, &left);
        if (r == 0)
                r = evaluate(e, n->operation.right, &right);
        return r < 0 ? r : op->apply(e, n, left, right, ret);
}

static int evaluate_conditional(struct evaluation *e, const struct node *n, struct value **ret) {
        _cleanup_value_ struct value *condition = NULL;
        bool truth = false;
        int r = evaluate(e, n->conditional.condition, &condition);

        if (r == 0)
                r = evaluation_truth(e, n->conditional.condition, condition, &truth);
        return r < 0 ? r : evaluate(e, truth ? n->conditional.yes : n->conditional.no, ret);
}

static int evaluate_list(struct evaluation *e, const struct node *n, struct value **ret) {
        _cleanup_value_ struct value *list = value_new_list();

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n->collection.count; i++) {
                struct value *item = NULL;
                int r = evaluate(e, n->collection.items[i], &item);

                if (r == 0)
                        r = value_list_add(list, item);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int put_entry(struct evaluation *e, struct value *map, const struct node *key_node, const struct node *node) {
        _cleanup_value_ struct value *key = NULL, *key_text = NULL;
        struct value *item = NULL;
        int r = evaluate(e, key_node, &key);

        if (r == 0)
                r = evaluation_to_text(e, key_node, key, &key_text);
        if (r == 0)
                r = evaluate(e, node, &item);
        return r < 0 ? r : value_map_put(map, value_string(key_text), item);
}

static int evaluate_map(struct evaluation *e, const struct node *n, struct value **ret) {
        _cleanup_value_ struct value *map = value_new_map();

        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < n->collection.count; i += 2) {
                int r = put_entry(e, map, n->collection.items[i], n->collection.items[i + 1]);

                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(map);
        return 0;
}

static void call_done(struct call *c) {
        value_unref(c->input);
        for (size_t i = 0; i < c->count; i++)
                value_unref(c->args[i]);
}

static int evaluate_arguments(struct call *c) {
        const struct node *n = c->at;

        for (; c->count < n->call.count; c->count++) {
                const struct node *arg = n->call.args[c->count];
                int r = arg ? evaluate(c->e, arg, &c->args[c->count]) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int evaluate_call(struct evaluation *e, const struct node *n, struct value **ret) {
        const struct expr_routine *routine = n->call.routine;
        _cleanup_(call_done) struct call c = { .e = e, .at = n };
        int r = 0;

        if (n->call.input)
                r = routine->lenient ? evaluate_lenient(e, n->call.input, &c.input)
                                     : evaluate(e, n->call.input, &c.input);
        if (r == 0)
                r = evaluate_arguments(&c);
        if (r == 0 && c.input && value_type(c.input) == VALUE_NULL && !routine->takes_null)
                return evaluation_give(value_new_null(), ret);
        return r < 0 ? r : routine->apply(&c, ret);
}

static int evaluate_test(struct evaluation *e, const struct node *n, struct value **ret) {
        struct value *v = NULL;
        int r = evaluate_call(e, n, &v);

        if (r < 0)
                return r;
        *ret = n->negated ? value_new_bool(!value_bool(v)) : value_ref(v);
        value_unref(v);
        return *ret ? 0 : -ENOMEM;
}

static const evaluate_node evaluators[] = {
        [NODE_LITERAL] = evaluate_literal,         [NODE_VARIABLE] = evaluate_variable,
        [NODE_ATTRIBUTE] = evaluate_attribute,     [NODE_SUBSCRIPT] = evaluate_subscript,
        [NODE_UNARY] = evaluate_operation,         [NODE_BINARY] = evaluate_operation,
        [NODE_CONDITIONAL] = evaluate_conditional, [NODE_LIST] = evaluate_list,
        [NODE_MAP] = evaluate_map,                 [NODE_FILTER] = evaluate_call,
        [NODE_TEST] = evaluate_test,               [NODE_FUNCTION] = evaluate_call,
};

int evaluate(struct evaluation *e, const struct node *n, struct value **ret) {
        int r = evaluation_charge(e, n, 1);

        return r < 0 ? r : evaluators[n->type](e, n, ret);
}

int evaluate_lenient(struct evaluation *e, const struct node *n, struct value **ret) {
        int r = evaluate(e, n, ret);

        return r == -ENOENT ? evaluation_give(value_new_null(), ret) : r;
}
