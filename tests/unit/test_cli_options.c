/* SPDX-License-Identifier: Apache-2.0 */
/* A table of options reads a command line, or says what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/options.h"

#define WORDS_MAX 10

struct read {
        bool json, force;
        const char *file;
        int64_t count;
        char taken[64];
        struct arguments arguments; /* of argv */
        char *argv[WORDS_MAX + 2];
        char said[512]; /* on stderr */
};

static int take(const char *verb, void *userdata, const char *value) {
        char *taken = userdata;

        if (strcmp(value, "bad") == 0)
                return complain(verb, EXIT_FAILED, "taken badly");
        strcat(strcat(taken, value), ",");
        return 0;
}

/* What is written to stderr meanwhile is in ret->said. */
static int read_words(const char *const *words, struct read *ret) {
        const struct option_row rows[] = {
                { "json", .flag = &ret->json },
                { "force", 'f', .flag = &ret->force },
                { "file", .text = &ret->file },
                { "count", 'n', .number = &ret->count, .min = 1, .max = 100 },
                { "take", 't', .take = take, .userdata = ret->taken },
                { 0 },
        };
        static char verb[] = "verb";
        FILE *said = tmpfile();
        int old = dup(STDERR_FILENO), argc = 1, code;

        *ret = (struct read){ .count = 7, .argv = { verb } };
        for (; argc <= WORDS_MAX && words[argc - 1]; argc++)
                ret->argv[argc] = (char *)words[argc - 1];
        assert_true(said && old >= 0);
        fflush(stderr);
        dup2(fileno(said), STDERR_FILENO);
        code = options_read("verb", rows, argc, ret->argv, &ret->arguments);
        fflush(stderr);
        dup2(old, STDERR_FILENO);
        close(old);
        rewind(said);
        ret->said[fread(ret->said, 1, sizeof(ret->said) - 1, said)] = '\0';
        fclose(said);
        return code;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void every_option_goes_where_its_row_says(void **state) {
        struct read r;

        assert_int_equal(read_words(WORDS("--json", "-n", "3", "--file=x", "-t", "a", "--take", "b"), &r), 0);
        assert_true(r.json && !r.force);
        assert_int_equal(r.count, 3);
        assert_string_equal(r.file, "x");
        assert_string_equal(r.taken, "a,b,");
        assert_int_equal(r.arguments.count, 0);
        assert_string_equal(r.said, "");
}

static void what_is_not_given_stays_as_it_was_and_the_last_counts(void **state) {
        struct read r;

        assert_int_equal(read_words(WORDS("-fn5", "-n", "9", "--fil", "a", "--file", "b"), &r), 0);
        assert_true(r.force && !r.json);
        assert_int_equal(r.count, 9);
        assert_string_equal(r.file, "b");
        assert_int_equal(read_words(WORDS("--json"), &r), 0);
        assert_int_equal(r.count, 7);
        assert_null(r.file);
}

static void arguments_may_stand_anywhere(void **state) {
        const char *one = NULL;
        struct read r;

        assert_int_equal(read_words(WORDS("a", "--json", "b", "--", "--force"), &r), 0);
        assert_int_equal(r.arguments.count, 3);
        assert_string_equal(r.arguments.items[0], "a");
        assert_string_equal(r.arguments.items[2], "--force");
        assert_false(r.force);
        assert_int_equal(arguments_end("verb", &r.arguments, 3), 0);
        assert_int_equal(arguments_end("verb", &r.arguments, 2), EXIT_WRONG);
        assert_int_equal(arguments_one("verb", &r.arguments, "which?", &one), EXIT_WRONG);
        assert_null(one);
        assert_int_equal(read_words(WORDS("-f", "a"), &r), 0);
        assert_int_equal(arguments_one("verb", &r.arguments, "which?", &one), 0);
        assert_string_equal(one, "a");
        assert_int_equal(read_words(WORDS("-f"), &r), 0);
        assert_int_equal(arguments_one("verb", &r.arguments, "which?", &one), EXIT_WRONG);
}

static void what_is_wrong_is_said(void **state) {
        static const struct {
                const char *const words[3];
                const char *said;
                int code;
        } cases[] = {
                { { "--jsn" }, "there is no option 'jsn'; did you mean 'json'?", EXIT_WRONG },
                { { "--bananas" }, "there is no option 'bananas'\n", EXIT_WRONG },
                { { "--hlep" }, "did you mean 'help'?", EXIT_WRONG },
                { { "--json=yes" }, "--json takes no value", EXIT_WRONG },
                { { "--force=1" }, "--force takes no value", EXIT_WRONG },
                { { "--fo" , "--f" }, "--f may be --force or --file", EXIT_WRONG },
                { { "--file" }, "--file wants a value", EXIT_WRONG },
                { { "--count" }, "--count wants a value", EXIT_WRONG },
                { { "-n" }, "--count wants a value", EXIT_WRONG },
                { { "--json", "-xf" }, "there is no option '-x'", EXIT_WRONG },
                { { "-n", "0" }, "--count: '0' is not a number from 1 to 100", EXIT_WRONG },
                { { "-n101" }, "not a number from 1 to 100", EXIT_WRONG },
                { { "--count", "1x" }, "'1x' is not a number", EXIT_WRONG },
                { { "-t", "bad" }, "sqsflow verb: taken badly", EXIT_FAILED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct read r;

                assert_int_equal(read_words(cases[i].words, &r), cases[i].code);
                if (!strstr(r.said, cases[i].said) || (cases[i].code == EXIT_WRONG && !strstr(r.said, "Try 'sqsflow verb --help'.")))
                        fail_msg("case %zu said: %s", i, r.said);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_option_goes_where_its_row_says),
                cmocka_unit_test(what_is_not_given_stays_as_it_was_and_the_last_counts),
                cmocka_unit_test(arguments_may_stand_anywhere),
                cmocka_unit_test(what_is_wrong_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
