/* SPDX-License-Identifier: Apache-2.0 */
/* By which detours through a flow a message would become shell or program text, and which ways stay open (P11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/flow/flow.h"

#define CORE "io.kestra.plugin.core."
#define SHELL "io.kestra.plugin.scripts.shell.Commands"
#define PYTHON "io.kestra.plugin.scripts.python.Script"
#define RETURN(id, format) "  - {id: " id ", type: " CORE "debug.Return, format: \"" format "\"}\n"
#define SAFE_WAY " must not become shell text: hand it over in 'env', or end the expression with '| quote'\n"

/* A flow whose last task is a shell with `command`; what stands before the tasks, and before that task, may be "". */
struct detour {
        const char *head, *tasks, *command;
        const char *reason; /* of the refusal; NULL: it loads */
};

static int load(const struct detour *d, struct diag *diag) {
        static const struct flow_load_options options = { .accept_unsupported = true };
        _cleanup_(flow_unrefp) struct flow *f = NULL;
        _cleanup_free_ char *text = text_printf("id: f\nnamespace: n\n%stasks:\n%s"
                                                "  - {id: sh, type: " SHELL ", commands: ['%s']}\n",
                                                d->head, d->tasks, d->command);

        return flow_load(text, strlen(text), "f.yaml", &options, diag, &f);
}

static void check(const struct detour *detours, size_t count) {
        for (size_t i = 0; i < count; i++) {
                const struct detour *d = &detours[i];
                _cleanup_(diag_done) struct diag diag = DIAG_INIT;
                _cleanup_(buf_done) struct buf out = BUF_INIT(0);
                int r = load(d, &diag);

                assert_int_equal(diag_write(&diag, &out), 0);
                if ((r == 0) != (d->reason == NULL) || (d->reason && !strstr(out.data, d->reason)))
                        fail_msg("%s%s%s: %d, %s", d->head, d->tasks, d->command, r, out.data ? out.data : "no findings");
        }
}

