/* SPDX-License-Identifier: Apache-2.0 */
/* What every task and every flow may hold, whatever the types in it. Triggers' common rows are in types_triggers.c. */
#include "common/flow/task_type.h"

static const char *const log_levels[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", NULL };
static const char *const behaviors[] = { "QUEUE", "CANCEL", "FAIL", NULL };
static const char *const retry_types[] = { "constant", "exponential", "random", NULL };
static const char *const retry_behaviors[] = { "CREATE_NEW_EXECUTION", "RETRY_FAILED_TASK", NULL };

const struct flow_property task_common_properties[] = {
        { .name = "id", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "Unique in the flow: letters, digits, _ and -, at most 256." },
        { .name = "type", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "The task type's full name." },
        { .name = "description", .kind = PROPERTY_STRING, .flags = PROPERTY_COMMON, .description = "For people." },
        { .name = "timeout", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC | PROPERTY_COMMON,
          .description = "How long an attempt may take; then it is ended as FAILED." },
        { .name = "retry", .kind = PROPERTY_RETRY, .flags = PROPERTY_COMMON,
          .description = "When and how often a failed attempt is repeated." },
        { .name = "allowFailure", .kind = PROPERTY_BOOL, .flags = PROPERTY_COMMON, .default_text = "false",
          .description = "A failure makes a WARNING and the flow goes on." },
        { .name = "allowWarning", .kind = PROPERTY_BOOL, .flags = PROPERTY_COMMON, .default_text = "false",
          .description = "A WARNING counts as SUCCESS." },
        { .name = "disabled", .kind = PROPERTY_BOOL, .flags = PROPERTY_COMMON, .default_text = "false",
          .description = "Leave the task out." },
        { .name = "runIf", .alias = "when", .kind = PROPERTY_STRING,
          .flags = PROPERTY_DYNAMIC | PROPERTY_COMMON | PROPERTY_TRUTH, .default_text = "true",
          .description = "The task is SKIPPED when this renders to something false." },
        { .name = "logLevel", .kind = PROPERTY_ENUM, .flags = PROPERTY_COMMON, .values = log_levels,
          .description = "Keep log lines of this level and above." },
        { .name = "errors", .flags = PROPERTY_OUTSIDE, .description = "only the flow and flowable tasks have it" },
        { .name = "finally", .flags = PROPERTY_OUTSIDE, .description = "only the flow and flowable tasks have it" },
        { .name = "assets", .flags = PROPERTY_OUTSIDE },
        { .name = "logToFile", .flags = PROPERTY_OUTSIDE },
        { .name = "pluginDefaultsRef", .flags = PROPERTY_OUTSIDE },
        { .name = "taskCache", .flags = PROPERTY_OUTSIDE },
        { .name = "version", .flags = PROPERTY_OUTSIDE },
        { .name = "workerGroup", .flags = PROPERTY_OUTSIDE, .description = "the host that has the file runs it" },
        { 0 },
};

#define RETRY_ROWS                                                                                                     \
        { .name = "type", .kind = PROPERTY_ENUM, .flags = PROPERTY_REQUIRED, .values = retry_types,                    \
          .description = "How the pauses grow." },                                                                    \
        { .name = "maxAttempts", .alias = "maxAttempt", .kind = PROPERTY_INT, .min = 1, .max = INT32_MAX,              \
          .description = "Attempts in all, the first one too." },                                                     \
        { .name = "maxDuration", .kind = PROPERTY_DURATION, .description = "No attempt starts later than this." },    \
        { .name = "warningOnRetry", .kind = PROPERTY_BOOL, .default_text = "false",                                    \
          .description = "A task that needed a retry ends WARNING." },                                                \
        { .name = "behavior", .flags = PROPERTY_OUTSIDE, .description = "it belongs to the flow's own retry" }
#define RETRY_PAUSE(property_name, text)                                                                               \
        { .name = property_name, .kind = PROPERTY_DURATION, .flags = PROPERTY_REQUIRED, .description = text }

const struct flow_property retry_constant_properties[] = {
        RETRY_ROWS,
        RETRY_PAUSE("interval", "The pause."),
        { 0 },
};
const struct flow_property retry_exponential_properties[] = {
        RETRY_ROWS,
        RETRY_PAUSE("interval", "The first pause."),
        RETRY_PAUSE("maxInterval", "The longest pause."),
        { .name = "delayFactor", .kind = PROPERTY_NUMBER, .default_text = "2",
          .description = "How many times longer each pause is." },
        { 0 },
};
const struct flow_property retry_random_properties[] = {
        RETRY_ROWS,
        RETRY_PAUSE("minInterval", "The shortest pause."),
        RETRY_PAUSE("maxInterval", "The longest pause."),
        { 0 },
};
const struct flow_property flow_retry_properties[] = {
        { .name = "behavior", .kind = PROPERTY_ENUM, .values = retry_behaviors, .default_text = "RETRY_FAILED_TASK",
          .description = "Run the failed task again, or a new execution." },
        { 0 },
};

const struct flow_property flow_properties[] = {
        { .name = "id", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED,
          .description = "Letters, digits, '.', _ and -, at most 100." },
        { .name = "namespace", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED,
          .description = "Lower-case letters, digits, '.', _ and -, at most 150." },
        { .name = "description", .kind = PROPERTY_STRING, .description = "For people." },
        { .name = "labels", .kind = PROPERTY_ANY, .description = "A map, or a list of key and value." },
        { .name = "inputs", .kind = PROPERTY_LIST, .description = "What an execution may be given." },
        { .name = "variables", .kind = PROPERTY_MAP, .description = "Named values, read as vars.NAME." },
        { .name = "tasks", .kind = PROPERTY_TASKS, .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY,
          .description = "What runs, one after another." },
        { .name = "errors", .kind = PROPERTY_TASKS, .description = "Runs when a task failed." },
        { .name = "finally", .kind = PROPERTY_TASKS, .description = "Runs at the end, whatever happened." },
        { .name = "afterExecution", .kind = PROPERTY_TASKS, .description = "Runs after the end." },
        { .name = "outputs", .kind = PROPERTY_LIST, .description = "What an execution leaves." },
        { .name = "triggers", .kind = PROPERTY_LIST, .description = "What starts executions." },
        { .name = "concurrency", .kind = PROPERTY_OBJECT, .fields = flow_concurrency_properties,
          .description = "How many of its executions may run at a time, whoever starts them: triggers, and Subflow tasks." },
        { .name = "retry", .kind = PROPERTY_RETRY, .description = "What happens after a failed execution." },
        { .name = "disabled", .kind = PROPERTY_BOOL, .default_text = "false", .description = "Start nothing." },
        { .name = "pluginDefaults", .kind = PROPERTY_LIST, .description = "Properties for all tasks of a type." },
        { .name = "taskDefaults", .kind = PROPERTY_LIST, .description = "The older spelling of pluginDefaults." },
        { .name = "checks", .flags = PROPERTY_OUTSIDE },
        { .name = "deleted", .flags = PROPERTY_OUTSIDE },
        { .name = "draft", .flags = PROPERTY_OUTSIDE, .description = "use disabled" },
        { .name = "listeners", .flags = PROPERTY_OUTSIDE, .description = "use errors or afterExecution" },
        { .name = "plugins", .flags = PROPERTY_OUTSIDE },
        { .name = "revision", .flags = PROPERTY_OUTSIDE, .description = "it is made from the file's text" },
        { .name = "sla", .flags = PROPERTY_OUTSIDE },
        { .name = "source", .flags = PROPERTY_OUTSIDE },
        { .name = "templateId", .flags = PROPERTY_OUTSIDE },
        { .name = "tenantId", .flags = PROPERTY_OUTSIDE },
        { .name = "updated", .flags = PROPERTY_OUTSIDE },
        { .name = "workerGroup", .flags = PROPERTY_OUTSIDE, .description = "the host that has the file runs it" },
        { 0 },
};

const struct flow_property flow_concurrency_properties[] = {
        { .name = "limit", .kind = PROPERTY_INT, .flags = PROPERTY_REQUIRED, .min = 1, .max = INT32_MAX,
          .description = "How many." },
        { .name = "behavior", .kind = PROPERTY_ENUM, .values = behaviors, .default_text = "QUEUE",
          .description = "What happens to one more. QUEUE: its message waits in the queue, its Subflow task is QUEUED. CANCEL, FAIL: "
                         "it is recorded as CANCELLED or FAILED and runs no task; its message comes again as after a failure, "
                         "and that delivery counts; its Subflow task fails." },
        { 0 },
};

const struct flow_property flow_defaults_properties[] = {
        { .name = "type", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED,
          .description = "A type, or the beginning of several." },
        { .name = "values", .kind = PROPERTY_MAP, .flags = PROPERTY_REQUIRED, .description = "Properties." },
        { .name = "forced", .kind = PROPERTY_BOOL, .default_text = "false",
          .description = "Win over the task's own properties." },
        { .name = "ref", .flags = PROPERTY_OUTSIDE },
        { 0 },
};

const struct flow_property flow_label_properties[] = {
        { .name = "key", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED, .description = "The label's name." },
        { .name = "value", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED, .description = "Its value." },
        { 0 },
};

const struct flow_property flow_input_properties[] = {
        { .name = "id", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "Read as inputs.ID." },
        { .name = "type", .kind = PROPERTY_VALUE_TYPE, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "STRING, INT, …" },
        { .name = "required", .kind = PROPERTY_BOOL, .flags = PROPERTY_COMMON, .default_text = "true",
          .description = "An execution without it is refused." },
        { .name = "defaults", .kind = PROPERTY_ANY, .flags = PROPERTY_DYNAMIC | PROPERTY_COMMON,
          .description = "The value when none is given." },
        { .name = "description", .kind = PROPERTY_STRING, .description = "For people." },
        { .name = "displayName", .kind = PROPERTY_STRING, .description = "For people." },
        { .name = "validator", .kind = PROPERTY_STRING, .description = "STRING: a regular expression." },
        { .name = "min", .kind = PROPERTY_STRING, .description = "INT, FLOAT, DURATION: the least value." },
        { .name = "max", .kind = PROPERTY_STRING, .description = "INT, FLOAT, DURATION: the greatest value." },
        { .name = "after", .kind = PROPERTY_STRING, .description = "DATE, TIME, DATETIME: not before." },
        { .name = "before", .kind = PROPERTY_STRING, .description = "DATE, TIME, DATETIME: not after." },
        { .name = "values", .kind = PROPERTY_STRING_LIST, .flags = PROPERTY_NOT_EMPTY,
          .description = "SELECT: the choices." },
        { .name = "itemType", .kind = PROPERTY_VALUE_TYPE, .description = "ARRAY: the type of its elements." },
        { .name = "accept", .flags = PROPERTY_OUTSIDE },
        { .name = "allowCustomValue", .flags = PROPERTY_OUTSIDE },
        { .name = "allowedFileExtensions", .flags = PROPERTY_OUTSIDE },
        { .name = "autoSelectFirst", .flags = PROPERTY_OUTSIDE, .description = "use defaults" },
        { .name = "dependsOn", .flags = PROPERTY_OUTSIDE },
        { .name = "expression", .flags = PROPERTY_OUTSIDE, .description = "list the values" },
        { .name = "extension", .flags = PROPERTY_OUTSIDE },
        { .name = "isRadio", .flags = PROPERTY_OUTSIDE },
        { .name = "name", .flags = PROPERTY_OUTSIDE, .description = "use id" },
        { .name = "options", .flags = PROPERTY_OUTSIDE, .description = "use values" },
        { .name = "prefill", .flags = PROPERTY_OUTSIDE, .description = "use defaults" },
        { 0 },
};

const struct flow_property flow_output_properties[] = {
        { .name = "id", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED, .description = "The output's name." },
        { .name = "type", .kind = PROPERTY_VALUE_TYPE, .flags = PROPERTY_REQUIRED,
          .description = "STRING, INT, …: what the value is read as." },
        { .name = "value", .kind = PROPERTY_ANY, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "What it comes to." },
        { .name = "description", .kind = PROPERTY_STRING, .description = "For people." },
        { .name = "displayName", .kind = PROPERTY_STRING, .description = "For people." },
        { .name = "required", .kind = PROPERTY_BOOL, .default_text = "true", .description = "false: what cannot be rendered is null instead of an error." },
        { 0 },
};
