/* SPDX-License-Identifier: Apache-2.0 */
/* common/flow/flow.h: what a right flow file becomes. */
#include "tests/unit/flow_text.h"

#include <stdio.h>

#include "common/base/clock.h"

static const char full[] = "id: orders.v1\n"
                           "namespace: shop.eu\n"
                           "description: d\n"
                           "labels: {team: checkout, level: 2}\n"
                           "variables: {a: 1, b: '{{ not rendered here'}\n"
                           "disabled: true\n"
                           "concurrency: {limit: 3, behavior: CANCEL}\n"
                           "retry: {type: constant, interval: PT1M, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}\n"
                           "inputs:\n"
                           "  - {id: who, type: STRING, required: false, defaults: you, validator: '[a-z]+'}\n"
                           "  - {id: kind, type: ENUM, values: [a, 1]}\n"
                           "  - {id: on, type: BOOLEAN, defaults: '{{ 1 == 1 }}'}\n"
                           "tasks:\n"
                           "  - {id: t, type: " LOG ", message: m}\n"
                           "errors: [{id: e, type: " LOG ", message: m}]\n"
                           "finally: [{id: f, type: " LOG ", message: m}]\n"
                           "afterExecution: [{id: g, type: " LOG ", message: m}]\n"
                           "outputs: [{id: o, type: JSON, value: ['{{ outputs.t }}', 1]}]\n"
                           "triggers:\n"
                           "  - id: each\n"
                           "    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n"
                           "    queueUrl: '{{ secret(\"URL\") }}'\n"
                           "    autoDelete: 'false'\n"
                           "    waitTime: PT5S\n"
                           "  - id: many\n"
                           "    type: io.kestra.plugin.aws.sqs.Trigger\n"
                           "    queueUrl: q\n"
                           "    maxRecords: 50\n"
                           "    disabled: true\n";

static void the_head_of_a_flow_is_read(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load(full);

        assert_string_equal(f->id, "orders.v1");
        assert_string_equal(f->namespace, "shop.eu");
        assert_string_equal(f->description, "d");
        assert_string_equal(f->file, "f.yaml");
        assert_string_equal(f->source, full);
        assert_int_equal(f->source_len, strlen(full));
        assert_json(f->labels, "{\"team\":\"checkout\",\"level\":\"2\"}");
        assert_json(f->variables, "{\"a\":1,\"b\":\"{{ not rendered here\"}");
        assert_true(f->disabled);
        assert_int_equal(f->concurrency_limit, 3);
        assert_int_equal(f->concurrency_behavior, FLOW_CANCEL);
        assert_true(f->retry->new_execution);
        assert_int_equal(f->retry->max_attempts, 3);
        assert_int_equal(f->retry->interval_usec, USEC_PER_MINUTE);
        assert_int_equal(f->retry->max_duration_usec, USEC_INFINITY);
}

