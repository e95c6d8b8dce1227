/* SPDX-License-Identifier: Apache-2.0 */
/* common/flow/flow_defaults.c: pluginDefaults and taskDefaults. */
#include "tests/unit/flow_text.h"

#define TASK(defaults, properties)                                                                                     \
        "id: a\nnamespace: n\n" defaults "tasks:\n  - {id: t, type: " SHELL ", " properties "}\n"

static void assert_merged(const char *text, const char *json) {
        _cleanup_(flow_unrefp) struct flow *f = load(text);

        assert_properties(f->tasks.items[0], json);
}

static void a_default_fills_in_what_a_task_leaves_open(void **state) {
        assert_merged(TASK("pluginDefaults: [{type: " SHELL ", values: {failFast: false, interpreter: [bash]}}]\n",
                           "commands: [x], failFast: true"),
                      "{\"commands\":[\"x\"],\"failFast\":true,\"interpreter\":[\"bash\"]}");
        assert_merged(TASK("taskDefaults: [{type: " SHELL ", values: {commands: [y]}}]\n", "failFast: ~"),
                      "{\"commands\":[\"y\"]}");
}

static void a_forced_default_wins(void **state) {
        assert_merged(TASK("pluginDefaults: [{type: " SHELL ", forced: true, values: {failFast: false}}]\n",
                           "commands: [x], failFast: true"),
                      "{\"commands\":[\"x\"],\"failFast\":false}");
}

static void the_first_of_several_defaults_wins(void **state) {
        assert_merged(TASK("pluginDefaults:\n  - {type: " SHELL ", values: {failFast: false}}\n"
                           "  - {type: io.kestra.plugin.scripts, values: {failFast: true, warningOnStdErr: true}}\n",
                           "commands: [x]"),
                      "{\"commands\":[\"x\"],\"failFast\":false,\"warningOnStdErr\":true}");
        assert_merged(TASK("pluginDefaults:\n  - {type: " SHELL ", forced: true, values: {failFast: false}}\n"
                           "  - {type: " SHELL ", forced: true, values: {failFast: true}}\n",
                           "commands: [x]"),
                      "{\"commands\":[\"x\"],\"failFast\":false}");
}

static void maps_merge_and_lists_join_without_repetition(void **state) {
        assert_merged(TASK("pluginDefaults: [{type: " SHELL ", values: {env: {A: 1, B: 1}, commands: [a, b]}}]\n",
                           "commands: [b, c], env: {B: 2}"),
                      "{\"commands\":[\"a\",\"b\",\"c\"],\"env\":{\"B\":\"2\",\"A\":\"1\"}}");
        assert_merged(TASK("pluginDefaults: [{type: " SHELL ", forced: true, values: {env: {B: 1}, commands: [a, b]}}]\n",
                           "commands: [b, c], env: {B: 2}"),
                      "{\"commands\":[\"b\",\"c\",\"a\"],\"env\":{\"B\":\"1\"}}");
}

static void a_beginning_gives_each_type_only_what_it_has(void **state) {
        _cleanup_(flow_unrefp) struct flow *f =
                load("id: a\nnamespace: n\n"
                     "pluginDefaults: [{type: io.kestra.plugin, values: {failFast: false, timeout: PT1M, region: r}}]\n"
                     "tasks:\n"
                     "  - {id: t, type: " SHELL ", commands: [x]}\n"
                     "  - {id: u, type: " LOG ", message: m}\n"
                     "triggers: [{id: v, type: io.kestra.plugin.aws.sqs.Trigger, queueUrl: q}]\n");

        assert_properties(f->tasks.items[0], "{\"commands\":[\"x\"],\"failFast\":false}");
        assert_properties(f->tasks.items[1], "{\"message\":\"m\"}");
        assert_string_equal(f->tasks.items[1]->timeout, "PT1M");
        assert_json(f->triggers[0].properties, "{\"queueUrl\":\"q\",\"region\":\"r\"}");
}

static void older_names_meet_in_both_directions(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load("id: a\nnamespace: n\n"
                                                     "pluginDefaults: [{type: " LOG ", values: {level: WARN}}]\n"
                                                     "taskDefaults:\n"
                                                     "  - {type: io.kestra.core.tasks.log.Log, values: {message: m}}\n"
                                                     "tasks:\n"
                                                     "  - {id: t, type: io.kestra.core.tasks.log.Log}\n"
                                                     "  - {id: u, type: " LOG "}\n");

        assert_properties(f->tasks.items[0], "{\"level\":\"WARN\",\"message\":\"m\"}");
        assert_properties(f->tasks.items[1], "{\"level\":\"WARN\",\"message\":\"m\"}");
}

static void nested_tasks_and_task_runners_get_theirs(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load(
                "id: a\nnamespace: n\n"
                "pluginDefaults:\n  - {type: " LOG ", values: {level: WARN}}\n"
                "tasks:\n  - id: s\n    type: io.kestra.plugin.core.flow.Sequential\n"
                "    tasks: [{id: t, type: " LOG ", message: m}]\n");

        assert_properties(f->tasks.items[0]->branches[0].tasks.items[0], "{\"message\":\"m\",\"level\":\"WARN\"}");
}

/* 300 tasks times a default of 100 kB: refused instead of 30 MB. */
static void defaults_cannot_make_a_flow_explode(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);
        struct flow *f = NULL;

        (void)buf_append_str(&text, "id: a\nnamespace: n\npluginDefaults: [{type: " LOG ", values: {message: ");
        for (size_t i = 0; i < 100000; i++)
                (void)buf_append_char(&text, 'x');
        (void)buf_append_str(&text, "}}]\ntasks:\n");
        for (unsigned i = 0; i < 300; i++)
                (void)buf_appendf(&text, "  - {id: t%u, type: " LOG "}\n", i);
        assert_int_equal(buf_error(&text), 0);
        assert_int_equal(flow_load(text.data, text.len, "f.yaml", NULL, &diag, &f), -EBADMSG);
        assert_string_equal(diag.entries[0].message, "pluginDefaults make the flow too large");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_default_fills_in_what_a_task_leaves_open),
                cmocka_unit_test(a_forced_default_wins),
                cmocka_unit_test(the_first_of_several_defaults_wins),
                cmocka_unit_test(maps_merge_and_lists_join_without_repetition),
                cmocka_unit_test(a_beginning_gives_each_type_only_what_it_has),
                cmocka_unit_test(older_names_meet_in_both_directions),
                cmocka_unit_test(nested_tasks_and_task_runners_get_theirs),
                cmocka_unit_test(defaults_cannot_make_a_flow_explode),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
