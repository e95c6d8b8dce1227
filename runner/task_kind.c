/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/task_kind.h"

#include "common/base/text.h"

#define CORE(name) "io.kestra.plugin.core." name
#define SCRIPT(name, which)                                                                                            \
        {                                                                                                              \
                .type = "io.kestra.plugin.scripts." name, .start = task_script_start, .cancel = task_script_cancel,    \
                .free_work = task_script_free, .variant = which                                                        \
        }

static const struct task_kind kinds[] = {
        { .type = CORE("log.Log"), .start = task_log_start },
        { .type = CORE("debug.Return"), .start = task_return_start },
        { .type = CORE("execution.Fail"), .start = task_fail_start },
        { .type = CORE("flow.Sequential"), .start = flowable_sequential_start, .cancel = flowable_sequential_cancel,
          .free_work = flowable_sequential_free },
        SCRIPT("shell.Commands", SCRIPT_SHELL_COMMANDS),
        SCRIPT("shell.Script", SCRIPT_SHELL_SCRIPT),
        SCRIPT("python.Commands", SCRIPT_PYTHON_COMMANDS),
        SCRIPT("python.Script", SCRIPT_PYTHON_SCRIPT),
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
