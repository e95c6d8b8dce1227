/* SPDX-License-Identifier: Apache-2.0 */
/* Flowable tasks: they run other tasks. Which of their properties hold tasks is told by the kind, so that loading,
 * the schema and the tree of branches follow from the table. */
#include "common/flow/task_type.h"

const struct flow_property task_flowable_properties[] = {
        { .name = "errors", .kind = PROPERTY_TASKS, .description = "Tasks to run when one of its tasks failed." },
        { .name = "finally", .kind = PROPERTY_TASKS, .description = "Tasks to run at its end, whatever happened." },
        { 0 },
};

const struct flow_property dag_task_properties[] = {
        { .name = "task", .kind = PROPERTY_ANY, .flags = PROPERTY_REQUIRED, .description = "The task itself." },
        { .name = "dependsOn", .kind = PROPERTY_STRING_LIST,
          .description = "Ids of tasks of the same Dag that must have ended well before." },
        { 0 },
};

#define CHILD_TASKS                                                                                                    \
        { .name = "tasks", .kind = PROPERTY_TASKS, .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY,                    \
          .description = "The tasks to run." }

static const struct flow_property tasks_properties[] = {
        CHILD_TASKS,
        { 0 },
};

static const struct flow_property parallel_properties[] = {
        CHILD_TASKS,
        { .name = "concurrent", .kind = PROPERTY_INT, .max = INT32_MAX, .default_text = "0",
          .description = "How many run side by side; 0: all." },
        { 0 },
};

static const struct flow_property dag_properties[] = {
        { .name = "tasks", .kind = PROPERTY_TASK_DAG, .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY,
          .description = "Tasks with what they depend on." },
        { .name = "concurrent", .kind = PROPERTY_INT, .max = INT32_MAX, .default_text = "0",
          .description = "How many run side by side; 0: all that may." },
        { 0 },
};

static const struct flow_property if_properties[] = {
        { .name = "condition", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC | PROPERTY_TRUTH,
          .description = "False are false, 0, -0, the empty text and null." },
        { .name = "then", .kind = PROPERTY_TASKS, .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY,
          .description = "Tasks for true." },
        { .name = "else", .kind = PROPERTY_TASKS, .description = "Tasks for false." },
        { 0 },
};
static const struct task_output if_outputs[] = {
        { "evaluationResult", PROPERTY_BOOL, "What the condition came to." },
        { 0 },
};

static const struct flow_property switch_properties[] = {
        { .name = "value", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "What is compared with the cases." },
        { .name = "cases", .kind = PROPERTY_TASK_CASES, .description = "Value to tasks." },
        { .name = "defaults", .kind = PROPERTY_TASKS, .description = "Tasks when no case fits." },
        { 0 },
};
static const struct task_output switch_outputs[] = {
        { "value", PROPERTY_STRING, "The rendered value." },
        { "defaults", PROPERTY_BOOL, "Whether no case fitted." },
        { 0 },
};

static const struct flow_property for_each_properties[] = {
        CHILD_TASKS,
        { .name = "values", .kind = PROPERTY_ANY, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "A list, or a text that is a JSON list." },
        { .name = "concurrencyLimit", .kind = PROPERTY_INT, .max = INT32_MAX, .default_text = "1",
          .description = "How many values are worked on side by side; 0: all." },
        { 0 },
};

static const char *const fetch_types[] = { "AUTO", "FETCH", NULL }, *const outside_fetch_types[] = { "NONE", "STORE", NULL };

static const struct flow_property loop_properties[] = {
        CHILD_TASKS,
        { .name = "values", .kind = PROPERTY_ANY, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "A list, a map, a text that is a JSON list, or the URI of a file of the execution with a value a line." },
        { .name = "concurrencyLimit", .kind = PROPERTY_INT, .max = INT32_MAX, .default_text = "0",
          .description = "How many values are worked on side by side; 0: all." },
        { .name = "transmitFailed", .kind = PROPERTY_BOOL, .default_text = "true",
          .description = "Fail when an iteration failed." },
        { .name = "outputs", .kind = PROPERTY_OBJECT_LIST, .fields = flow_output_properties,
          .description = "What of an iteration is seen outside: outputs.<task>.outputs, one entry per iteration." },
        { .name = "fetchType", .kind = PROPERTY_ENUM, .values = fetch_types, .outside_values = outside_fetch_types,
          .default_text = "AUTO",
          .description = "The iterations' outputs are kept in the execution; STORE, which keeps them in a file, is not supported." },
        { .name = "breakWhen", .flags = PROPERTY_OUTSIDE },
        { 0 },
};

