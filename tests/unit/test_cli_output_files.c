/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/output_files.h"
#include "common/base/beneath.h"
#include "common/base/text.h"

#define ID "0123456789abc"
#define URI(name) "sqsflow://" ID "/" name

struct task {
        const char *id, *value, *outputs;
};

static void find(const struct task *tasks, size_t count, const char *outputs, struct output_files *ret) {
        struct progress p = { 0 };

        for (size_t i = 0; i < count; i++) {
                const struct store_task_run run = { .index = (uint32_t)i, .parent = UINT32_MAX, .task_id = tasks[i].id,
                                                    .value = tasks[i].value, .outputs = tasks[i].outputs };

                assert_int_equal(progress_put(&p, &run), 0);
        }
        assert_int_equal(output_files_find(&p, outputs, ret), 0);
        progress_done(&p);
}

static void check(const struct output_files *f, size_t i, const char *uri, const char *path) {
        assert_true(i < f->count);
        assert_string_equal(f->items[i].uri, uri);
        assert_string_equal(f->items[i].path, path);
}

static void a_file_has_the_name_that_its_task_gave_it(void **state) {
        static const struct task tasks[] = {
                { "make", NULL, "{\"outputFiles\":{\"a.csv\":\"" URI("1-a.csv") "\",\"sub/b.txt\":\"" URI("2-b.txt") "\"}}" },
                { "get", NULL, "{\"uri\":\"" URI("3-page.html") "\",\"n\":7,\"list\":[\"" URI("4-x") "\"]}" },
        };
        struct output_files f;

        find(tasks, 2, "{\"r\":\"" URI("1-a.csv") "\",\"own\":\"" URI("5-own") "\"}", &f);
        assert_int_equal(f.count, 5);
        check(&f, 0, URI("1-a.csv"), "make/a.csv");
        check(&f, 1, URI("2-b.txt"), "make/sub/b.txt");
        check(&f, 2, URI("3-page.html"), "get/page.html");
        check(&f, 3, URI("4-x"), "get/x");
        check(&f, 4, URI("5-own"), "own");
        output_files_done(&f);
}

static void uris_inside_a_text_are_found(void **state) {
        static const struct task tasks[] = { { "t", NULL, "{\"said\":\"see " URI("1-a") ", " URI("2-b") " and sqsflow://no\"}" } };
        struct output_files f;

        find(tasks, 1, "[", &f); /* outputs that are no JSON hurt nobody */
        assert_int_equal(f.count, 2);
        check(&f, 0, URI("1-a"), "t/a");
        check(&f, 1, URI("2-b"), "t/b");
        output_files_done(&f);
}

static void no_path_leads_out_or_steers_a_terminal_or_is_taken_twice(void **state) {
        static const struct task tasks[] = {
                { "t", NULL, "{\"outputFiles\":{\"../../etc/passwd\":\"" URI("1-a") "\",\"/abs\":\"" URI("2-b") "\",\"x/../../y\":\""
                             URI("3-c") "\",\"e\\u001b[2J\\n\":\"" URI("4-d") "\",\"\":\"" URI("5-e") "\",\"a//b\":\"" URI("6-f") "\","
                             "\".\":\"" URI("7-g") "\"}}" },
                { "each", "../../up", "{\"outputFiles\":{\"same\":\"" URI("8-same") "\"}}" },
                { "each", "../../up", "{\"outputFiles\":{\"same\":\"" URI("9-same") "\"}}" },
                { "each", "../../up", "{\"outputFiles\":{\"9-same\":\"" URI("10-same") "\",\"same\":\"" URI("11-same") "\"}}" },
        };
        struct output_files f;

        find(tasks, 4, NULL, &f);
        assert_int_equal(f.count, 11);
        for (size_t i = 0; i < f.count; i++) {
                assert_true(beneath_is_path(f.items[i].path));
                assert_null(strpbrk(f.items[i].path, "\x1b\n\r\x7f"));
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(f.items[i].path, f.items[k].path);
        }
        check(&f, 0, URI("1-a"), "t/a");
        check(&f, 3, URI("4-d"), "t/e_[2J_");
        check(&f, 7, URI("8-same"), "each-.._.._up/same");
        check(&f, 8, URI("9-same"), "each-.._.._up/9-same");
        output_files_done(&f);
}

static void the_files_are_beside_the_store(void **state) {
        _cleanup_free_ char *a = output_files_folder("/var/lib/sqsflow/sqsflow.db"), *b = output_files_folder("sqsflow.db");

        assert_string_equal(a, "/var/lib/sqsflow/executions");
        assert_string_equal(b, "executions");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_file_has_the_name_that_its_task_gave_it),
                cmocka_unit_test(uris_inside_a_text_are_found),
                cmocka_unit_test(no_path_leads_out_or_steers_a_terminal_or_is_taken_twice),
                cmocka_unit_test(the_files_are_beside_the_store),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
