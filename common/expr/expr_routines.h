/* SPDX-License-Identifier: Apache-2.0 */
/* Filters, tests and functions: what they have in common is a name, named arguments, and C that does the work. */
#pragma once

#include "common/expr/expr_eval.h"

#define ROUTINE_NAMES_MAX 6
#define ROUTINE_VARIADIC EXPR_ARGUMENTS_MAX

/* One use of a routine. Arguments that were not given are NULL. All borrowed. */
struct call {
        struct evaluation *e;
        const struct node *at;
        struct value *input; /* of a filter or test; NULL for a function */
        struct value *args[EXPR_ARGUMENTS_MAX];
        size_t count; /* given ones, positions counted up to the last */
};

struct expr_routine {
        const char *name;
        uint8_t min, max;                     /* how many arguments */
        bool lenient;                         /* an undefined input is null, not an error */
        bool takes_null;                      /* without it, null filtered is null */
        const char *names[ROUTINE_NAMES_MAX]; /* of the arguments, as Pebble and Kestra name them */
        /* Sets *ret to an owned value. 0, or what call_fail() and friends return. NULL: the caller of the renderer
         * provides it (struct expr_env.function). */
        int (*apply)(const struct call *c, struct value **ret);
};

enum routine_kind { ROUTINE_FILTER, ROUTINE_TEST, ROUTINE_FUNCTION, ROUTINE_KINDS };

/* The routine named by `len` bytes; NULL when there is none. */
const struct expr_routine *expr_routine_find(enum routine_kind kind, const char *name, size_t len);
/* A sentence's end about a name that expr_routine_find() does not know: owned, NULL when memory is out. */
char *expr_routine_unknown(enum routine_kind kind, const char *name);

/* The tables, sorted by name. */
extern const struct expr_routine expr_filters[], expr_tests[], expr_functions[];
extern const size_t expr_filter_count, expr_test_count, expr_function_count;

#define call_fail(c, ...) evaluation_fail((c)->e, (c)->at, __VA_ARGS__)

static inline int call_text(const struct call *c, struct buf *b, struct value **ret) {
        return evaluation_text(c->e, c->at, b, ret);
}

/* Arguments read as what they must be. `fallback` stands for an argument that was not given or is null; a NULL text
 * fallback makes it obligatory. Errors name the argument. The text is borrowed from the argument. */
int call_arg_text(const struct call *c, size_t i, const char *fallback, const char **ret) _must_check_;
int call_arg_int(const struct call *c, size_t i, int64_t fallback, int64_t *ret) _must_check_;
int call_arg_bool(const struct call *c, size_t i, bool fallback, bool *ret) _must_check_;

/* The filter's input as text: strings as they are, numbers and booleans as they print; null, lists and maps are an
 * error. Owned. */
int call_input_text(const struct call *c, struct value **ret) _must_check_;
/* 0 when the input is of that type, else an error that says so. */
int call_input_is(const struct call *c, enum value_type type) _must_check_;