static void every_behavior_of_a_limit_is_taken(void **state) {
        static const struct {
                const char *concurrency;
                enum flow_concurrency_behavior behavior;
        } cases[] = {
                { "{limit: 2}", FLOW_QUEUE },
                { "{limit: 2, behavior: QUEUE}", FLOW_QUEUE },
                { "{limit: 2, behavior: CANCEL}", FLOW_CANCEL },
                { "{limit: 2, behavior: FAIL}", FLOW_FAIL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[256];

                snprintf(text, sizeof text,
                         "id: f\nnamespace: n\nconcurrency: %s\ntasks: [{id: t, type: " LOG ", message: m}]\n",
                         cases[i].concurrency);
                _cleanup_(flow_unrefp) struct flow *f = load_with(text, &(struct flow_load_options){ 0 });

                assert_int_equal(f->concurrency_limit, 2);
                assert_int_equal(f->concurrency_behavior, cases[i].behavior);
        }
}

static void the_lists_of_a_flow_are_read(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load(full);

        assert_int_equal(f->input_count, 3);
        assert_false(f->inputs[0].required);
        assert_json(f->inputs[0].defaults, "\"you\"");
        assert_json(f->inputs[0].properties, "{\"validator\":\"[a-z]+\"}");
        assert_true(f->inputs[1].required);
        assert_null(f->inputs[1].defaults);
        assert_string_equal(f->inputs[1].type, "SELECT");
        assert_json(f->inputs[1].properties, "{\"values\":[\"a\",\"1\"]}");
        assert_string_equal(f->inputs[2].type, "BOOL");
        assert_int_equal(f->output_count, 1);
        assert_json(f->outputs[0].value, "[\"{{ outputs.t }}\",1]");
        assert_string_equal(f->tasks.items[0]->id, "t");
        assert_string_equal(f->errors.items[0]->id, "e");
        assert_string_equal(f->finally.items[0]->id, "f");
        assert_string_equal(f->after_execution.items[0]->id, "g");
        assert_int_equal(f->tasks.items[0]->line, 14);
        assert_int_equal(f->tasks.items[0]->column, 5);
}

static void triggers_keep_their_own_properties(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load(full);

        assert_int_equal(f->trigger_count, 2);
        assert_string_equal(f->triggers[0].id, "each");
        assert_false(f->triggers[0].batch);
        assert_json(f->triggers[0].properties,
                    "{\"queueUrl\":\"{{ secret(\\\"URL\\\") }}\",\"autoDelete\":false,\"waitTime\":\"PT5S\"}");
        assert_true(f->triggers[1].batch);
        assert_true(f->triggers[1].disabled);
        assert_json(f->triggers[1].properties, "{\"queueUrl\":\"q\",\"maxRecords\":50}");
}

static void labels_may_be_a_list_too(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load("id: a\nnamespace: n\nlabels: [{key: x, value: 1.0}]\n"
                                                     "tasks: [{id: t, type: " LOG ", message: m}]\n");

        assert_json(f->labels, "{\"x\":\"1.0\"}");
}

static void a_task_has_common_fields_and_properties_of_its_kind(void **state) {
        _cleanup_(flow_unrefp) struct flow *f =
                load("id: a\nnamespace: n\ntasks:\n"
                     "  - id: t\n    type: " SHELL "\n    description: d\n    timeout: '{{ vars.t }}'\n"
                     "    retry: {type: exponential, interval: PT1S, maxInterval: PT8S, maxAttempt: 4,"
                     " warningOnRetry: true, maxDuration: PT1H}\n"
                     "    allowFailure: true\n    allowWarning: true\n    disabled: false\n    when: '{{ true }}'\n"
                     "    logLevel: WARN\n    failFast: 'False'\n"
                     "    commands: [1, true, echo]\n    env: {A: 1.50, B: , C: '{{ trigger.data }}'}\n"
                     "    taskRunner: {type: io.kestra.plugin.core.runner.Process}\n");
        const struct flow_task *t = f->tasks.items[0];

        assert_ptr_equal(t->type, task_type_find(SHELL));
        assert_string_equal(t->description, "d");
        assert_string_equal(t->timeout, "{{ vars.t }}");
        assert_string_equal(t->run_if, "{{ true }}");
        assert_string_equal(t->log_level, "WARN");
        assert_true(t->allow_failure);
        assert_true(t->allow_warning);
        assert_false(t->disabled);
        assert_int_equal(t->retry->type, FLOW_RETRY_EXPONENTIAL);
        assert_int_equal(t->retry->max_attempts, 4);
        assert_true(t->retry->warning_on_retry);
        assert_false(t->retry->new_execution);
        assert_properties(t, "{\"failFast\":false,\"commands\":[\"1\",\"true\",\"echo\"],"
                             "\"env\":{\"A\":\"1.50\",\"B\":\"\",\"C\":\"{{ trigger.data }}\"},"
                             "\"taskRunner\":{\"type\":\"io.kestra.plugin.core.runner.Process\"}}");
}

static void what_is_absent_stays_absent(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load("id: a\nnamespace: n\ntasks:\n"
                                                     "  - {id: t, type: io.kestra.core.tasks.debugs.Return, retry: ,"
                                                     " timeout: ~, format: null}\n");
        const struct flow_task *t = f->tasks.items[0];

        assert_string_equal(t->type->name, "io.kestra.plugin.core.debug.Return");
        assert_null(t->retry);
        assert_null(t->timeout);
        assert_null(t->run_if);
        assert_null(t->depends_on);
        assert_properties(t, "{}");
        assert_null(f->retry);
        assert_int_equal(f->concurrency_limit, 0);
        assert_json(f->labels, "{}");
}

static const struct flow_branch *branch(const struct flow_task *t, const char *name) {
        for (size_t i = 0; i < t->branch_count; i++)
                if (text_eq(t->branches[i].name, name))
                        return &t->branches[i];
        fail_msg("no branch %s", name);
        return NULL;
}

static void flowables_carry_their_tasks_as_branches(void **state) {
        _cleanup_(flow_unrefp) struct flow *f =
                load("id: a\nnamespace: n\ntasks:\n"
                     "  - id: if\n    type: io.kestra.plugin.core.flow.If\n    condition: '{{ true }}'\n"
                     "    then: [{id: yes, type: " LOG ", message: m}]\n"
                     "    else: [{id: no, type: " LOG ", message: m}]\n"
                     "    errors: [{id: bad, type: " LOG ", message: m}]\n"
                     "    finally: [{id: end, type: " LOG ", message: m}]\n"
                     "  - id: switch\n    type: io.kestra.plugin.core.flow.Switch\n    value: '{{ 1 }}'\n"
                     "    cases: {one: [{id: c1, type: " LOG ", message: m}], 2: []}\n"
                     "    defaults: [{id: c3, type: " LOG ", message: m}]\n"
                     "  - id: dag\n    type: io.kestra.plugin.core.flow.Dag\n    concurrent: 2\n    tasks:\n"
                     "      - {task: {id: d1, type: " LOG ", message: m}, dependsOn: [d2]}\n"
                     "      - {task: {id: d2, type: " LOG ", message: m}}\n");
        const struct flow_task *t = f->tasks.items[0];

        assert_int_equal(t->branch_count, 4);
        assert_string_equal(branch(t, "then")->tasks.items[0]->id, "yes");
        assert_string_equal(branch(t, "else")->tasks.items[0]->id, "no");
        assert_string_equal(branch(t, "errors")->tasks.items[0]->id, "bad");
        assert_string_equal(branch(t, "finally")->tasks.items[0]->id, "end");
        assert_properties(t, "{\"condition\":\"{{ true }}\"}");
        t = f->tasks.items[1];
        assert_string_equal(branch(t, "cases.one")->tasks.items[0]->id, "c1");
        assert_int_equal(branch(t, "cases.2")->tasks.count, 0);
        assert_string_equal(branch(t, "defaults")->tasks.items[0]->id, "c3");
        t = f->tasks.items[2];
        assert_string_equal(branch(t, "tasks")->tasks.items[0]->depends_on[0], "d2");
        assert_null(branch(t, "tasks")->tasks.items[0]->depends_on[1]);
        assert_properties(t, "{\"concurrent\":2}");
}

static void a_message_may_stand_where_it_is_data(void **state) {
        _cleanup_(flow_unrefp) struct flow *f =
                load("id: a\nnamespace: n\ninputs: [{id: m, type: STRING, defaults: '{{ trigger.data }}'}]\ntasks:\n"
                     "  - id: sh\n    type: " SHELL "\n    env: {M: '{{ trigger.data }}'}\n"
                     "    inputFiles: {m.txt: '{{ trigger.data }}'}\n"
                     "    commands: ['echo {{ trigger.data | upper | quote }} {{ inputs.m | quote }}', '{{ outputs.x }}',"
                     " '{% if trigger.data == 1 %}a{% endif %}']\n"
                     "  - id: py\n    type: io.kestra.plugin.scripts.python.Script\n"
                     "    script: 'm = {{ trigger.data | toJson }}'\n"
                     "  - {id: log, type: " LOG ", message: '{{ trigger.data }}'}\n");

        assert_int_equal(f->tasks.count, 3);
}

static void agent_yaml_may_let_messages_into_commands_and_containers_through(void **state) {
        _cleanup_(flow_unrefp) struct flow *f = load_with(
                "id: a\nnamespace: n\ntasks:\n"
                "  - {id: t, type: " SHELL ", commands: ['{{ trigger.data }}'], containerImage: alpine,"
                " taskRunner: {type: io.kestra.plugin.scripts.runner.docker.Docker, pullPolicy: NEVER}}\n",
                &(struct flow_load_options){ .allow_containers = true, .allow_shell_interpolation = true });

        assert_non_null(f);
}

static void equal_text_has_the_equal_revision(void **state) {
        static const char text[] = "id: a\nnamespace: n\ntasks: [{id: t, type: " LOG ", message: m}]\n";
        static const char other[] = "id: a\nnamespace: n\ntasks: [{id: t, type: " LOG ", message: n}]\n";
        _cleanup_(flow_unrefp) struct flow *a = load(text), *b = load(text), *c = load(other);

        assert_true(a->revision == b->revision);
        assert_true(a->revision != c->revision);
}

static void the_shipped_examples_load(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = BUF_INIT(0);
        struct flow_set set;
        int r = flow_set_load("config/flows", NULL, &diag, &set);

        (void)diag_write(&diag, &out);
        if (r < 0)
                fail_msg("%s", out.data);
        assert_non_null(flow_set_find(&set, "examples.hello"));
        assert_non_null(flow_set_find(&set, "shop.orders"));
        flow_set_done(&set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_head_of_a_flow_is_read),
                cmocka_unit_test(every_behavior_of_a_limit_is_taken),
                cmocka_unit_test(the_lists_of_a_flow_are_read),
                cmocka_unit_test(triggers_keep_their_own_properties),
                cmocka_unit_test(labels_may_be_a_list_too),
                cmocka_unit_test(a_task_has_common_fields_and_properties_of_its_kind),
                cmocka_unit_test(what_is_absent_stays_absent),
                cmocka_unit_test(flowables_carry_their_tasks_as_branches),
                cmocka_unit_test(a_message_may_stand_where_it_is_data),
                cmocka_unit_test(agent_yaml_may_let_messages_into_commands_and_containers_through),
                cmocka_unit_test(equal_text_has_the_equal_revision),
                cmocka_unit_test(the_shipped_examples_load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