static const struct flow_property working_directory_properties[] = {
        CHILD_TASKS,
        { .name = "inputFiles", .kind = PROPERTY_ANY, .flags = PROPERTY_DYNAMIC | PROPERTY_NAMES,
          .description = "Name to content or file URI; written before the first task." },
        { .name = "outputFiles", .kind = PROPERTY_STRING_LIST, .flags = PROPERTY_DYNAMIC,
          .description = "Globs of files to keep." },
        { .name = "cache", .flags = PROPERTY_OUTSIDE },
        { .name = "namespaceFiles", .flags = PROPERTY_OUTSIDE, .description = "use inputFiles" },
        { 0 },
};
static const struct task_output working_directory_outputs[] = {
        { "outputFiles", PROPERTY_STRING_MAP, "Name to URI of the files that outputFiles matched." },
        { 0 },
};

static const struct flow_property subflow_properties[] = {
        { .name = "namespace", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "The other flow's namespace." },
        { .name = "flowId", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "The other flow's id." },
        { .name = "inputs", .kind = PROPERTY_MAP, .flags = PROPERTY_DYNAMIC, .description = "Its inputs." },
        { .name = "labels", .kind = PROPERTY_ANY, .flags = PROPERTY_DYNAMIC,
          .description = "Labels of its execution: a map, or a list of key and value." },
        { .name = "wait", .kind = PROPERTY_BOOL, .default_text = "true", .description = "Wait for its end." },
        { .name = "transmitFailed", .kind = PROPERTY_BOOL, .default_text = "true",
          .description = "Fail when it failed." },
        { .name = "inheritLabels", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "false",
          .description = "Give it this execution's labels too." },
        { .name = "revision", .flags = PROPERTY_OUTSIDE, .description = "there is one revision, the file's" },
        { .name = "scheduleDate", .flags = PROPERTY_OUTSIDE },
        { .name = "outputs", .flags = PROPERTY_OUTSIDE, .description = "declare outputs in the other flow" },
        { .name = "restartBehavior", .flags = PROPERTY_OUTSIDE },
        { 0 },
};
static const struct task_output subflow_outputs[] = {
        { "executionId", PROPERTY_STRING, "The other execution." },
        { "state", PROPERTY_STRING, "How it ended." },
        { "outputs", PROPERTY_MAP, "Its flow's outputs." },
        { 0 },
};

#define FLOWABLE(type_name, title_text, table) FLOWABLE_WITH(type_name, title_text, table, NULL)
#define FLOWABLE_WITH(type_name, title_text, table, output_list)                                                       \
        FLOWABLE_FLAGS(type_name, title_text, table, output_list, 0)
#define INSTANT(type_name, title_text, table, output_list)                                                             \
        FLOWABLE_FLAGS(type_name, title_text, table, output_list, TASK_INSTANT)
#define FLOWABLE_FLAGS(type_name, title_text, table, output_list, more_flags)                                          \
        .name = "io.kestra.plugin.core.flow." type_name, .title = title_text, .family = FAMILY_FLOWABLE,               \
        .flags = TASK_FLOWABLE | (more_flags), .properties = table, .outputs = output_list
#define OLD "io.kestra.core.tasks.flows."

const struct task_type types_flowable[] = {
        { INSTANT("Sequential", "Run tasks one after another.", tasks_properties, NULL),
          .aliases = { OLD "Sequential" }, .supported = true },
        { FLOWABLE("Parallel", "Run tasks side by side.", parallel_properties),
          .aliases = { OLD "Parallel" }, .supported = true },
        { FLOWABLE("Dag", "Run tasks side by side, each after those it depends on.", dag_properties),
          .aliases = { OLD "Dag" }, .supported = true },
        { INSTANT("If", "Run one list of tasks or the other.", if_properties, if_outputs),
          .aliases = { OLD "If" }, .supported = true },
        { INSTANT("Switch", "Run the tasks that a value chooses.", switch_properties, switch_outputs),
          .aliases = { OLD "Switch" }, .supported = true },
        { FLOWABLE("ForEach", "Run tasks for each value of a list.", for_each_properties),
          .aliases = { OLD "ForEach" }, .supported = true },
        { FLOWABLE("Loop", "Run tasks for each value of a list, map or file.", loop_properties), .supported = true },
        { INSTANT("AllowFailure", "Run tasks; a failure makes a warning.", tasks_properties, NULL),
          .aliases = { OLD "AllowFailure" }, .supported = true },
        { FLOWABLE_WITH("WorkingDirectory", "Run tasks that share a folder.", working_directory_properties,
                        working_directory_outputs),
          .aliases = { OLD "WorkingDirectory", OLD "Worker" }, .supported = true },
        { .name = "io.kestra.plugin.core.flow.Subflow", .title = "Run another flow as a task.", .family = FAMILY_FLOWABLE,
          .flags = TASK_CALLS, .properties = subflow_properties, .outputs = subflow_outputs,
          .aliases = { OLD "Subflow", OLD "Flow", "io.kestra.plugin.core.flow.Flow" }, .supported = true },
        { 0 },
};
