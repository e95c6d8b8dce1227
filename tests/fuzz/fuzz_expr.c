/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a template, in a world that has a little of everything. What is refused must say where; what renders must
 * render the same again; a literal renders to itself. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX 4096

static const char world[] =
        "{\"trigger\": {\"data\": \"hello\", \"big\": 12345678901234567890, \"json\": \"{\\\"a\\\": 1.10}\","
        "              \"attributes\": {\"my-key\": \"v\", \"7\": \"seven\"}, \"nothing\": null},"
        " \"inputs\": {\"list\": [3, 1, 2], \"words\": [\"b\", \"a\"], \"map\": {\"x\": 1, \"y\": [true]}, \"empty\": "
        "\"\","
        "             \"name\": \"it's \\u00e9\\n\", \"none\": [], \"nest\": [[1, 2], 3, [4, [5]]], \"flag\": true,"
        "             \"date\": \"2013-09-08T16:19:12.123456+01:00\", \"seconds\": 1378653552, \"lines\": "
        "\"a\\nb\\n\"},"
        " \"envs\": {\"home\": \"/root\"}, \"vars\": {\"first\": \"1\", \"second\": \"{{ vars.first }}\","
        "           \"third\": \"{{ vars.second }}{% if a %}\"}}";

static int on_variable(void *userdata, const char *name, struct value **ret) {
        struct value *v = value_map_get(userdata, name);

        if (!v)
                return -ENOENT;
        *ret = value_ref(v);
        return 0;
}

static int on_function(void *userdata, const char *name, const struct value *args, struct value **ret,
                       char **ret_message) {
        assert(value_type(args) == VALUE_LIST);
        *ret = value_new_string(name);
        return *ret ? 0 : -ENOMEM;
}

static bool is_wanted(void *userdata, const struct expr_read *read) {
        assert(read->depth > 0 && read->depth <= EXPR_READ_MAX);
        return strcmp(read->path[0], read->is_function ? "render" : "trigger") == 0;
}

static int on_output(void *userdata, const struct expr_read *read, const char *last_filter, size_t offset) {
        assert(offset < *(size_t *)userdata);
        return 0;
}

/* A sentence, and an excerpt of two lines of which the second ends in the caret. */
static void check_error(int r, const struct expr_error *error, size_t size) {
        const char *caret;

        assert(r == -EBADMSG || r == -E2BIG);
        assert(error->message && error->message[0] != '\0' && error->excerpt);
        assert(error->offset <= size || r == -EBADMSG); /* an error inside render() speaks of another text */
        caret = strchr(error->excerpt, '\n');
        assert(caret && caret[strspn(caret + 1, " ") + 1] == '^');
}

static int run(const struct expr_template *t, const struct expr_env *env, struct value **ret, size_t size) {
        struct expr_error error = EXPR_ERROR_INIT;
        int r = expr_render(t, env, ret, &error);

        if (r < 0)
                check_error(r, &error, size);
        else
                assert(value_type(*ret) == VALUE_STRING && !error.message);
        expr_error_done(&error);
        return r;
}

static void check(const struct expr_template *t, const char *text, size_t size) {
        _cleanup_value_ struct value *vars = NULL, *first = NULL, *second = NULL, *typed = NULL;
        struct expr_env env = { .variable = on_variable, .function = on_function, .now_usec = 1709209845123456 };
        int r;

        assert(json_parse(world, strlen(world), &vars, NULL, NULL) == 0);
        env.userdata = vars;
        r = run(t, &env, &first, size);
        assert(run(t, &env, &second, size) == r);
        assert(r < 0 || value_equal(first, second));
        assert(expr_evaluate(t, &env, &typed, NULL) <= 0);
        if (expr_is_literal(text, size))
                assert(r == 0 && value_string_len(first) == size && memcmp(value_string(first), text, size) == 0);
        assert(expr_visit_outputs(t, is_wanted, on_output, &size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct expr_template *t = NULL;
        struct expr_error error = EXPR_ERROR_INIT;
        const char *text = (const char *)data;
        int r;

        /* A jq program may run for ever; that is jq's to bound, and not what is looked for here. */
        if (size > INPUT_BYTES_MAX || memmem(data, size, "jq", 2))
                return 0;
        r = expr_compile(text, size, &t, &error);
        if (r < 0)
                check_error(r, &error, size);
        else
                check(t, text, size);
        expr_error_done(&error);
        expr_template_unref(t);
        return 0;
}
