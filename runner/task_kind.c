/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/task_kind.h"

#include "common/base/text.h"
#include "runner/each.h"
#include "runner/flowable.h"

#define CORE(name) "io.kestra.plugin.core." name
#define FLOWABLE(name, start_function)                                                                                 \
        {                                                                                                              \
                .type = CORE("flow." name), .start = start_function, .cancel = flowable_cancel,                        \
                .free_work = flowable_free                                                                             \
        }
#define EACH(name, start_function)                                                                                     \
        {                                                                                                              \
                .type = CORE("flow." name), .start = start_function, .cancel = each_cancel, .free_work = each_free     \
        }
#define SCRIPT(name, which)                                                                                            \
        {                                                                                                              \
                .type = "io.kestra.plugin.scripts." name, .start = task_script_start, .cancel = task_script_cancel,    \
                .free_work = task_script_free, .variant = which                                                        \
        }
#define HTTP(name, which)                                                                                              \
        { .type = CORE("http." name), .start = task_http_start, .cancel = task_http_cancel,                            \
          .free_work = task_http_free, .variant = which }
#define SQS(name, verb)                                                                                                \
        { .type = "io.kestra.plugin.aws.sqs." name, .start = task_sqs_##verb##_start,                                  \
          .cancel = task_sqs_##verb##_cancel, .free_work = task_sqs_##verb##_free }

static const struct task_kind kinds[] = {
        { .type = CORE("log.Log"), .start = task_log_start },
        { .type = CORE("debug.Return"), .start = task_return_start },
        { .type = CORE("execution.Fail"), .start = task_fail_start },
        { .type = CORE("output.OutputValues"), .start = task_output_values_start },
        { .type = CORE("execution.SetVariables"), .start = task_set_variables_start },
        { .type = CORE("flow.Sleep"), .start = task_sleep_start, .cancel = task_sleep_cancel,
          .free_work = task_sleep_free },
        FLOWABLE("Sequential", flowable_sequential_start),
        FLOWABLE("Parallel", flowable_parallel_start),
        FLOWABLE("Dag", flowable_dag_start),
        FLOWABLE("If", flowable_if_start),
        FLOWABLE("Switch", flowable_switch_start),
        FLOWABLE("AllowFailure", flowable_allow_failure_start),
        { .type = CORE("flow.WorkingDirectory"), .start = flowable_working_directory_start, .cancel = flowable_cancel,
          .free_work = flowable_working_directory_free },
        EACH("ForEach", flowable_for_each_start),
        EACH("Loop", flowable_loop_start),
        { .type = CORE("flow.Subflow"), .start = flowable_subflow_start, .cancel = flowable_subflow_cancel,
          .free_work = flowable_subflow_free },
        HTTP("Request", HTTP_REQUEST),
        HTTP("Download", HTTP_DOWNLOAD),
        SQS("Publish", publish),
        SQS("Consume", consume),
        SCRIPT("shell.Commands", SCRIPT_SHELL_COMMANDS),
        SCRIPT("shell.Script", SCRIPT_SHELL_SCRIPT),
        SCRIPT("python.Commands", SCRIPT_PYTHON_COMMANDS),
        SCRIPT("python.Script", SCRIPT_PYTHON_SCRIPT),
        SCRIPT("node.Commands", SCRIPT_NODE_COMMANDS),
        SCRIPT("node.Script", SCRIPT_NODE_SCRIPT),
};

const struct task_kind *task_kind_find(const char *type) {
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (text_eq(kinds[i].type, type))
                        return &kinds[i];
        return NULL;
}

const struct task_kind *task_kind_at(size_t index) {
        return index < ARRAY_SIZE(kinds) ? &kinds[index] : NULL;
}
