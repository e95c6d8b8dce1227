/* SPDX-License-Identifier: Apache-2.0 */
/* The functions. Those that need the world outside (a file, randomness, a secret) stand here only with their
 * arguments, and are asked of the environment. */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/expr/expr_filters.h"
#include "common/expr/expr_functions.h"
#include "common/expr/expr_number.h"
#include "common/expr/expr_values.h"

#define RENDERINGS_MAX 16 /* how often render() renders its own result again */
#define TREE_DEPTH_MAX 128

/* --- the world outside ----------------------------------------------------------------------------------------- */

static int ask_environment(const struct call *c, struct value **ret) {
        const char *name = c->at->call.routine->name;
        const struct expr_env *env = c->e->env;
        _cleanup_value_ struct value *args = value_new_list();
        _cleanup_free_ char *message = NULL;
        struct value *made = NULL;
        int r = args ? 0 : -ENOMEM;

        for (size_t i = 0; i < c->count && r == 0; i++)
                r = value_list_add(args, c->args[i] ? value_ref(c->args[i]) : value_new_null());
        if (r < 0)
                return r;
        r = env->function ? env->function(env->userdata, name, args, &made, &message) : -ENOENT;
        if (r >= 0)
                return evaluation_give(made, ret);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT && !message)
                return call_fail(c, "the function '%s' is not available here", name);
        return call_fail(c, "%s(): %s", name, message ? message : strerror(-r));
}

/* env('name') is what the variable "envs" holds under it; empty counts as absent. */
static int function_env(const struct call *c, struct value **ret) {
        const struct expr_env *env = c->e->env;
        _cleanup_value_ struct value *envs = NULL;
        struct value *found = NULL;
        const char *name = "";
        int r = call_arg_text(c, 0, NULL, &name);

        if (r < 0)
                return r;
        r = env->variable ? env->variable(env->userdata, "envs", &envs) : -ENOENT;
        if (r < 0 && r != -ENOENT)
                return r == -ENOMEM ? r : call_fail(c, "the variable 'envs' cannot be read: %s", strerror(-r));
        if (envs && value_type(envs) == VALUE_MAP)
                found = value_map_get(envs, name);
        if (!found || values_empty(found))
                found = c->args[1];
        return evaluation_give(found ? value_ref(found) : value_new_null(), ret);
}

/* --- numbers --------------------------------------------------------------------------------------------------- */

static int extreme(const struct call *c, int sign, struct value **ret) {
        struct value *best = NULL;

        for (size_t i = 0; i < c->count; i++) {
                struct value *v = c->args[i];

                if (value_type(v) == VALUE_NULL)
                        continue;
                if (value_type(v) != VALUE_NUMBER)
                        return call_fail(c, "'%s' compares numbers, not a %s", c->at->call.routine->name,
                                         value_type_name(v));
                if (!best || sign * number_compare(v, best) > 0)
                        best = v;
        }
        return evaluation_give(best ? value_ref(best) : value_new_null(), ret);
}

static int function_max(const struct call *c, struct value **ret) {
        return extreme(c, 1, ret);
}

static int function_min(const struct call *c, struct value **ret) {
        return extreme(c, -1, ret);
}

static int function_range(const struct call *c, struct value **ret) {
        int64_t step = 1;
        int r = call_arg_int(c, 2, 1, &step);

        return r < 0 ? r : values_range(c->e, c->at, c->args[0], c->args[1], step, ret);
}

/* --- render ---------------------------------------------------------------------------------------------------- */

/* Renders a text until it holds no expression any more, or once. */
static int render_text(const struct call *c, const struct value *text, bool recursive, struct value **ret) {
        _cleanup_value_ struct value *v = value_ref(text);

        for (int i = 0; !expr_is_literal(value_string(v), value_string_len(v)); i++) {
                struct value *next = NULL;
                int r = 0;

                if (i > 0 && !recursive)
                        break;
                if (i == RENDERINGS_MAX)
                        return call_fail(c, "render() is still not done after %d renderings", RENDERINGS_MAX);
                r = evaluation_render(c->e, c->at, v, &next);
                if (r < 0)
                        return r;
                value_unref(v);
                v = next;
        }
        *ret = TAKE_PTR(v);
        return 0;
}

/* Lists and maps are rendered text by text; anything else is what it is. */
static int render_any(const struct call *c, const struct value *v, bool recursive, unsigned depth, struct value **ret) {
        bool map = value_type(v) == VALUE_MAP, list = value_type(v) == VALUE_LIST;
        _cleanup_value_ struct value *made = NULL;
        int r = evaluation_charge(c->e, c->at, 1);

        if (r < 0)
                return r;
        if (value_type(v) == VALUE_STRING)
                return render_text(c, v, recursive, ret);
        if (!map && !list)
                return evaluation_give(value_ref(v), ret);
        if (depth == TREE_DEPTH_MAX)
                return call_fail(c, "the value is nested too deeply");
        made = map ? value_new_map() : value_new_list();
        r = made ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < value_count(v); i++) {
                struct value *item = NULL;

                r = render_any(c, map ? value_map_at(v, i) : value_list_at(v, i), recursive, depth + 1, &item);
                if (r == 0)
                        r = map ? value_map_put(made, value_map_key_at(v, i), item) : value_list_add(made, item);
        }
        if (r == 0)
                *ret = TAKE_PTR(made);
        return r;
}

static int function_render(const struct call *c, struct value **ret) {
        bool recursive = true;
        int r = call_arg_bool(c, 1, true, &recursive);

        return r < 0 ? r : render_any(c, c->args[0], recursive, 0, ret);
}

const struct expr_routine expr_functions[] = {
        { "env", 1, 2, .names = { "name", "default" }, .apply = function_env },
        { "errorLogs", 0, 0, .apply = ask_environment },
        { "fileURI", 1, 1, .names = { "path" }, .apply = ask_environment },
        { "fromIon", 1, 2, .names = { "ion", "allRows" }, .apply = function_from_ion },
        { "fromJson", 1, 1, .names = { "json" }, .apply = function_from_json },
        { "id", 0, 0, .apply = ask_environment },
        { "json", 1, 1, .names = { "json" }, .apply = function_from_json }, /* Kestra's old name of fromJson */
        { "max", 1, ROUTINE_VARIADIC, .apply = function_max },
        { "min", 1, ROUTINE_VARIADIC, .apply = function_min },
        { "now", 0, 4, .names = { "format", "timeZone", "existingFormat", "locale" }, .apply = function_now },
        { "randomInt", 2, 2, .names = { "lower", "upper" }, .apply = ask_environment },
        { "range", 2, 3, .names = { "start", "end", "increment" }, .apply = function_range },
        { "read", 1, 1, .names = { "path" }, .apply = ask_environment },
        { "render", 1, 2, .names = { "toRender", "recursive" }, .apply = function_render },
        { "secret", 1, 1, .names = { "key" }, .apply = ask_environment },
        { "uuid", 0, 0, .apply = ask_environment },
        { "yaml", 1, 1, .names = { "yaml" }, .apply = function_yaml },
};

const size_t expr_function_count = ARRAY_SIZE(expr_functions);
