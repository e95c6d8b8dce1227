/* SPDX-License-Identifier: Apache-2.0 */
/* flow_set_load(): a folder of flow files. */
#include "tests/unit/flow_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/file.h"

#define FLOW(id) "id: " id "\nnamespace: n\ntasks: [{id: t, type: " LOG ", message: m}]\n"

static char folder[32];

static int make_folder(void **state) {
        (void)snprintf(folder, sizeof(folder), "/tmp/sqsflow-test-XXXXXX");
        return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state) {
        return dir_remove_all(AT_FDCWD, folder);
}

static void put(const char *name, const char *text) {
        assert_int_equal(file_write_at(AT_FDCWD, name, text, strlen(text), 0600), 0);
}

static void assert_refused(int error, const char *findings) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_(buf_done) struct buf out = BUF_INIT(0);
        struct flow_set set;

        assert_int_equal(flow_set_load(".", NULL, &diag, &set), error);
        assert_int_equal(diag_write(&diag, &out), 0);
        assert_string_equal(out.data, findings);
}

static void files_come_sorted_and_others_are_skipped(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        put("b.yml", FLOW("second"));
        put("a.yaml", FLOW("first"));
        put(".hidden.yaml", "junk");
        put("a.yaml~", "junk");
        put("README", "junk");
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        assert_int_equal(set.count, 2);
        assert_string_equal(set.items[0]->id, "first");
        assert_ptr_equal(flow_set_find(&set, "n.second"), set.items[1]);
        assert_null(flow_set_find(&set, "n.third"));
        assert_null(flow_set_find(&set, "n"));
        assert_null(flow_set_find(&set, "nxsecond"));
        flow_set_done(&set);
        assert_int_equal(set.count, 0);
}

static void an_empty_folder_is_an_empty_set(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        assert_int_equal(set.count, 0);
        flow_set_done(&set);
}

static void one_id_in_two_files_names_both(void **state) {
        put("a.yaml", FLOW("same"));
        put("b.yaml", FLOW("same"));
        assert_refused(-EBADMSG, "./b.yaml: flow 'n.same' is already in ./a.yaml\n");
}

static void one_bad_file_refuses_the_set_and_all_are_looked_at(void **state) {
        put("a.yaml", "id: a\n");
        put("b.yaml", FLOW("good"));
        put("c.yaml", "tasks: [\n");
        assert_refused(-EBADMSG,
                       "./a.yaml:1:1: a flow lacks the required property 'namespace'\n"
                       "./a.yaml:1:1: a flow lacks the required property 'tasks'\n"
                       "./c.yaml:2:1: did not find expected node content, while parsing a flow node (line 2)\n");
}

static void a_missing_folder_and_an_unreadable_file_are_told(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        assert_int_equal(symlink("nowhere", "a.yaml"), 0);
        assert_refused(-ENOENT, "./a.yaml: cannot be read: No such file or directory\n");
        assert_int_equal(flow_set_load("/nonexistent", NULL, &diag, &set), -ENOENT);
        assert_string_equal(diag.entries[0].message,
                            "the folder of flows cannot be read: No such file or directory");
}

#define CALLS(id, more) \
        "id: " id "\nnamespace: n\ntasks:\n  - {id: t, type: io.kestra.plugin.core.flow.Subflow, " more "}\n"

static void a_called_flow_must_be_in_the_set(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        put("a.yaml", CALLS("starts", "namespace: '{{ flow.namespace }}', flowId: called"));
        put("b.yaml", CALLS("open", "namespace: n, flowId: '{{ inputs.which }}'"));
        put("c.yaml", FLOW("called"));
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        assert_int_equal(set.count, 3);
        flow_set_done(&set);
        put("c.yaml", FLOW("caled"));
        assert_refused(-EBADMSG, "./a.yaml:4:5: task 't': there is no flow 'n.called'; did you mean 'n.caled'?\n");
}

static void a_call_at_any_depth_is_looked_at(void **state) {
        put("a.yaml", "id: deep\nnamespace: n\ntasks:\n"
                      "  - id: if\n    type: io.kestra.plugin.core.flow.If\n    condition: '{{ x }}'\n    then:\n"
                      "      - {id: log, type: " LOG ", message: m}\n    errors:\n"
                      "      - {id: t, type: io.kestra.plugin.core.flow.Subflow, namespace: far, flowId: away}\n");
        assert_refused(-EBADMSG, "./a.yaml:10:9: task 't': there is no flow 'far.away'\n");
}

