/* SPDX-License-Identifier: Apache-2.0 */
/* Core tasks: small things done inside the runner, without a process. */
#include "common/flow/task_type.h"

static const char *const log_levels[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", NULL };

static const struct flow_property log_properties[] = {
        { .name = "message", .kind = PROPERTY_ANY, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "A text, or a list of texts, one log line each." },
        { .name = "level", .kind = PROPERTY_ENUM, .flags = PROPERTY_DYNAMIC, .values = log_levels,
          .default_text = "INFO", .description = "The lines' level." },
        { 0 },
};

static const struct flow_property return_properties[] = {
        { .name = "format", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC,
          .description = "The text that becomes the output `value`." },
        { 0 },
};
static const struct task_output return_outputs[] = {
        { "value", PROPERTY_STRING, "The rendered format." },
        { 0 },
};

static const struct flow_property output_values_properties[] = {
        { .name = "values", .kind = PROPERTY_MAP, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "Name to value." },
        { 0 },
};
static const struct task_output output_values_outputs[] = {
        { "values", PROPERTY_MAP, "The rendered values." },
        { 0 },
};

static const struct flow_property fail_properties[] = {
        { .name = "condition", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC | PROPERTY_TRUTH,
          .description = "Fail only when this renders to something true; absent: always." },
        { .name = "errorMessage", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC,
          .default_text = "Task failure", .description = "Why, for the log." },
        { 0 },
};

static const struct flow_property sleep_properties[] = {
        { .name = "duration", .kind = PROPERTY_DURATION, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "How long to wait." },
        { 0 },
};

static const struct flow_property set_variables_properties[] = {
        { .name = "variables", .kind = PROPERTY_MAP, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "Name to new value of `vars`." },
        { .name = "overwrite", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "true",
          .description = "Whether a variable that exists may be set anew; otherwise that fails." },
        { 0 },
};

const struct task_type types_core[] = {
        { .name = "io.kestra.plugin.core.log.Log", .aliases = { "io.kestra.core.tasks.log.Log" },
          .title = "Write a line to the execution's log.", .family = FAMILY_CORE, .flags = TASK_INSTANT, .supported = true,
          .properties = log_properties },
        { .name = "io.kestra.plugin.core.debug.Return", .aliases = { "io.kestra.core.tasks.debugs.Return" },
          .title = "Render a text and return it.", .family = FAMILY_CORE, .flags = TASK_INSTANT, .supported = true,
          .properties = return_properties, .outputs = return_outputs },
        { .name = "io.kestra.plugin.core.output.OutputValues",
          .aliases = { "io.kestra.core.tasks.outputs.OutputValues" }, .title = "Give values a name for later tasks.",
          .family = FAMILY_CORE, .flags = TASK_INSTANT, .supported = true, .properties = output_values_properties,
          .outputs = output_values_outputs },
        { .name = "io.kestra.plugin.core.execution.Fail", .aliases = { "io.kestra.core.tasks.executions.Fail" },
          .title = "Fail the execution on purpose.", .family = FAMILY_CORE, .flags = TASK_INSTANT, .supported = true,
          .properties = fail_properties },
        { .name = "io.kestra.plugin.core.flow.Sleep", .aliases = { "io.kestra.core.tasks.flows.Sleep" },
          .title = "Wait for some time.", .family = FAMILY_CORE, .supported = true, .properties = sleep_properties },
        { .name = "io.kestra.plugin.core.execution.SetVariables",
          .aliases = { "io.kestra.core.tasks.executions.SetVariables" },
          .title = "Set variables of the running execution.", .family = FAMILY_CORE, .flags = TASK_INSTANT,
          .supported = true, .properties = set_variables_properties },
        { 0 },
};
