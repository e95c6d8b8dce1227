/* SPDX-License-Identifier: Apache-2.0 */
/* The filter jq, on libjq: the only file that includes jq.h. The library is opened when the first expression needs it,
 * so that neither the agent nor a host without such flows carries it; a build without its headers, or a host without
 * the library, says so in the filter's error.
 *
 * A jq program compiles a thousand times slower than it runs (jq compiles its own library along with it), so the last
 * few stay compiled. It sees no environment and reads no modules, and its CPU time and memory are bounded
 * (expr_jq_bound.c). jq's numbers are doubles: where a number of the input
 * comes out again, expr_jq_numbers.c gives it back its digits. */
#include "common/expr/expr_filters.h"

#if __has_include(<jq.h>)

#include <dlfcn.h>
#include <errno.h>
#include <jq.h>
#include <string.h>
#include <unistd.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/expr/expr_jq_bound.h"
#include "common/expr/expr_jq_numbers.h"
#include "common/expr/expr_lex.h"

#define LIBRARY "libjq.so.1"
#define PROGRAMS_KEPT 8

#define SYMBOLS(X)                                                                             \
        X(jq_init) X(jq_teardown) X(jq_set_error_cb) X(jq_compile) X(jq_start) X(jq_next)      \
        X(jq_halt) X(jq_halted) X(jv_invalid) X(jv_parse_sized) X(jv_dump_string) X(jv_string_value) X(jv_copy)         \
        X(jv_free) X(jv_get_kind) X(jv_invalid_has_msg) X(jv_invalid_get_msg)

static struct library {
        void *handle;
#define X(name) __typeof__(name) *name;
        SYMBOLS(X)
#undef X
} library;

/* The most recently used first. */
static struct program {
        char *text;
        jq_state *jq;
} programs[PROGRAMS_KEPT];

static bool open_library(void) {
        static const struct {
                const char *name;
                size_t offset;
        } symbols[] = {
#define X(symbol) { #symbol, offsetof(struct library, symbol) },
                SYMBOLS(X)
#undef X
        };
        void *handle = library.handle ? NULL : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

        if (!handle)
                return library.handle != NULL;
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                void *symbol = dlsym(handle, symbols[i].name);

                if (!symbol) {
                        dlclose(handle);
                        return false;
                }
                memcpy((char *)&library + symbols[i].offset, &symbol, sizeof(symbol));
        }
        library.handle = handle;
        return true;
}

/* --- programs -------------------------------------------------------------------------------------------------- */

/* jq's first complaint about a program. */
static void on_error(void *userdata, jv message) {
        char **text = userdata;

        if (!*text && library.jv_get_kind(message) == JV_KIND_STRING)
                *text = text_dup(library.jv_string_value(message));
        library.jv_free(message);
}

static void program_done(struct program *p) {
        free(p->text);
        if (p->jq)
                library.jq_teardown(&p->jq);
        *p = (struct program){ 0 };
}

/* At exit, for the tools that look for what was not freed. */
__attribute__((destructor)) static void programs_done(void) {
        for (size_t i = 0; i < PROGRAMS_KEPT; i++)
                program_done(&programs[i]);
}

static int compile(const struct call *c, const char *text, struct program *ret) {
        struct program p = { .text = text_dup(text), .jq = library.jq_init() };
        _cleanup_free_ char *why = NULL;
        int r = p.text && p.jq ? 0 : -ENOMEM;

        if (r == 0) {
                library.jq_set_error_cb(p.jq, on_error, &why);
                if (!library.jq_compile(p.jq, text))
                        r = call_fail(c, "the program is not jq: %.*s", why ? (int)strcspn(why, "\n") : 0,
                                      why ? why : "");
                library.jq_set_error_cb(p.jq, NULL, NULL);
        }
        if (r == 0)
                *ret = p;
        else
                program_done(&p);
        return r;
}

/* Modules stand at the beginning of a program, and would be read from files. */
static bool has_modules(const char *s) {
        for (;;) {
                while (lexer_is_space(*s))
                        s++;
                if (*s != '#')
                        break;
                s += strcspn(s, "\n");
        }
        return text_after(s, "import") || text_after(s, "include") || text_after(s, "module");
}

/* The compiled program, moved to the front. */
static int find_program(const struct call *c, const char *text, jq_state **ret) {
        struct program p = { 0 };
        size_t i = 0;
        int r;

        while (i < PROGRAMS_KEPT && programs[i].text && strcmp(programs[i].text, text) != 0)
                i++;
        if (i == PROGRAMS_KEPT || !programs[i].text) {
                r = compile(c, text, &p);
                if (r < 0)
                        return r;
                i = MIN(i, (size_t)PROGRAMS_KEPT - 1);
                program_done(&programs[i]);
        } else {
                p = programs[i];
        }
        memmove(&programs[1], &programs[0], i * sizeof(programs[0]));
        programs[0] = p;
        *ret = p.jq;
        return 0;
}

/* --- running --------------------------------------------------------------------------------------------------- */

