/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong flow files: what stands in the tasks, each with all that is said of it. */
#include "tests/unit/wrong_flow.h"

static const struct wrong_flow wrong[] = {
        { HEAD "tasks:\n"
          "  - id: a\n",
          "f.yaml:4:5: task 'a' lacks the required property 'type'\n" },
        { HEAD "tasks:\n"
          "  - type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n",
          "f.yaml:4:5: a task lacks the required property 'id'\n" },
        { HEAD "tasks:\n"
          "  - id: -a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n",
          "f.yaml:4:9: a task's id must match [a-zA-Z0-9][a-zA-Z0-9_-]* and have at most 256 characters, not '-a'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Lgo\n",
          "f.yaml:5:11: unknown task type 'io.kestra.plugin.core.log.Lgo'; did you mean "
          "'io.kestra.plugin.core.log.Log'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.ruby.Commands\n",
          "f.yaml:5:11: task type 'io.kestra.plugin.scripts.ruby.Commands' is not supported by sqsflow\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.slack.notifications.SlackIncomingWebhook\n",
          "f.yaml:5:11: task type 'io.kestra.plugin.slack.notifications.SlackIncomingWebhook' is not supported by sqsflow\n" },
        { HEAD "taskDefaults: [{type: io.kestra.plugin.slack, values: {}}]\n"
          "triggers: [{id: t, type: io.kestra.plugin.salesforce.Trigger}]\n"
          "tasks:\n"
          "  - {id: a, type: io.kestra.plugin.core.http.Request, uri: x, options: {auth: {type: DIGEST}}}\n",
          "f.yaml:3:23: task type 'io.kestra.plugin.slack' is not supported by sqsflow\n"
          "f.yaml:4:26: trigger type 'io.kestra.plugin.salesforce.Trigger' is not supported by sqsflow\n"
          "f.yaml:6:86: 'type: DIGEST' is not supported by sqsflow\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: com.example.Thing\n",
          "f.yaml:5:11: unknown task type 'com.example.Thing'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.aws.sqs.Trigger\n",
          "f.yaml:5:11: 'io.kestra.plugin.aws.sqs.Trigger' is a trigger: it stands under 'triggers'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    mesage: x\n",
          "f.yaml:4:5: task 'a' lacks the required property 'message'\n"
          "f.yaml:6:5: unknown property 'mesage'; did you mean 'message'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    level: LOUD\n",
          "f.yaml:7:12: 'level' must be TRACE, DEBUG, INFO, WARN or ERROR, not 'LOUD'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    workerGroup: {key: a}\n",
          "f.yaml:7:5: property 'workerGroup' is not supported by sqsflow: the host that has the file runs it\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    errors: []\n",
          "f.yaml:7:5: property 'errors' is not supported by sqsflow: only the flow and flowable tasks have it\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    disabled: maybe\n",
          "f.yaml:7:15: 'disabled' must be true or false, not 'maybe'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    timeout: 30s\n",
          "f.yaml:7:14: 'timeout' must be a duration such as PT30S, not '30s'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    runIf: '{{ a }}'\n"
          "    when: '{{ b }}'\n",
          "f.yaml:8:5: 'runIf' and 'when' mean the same: keep one\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: \"Hi {{ trigger.data | uper }}\"\n",
          "f.yaml:6:36: there is no filter 'uper'; did you mean 'upper'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: |\n"
          "      one\n"
          "      two {{ 1 + }}\n",
          "f.yaml:8:18: expected a value, found '}}'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: >\n"
          "      one\n"
          "      two {{ 1 + }} x\n",
          "f.yaml:8:18: expected a value, found '}}'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n",
          "f.yaml:4:5: task 'a' lacks the required property 'commands'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: echo\n",
          "f.yaml:6:15: 'commands' must be a list of texts, not 'echo'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: []\n",
          "f.yaml:6:15: 'commands' must not be empty\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a, {b: c}]\n",
          "f.yaml:6:19: 'commands' must be a list of texts\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    env: [A]\n",
          "f.yaml:7:10: 'env' must be a map of names to texts\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    env: {A: {}}\n",
          "f.yaml:7:14: 'env' must be a map of names to texts\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    interpreter: []\n",
          "f.yaml:7:18: 'interpreter' must not be empty\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    containerImage: ubuntu\n",
          "f.yaml:7:5: property 'containerImage' wants a container, and sqsflow runs scripts as processes of this "
          "host: remove it, or allow container tasks in agent.yaml\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    taskRunner: {type: io.kestra.plugin.scripts.runner.docker.Docker}\n",
          "f.yaml:7:24: sqsflow runs scripts as processes of this host: use 'io.kestra.plugin.core.runner.Process', "
          "or allow container tasks in agent.yaml\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    taskRunner: {type: io.kestra.plugin.ee.Kubernetes, image: x}\n",
          "f.yaml:7:24: task runner 'io.kestra.plugin.ee.Kubernetes' is not supported by sqsflow: use "
          "'io.kestra.plugin.core.runner.Process'\n"
          "f.yaml:7:56: property 'image' wants a container, and sqsflow runs scripts as processes of this host: "
          "remove it, or allow container tasks in agent.yaml\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    taskRunner: {}\n",
          "f.yaml:7:17: taskRunner lacks the required property 'type'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [a]\n"
          "    namespaceFiles: {enabled: true}\n",
          "f.yaml:7:5: property 'namespaceFiles' is not supported by sqsflow: use inputFiles\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands:\n"
          "      - echo {{ trigger.data }}\n",
          "f.yaml:7:14: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: ['x']\n"
          "    beforeCommands: [\"a\", \"b {{ trigger.data | toJson }}\"]\n",
          "f.yaml:7:30: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Script\n"
          "    script: |\n"
          "      set -u\n"
          "      for m in {{ trigger.messages }}; do :; done\n",
          "f.yaml:8:16: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands:\n"
          "      - |\n"
          "        echo {{ trigger.data }} é {{ trigger.data }}\n"
          "\n"
          "          echo {{ trigger.data }}\n",
          "f.yaml:8:14: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n"
          "f.yaml:8:35: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n"
          "f.yaml:10:16: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands:\n"
          "      - 'a {{ trigger.data }} é {{ trigger.data }}'\n"
          "      - x {{ trigger.data }} {{ trigger.data }}\n",
          "f.yaml:7:12: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n"
          "f.yaml:7:33: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n"
          "f.yaml:8:11: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n"
          "f.yaml:8:30: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.shell.Commands\n"
          "    commands: [\"a \\t {{ trigger.data }}\"]\n",
          "f.yaml:6:22: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.python.Script\n"
          "    script: |\n"
          "      x = '{{ trigger.data | quote }}'\n",
          "f.yaml:7:12: a message must not become program text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| toJson'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.scripts.python.Commands\n"
          "    commands:\n"
          "      - python3 -c {{ trigger.data | toJson }}\n",
          "f.yaml:7:20: a message must not become shell text: hand 'trigger' over in 'env', read "
          "$SQSFLOW_MESSAGE_FILE, or end the expression with '| quote'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    retry: {type: linear}\n",
          "f.yaml:7:12: retry lacks the required property 'interval'\n"
          "f.yaml:7:19: 'type' must be constant, exponential or random, not 'linear'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    retry: {type: constant, interval: PT1S, maxInterval: PT2S}\n",
          "f.yaml:7:45: unknown property 'maxInterval'; did you mean 'interval'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    retry: {type: random, minInterval: PT9S, maxInterval: PT2S}\n",
          "f.yaml:7:59: 'maxInterval' must not be shorter than 'minInterval'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    retry: {type: constant, interval: PT1S, maxAttempts: 0, behavior: RETRY_FAILED_TASK}\n",
          "f.yaml:7:58: 'maxAttempts' must be a whole number of at least 1, not '0'\n"
          "f.yaml:7:61: property 'behavior' is not supported by sqsflow: it belongs to the flow's own retry\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.log.Log\n"
          "    message: x\n"
          "    retry: {type: exponential, interval: PT1S, maxInterval: PT2S, delayFactor: 0.5}\n",
          "f.yaml:7:80: 'delayFactor' must be at least 1\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Sequential\n"
          "    tasks: [{id: b, type: io.kestra.plugin.core.log.Log}]\n"
          "    finaly: []\n",
          "f.yaml:6:13: task 'b' lacks the required property 'message'\n"
          "f.yaml:7:5: unknown property 'finaly'; did you mean 'finally'?\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Dag\n"
          "    tasks:\n"
          "      - task: {id: b, type: io.kestra.plugin.core.log.Log, message: x}\n"
          "        dependsOn: [c, d]\n"
          "      - task: {id: c, type: io.kestra.plugin.core.log.Log, message: x}\n"
          "        dependsOn: [b]\n"
          "      - dependsOn: [b]\n",
          "f.yaml:7:15: task 'b' depends on itself, through other tasks or directly\n"
          "f.yaml:8:24: there is no task 'd' in this Dag\n"
          "f.yaml:11:9: an entry of a Dag lacks the required property 'task'\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.flow.Switch\n"
          "    value: x\n"
          "    cases: {x: {id: b}}\n",
          "f.yaml:7:16: a case must be a list of tasks\n" },
        { HEAD "tasks:\n"
          "  - id: a\n"
          "    type: io.kestra.plugin.core.http.Request\n"
          "    uri: http://x\n"
          "    method: FETCH\n"
          "    options: {logs: [], ssl: {insecure: true}}\n",
          "f.yaml:7:13: 'method' must be GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS or TRACE, not 'FETCH'\n"
          "f.yaml:8:15: property 'logs' is not supported by sqsflow\n"
          "f.yaml:8:31: unknown property 'insecure'\n" },
};

static void every_slip_in_a_task_is_told_with_its_place(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_wrong_flow(&wrong[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_slip_in_a_task_is_told_with_its_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
