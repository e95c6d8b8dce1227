/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence about something undefined: what was read, what there is instead, and the name that was probably meant.
 * It is the error that people meet most. */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr_eval.h"

static const char *const roots[] = { "flow", "execution", "task",   "taskrun", "item", "inputs", "outputs",
                                     "vars", "trigger",   "labels", "envs",    "loop", "workingDir" };

/* What Kestra has beyond the subset. */
static const char *const outside[] = {
        "execution.originalId",
        "flow.tenantId",
        "globals",
        "kestra",
        "kv",
        "namespace",
        "taskrun.parentId",
        "tasks",
};

#define KEYS_SEARCHED 256 /* keys of a map that are compared with a wrong one */

/* "trigger.data", as far as the expression is a plain path. */
static bool write_path(struct buf *b, const struct node *n) {
        if (n->type == NODE_VARIABLE)
                return buf_append_str(b, n->variable) == 0;
        return n->type == NODE_ATTRIBUTE && write_path(b, n->access.object) &&
               buf_appendf(b, ".%s", n->access.name) == 0;
}

/* "'trigger.data'" or "the value". NULL: out of memory. */
static char *path_of(const struct node *n) {
        struct buf b = BUF_INIT(0);

        buf_append_char(&b, '\'');
        if (!write_path(&b, n)) {
                buf_reset(&b);
                buf_append_str(&b, "the value");
        } else {
                buf_append_char(&b, '\'');
        }
        return buf_take(&b, NULL);
}

static const char *nearest_key(const struct value *map, const char *key) {
        const char *keys[KEYS_SEARCHED];
        size_t count = MIN(value_count(map), (size_t)KEYS_SEARCHED);

        for (size_t i = 0; i < count; i++)
                keys[i] = value_map_key_at(map, i);
        return text_nearest(key, keys, count);
}

static bool is_outside(const char *root, const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
                const char *rest = text_after(outside[i], root);

                if (rest && (name ? *rest == '.' && text_eq(rest + 1, name) : *rest == '\0'))
                        return true;
        }
        return false;
}

static int undefined_variable(struct evaluation *e, const struct node *n) {
        const char *near = text_nearest(n->variable, roots, ARRAY_SIZE(roots));

        if (is_outside(n->variable, NULL))
                return evaluation_fail(e, n, "the variable '%s' is not supported by sqsflow", n->variable);
        if (near && strcmp(near, n->variable) != 0)
                return evaluation_fail(e, n, "the variable '%s' is not defined; did you mean '%s'?", n->variable, near);
        return evaluation_fail(e, n, "the variable '%s' is not defined", n->variable);
}

static int undefined_element(struct evaluation *e, const struct node *n, const char *path) {
        const struct value *list = e->undefined_in, *key = e->undefined_key;

        if (!key || value_type(key) != VALUE_NUMBER)
                return evaluation_fail(e, n, "%s is a list: its elements are read by number", path);
        return evaluation_fail(e, n, "%s has no element %s: it has %zu", path, value_number(key), value_count(list));
}

int evaluation_undefined(struct evaluation *e) {
        const struct node *n = e->undefined;
        const struct value *in = e->undefined_in, *key = e->undefined_key;
        _cleanup_free_ char *path = NULL;
        const char *name, *near;

        if (!in)
                return undefined_variable(e, n);
        path = path_of(n->access.object);
        if (!path)
                return -ENOMEM;
        if (value_type(in) == VALUE_LIST)
                return undefined_element(e, n, path);
        if (key && value_type(key) != VALUE_STRING && value_type(key) != VALUE_NUMBER)
                return evaluation_fail(e, n, "a %s is not a key", value_type_name(key));
        name = !key ? n->access.name : value_type(key) == VALUE_STRING ? value_string(key) : value_number(key);
        if (value_type(in) == VALUE_STRING)
                return evaluation_fail(e, n, "%s is a text and has no '%s'; fromJson() reads a text that is JSON", path,
                                       name);
        if (value_type(in) != VALUE_MAP)
                return evaluation_fail(e, n, "%s is %s%s and has no '%s'", path,
                                       value_type(in) == VALUE_NULL ? "" : "a ", value_type_name(in), name);
        if (n->access.object->type == NODE_VARIABLE && is_outside(n->access.object->variable, name))
                return evaluation_fail(e, n, "'%s.%s' is not supported by sqsflow", n->access.object->variable, name);
        near = nearest_key(in, name);
        if (near)
                return evaluation_fail(e, n, "%s has no '%s'; did you mean '%s'?", path, name, near);
        return evaluation_fail(e, n, "%s has no '%s'", path, name);
}
