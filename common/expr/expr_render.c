/* SPDX-License-Identifier: Apache-2.0 */
/* Statements to text, and the public entry points. A template that is one output hands its value on without copying:
 * that is what nearly every property of a task is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr_eval.h"

static int render(struct evaluation *e, const struct statement *s, struct buf *b);

/* --- variables of the template --------------------------------------------------------------------------------- */

static void drop_locals(struct evaluation *e, struct local *until) {
        while (e->locals != until) {
                struct local *l = e->locals;

                e->locals = l->next;
                value_unref(l->value);
                free(l);
        }
}

/* Takes v over. */
static int push_local(struct evaluation *e, const char *name, struct value *v) {
        struct local *l = v ? malloc(sizeof(*l)) : NULL;

        if (!l) {
                value_unref(v);
                return -ENOMEM;
        }
        *l = (struct local){ name, v, e->locals };
        e->locals = l;
        return 0;
}

/* How deep v is, counting every value in it as a step, so that a template cannot grow a value without end. */
static int measure(struct evaluation *e, const struct node *n, const struct value *v, unsigned depth) {
        bool map = value_type(v) == VALUE_MAP, list = value_type(v) == VALUE_LIST;
        int r = evaluation_charge(e, n, 1);

        if (r == 0 && depth > EXPR_VALUE_DEPTH_MAX)
                return evaluation_fail(e, n, "the value is nested too deeply: more than %d levels",
                                       EXPR_VALUE_DEPTH_MAX);
        for (size_t i = 0; r == 0 && (map || list) && i < value_count(v); i++)
                r = measure(e, n, map ? value_map_at(v, i) : value_list_at(v, i), depth + 1);
        return r;
}

/* --- statements ------------------------------------------------------------------------------------------------ */

static int render_output(struct evaluation *e, const struct node *n, struct buf *b) {
        _cleanup_value_ struct value *v = NULL;
        int r = evaluate(e, n, &v);

        if (r == 0)
                expr_write_text(b, v);
        return r;
}

static int render_if(struct evaluation *e, const struct statement *s, struct buf *b) {
        const struct statement *last = s;

        for (; s; s = statement_elseif(s)) {
                _cleanup_value_ struct value *v = NULL;
                bool truth = false;
                int r = evaluate(e, s->choice.condition, &v);

                if (r == 0)
                        r = evaluation_truth(e, s->choice.condition, v, &truth);
                if (r < 0)
                        return r;
                if (truth)
                        return render(e, s->choice.then, b);
                last = s;
        }
        return render(e, last->choice.otherwise, b);
}

/* {"index": 0, "first": …}: what "loop" is in a turn. */
static struct value *loop_value(size_t i, size_t count) {
        _cleanup_value_ struct value *loop = value_new_map();

        if (!loop || value_map_put(loop, "index", value_new_int((int64_t)i)) < 0 ||
            value_map_put(loop, "revindex", value_new_int((int64_t)(count - i - 1))) < 0 ||
            value_map_put(loop, "length", value_new_int((int64_t)count)) < 0 ||
            value_map_put(loop, "first", value_new_bool(i == 0)) < 0 ||
            value_map_put(loop, "last", value_new_bool(i + 1 == count)) < 0)
                return NULL;
        return TAKE_PTR(loop);
}

/* A map's turn is its entry, with "key" and "value", as Java's is. */
static struct value *loop_item(const struct value *iterable, size_t i) {
        _cleanup_value_ struct value *entry = NULL;

        if (value_type(iterable) == VALUE_LIST)
                return value_ref(value_list_at(iterable, i));
        entry = value_new_map();
        if (!entry || value_map_put(entry, "key", value_new_string(value_map_key_at(iterable, i))) < 0 ||
            value_map_put(entry, "value", value_ref(value_map_at(iterable, i))) < 0)
                return NULL;
        return TAKE_PTR(entry);
}

/* Takes v over; NULL: out of memory. */
static int assign(struct local *l, struct value *v) {
        if (!v)
                return -ENOMEM;
        value_unref(l->value);
        l->value = v;
        return 0;
}

/* The variables of the turn and those that the body sets live until the end of the loop. */
static int render_turns(struct evaluation *e, const struct statement *s, const struct value *iterable, struct buf *b) {
        struct local *outside = e->locals, *loop, *item;
        size_t count = value_count(iterable);
        int r = push_local(e, "loop", value_new_null());

        loop = e->locals;
        if (r == 0)
                r = push_local(e, s->loop.name, value_new_null());
        item = e->locals;
        for (size_t i = 0; r == 0 && i < count && buf_error(b) == 0; i++) {
                r = evaluation_charge(e, s->loop.iterable, 1);
                if (r == 0)
                        r = assign(loop, loop_value(i, count));
                if (r == 0)
                        r = assign(item, loop_item(iterable, i));
                if (r == 0)
                        r = render(e, s->loop.body, b);
        }
        drop_locals(e, outside);
        return r;
}

