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
struct expr_template *expr_template_ref(const struct expr_template *t);
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
        /* One member of a root variable, asked first where an expression says "variable.name", so that the rest of the
         * variable need not be made: an owned reference; -ENOENT when only the whole variable can tell, which is asked
         * then. Must give what the whole variable holds under that name. */
        int (*member)(void *userdata, const char *variable, const char *name, struct value **ret);
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

/* That time as now() writes it: ISO 8601 on the host's clocks. 0 with an owned text; -ENOMEM. */
int expr_now(uint64_t now_usec, struct value **ret) _must_check_;

/* What an expression reads: a variable with those of its members that are named by constants ("outputs", "a", "value"), or
 * a function that it calls ("read"). */
#define EXPR_READ_MAX 4

struct expr_read {
        const char *path[EXPR_READ_MAX]; /* borrowed from the template */
        size_t depth;                    /* of path, from 1; what lies deeper is not named */
        bool is_function;
};

/* Does this read hold what is looked for? */
typedef bool (*expr_reads_function)(void *userdata, const struct expr_read *read);
/* `read` is what holds it; `last_filter` the filter that has the last word about that output, NULL when none has;
 * `offset` is where its "{{" stands. */
typedef int (*expr_visit_function)(void *userdata, const struct expr_read *read, const char *last_filter, size_t offset);

/* Calls `visit` for every output expression that carries what `reads` looks for (P11: does the message reach a command?),
 * also by way of {% set %} or {% for %}; a condition or a test decides, but carries nothing. Stops at the first non-zero
 * return and returns it. */
int expr_visit_outputs(const struct expr_template *t, expr_reads_function reads, expr_visit_function visit,
                       void *userdata);

/* True when `reads` holds of anything that the template reads, also where that only decides (a condition, a test) or takes a
 * part (an argument, a key). What it sets itself, with {% set %} or {% for %}, it does not read. */
bool expr_reads(const struct expr_template *t, expr_reads_function reads, void *userdata);

/* The names that expressions know, each list sorted; NULL at the end. */
const char *expr_filter_name(size_t i);
const char *expr_test_name(size_t i);
const char *expr_function_name(size_t i);
