/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong flow files: properties of each family of tasks, each with all that is said of it. */
#include "tests/unit/wrong_flow.h"

static const struct wrong_flow wrong[] = {
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Loop\n"
          "    values: [1]\n"
          "    fetchType: STORE\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:7:16: 'fetchType: STORE' is not supported by sqsflow\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Loop\n"
          "    values: [1]\n"
          "    outputs: [{id: o, type: WORD, value: x}, {id: p, type: [INT], value: x}]\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:7:29: unknown type 'WORD'; there are STRING, INT, FLOAT, BOOL, SELECT, DATETIME, DATE, TIME, "
          "DURATION, JSON, YAML, URI, FILE, ARRAY\n"
          "f.yaml:7:60: 'type' must be one of STRING, INT, FLOAT, BOOL, SELECT, DATETIME, DATE, TIME, DURATION, JSON, YAML, "
          "URI, FILE, ARRAY\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.WorkingDirectory\n"
          "    inputFile: {}\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:6:5: unknown property 'inputFile'; did you mean 'inputFiles'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.WorkingDirectory\n"
          "    outputFiles: '*.txt'\n",
          "f.yaml:4:5: task 'a' lacks the required property 'tasks'\n"
          "f.yaml:6:18: 'outputFiles' must be a list of texts, not '*.txt'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.WorkingDirectory\n"
          "    namespaceFiles: {enabled: true}\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:6:5: property 'namespaceFiles' is not supported by sqsflow: use inputFiles\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Parallel\n"
          "    concurrent: -1\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:6:17: 'concurrent' must be a whole number of at least 0, not '-1'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Subflow\n"
          "    namespace: n\n"
          "    flowID: f\n",
          "f.yaml:4:5: task 'a' lacks the required property 'flowId'\n"
          "f.yaml:7:5: unknown property 'flowID'; did you mean 'flowId'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.ForEach\n"
          "    value: [1]\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:4:5: task 'a' lacks the required property 'values'\n"
          "f.yaml:6:5: unknown property 'value'; did you mean 'values'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.http.Request\n"
          "    uri: http://x/\n"
          "    method: FETCH\n",
          "f.yaml:7:13: 'method' must be GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS or TRACE, not 'FETCH'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.http.Download\n",
          "f.yaml:4:5: task 'a' lacks the required property 'uri'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.aws.sqs.Publish\n"
          "    queueUrl: q\n",
          "f.yaml:4:5: task 'a' lacks the required property 'from'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.aws.sqs.Consume\n"
          "    queueUrl: q\n"
          "    serdeType: XML\n",
          "f.yaml:7:16: 'serdeType' must be STRING or JSON, not 'XML'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.python.Script\n"
          "    commands: [a]\n",
          "f.yaml:4:5: task 'a' lacks the required property 'script'\n"
          "f.yaml:6:5: unknown property 'commands'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: echo\n"
          "    outputFiles: {a: b}\n",
          "f.yaml:6:15: 'commands' must be a list of texts, not 'echo'\n"
          "f.yaml:7:18: 'outputFiles' must be a list of texts\n" },
        { HEAD "concurrency: {behavior: QUEUE}\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:14: concurrency lacks the required property 'limit'\n" },
        { HEAD "disabled: maybe\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:11: 'disabled' must be true or false, not 'maybe'\n" },
};

static void every_wrong_property_is_told_at_its_place(void **state) {
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_wrong_flow(&wrong[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_wrong_property_is_told_at_its_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