static int render_for(struct evaluation *e, const struct statement *s, struct buf *b) {
        _cleanup_value_ struct value *iterable = NULL;
        int r = evaluate(e, s->loop.iterable, &iterable);

        if (r < 0 || value_type(iterable) == VALUE_NULL)
                return r;
        if (value_type(iterable) != VALUE_LIST && value_type(iterable) != VALUE_MAP)
                return evaluation_fail(e, s->loop.iterable, "'for' goes over a list or a map, not over a %s",
                                       value_type_name(iterable));
        return value_count(iterable) > 0 ? render_turns(e, s, iterable, b) : render(e, s->loop.otherwise, b);
}

/* Sets the variable where it is already, else makes it in the innermost loop. */
static int render_set(struct evaluation *e, const struct statement *s) {
        _cleanup_value_ struct value *v = NULL;
        int r = evaluate(e, s->assignment.value, &v);

        if (r == 0)
                r = measure(e, s->assignment.value, v, 0);
        if (r < 0)
                return r;
        for (struct local *l = e->locals; l; l = l->next)
                if (strcmp(l->name, s->assignment.name) == 0)
                        return assign(l, TAKE_PTR(v));
        return push_local(e, s->assignment.name, TAKE_PTR(v));
}

static int render_statement(struct evaluation *e, const struct statement *s, struct buf *b) {
        switch (s->type) {
        case STATEMENT_TEXT:
                buf_append(b, s->text.start, s->text.len);
                return 0;
        case STATEMENT_OUTPUT:
                return render_output(e, s->output, b);
        case STATEMENT_IF:
                return render_if(e, s, b);
        case STATEMENT_FOR:
                return render_for(e, s, b);
        case STATEMENT_SET:
                return render_set(e, s);
        }
        return 0;
}

/* The buffer's own failures stay in the buffer, where evaluation_text() finds them. */
static int render(struct evaluation *e, const struct statement *s, struct buf *b) {
        int r = 0;

        for (; s && r == 0 && buf_error(b) == 0; s = s->next)
                r = render_statement(e, s, b);
        return r;
}

/* --- whole templates ------------------------------------------------------------------------------------------- */

static const struct node *only_output(const struct expr_template *t) {
        const struct statement *s = t->body;

        return s && s->type == STATEMENT_OUTPUT && !s->next ? s->output : NULL;
}

static int render_only(struct evaluation *e, const struct node *n, bool typed, struct value **ret) {
        _cleanup_value_ struct value *v = NULL;
        int r = evaluate(e, n, &v);

        if (r < 0)
                return r;
        if (!typed)
                return evaluation_to_text(e, n, v, ret);
        *ret = TAKE_PTR(v);
        return 0;
}

static int render_template(struct evaluation *e, const struct expr_template *t, bool typed, struct value **ret) {
        static const struct node start = { .offset = 0 };
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        int r;

        if (t->constant) {
                *ret = value_ref(t->constant);
                return 0;
        }
        if (only_output(t))
                return render_only(e, only_output(t), typed, ret);
        r = render(e, t->body, &b);
        if (r == 0)
                return evaluation_text(e, &start, &b, ret);
        buf_done(&b);
        return r;
}

static void evaluation_done(struct evaluation *e) {
        drop_locals(e, NULL);
        value_unref(e->undefined_in);
        value_unref(e->undefined_key);
}

static int run(const struct expr_template *t, const struct expr_env *env, bool typed, struct value **ret,
               struct expr_error *error) {
        _cleanup_(evaluation_done) struct evaluation e = {
                .env = env, .text = t->text, .len = t->len, .steps_left = EXPR_STEPS_MAX, .error = error
        };
        int r = render_template(&e, t, typed, ret);

        return r == -ENOENT ? evaluation_undefined(&e) : r;
}

int expr_render(const struct expr_template *t, const struct expr_env *env, struct value **ret,
                struct expr_error *error) {
        return run(t, env, false, ret, error);
}

int expr_evaluate(const struct expr_template *t, const struct expr_env *env, struct value **ret,
                  struct expr_error *error) {
        return run(t, env, true, ret, error);
}

int evaluation_render(struct evaluation *e, const struct node *n, const struct value *text, struct value **ret) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        struct evaluation outer = *e;
        int r;

        if (e->renders >= EXPR_RENDER_MAX)
                return evaluation_fail(e, n, "render() inside render(): more than %d levels", EXPR_RENDER_MAX);
        r = expr_compile(value_string(text), value_string_len(text), &t, e->error);
        if (r < 0)
                return r;
        e->text = t->text;
        e->len = t->len;
        e->renders++;
        r = render_template(e, t, false, ret);
        if (r == -ENOENT)
                r = evaluation_undefined(e);
        drop_locals(e, outer.locals);
        e->text = outer.text;
        e->len = outer.len;
        e->renders = outer.renders;
        return r;
}
