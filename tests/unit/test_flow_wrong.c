/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong flow files: what stands beside the tasks, each with all that is said of it. */
#include "tests/unit/wrong_flow.h"

static const struct wrong_flow wrong[] = {
        { "- a\n",
          "f.yaml:1:1: a flow must be a map\n" },
        { "id: f\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:1:1: a flow lacks the required property 'namespace'\n" },
        { "id: 'a b'\n"
          "namespace: Shop\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:1:5: the flow's id must match [a-zA-Z0-9][a-zA-Z0-9._-]* and have at most 100 characters, not 'a "
          "b'\n"
          "f.yaml:2:12: the namespace must match [a-z0-9][a-z0-9._-]* and have at most 150 characters, not 'Shop'\n" },
        { HEAD           "",
          "f.yaml:1:1: a flow lacks the required property 'tasks'\n" },
        { HEAD "tasks: []\n",
          "f.yaml:3:8: 'tasks' must not be empty\n" },
        { HEAD "tasks: {}\n",
          "f.yaml:3:8: 'tasks' must be a list of tasks\n" },
        { HEAD "taks: []\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:1: unknown property 'taks'; did you mean 'tasks'?\n" },
        { HEAD "sla: []\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:1: property 'sla' is not supported by sqsflow\n" },
        { HEAD "listeners: []\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:1: property 'listeners' is not supported by sqsflow: use errors or afterExecution\n" },
        { HEAD "tasks: [x]\n",
          "f.yaml:3:9: a task must be a map with id and type\n" },
        { HEAD "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}, {id: a, type: "
          "io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:3:72: task id 'a' is used already on line 3\n" },
        { HEAD "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n"
          "errors: [{id: a, type: io.kestra.plugin.core.debug.Return}]\n",
          "f.yaml:4:15: task id 'a' is used already on line 3\n" },
        { HEAD "inputs: [{id: m, type: STRING, defaults: '{{ trigger.data }}'}]\n"
          "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: ['echo {{ inputs.m }}']\n",
          "f.yaml:7:22: a message must not become shell text: hand 'inputs' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "retry: {type: constant, interval: PT1S, behavior: NEVER}\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:51: 'behavior' must be CREATE_NEW_EXECUTION or RETRY_FAILED_TASK, not 'NEVER'\n" },
        { HEAD "concurrency: {limit: 0, behavior: WAIT}\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:22: 'limit' must be a whole number of at least 1, not '0'\n"
          "f.yaml:3:35: 'behavior' must be QUEUE, CANCEL or FAIL, not 'WAIT'\n" },
        { HEAD "concurrency: 5\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:14: concurrency must be a map\n" },
        { HEAD "labels: [{key: a}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:10: a label lacks the required property 'value'\n" },
        { HEAD "labels: {a: [1]}\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:13: label 'a' must be a text\n" },
        { HEAD "inputs: [{id: a, type: TEXT}, {id: b, type: SECRET}, {id: c, type: string}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:24: unknown type 'TEXT'; there are STRING, INT, FLOAT, BOOL, SELECT, DATETIME, DATE, TIME, "
          "DURATION, JSON, YAML, URI, FILE, ARRAY\n"
          "f.yaml:3:45: type 'SECRET' is not supported by sqsflow\n"
          "f.yaml:3:68: unknown type 'string'; there are STRING, INT, FLOAT, BOOL, SELECT, DATETIME, DATE, TIME, "
          "DURATION, JSON, YAML, URI, FILE, ARRAY\n" },
        { HEAD "inputs: [{id: a, type: INT, defaults: x, values: [1]}, {id: a, type: SELECT}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:39: 'defaults' of an input of type INT must look like 42\n"
          "f.yaml:3:50: an input of type INT has no 'values'\n"
          "f.yaml:3:56: an input of type SELECT lacks the required property 'values'\n"
          "f.yaml:3:61: input id 'a' is used already on line 3\n" },
        { HEAD "inputs: [{id: a, type: SELECT, values: [x, y], defaults: z}, {name: b, type: INT}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:58: 'defaults' must be one of the input's values, not 'z'\n"
          "f.yaml:3:62: an input lacks the required property 'id'\n"
          "f.yaml:3:63: property 'name' is not supported by sqsflow: use id\n" },
        { HEAD "inputs: [{id: a, type: INT, min: x}, {id: b, type: DATE, defaults: 2026/11/23}, {id: c, type: ARRAY, "
          "itemType: WORD}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:34: 'min' of an input of type INT must look like 42\n"
          "f.yaml:3:68: 'defaults' of an input of type DATE must look like 2026-11-23\n"
          "f.yaml:3:112: unknown type 'WORD'; there are STRING, INT, FLOAT, BOOL, SELECT, DATETIME, DATE, TIME, "
          "DURATION, JSON, YAML, URI, FILE, ARRAY\n" },
        { HEAD "inputs: [{id: a, type: STRING, validator: 'a(?=b)'}, {id: b, type: DATE, defaults: 2026-02-30}, "
          "{id: c, type: TIME, after: '24:00', before: '08:60', defaults: '23:59:60'}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:43: 'validator' cannot be used: the pattern uses a group that begins with '(?', which is not supported by sqsflow\n"
          "f.yaml:3:84: 'defaults' of an input of type DATE must look like 2026-11-23\n"
          "f.yaml:3:124: 'after' of an input of type TIME must look like 08:21:57\n"
          "f.yaml:3:141: 'before' of an input of type TIME must look like 08:21:57\n"
          "f.yaml:3:160: 'defaults' of an input of type TIME must look like 08:21:57\n" },
        { HEAD "triggers: [{id: t, type: io.kestra.plugin.aws.sqs.Trigger, queueUrl: q, stopAfter: [FAILED, FAILD, [KILLED]]}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:93: 'stopAfter' must be SUCCESS, WARNING, FAILED, KILLED or CANCELLED, not 'FAILD'\n"
          "f.yaml:3:100: 'stopAfter' must be SUCCESS, WARNING, FAILED, KILLED or CANCELLED\n" },
        { HEAD "outputs: [{id: o, type: STRING}, {id: o, value: 1, type: INT}, x]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:11: an output lacks the required property 'value'\n"
          "f.yaml:3:39: output id 'o' is used already on line 3\n"
          "f.yaml:3:64: an output must be a map with id and type\n" },
        { HEAD "outputs: [{id: o, type: STRING, value: '{{ }}'}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:44: expected a value, found '}}'\n" },
        { HEAD "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n"
          "triggers: [{id: t, type: io.kestra.plugin.core.trigger.Schedule}, {id: u, type: "
          "io.kestra.plugin.core.log.Log}, {id: v, type: io.kestra.plugin.aws.sqs.RealTimeTrigger}]\n",
          "f.yaml:4:26: trigger type 'io.kestra.plugin.core.trigger.Schedule' is not supported by sqsflow\n"
          "f.yaml:4:81: 'io.kestra.plugin.core.log.Log' is a task: it stands under 'tasks'\n"
          "f.yaml:4:127: unknown trigger type 'io.kestra.plugin.aws.sqs.RealTimeTrigger'; did you mean "
          "'io.kestra.plugin.aws.sqs.RealtimeTrigger'?\n" },
        { HEAD "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n"
          "triggers:\n"
          "  - id: t\n"
          "    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n"
          "    inputs: {m: '{{ trigger.data }}'}\n"
          "    stopAfter: [FAILED]\n"
          "    visibilityTimeout: 90000\n",
          "f.yaml:5:5: a trigger lacks the required property 'queueUrl'\n"
          "f.yaml:7:5: property 'inputs' is not supported by sqsflow: read the message from trigger.data\n"
          "f.yaml:9:24: 'visibilityTimeout' must be a whole number from 1 to 43200, not '90000'\n" },
        { HEAD "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n"
          "triggers: [{id: t, type: io.kestra.plugin.aws.sqs.Trigger, queueUrl: q, maxRecords: 1}, {id: t, type: "
          "io.kestra.plugin.aws.sqs.RealtimeTrigger, queueUrl: q, maxRecords: 1}]\n",
          "f.yaml:4:94: trigger id 't' is used already on line 4\n"
          "f.yaml:4:158: unknown property 'maxRecords'\n" },
        { HEAD "pluginDefaults: [{type: io.kestra.plugin.core.log.Logs, values: {}}, {type: io.kestra.plugin.jdbc, "
          "values: {}}, {type: io.kestra.plugin.core.log.Log}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:3:25: no task type is 'io.kestra.plugin.core.log.Logs' or begins so; did you mean "
          "'io.kestra.plugin.core.log.Log'?\n"
          "f.yaml:3:77: task type 'io.kestra.plugin.jdbc' is not supported by sqsflow\n"
          "f.yaml:3:113: a default lacks the required property 'values'\n" },
        { HEAD "taskDefaults:\n"
          "  - type: io.kestra.core.tasks.log.Log\n"
          "    values: {tone: sharp, timeout: soon}\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
          "f.yaml:5:14: unknown property 'tone'; did you mean 'type'?\n"
          "f.yaml:5:36: 'timeout' must be a duration such as PT30S, not 'soon'\n" },
        { HEAD "pluginDefaults: [{type: io.kestra.plugin.core.log.Log, values: {messag: x, message: y}}]\n"
          "tasks: [{id: a, type: io.kestra.plugin.core.log.Log}, {id: b, type: io.kestra.plugin.core.log.Log}]\n",
          "f.yaml:3:65: unknown property 'messag'; did you mean 'message'?\n" },
};

static void every_slip_beside_the_tasks_is_told_with_its_place(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_wrong_flow(&wrong[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_slip_beside_the_tasks_is_told_with_its_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
