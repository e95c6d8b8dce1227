/* SPDX-License-Identifier: Apache-2.0 */
/* The registry over the families' tables. There are some thirty types and lookups happen only while a flow loads, so
 * plain loops serve. Names are compared without "io.kestra.plugin." when the nearest is sought: with it, everything
 * would look near. */
#include "common/flow/task_type.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"

#define NAMES_MAX 160

static const struct {
        const struct task_type *types;
        const char *name;
} families[FAMILY_COUNT] = {
        [FAMILY_SCRIPTS] = { types_scripts, "scripts" },
        [FAMILY_CORE] = { types_core, "core" },
        [FAMILY_FLOWABLE] = { types_flowable, "flowable" },
        [FAMILY_HTTP] = { types_http, "http" },
        [FAMILY_SQS] = { types_sqs, "sqs" },
        [FAMILY_TRIGGERS] = { types_triggers, "triggers" },
};

/* Beginnings of type names that Kestra has and sqsflow leaves out. Where sqsflow has neighbours, whole names: a
 * misspelt neighbour shall be told the right spelling instead. */
static const char *const outside_prefixes[] = {
        "io.kestra.core.tasks.",
        "io.kestra.core.models.",
        "io.kestra.plugin.ai.",
        "io.kestra.plugin.airbyte.",
        "io.kestra.plugin.aws.athena.",
        "io.kestra.plugin.aws.cli.",
        "io.kestra.plugin.aws.dynamodb.",
        "io.kestra.plugin.aws.ecr.",
        "io.kestra.plugin.aws.eventbridge.",
        "io.kestra.plugin.aws.kinesis.",
        "io.kestra.plugin.aws.lambda.",
        "io.kestra.plugin.aws.s3.",
        "io.kestra.plugin.aws.sns.",
        "io.kestra.plugin.azure.",
        "io.kestra.plugin.cassandra.",
        "io.kestra.plugin.core.condition.",
        "io.kestra.plugin.core.dashboard.",
        "io.kestra.plugin.core.flow.Each",
        "io.kestra.plugin.core.flow.ForEachItem",
        "io.kestra.plugin.core.flow.LoopUntil",
        "io.kestra.plugin.core.flow.Pause",
        "io.kestra.plugin.core.flow.Template",
        "io.kestra.plugin.core.flow.WaitFor",
        "io.kestra.plugin.core.execution.Assert",
        "io.kestra.plugin.core.execution.Count",
        "io.kestra.plugin.core.execution.DynamicVariable",
        "io.kestra.plugin.core.execution.Exit",
        "io.kestra.plugin.core.execution.Labels",
        "io.kestra.plugin.core.execution.PurgeExecutions",
        "io.kestra.plugin.core.execution.Query",
        "io.kestra.plugin.core.execution.Resume",
        "io.kestra.plugin.core.execution.UnsetVariables",
        "io.kestra.plugin.core.http.SseRequest",
        "io.kestra.plugin.core.http.Trigger",
        "io.kestra.plugin.core.kv.",
        "io.kestra.plugin.core.log.Fetch",
        "io.kestra.plugin.core.log.PurgeLogs",
        "io.kestra.plugin.core.metric.",
        "io.kestra.plugin.core.namespace.",
        "io.kestra.plugin.core.state.",
        "io.kestra.plugin.core.storage.",
        "io.kestra.plugin.core.templating.",
        "io.kestra.plugin.core.trigger.",
        "io.kestra.plugin.databricks.",
        "io.kestra.plugin.dbt.",
        "io.kestra.plugin.docker.",
        "io.kestra.plugin.ee.",
        "io.kestra.plugin.elasticsearch.",
        "io.kestra.plugin.fs.",
        "io.kestra.plugin.gcp.",
        "io.kestra.plugin.git.",
        "io.kestra.plugin.jdbc.",
        "io.kestra.plugin.kafka.",
        "io.kestra.plugin.kestra.",
        "io.kestra.plugin.kubernetes.",
        "io.kestra.plugin.mongodb.",
        "io.kestra.plugin.mqtt.",
        "io.kestra.plugin.notifications.",
        "io.kestra.plugin.redis.",
        "io.kestra.plugin.scripts.bun.",
        "io.kestra.plugin.scripts.deno.",
        "io.kestra.plugin.scripts.go.",
        "io.kestra.plugin.scripts.groovy.",
        "io.kestra.plugin.scripts.julia.",
        "io.kestra.plugin.scripts.jython.",
        "io.kestra.plugin.scripts.lua.",
        "io.kestra.plugin.scripts.nashorn.",
        "io.kestra.plugin.scripts.perl.",
        "io.kestra.plugin.scripts.php.",
        "io.kestra.plugin.scripts.powershell.",
        "io.kestra.plugin.scripts.r.",
        "io.kestra.plugin.scripts.ruby.",
        "io.kestra.plugin.serdes.",
        "io.kestra.plugin.terraform.",
        "io.kestra.plugin.transform.",
};

const struct task_type *task_type_at(size_t index) {
        for (size_t f = 0; f < FAMILY_COUNT; f++)
                for (const struct task_type *t = families[f].types; t->name; t++)
                        if (index-- == 0)
                                return t;
        return NULL;
}

static bool answers_to(const struct task_type *t, const char *name) {
        if (text_eq(t->name, name))
                return true;
        for (size_t i = 0; i < TASK_TYPE_ALIASES_MAX && t->aliases[i]; i++)
                if (text_eq(t->aliases[i], name))
                        return true;
        return false;
}

const struct task_type *task_type_find(const char *name) {
        const struct task_type *t;

        for (size_t i = 0; (t = task_type_at(i)); i++)
                if (answers_to(t, name))
                        return t;
        return NULL;
}

static const char *short_name(const char *name) {
        const char *rest = text_after(name, "io.kestra.plugin.");

        return rest ? rest : name;
}

const char *task_type_nearest(const char *name, unsigned flags) {
        const char *names[NAMES_MAX];
        const struct task_type *t;
        const char *found;
        size_t count = 0;

        for (size_t i = 0; (t = task_type_at(i)) && count < NAMES_MAX; i++)
                if ((t->flags & TASK_TRIGGER) == (flags & TASK_TRIGGER))
                        names[count++] = short_name(t->name);
        found = text_nearest(short_name(name), names, count);
        for (size_t i = 0; found && (t = task_type_at(i)); i++)
                if (short_name(t->name) == found)
                        return t->name;
        return NULL;
}

bool task_type_is_outside(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(outside_prefixes); i++)
                if (text_after(name, outside_prefixes[i]))
                        return true;
        return false;
}

bool task_type_is_kestras(const char *name) {
        return text_after(name, "io.kestra.");
}

const char *task_family_name(enum task_family family) {
        return (unsigned)family < FAMILY_COUNT ? families[family].name : "unknown";
}
