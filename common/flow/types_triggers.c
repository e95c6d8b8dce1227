/* SPDX-License-Identifier: Apache-2.0 */
/* SQS triggers in flow files. What Kestra has no word for (concurrency, drain, retries of a message) is set in
 * agent.yaml's own triggers. */
#include "common/flow/task_type.h"
#include "common/flow/types_sqs.h"

const struct flow_property trigger_common_properties[] = {
        { .name = "id", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "Unique among the flow's triggers: letters, digits, _ and -." },
        { .name = "type", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "The trigger type's full name." },
        { .name = "description", .kind = PROPERTY_STRING, .flags = PROPERTY_COMMON, .description = "For people." },
        { .name = "disabled", .kind = PROPERTY_BOOL, .flags = PROPERTY_COMMON, .default_text = "false",
          .description = "Do not poll." },
        { .name = "labels", .kind = PROPERTY_ANY, .flags = PROPERTY_DYNAMIC,
          .description = "Labels of its executions: a map, or a list of key and value." },
        { .name = "stopAfter", .kind = PROPERTY_LIST, .flags = PROPERTY_LATER,
          .description = "Disable the trigger after an execution that ended in one of these states." },
        { .name = "conditions", .kind = PROPERTY_LIST, .flags = PROPERTY_LATER,
          .description = "Start an execution only when all of them hold." },
        { .name = "when", .kind = PROPERTY_STRING, .flags = PROPERTY_LATER | PROPERTY_DYNAMIC,
          .description = "Start an execution only when this renders to something true." },
        { .name = "inputs", .flags = PROPERTY_OUTSIDE, .description = "read the message from trigger.data" },
        { .name = "allowConcurrent", .flags = PROPERTY_OUTSIDE },
        { .name = "assets", .flags = PROPERTY_OUTSIDE },
        { .name = "failOnTriggerError", .flags = PROPERTY_OUTSIDE },
        { .name = "logLevel", .flags = PROPERTY_OUTSIDE },
        { .name = "logToFile", .flags = PROPERTY_OUTSIDE },
        { .name = "pluginDefaultsRef", .flags = PROPERTY_OUTSIDE },
        { .name = "version", .flags = PROPERTY_OUTSIDE },
        { .name = "workerGroup", .flags = PROPERTY_OUTSIDE },
        { 0 },
};

#define RECEIVE_PROPERTIES                                                                                             \
        SQS_CONNECTION_PROPERTIES,                                                                                     \
        { .name = "serdeType", .kind = PROPERTY_ENUM, .values = sqs_serde_types, .default_text = "STRING",             \
          .description = "JSON: trigger.data is the parsed body." },                                                  \
        { .name = "autoDelete", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "true",              \
          .description = "Delete a message once its execution succeeded; false: never." },                            \
        { .name = "visibilityTimeout", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = 43200,        \
          .description = "Seconds; absent: the queue's own. The lease is extended while the execution runs." }

static const struct flow_property realtime_properties[] = {
        RECEIVE_PROPERTIES,
        { .name = "waitTime", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC, .default_text = "PT20S",
          .description = "How long a poll waits, at most PT20S." },
        { .name = "maxNumberOfMessage", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = 10,
          .description = "Read for Kestra's sake: a poll asks for as many as can start." },
        { .name = "clientRetryMaxAttempts", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .max = INT32_MAX,
          .description = "Read for Kestra's sake: polling never gives up." },
        { 0 },
};

static const struct flow_property batch_properties[] = {
        RECEIVE_PROPERTIES,
        { .name = "maxRecords", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = INT32_MAX,
          .description = "How many messages make a batch." },
        { .name = "maxDuration", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC,
          .description = "How long a batch is collected." },
        { .name = "interval", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC, .default_text = "PT1M",
          .description = "Read for Kestra's sake: polls are long and follow each other." },
        { 0 },
};

static const struct task_output realtime_outputs[] = {
        { "data", PROPERTY_ANY, "The body." },
        { "messageId", PROPERTY_STRING, "SQS's id of the message." },
        { "attributes", PROPERTY_MAP, "SQS's system attributes." },
        { "messageAttributes", PROPERTY_MAP, "The sender's attributes." },
        { "receiveCount", PROPERTY_INT, "How often it was received." },
        { "queueUrl", PROPERTY_STRING, "The queue." },
        { "groupId", PROPERTY_STRING, "The message group." },
        { "sentAt", PROPERTY_STRING, "When it was sent." },
        { 0 },
};
static const struct task_output batch_outputs[] = {
        { "uri", PROPERTY_STRING, "A file with one message a line." },
        { "count", PROPERTY_INT, "How many messages." },
        { "messages", PROPERTY_LIST, "The messages, each as a RealtimeTrigger has it." },
        { 0 },
};

const struct task_type types_triggers[] = {
        { .name = "io.kestra.plugin.aws.sqs.RealtimeTrigger", .title = "Start an execution for each message.",
          .family = FAMILY_TRIGGERS, .flags = TASK_TRIGGER, .supported = true, .properties = realtime_properties,
          .outputs = realtime_outputs },
        { .name = "io.kestra.plugin.aws.sqs.Trigger", .title = "Start an execution for each batch of messages.",
          .family = FAMILY_TRIGGERS, .flags = TASK_TRIGGER | TASK_BATCH, .supported = true,
          .properties = batch_properties, .outputs = batch_outputs },
        { 0 },
};