static void a_message_that_takes_a_detour_is_refused_with_the_way_it_came(void **state) {
        static const struct detour detours[] = {
                { "", RETURN("r", "{{ trigger.data }}"), "echo {{ outputs.r.value }}",
                  "f.yaml:5:78: 'outputs.r.value' carries the message (line 4) and" SAFE_WAY },
                { "", RETURN("r", "{{ trigger.data }}"), "echo {{ outputs[\"r\"].value | upper }}",
                  "'outputs.r.value' carries the message (line 4) and" SAFE_WAY },
                { "", RETURN("r", "{{ trigger.data }}"), "echo {{ outputs | toJson }}",
                  "'outputs' may hold a message and" SAFE_WAY },
                { "", RETURN("r", "{{ trigger.data }}"), "{% set x = outputs.r %}echo {{ x.value }}",
                  "'outputs.r' carries the message (line 4) and" SAFE_WAY },
                { "", RETURN("r", "{{ trigger.data }}"), "echo {{ outputs[flow.id].value }}",
                  "'outputs' may hold a message and" SAFE_WAY },
                { "", RETURN("r", "{{ trigger.data }}") RETURN("s", "{{ outputs.r.value | lower }}"),
                  "echo {{ outputs.s.value }}", "'outputs.s.value' carries the message (line 5) and" SAFE_WAY },
                { "", RETURN("s", "{{ outputs.r.value }}") RETURN("r", "{{ trigger.data }}"),
                  "echo {{ outputs.s.value }}", "'outputs.s.value' carries the message (line 4) and" SAFE_WAY },
                { "", RETURN("r", "{{ trigger.data }}"), "\"$(cat {{ outputs.r.value | quote }})\" \"{{ outputs.r.value | quote }}\"",
                  "a message must not stand in double quotes" },
                { "", "  - {id: o, type: " CORE "output.OutputValues, values: {a: ['{{ trigger.data }}']}}\n",
                  "echo {{ outputs.o.values.a }}", "'outputs.o.values.a' carries the message (line 4) and" SAFE_WAY },
                { "", "  - {id: o, type: " CORE "output.OutputValues, values: {'{{ trigger.data }}': a}}\n",
                  "echo {{ outputs.o.values }}", "'outputs.o.values' carries the message (line 4) and" SAFE_WAY },
                { "variables: {v: x}\n",
                  "  - {id: o, type: " CORE "execution.SetVariables, variables: {v: '{{ trigger.data }}'}}\n",
                  "echo {{ vars.v }}", "'vars.v' carries the message (line 3) and" SAFE_WAY },
                { "variables: {v: '{{ trigger.data }}'}\n", "", "echo {{ vars.v }}",
                  "'vars.v' carries the message (line 3) and" SAFE_WAY },
                { "labels: {l: '{{ trigger.data }}'}\n", "", "echo {{ labels.l }}",
                  "'labels.l' carries the message (line 3) and" SAFE_WAY },
                { "labels: [{key: l, value: '{{ trigger.data }}'}]\n", "", "echo {{ labels.l }}",
                  "'labels.l' carries the message (line 3) and" SAFE_WAY },
                { "variables: {v: '{{ trigger.data }}'}\ninputs: [{id: i, type: STRING, defaults: '{{ vars.v }}'}]\n", "",
                  "echo {{ inputs.i }}", "a message must not become shell text: hand 'inputs' over in 'env'" },
                { "", "  - {id: w, type: " CORE "flow.Switch, value: '{{ trigger.data }}', cases: {a: [{id: x, type: " CORE
                      "log.Log, message: m}]}}\n",
                  "echo {{ outputs.w.value }}", "'outputs.w.value' carries the message (line 4) and" SAFE_WAY },
                { "", "", "echo {{ render(vars.x) }}", "what render() gives may hold a message and" SAFE_WAY },
                { "", "", "echo {{ errorLogs() }}", "what errorLogs() gives may hold a message and" SAFE_WAY },
                { "", "", "echo {{ read(\"a.txt\") }}", "what read() gives may hold a message and" SAFE_WAY },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void a_loops_values_are_what_its_list_is(void **state) {
#define LOOP(list, command)                                                                                            \
        "  - {id: e, type: " CORE "flow.ForEach, values: " list ", tasks: [{id: in, type: " SHELL ", commands: ['" command   \
        "']}, {id: r, type: " CORE "debug.Return, format: x}]}\n"
        static const struct detour detours[] = {
                { "", LOOP("'{{ trigger.data }}'", "echo {{ taskrun.value }}"), "true",
                  "'taskrun.value' may hold a message and" SAFE_WAY },
                { "", LOOP("'{{ trigger.data }}'", "echo {{ parents[0].taskrun.value }}"), "true",
                  "'parents' may hold a message and" SAFE_WAY },
                { "", LOOP("'{{ trigger.data }}'", "echo {{ item.value }}"), "true",
                  "'item.value' may hold a message and" SAFE_WAY },
                { "", LOOP("'{{ trigger.data }}'", "x"), "echo {{ outputs.r | keys }}",
                  "'outputs.r' carries the message (line 4) and" SAFE_WAY },
                { "", LOOP("[a, b]", "echo {{ taskrun.value }}"), "echo {{ outputs.r | keys }}", NULL },
                { "", LOOP("'{{ trigger.data }}'", "echo {{ taskrun.iteration }} {{ taskrun.id }}"), "true", NULL },
                { "", LOOP("[exitCode]", "x"), "echo {{ outputs.in.exitCode }}",
                  "'outputs.in.exitCode' comes from outside (line 4), may repeat a message and" SAFE_WAY },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void what_a_flowable_decided_by_is_what_it_read(void **state) {
#define SWITCH(value, command)                                                                                         \
        "  - {id: w, type: " CORE "flow.Switch, value: '" value "', defaults: [{id: i, type: " CORE "flow.If, condition: '{{ " \
        "trigger.data }}', then: [{id: in, type: " SHELL ", commands: ['" command "']}]}]}\n"
        static const struct detour detours[] = {
                { "", SWITCH("{{ trigger.data }}", "echo {{ outputs.w.value }}"), "true",
                  "'outputs.w.value' carries the message (line 4) and" SAFE_WAY },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parent.outputs.value }}"), "true",
                  "'parent.outputs.value' may hold a message and" SAFE_WAY },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parent[\"outputs\"].value | lower }}"), "true",
                  "'parent.outputs.value' may hold a message and" SAFE_WAY },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parents[1].outputs.value }}"), "true",
                  "'parents' may hold a message and" SAFE_WAY },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parent.outputs }}"), "true",
                  "'parent.outputs' may hold a message and" SAFE_WAY },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parent }}"), "true", "'parent' may hold a message and" SAFE_WAY },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parent.outputs.evaluationResult }} {{ parent.outputs.defaults }}"),
                  "true", NULL },
                { "", SWITCH("{{ trigger.data }}", "echo {{ parent.outputs.value | quote }}"), "true", NULL },
                { "", SWITCH("{{ flow.id }}", "echo {{ parent.outputs.value }} {{ parents[1].outputs.value }}"), "true", NULL },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void text_from_outside_is_taken_for_a_message_and_numbers_are_not(void **state) {
#define SCRIPT "  - {id: s, type: " SHELL ", commands: [x]}\n"
#define REQUEST "  - {id: h, type: " CORE "http.Request, uri: 'http://a'}\n"
#define CONSUME "  - {id: c, type: io.kestra.plugin.aws.sqs.Consume, queueUrl: q, maxRecords: 1}\n"
#define SUBFLOW "  - {id: f, type: " CORE "flow.Subflow, namespace: n, flowId: o}\n"
        static const struct detour detours[] = {
                { "", SCRIPT, "echo {{ outputs.s.vars.id }}",
                  "'outputs.s.vars.id' comes from outside (line 4), may repeat a message and" SAFE_WAY },
                { "", SCRIPT RETURN("r", "{{ outputs.s.vars.id }}"), "echo {{ outputs.r.value }}",
                  "'outputs.r.value' carries the message (line 5) and" SAFE_WAY },
                { "", SCRIPT, "echo {{ outputs.s.vars.id | quote }} {{ outputs.s.exitCode }}", NULL },
                { "", SCRIPT, "cat {{ outputs.s.outputFiles[\"a.txt\"] }}", NULL },
                { "", SCRIPT, "cat {{ outputs.s.outputFiles | keys }}", "'outputs.s.outputFiles' comes from outside" },
                { "", SCRIPT, "cat {{ outputs.s.outputFiles[flow.id] }}", "'outputs.s.outputFiles' comes from outside" },
                { "", REQUEST, "echo {{ outputs.h.body }}", "'outputs.h.body' comes from outside" },
                { "", REQUEST, "echo {{ outputs.h.code }}", NULL },
                { "", CONSUME, "cat {{ outputs.c.uri }}", NULL },
                { "", REQUEST, "curl {{ outputs.h.uri }}", "'outputs.h.uri' comes from outside" },
                { "", CONSUME, "echo {{ outputs.c.count }}", NULL },
                { "", SUBFLOW, "echo {{ outputs.f.outputs.a }}", "'outputs.f.outputs.a' comes from outside" },
                { "", "  - {id: w, type: " CORE "flow.Sequential, tasks: [{id: d, type: " SHELL ", commands: [x]}]}\n",
                  "echo {{ outputs.d.vars.x }}", "'outputs.d.vars.x' comes from outside" },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void what_the_flow_itself_says_may_stand_in_commands(void **state) {
        static const struct detour detours[] = {
                { "variables: {v: x, w: '{{ trigger.data }}'}\nlabels: {l: y}\n", RETURN("r", "{{ vars.v }} {{ flow.id }}"),
                  "echo {{ vars.v }} {{ labels.l }} {{ outputs.r.value }} {{ execution.id }} {{ envs.home }}", NULL },
                { "inputs: [{id: i, type: STRING, defaults: '{{ flow.id }}'}]\n", "", "echo {{ inputs.i }}", NULL },
                { "", RETURN("r", "{{ trigger.data == 1 ? 'a' : 'b' }}"), "echo {{ outputs.r.value }}", NULL },
                { "", RETURN("r", "{{ trigger.data }}") RETURN("s", "x"),
                  "echo {{ outputs.s.value }} {{ outputs.r.value | quote }}", NULL },
                { "", RETURN("a", "{{ outputs.b.value }}") RETURN("b", "{{ outputs.a.value }}"),
                  "echo {{ outputs.a.value }}", NULL },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void a_long_way_round_is_followed_to_its_end(void **state) {
        _cleanup_(buf_done) struct buf tasks = BUF_INIT(1 << 20);
        struct detour d = { .head = "", .command = "echo {{ outputs.r0.value }}", .reason = "'outputs.r0.value' carries" };

        for (unsigned i = 0; i < 500; i++)
                assert_int_equal(buf_appendf(&tasks, RETURN("r%u", "{{ outputs.r%u.value }}"), i, i + 1), 0);
        assert_int_equal(buf_append_str(&tasks, RETURN("r500", "{{ trigger.data }}")), 0);
        d.tasks = tasks.data;
        check(&d, 1);
}

static void a_message_in_program_text_by_a_detour_is_refused(void **state) {
        static const struct detour detours[] = {
                { "", RETURN("r", "{{ trigger.data }}") "  - {id: p, type: " PYTHON ", script: 'x = {{ outputs.r.value }}'}\n",
                  "true", "'outputs.r.value' carries the message (line 4) and must not become program text: hand it over "
                          "in 'env', or end the expression with '| toJson'\n" },
                { "", RETURN("r", "{{ trigger.data }}")
                      "  - {id: p, type: " PYTHON ", script: 'x = {{ outputs.r.value | toJson }}'}\n", "true", NULL },
        };
        check(detours, ARRAY_SIZE(detours));
}

#define NAMING(property) "  - {id: p, type: " SHELL ", commands: [ls], " property "}\n"
#define NOT_A_NAME "a message must not name a variable or a file of a program"

/* LD_PRELOAD would be one, and a file that Python takes for a module. */
static void a_message_names_no_variable_and_no_file_of_a_program(void **state) {
        static const struct detour detours[] = {
                { "", NAMING("env: {'{{ trigger.data }}': x}"), "true", "f.yaml:4:82: " NOT_A_NAME },
                { "", NAMING("env: {'A_{{ trigger.data | slugify }}': x}"), "true", NOT_A_NAME },
                { "", NAMING("inputFiles: {'{{ trigger.data }}.py': x}"), "true", NOT_A_NAME },
                { "", RETURN("r", "{{ trigger.data }}") NAMING("env: {'{{ outputs.r.value }}': x}"), "true", NOT_A_NAME },
                { "", "  - {id: w, type: " CORE "flow.WorkingDirectory, inputFiles: {'{{ trigger.data }}': x}, tasks: [{id: t, type: " CORE
                      "debug.Return}]}\n", "true", NOT_A_NAME },
                { "", NAMING("inputFiles: '{{ fromJson(trigger.data) }}'"), "true", NOT_A_NAME },
                { "", RETURN("r", "{{ trigger.data }}") NAMING("inputFiles: '{{ outputs.r.value }}'"), "true", NOT_A_NAME },
                { "", "  - {id: w, type: " CORE "flow.WorkingDirectory, inputFiles: '{{ trigger.data }}', tasks: [{id: t, type: " CORE
                      "debug.Return}]}\n", "true", NOT_A_NAME },
                { "", SCRIPT NAMING("inputFiles: '{{ outputs.s.vars.files }}'"), "true", NOT_A_NAME },
                { "", SCRIPT NAMING("inputFiles: '{{ outputs.s.outputFiles }}'"), "true", NULL },
                { "", NAMING("inputFiles: {a.json: '{{ trigger.data }}'}"), "true", NULL },
                { "variables: {files: {a: b}}\n", NAMING("inputFiles: '{{ vars.files }}'"), "true", NULL },
                { "variables: {name: a}\n", NAMING("env: {'{{ vars.name }}': '{{ trigger.data }}'}"), "true", NULL },
                { "", "  - {id: h, type: " CORE "http.Request, uri: 'http://x', headers: {'X-{{ trigger.data }}': x}}\n", "true", NULL },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void a_program_among_the_input_files_is_program_text(void **state) {
#define SHELL_TEXT "a message must not become shell text: hand 'trigger' over in 'env'"
#define PROGRAM_TEXT "a message must not become program text: hand 'trigger' over in 'env'"
        static const struct detour detours[] = {
                { "", NAMING("inputFiles: {main.sh: 'echo {{ trigger.data }}'}"), "true", SHELL_TEXT },
                { "", NAMING("inputFiles: {bin/main.bash: 'echo {{ trigger.data | toJson }}'}"), "true", SHELL_TEXT },
                { "", NAMING("inputFiles: {main.py: 'print({{ trigger.data }})'}"), "true", PROGRAM_TEXT },
                { "", NAMING("inputFiles: {main.js: 'log({{ trigger.data | quote }})'}"), "true", PROGRAM_TEXT },
                { "", "  - {id: w, type: " CORE "flow.WorkingDirectory, inputFiles: {a.mjs: '{{ trigger.data }}'}, tasks: [{id: t, type: "
                      CORE "debug.Return}]}\n", "true", PROGRAM_TEXT },
                { "", NAMING("inputFiles: {main.sh: 'echo {{ trigger.data | quote }}', main.py: 'print({{ trigger.data | toJson }})'}"),
                  "true", NULL },
                { "", NAMING("inputFiles: {order.json: '{{ trigger.data }}', sh: '{{ trigger.data }}'}"), "true", NULL },
                { "", SCRIPT NAMING("inputFiles: {main.py: '{{ outputs.s.outputFiles[\"main.py\"] }}'}"), "true", NULL },
        };
        check(detours, ARRAY_SIZE(detours));
}

static void a_message_is_no_program_and_none_of_its_arguments(void **state) {
#define NO_PROGRAM "a message must not be a program or one of its arguments here: hand it over in 'env'\n"
        static const struct detour detours[] = {
                { "", NAMING("interpreter: [/bin/sh, -c, '{{ trigger.data }}']"), "true", "f.yaml:4:103: " NO_PROGRAM },
                { "", NAMING("interpreter: ['{{ trigger.data | quote }}']"), "true", NO_PROGRAM },
                { "", RETURN("r", "{{ trigger.data }}") NAMING("interpreter: [/bin/sh, -c, '{{ outputs.r.value | toJson }}']"),
                  "true", NO_PROGRAM },
                { "variables: {shell: /bin/dash}\n", NAMING("interpreter: ['{{ vars.shell }}', -c]"), "true", NULL },
                { "", NAMING("interpreter: ['{{ vars.shell', -c]"), "true", "expected '}}', found the end of the text" },
        };
        check(detours, ARRAY_SIZE(detours));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message_that_takes_a_detour_is_refused_with_the_way_it_came),
                cmocka_unit_test(a_loops_values_are_what_its_list_is),
                cmocka_unit_test(what_a_flowable_decided_by_is_what_it_read),
                cmocka_unit_test(text_from_outside_is_taken_for_a_message_and_numbers_are_not),
                cmocka_unit_test(what_the_flow_itself_says_may_stand_in_commands),
                cmocka_unit_test(a_program_among_the_input_files_is_program_text),
                cmocka_unit_test(a_message_is_no_program_and_none_of_its_arguments),
                cmocka_unit_test(a_long_way_round_is_followed_to_its_end),
                cmocka_unit_test(a_message_in_program_text_by_a_detour_is_refused),
                cmocka_unit_test(a_message_names_no_variable_and_no_file_of_a_program),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