static void a_message_is_handed_only_to_flows_that_take_it_safely(void **state) {
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        put("a.yaml", CALLS("caller", "namespace: n, flowId: called, inputs: {w: '{{ trigger.data }}'}"));
        put("b.yaml", "id: called\nnamespace: n\ninputs: [{id: w, type: STRING}]\n"
                      "tasks: [{id: s, type: " SHELL ", commands: ['echo {{ inputs.w }}']}]\n");
        assert_refused(-EBADMSG, "./a.yaml:4:5: task 't': flow 'n.called' is handed a message, and its line 4 does not take it "
                                 "safely: a message must not become shell text: hand 'inputs' over in 'env', read "
                                 "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n");
        put("b.yaml", "id: called\nnamespace: n\ninputs: [{id: w, type: STRING}]\n"
                      "tasks: [{id: s, type: " SHELL ", commands: ['echo {{ inputs.w | quote }}']}]\n");
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        flow_set_done(&set);
}

static void a_message_in_labels_is_handed_only_to_flows_that_take_it_safely(void **state) {
#define CALLED(more, command)                                                                                          \
        "id: called\nnamespace: n\ninputs: [{id: w, type: STRING, required: false}]\ntasks:\n  - {id: s, type: " SHELL        \
        ", commands: ['" command "']}\n" more
#define REFUSED                                                                                                        \
        "flow 'n.called' is handed a message, and its line 5 does not take it safely: 'labels.k' may hold a message and "  \
        "must not become shell text: hand it over in 'env', or end the expression with '| quote'\n"
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        put("a.yaml", CALLS("caller", "namespace: n, flowId: called, labels: {k: '{{ trigger.data }}'}"));
        put("b.yaml", CALLED("", "echo {{ labels.k }}"));
        assert_refused(-EBADMSG, "./a.yaml:4:5: task 't': " REFUSED);
        put("a.yaml", CALLS("caller", "namespace: n, flowId: called, labels: [{key: k, value: '{{ trigger.data }}'}]"));
        assert_refused(-EBADMSG, "./a.yaml:4:5: task 't': " REFUSED);
        put("b.yaml", CALLED("", "echo {{ labels.k | quote }} {{ inputs.w }}")); /* the inputs are the flow's own */
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        flow_set_done(&set);
        put("a.yaml", CALLS("caller", "namespace: n, flowId: called, inheritLabels: true, labels: {k: '{{ flow.id }}'}"));
        put("b.yaml", CALLED("", "echo {{ labels.k }}"));
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        flow_set_done(&set);
}

static void a_message_that_is_handed_on_is_followed(void **state) {
#define HANDS_ON(id, to) "id: " id "\nnamespace: n\ninputs: [{id: w, type: STRING, required: false}]\ntasks:\n"                \
        "  - {id: t, type: io.kestra.plugin.core.flow.Subflow, namespace: n, flowId: " to ", inputs: {w: '{{ inputs.w }}'}}\n"
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        struct flow_set set;

        put("a.yaml", CALLS("caller", "namespace: n, flowId: between, inputs: {w: '{{ trigger.data }}'}"));
        put("b.yaml", HANDS_ON("between", "called"));
        put("c.yaml", CALLED("", "echo {{ inputs.w }}"));
        assert_refused(-EBADMSG, "./b.yaml:5:5: task 't': flow 'n.called' is handed a message, and its line 5 does not take it "
                                 "safely: a message must not become shell text: hand 'inputs' over in 'env', read "
                                 "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n");
        put("c.yaml", HANDS_ON("called", "between")); /* in a circle */
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        flow_set_done(&set);
        put("a.yaml", CALLS("caller", "namespace: n, flowId: between, inputs: {w: '{{ flow.id }}'}"));
        put("c.yaml", CALLED("", "echo {{ inputs.w }}"));
        assert_int_equal(flow_set_load(".", NULL, &diag, &set), 0);
        flow_set_done(&set);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(files_come_sorted_and_others_are_skipped),
                TEST(an_empty_folder_is_an_empty_set),
                TEST(one_id_in_two_files_names_both),
                TEST(one_bad_file_refuses_the_set_and_all_are_looked_at),
                TEST(a_missing_folder_and_an_unreadable_file_are_told),
                TEST(a_called_flow_must_be_in_the_set),
                TEST(a_call_at_any_depth_is_looked_at),
                TEST(a_message_is_handed_only_to_flows_that_take_it_safely),
                TEST(a_message_that_is_handed_on_is_followed),
                TEST(a_message_in_labels_is_handed_only_to_flows_that_take_it_safely),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