static int add_result(const struct call *c, jv result, const struct jq_numbers *numbers, struct value *list) {
        jv text = library.jv_dump_string(result, 0);
        struct value *v = NULL, *exact = NULL;
        const char *s = library.jv_string_value(text);
        int r = evaluation_charge(c->e, c->at, 1 + strlen(s) / EXPR_TEXT_PER_STEP);

        if (r == 0) {
                r = json_parse(s, strlen(s), &v, NULL, NULL);
                if (r == -EBADMSG || r == -E2BIG)
                        r = call_fail(c, "a result of jq is no value that an expression can hold");
        }
        library.jv_free(text);
        if (r == 0)
                r = jq_numbers_restore(numbers, v, &exact);
        value_unref(v);
        return r < 0 ? r : value_list_add(list, exact);
}

/* What ended the results: 0 nothing more, 1 the program was halted, or an error that jq raised. Takes `end` over. */
static int check_end(const struct call *c, jq_state *jq, jv end) {
        int has_message = library.jv_invalid_has_msg(library.jv_copy(end));
        jv message, text;
        int r;

        if (!has_message) {
                library.jv_free(end);
                return library.jq_halted(jq) ? 1 : 0;
        }
        message = library.jv_invalid_get_msg(end);
        text = library.jv_get_kind(message) == JV_KIND_STRING ? message : library.jv_dump_string(message, 0);
        r = call_fail(c, "jq: %s", library.jv_string_value(text));
        library.jv_free(text);
        return r;
}

static int run_on(const struct call *c, jq_state *jq, jv input, const struct jq_numbers *numbers, struct value *list) {
        jv result;
        int r = 0;

        library.jq_start(jq, input, 0);
        for (;;) {
                result = library.jq_next(jq);
                if (library.jv_get_kind(result) == JV_KIND_INVALID)
                        return check_end(c, jq, result);
                r = add_result(c, result, numbers, list);
                if (r < 0)
                        return r;
        }
}

struct halting {
        jq_state *jq;
        jv nothing; /* made before: a signal handler uses it */
};

static void on_excess(void *userdata) {
        const struct halting *h = userdata;

        if (!library.jq_halted(h->jq))
                library.jq_halt(h->jq, h->nothing, h->nothing);
}

/* Why the program did not come to its end. */
static int fail_halted(const struct call *c, enum jq_excess excess) {
        int r;

        switch (excess) {
        case JQ_TOO_LONG:
                r = call_fail(c, "jq takes too long: a rendering has %u ms of CPU time for it", EXPR_STEPS_MAX / 1000);
                break;
        case JQ_TOO_BIG:
                r = call_fail(c, "jq takes too much memory: more than %u MiB", (unsigned)(JQ_BYTES_MAX >> 20));
                break;
        default:
                return call_fail(c, "the jq program halted");
        }
        return r == -ENOMEM ? r : -E2BIG;
}

/* A microsecond of jq counts as a step, so that a rendering is bounded however often it uses jq. */
static int run(const struct call *c, jq_state *jq, const char *json, const struct jq_numbers *numbers,
               struct value *list) {
        struct halting halting = { jq, library.jv_invalid() };
        enum jq_excess excess;
        uint64_t used_usec;
        int r = jq_bound_begin(c->e->steps_left, on_excess, &halting);

        if (r < 0)
                return r;
        r = run_on(c, jq, library.jv_parse_sized(json, (int)strlen(json)), numbers, list);
        excess = jq_bound_end(&used_usec);
        if (r > 0)
                return fail_halted(c, excess);
        return r < 0 ? r : evaluation_charge(c->e, c->at, MIN(used_usec, (uint64_t)EXPR_STEPS_MAX));
}

/* jq reads a text as JSON. */
static int input_value(const struct call *c, struct value **ret) {
        int r;

        if (value_type(c->input) != VALUE_STRING)
                return evaluation_give(value_ref(c->input), ret);
        r = json_parse(value_string(c->input), value_string_len(c->input), ret, NULL, NULL);
        return r == -EBADMSG || r == -E2BIG ? call_fail(c, "the text that jq should read is not JSON") : r;
}

static int apply(const struct call *c, const char *program, const struct value *input, struct value *list) {
        _cleanup_(jq_numbers_freep) struct jq_numbers *numbers = NULL;
        _cleanup_free_ char *json = json_to_text(input, JSON_COMPACT);
        char **environment = environ, *nothing[] = { NULL };
        jq_state *jq = NULL;
        int r = json ? jq_numbers_collect(input, &numbers) : -ENOMEM;

        environ = nothing; /* a program may not read it, neither as "env" nor as "$ENV" */
        if (r == 0)
                r = find_program(c, program, &jq);
        if (r == 0)
                r = run(c, jq, json, numbers, list);
        environ = environment;
        return r;
}

int filter_jq(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *input = NULL, *list = NULL;
        const char *program = "";
        int r = call_arg_text(c, 0, NULL, &program);

        if (r == 0 && !open_library())
                r = call_fail(c, "the filter 'jq' needs the library %s, which this host does not have", LIBRARY);
        if (r == 0 && has_modules(program))
                r = call_fail(c, "modules of jq are not supported by sqsflow");
        if (r == 0)
                r = input_value(c, &input);
        if (r < 0)
                return r;
        list = value_new_list();
        r = list ? apply(c, program, input, list) : -ENOMEM;
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

#else

int filter_jq(const struct call *c, struct value **ret) {
        return call_fail(c, "the filter 'jq' is not part of this build of sqsflow");
}

#endif
