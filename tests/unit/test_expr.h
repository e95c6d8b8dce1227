/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of expressions share: a world to evaluate in, and tables of templates with what they give. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/expr/expr.h"

/* 2024-02-29T12:30:45.123456Z */
#define TEST_NOW_USEC UINT64_C(1709209845123456)

static const char test_world[] =
        "{\"trigger\": {\"data\": \"hello\", \"big\": 12345678901234567890, \"json\": \"{\\\"a\\\": 1.10}\","
        "              \"attributes\": {\"my-key\": \"v\", \"7\": \"seven\"}, \"nothing\": null},"
        " \"inputs\": {\"list\": [3, 1, 2], \"words\": [\"b\", \"a\"], \"map\": {\"x\": 1, \"y\": [true]}, \"empty\": "
        "\"\","
        "             \"blank\": \" \", \"name\": \"it's\", \"none\": [], \"nest\": [[1, 2], 3, [4, [5]]], \"flag\": "
        "true,"
        "             \"date\": \"2013-09-08T16:19:12.123456+01:00\", \"seconds\": 1378653552, \"lines\": "
        "\"a\\nb\\n\"},"
        " \"envs\": {\"home\": \"/root\", \"void\": \"\"},"
        " \"vars\": {\"first\": \"1\", \"second\": \"{{ vars.first }}\", \"third\": \"{{ vars.second }}\","
        "           \"loop1\": \"{{ vars.loop2 }}\", \"loop2\": \"{{ vars.loop1 }}\"}}";

struct test_case {
        const char *template;
        const char *result; /* the typed result as JSON */
};

struct test_failure {
        const char *template;
        const char *message; /* a part of it */
        const char *marked;  /* the text that the caret points at */
};

static inline int test_variable(void *userdata, const char *name, struct value **ret) {
        struct value *v = value_map_get(userdata, name);

        if (!v)
                return -ENOENT;
        *ret = value_ref(v);
        return 0;
}

static inline int test_function(void *userdata, const char *name, const struct value *args, struct value **ret,
                                char **ret_message) {
        if (strcmp(name, "secret") == 0 && strcmp(value_string(value_list_at(args, 0)), "KEY") == 0) {
                *ret = value_new_string("s3cret");
                return 0;
        }
        if (strcmp(name, "secret") == 0) {
                *ret_message = text_dup("there is no secret of that name");
                return -EINVAL;
        }
        if (strcmp(name, "randomInt") == 0) {
                *ret = value_ref(args);
                return 0;
        }
        return -ENOENT;
}

static inline struct value *test_parse(const char *json) {
        struct value *v = NULL;

        assert_int_equal(json_parse(json, strlen(json), &v, NULL, NULL), 0);
        return v;
}

static inline struct expr_env test_env(struct value *world) {
        return (struct expr_env){
                .userdata = world, .variable = test_variable, .function = test_function, .now_usec = TEST_NOW_USEC
        };
}

/* Compiles and evaluates; the typed result, or the error. */
static inline int test_evaluate(const char *template, struct value **ret, struct expr_error *error) {
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        _cleanup_value_ struct value *world = test_parse(test_world);
        struct expr_env env = test_env(world);
        int r = expr_compile(template, strlen(template), &t, error);

        return r < 0 ? r : expr_evaluate(t, &env, ret, error);
}

static inline void test_run_case(const struct test_case *c) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        _cleanup_value_ struct value *v = NULL;
        _cleanup_free_ char *json = NULL;

        if (test_evaluate(c->template, &v, &error) < 0)
                fail_msg("%s: %s\n%s", c->template, error.message, error.excerpt);
        json = json_to_text(v, JSON_COMPACT);
        if (strcmp(json, c->result) != 0)
                fail_msg("%s\n  gives  %s\n  not    %s", c->template, json, c->result);
}

/* The line of the excerpt above the caret, from the caret on. */
static inline const char *test_marked(const char *excerpt) {
        const char *second = strchr(excerpt, '\n') + 1;
        const char *caret = strchr(second, '^');
        const char *s = excerpt;

        assert_non_null(caret);
        assert_string_equal(caret, "^");
        for (const char *at = second; at < caret; at++, s++)
                while (((unsigned char)s[1] & 0xc0) == 0x80)
                        s++;
        return s;
}

static inline void test_run_failure(const struct test_failure *f) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        _cleanup_value_ struct value *v = NULL;

        if (test_evaluate(f->template, &v, &error) >= 0)
                fail_msg("%s is accepted", f->template);
        if (!strstr(error.message, f->message))
                fail_msg("%s\n  says   %s\n  not    %s", f->template, error.message, f->message);
        if (strncmp(test_marked(error.excerpt), f->marked, strlen(f->marked)) != 0)
                fail_msg("%s\n  marks wrongly (%s)\n%s", f->template, f->marked, error.excerpt);
}

#define RUN_CASES(cases)                                                 \
        for (size_t i_ = 0; i_ < ARRAY_SIZE(cases); i_++)                \
                test_run_case(&(cases)[i_])
#define RUN_FAILURES(cases)                                              \
        for (size_t i_ = 0; i_ < ARRAY_SIZE(cases); i_++)                \
                test_run_failure(&(cases)[i_])
