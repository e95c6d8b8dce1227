/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions inside value trees: every text of a task's properties is a template. */
#include <errno.h>
#include <string.h>

#include "common/expr/expr_eval.h"

#define TREE_DEPTH_MAX 128

static int render_node(const struct value *v, const struct expr_env *env, unsigned depth, struct value **ret,
                       struct expr_error *error);

static struct value *share(const struct value *v) {
        return value_ref(v);
}

static int render_text(const char *s, size_t len, const struct expr_env *env, struct value **ret,
                       struct expr_error *error) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        int r = expr_compile(s, len, &t, error);

        return r < 0 ? r : expr_render(t, env, ret, error);
}

static int render_list(const struct value *v, const struct expr_env *env, unsigned depth, struct value **ret,
                       struct expr_error *error) {
        _cleanup_value_ struct value *list = value_new_list();

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(v); i++) {
                struct value *item = NULL;
                int r = render_node(value_list_at(v, i), env, depth, &item, error);

                if (r == 0)
                        r = value_list_add(list, item);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int render_entry(struct value *map, const char *key, const struct value *v, const struct expr_env *env,
                        unsigned depth, struct expr_error *error) {
        _cleanup_value_ struct value *name = NULL;
        struct value *item = NULL;
        int r = render_text(key, strlen(key), env, &name, error);

        if (r == 0)
                r = render_node(v, env, depth, &item, error);
        return r < 0 ? r : value_map_put(map, value_string(name), item);
}

static int render_map(const struct value *v, const struct expr_env *env, unsigned depth, struct value **ret,
                      struct expr_error *error) {
        _cleanup_value_ struct value *map = value_new_map();

        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(v); i++) {
                int r = render_entry(map, value_map_key_at(v, i), value_map_at(v, i), env, depth, error);

                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(map);
        return 0;
}

static int render_node(const struct value *v, const struct expr_env *env, unsigned depth, struct value **ret,
                       struct expr_error *error) {
        if (depth > TREE_DEPTH_MAX)
                return -E2BIG;
        switch (value_type(v)) {
        case VALUE_LIST:
                return render_list(v, env, depth + 1, ret, error);
        case VALUE_MAP:
                return render_map(v, env, depth + 1, ret, error);
        case VALUE_STRING:
                if (!expr_is_literal(value_string(v), value_string_len(v)))
                        return render_text(value_string(v), value_string_len(v), env, ret, error);
                break;
        default:
                break;
        }
        *ret = share(v);
        return 0;
}

int expr_render_tree(const struct value *v, const struct expr_env *env, struct value **ret, struct expr_error *error) {
        return render_node(v, env, 0, ret, error);
}
