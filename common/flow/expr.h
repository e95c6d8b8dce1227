/* SPDX-License-Identifier: Apache-2.0 */
/* Pebble expressions: "{{ trigger.data | upper }}", as Kestra's flow language uses them. Pure: no I/O, no clock, no
 * log; everything from outside comes through struct expr_env, but for the host's time zone database (dates) and libjq
 * (the filter jq), which are opened when an expression needs them.
 *
 * A template is compiled once and rendered many times. Strict: an undefined variable is an error that names it, except
 * where Pebble asks for it: before "??", "| default", "is defined", "is null" and "is empty". Names of filters, tests,
 * functions and their arguments are checked when compiling. No auto-escaping, one pass. Depth, steps and output size
 * are bounded (expr_ast.h, expr_eval.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/value.h"

struct expr_template; /* immutable; shared by reference */

/* What went wrong, for people: a sentence, and the expression with a caret under the place (two lines). Owned texts. */
struct expr_error {
        char *message;
        char *excerpt;      /* may be NULL */
        size_t offset;      /* byte in the template */
};
#define EXPR_ERROR_INIT ((struct expr_error){ 0 })
void expr_error_done(struct expr_error *e);

/* 0; -EBADMSG with `error` filled (may be NULL); -ENOMEM. */
int expr_compile(const char *text, size_t len, struct expr_template **ret, struct expr_error *error) _must_check_;
struct expr_template *expr_template_ref(struct expr_template *t);
struct expr_template *expr_template_unref(struct expr_template *t);
DEFINE_CLEANUP(struct expr_template *, expr_template_unref)

/* True when the text holds no "{{", "{%" or "{#": it renders to itself. */
bool expr_is_literal(const char *text, size_t len);

/* What an expression may ask of the world. Every callback is optional; absent means "not available here". */
struct expr_env {
        void *userdata;
        /* A root variable ("trigger", "inputs", "outputs" …): an owned reference in *ret; -ENOENT when undefined. Asked
         * only when used, so that an unused variable costs nothing. */
        int (*variable)(void *userdata, const char *name, struct value **ret);
        /* Impure functions: "secret", "read", "fileURI", "uuid", "id", "randomInt", "errorLogs". `args` is a list by
         * position, named arguments put into their places, null where not given. -ENOENT: no such function here;
         * -EINVAL or others with *ret_message (owned text) set. env() reads the variable "envs", now() reads now_usec.
         */
        int (*function)(void *userdata, const char *name, const struct value *args, struct value **ret,
                        char **ret_message);
        uint64_t now_usec; /* wall clock of this rendering, for now() */
};

/* Renders to a string value. 0; -EBADMSG with `error`; -E2BIG (with error) when a bound was passed; -ENOMEM. */
int expr_render(const struct expr_template *t, const struct expr_env *env, struct value **ret,
                struct expr_error *error) _must_check_;

/* Like expr_render, but a template that is exactly one "{{ … }}" keeps the type of its value (list, map, number, …). */
int expr_evaluate(const struct expr_template *t, const struct expr_env *env, struct value **ret,
                  struct expr_error *error) _must_check_;

/* Renders every string inside a value tree (maps, lists; keys too), strings with expr_render. Compiles on the fly. */
int expr_render_tree(const struct value *v, const struct expr_env *env, struct value **ret,
                     struct expr_error *error) _must_check_;

/* Calls `visit` for every output expression that carries what the root variable `root` holds (for P11: does "trigger"
 * reach a command?), also by way of {% set %}, {% for %} or render(); a condition or a test decides, but carries
 * nothing. `last_filter` is the filter that has the last word about that output, NULL when none has; `offset` is where
 * its "{{" stands. Stops at the first non-zero return and returns it. */
int expr_visit_outputs(const struct expr_template *t, const char *root,
                       int (*visit)(void *userdata, const char *last_filter, size_t offset), void *userdata);
