/* SPDX-License-Identifier: Apache-2.0 */
/* Script tasks: a shell, Python or Node process per task. `commands` and `beforeCommands` are shell text in every
 * language; a Python or Node `script` is program text. That difference is what P11 turns on. */
#include "common/flow/task_type.h"

#define CONTAINER_ONLY(property_name)                                                                                  \
        { .name = property_name, .kind = PROPERTY_ANY, .flags = PROPERTY_CONTAINER,                                    \
          .description = "Of the Docker runner; has no effect here." }

static const struct flow_property task_runner_properties[] = {
        { .name = "type", .kind = PROPERTY_RUNNER_TYPE, .flags = PROPERTY_REQUIRED,
          .default_text = "io.kestra.plugin.core.runner.Process",
          .description = "The Process runner; Docker's is taken for it where agent.yaml allows that." },
        CONTAINER_ONLY("config"),
        CONTAINER_ONLY("cpu"),
        CONTAINER_ONLY("credentials"),
        CONTAINER_ONLY("delete"),
        CONTAINER_ONLY("deviceRequests"),
        CONTAINER_ONLY("entryPoint"),
        CONTAINER_ONLY("extraHosts"),
        CONTAINER_ONLY("fileHandlingStrategy"),
        CONTAINER_ONLY("host"),
        CONTAINER_ONLY("image"),
        CONTAINER_ONLY("killGracePeriod"),
        CONTAINER_ONLY("memory"),
        CONTAINER_ONLY("networkMode"),
        CONTAINER_ONLY("portBindings"),
        CONTAINER_ONLY("privileged"),
        CONTAINER_ONLY("pullPolicy"),
        CONTAINER_ONLY("resume"),
        CONTAINER_ONLY("shmSize"),
        CONTAINER_ONLY("user"),
        CONTAINER_ONLY("volumes"),
        CONTAINER_ONLY("wait"),
        { 0 },
};

#define SCRIPT_PROPERTIES(default_interpreter)                                                                         \
        { .name = "beforeCommands", .kind = PROPERTY_STRING_LIST, .flags = PROPERTY_DYNAMIC | PROPERTY_SHELL,          \
          .description = "Shell commands that run first, in the same session." },                                     \
        { .name = "env", .kind = PROPERTY_STRING_MAP, .flags = PROPERTY_DYNAMIC | PROPERTY_NAMES,                      \
          .description = "Environment variables: the safe way for a message into a command." },                       \
        { .name = "inputFiles", .kind = PROPERTY_ANY, .flags = PROPERTY_DYNAMIC | PROPERTY_NAMES,                      \
          .description = "Name to content or URI of a file of the execution; written to the working directory before the start." },         \
        { .name = "outputFiles", .kind = PROPERTY_STRING_LIST, .flags = PROPERTY_DYNAMIC,                              \
          .description = "Globs of files to keep; outputs.<task>.outputFiles holds their URIs by name." },            \
        { .name = "interpreter", .kind = PROPERTY_STRING_LIST,                                                         \
          .flags = PROPERTY_NOT_EMPTY | PROPERTY_DYNAMIC | PROPERTY_PROGRAM,                                           \
          .default_text = default_interpreter, .description = "The program and its first arguments." },               \
        { .name = "failFast", .kind = PROPERTY_BOOL, .default_text = "true",                                           \
          .description = "Stop at the first command that fails (set -e)." },                                          \
        { .name = "warningOnStdErr", .kind = PROPERTY_BOOL, .default_text = "true",                                    \
          .description = "Read for Kestra's sake; changes nothing." },                                                \
        { .name = "taskRunner", .kind = PROPERTY_OBJECT, .fields = task_runner_properties,                             \
          .description = "Where the process runs: on this host." },                                                   \
        { .name = "containerImage", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC | PROPERTY_CONTAINER,           \
          .description = "Ignored where agent.yaml lets container tasks run as processes." },                         \
        { .name = "docker", .flags = PROPERTY_OUTSIDE,                                                                 \
          .description = "scripts run as processes of this host" },                                                   \
        { .name = "runner", .flags = PROPERTY_OUTSIDE, .description = "use taskRunner" },                             \
        { .name = "namespaceFiles", .flags = PROPERTY_OUTSIDE, .description = "use inputFiles" },                     \
        { .name = "outputDirectory", .flags = PROPERTY_OUTSIDE, .description = "use outputFiles" },                   \
        { .name = "targetOS", .flags = PROPERTY_OUTSIDE },                                                             \
        { .name = "dependencies", .flags = PROPERTY_OUTSIDE, .description = "install them on the host" },             \
        { .name = "dependencyCacheEnabled", .flags = PROPERTY_OUTSIDE },                                               \
        { .name = "packageManager", .flags = PROPERTY_OUTSIDE },                                                       \
        { .name = "pythonVersion", .flags = PROPERTY_OUTSIDE, .description = "name the interpreter instead" },        \
        { .name = "options", .flags = PROPERTY_OUTSIDE },                                                              \
        { 0 }

#define COMMANDS_PROPERTY                                                                                              \
        { .name = "commands", .kind = PROPERTY_STRING_LIST,                                                            \
          .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY | PROPERTY_DYNAMIC | PROPERTY_SHELL,                         \
          .description = "Shell commands, run in one session." }

#define SCRIPT_PROPERTY(text_flag)                                                                                     \
        { .name = "script", .kind = PROPERTY_STRING,                                                                   \
          .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY | PROPERTY_DYNAMIC | (text_flag),                            \
          .description = "The program text, run as one file of its interpreter." }

static const struct flow_property commands_properties[] = {
        COMMANDS_PROPERTY,
        SCRIPT_PROPERTIES("[\"/bin/sh\", \"-c\"]"),
};

static const struct flow_property shell_script_properties[] = {
        SCRIPT_PROPERTY(PROPERTY_SHELL),
        SCRIPT_PROPERTIES("[\"/bin/sh\", \"-c\"]"),
};

static const struct flow_property program_script_properties[] = {
        SCRIPT_PROPERTY(PROPERTY_CODE),
        SCRIPT_PROPERTIES("[\"/bin/sh\", \"-c\"]"),
};

static const struct task_output script_outputs[] = {
        { "vars", PROPERTY_MAP, "What the process printed as ::{\"outputs\": {…}}::" },
        { "exitCode", PROPERTY_INT, "The exit code; 0 is success." },
        { "outputFiles", PROPERTY_STRING_MAP, "Name to URI of the files that outputFiles matched." },
        { 0 },
};

#define SCRIPT_TYPE(language, kind, title_text, table, is_supported)                                                   \
        { .name = "io.kestra.plugin.scripts." language "." kind, .title = title_text, .family = FAMILY_SCRIPTS,        \
          .supported = is_supported, .properties = table, .outputs = script_outputs }

const struct task_type types_scripts[] = {
        SCRIPT_TYPE("shell", "Commands", "Run shell commands.", commands_properties, true),
        SCRIPT_TYPE("shell", "Script", "Run a shell script.", shell_script_properties, true),
        SCRIPT_TYPE("python", "Commands", "Run commands in an environment for Python.", commands_properties, true),
        SCRIPT_TYPE("python", "Script", "Run a Python script.", program_script_properties, true),
        SCRIPT_TYPE("node", "Commands", "Run commands in an environment for Node.js.", commands_properties, true),
        SCRIPT_TYPE("node", "Script", "Run a JavaScript program with Node.js.", program_script_properties, true),
        { 0 },
};
