/* SPDX-License-Identifier: Apache-2.0 */
/* SQS tasks. */
#include "common/flow/task_type.h"
#include "common/flow/types_sqs.h"

const char *const sqs_serde_types[] = { "STRING", "JSON", NULL };

static const struct flow_property publish_properties[] = {
        SQS_CONNECTION_PROPERTIES,
        { .name = "from", .kind = PROPERTY_ANY, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,
          .description = "One message {data, groupId, deduplicationId, delaySeconds, attributes}, a list of them, or "
                         "the URI of a file with one a line." },
        { 0 },
};
static const struct task_output publish_outputs[] = {
        { "messagesCount", PROPERTY_INT, "How many were sent." },
        { 0 },
};

static const struct flow_property consume_properties[] = {
        SQS_CONNECTION_PROPERTIES,
        { .name = "maxRecords", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = INT32_MAX,
          .description = "End after so many; alone, it also ends when the queue stays empty for one long poll." },
        { .name = "maxDuration", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC,
          .description = "End after so long." },
        { .name = "serdeType", .kind = PROPERTY_ENUM, .flags = PROPERTY_DYNAMIC, .values = sqs_serde_types,
          .default_text = "STRING", .description = "How bodies are read." },
        { .name = "autoDelete", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "true",
          .description = "Delete the messages once the execution succeeded; false: never." },
        { .name = "visibilityTimeout", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = 43200,
          .default_text = "30", .description = "Seconds; the lease is extended to the end of the execution." },
        { 0 },
};
static const struct task_output consume_outputs[] = {
        { "uri", PROPERTY_STRING, "A file with one body a line, as JSON." },
        { "count", PROPERTY_INT, "How many were read." },
        { 0 },
};

const struct task_type types_sqs[] = {
        { .name = "io.kestra.plugin.aws.sqs.Publish", .title = "Send messages to a queue.", .family = FAMILY_SQS,
          .supported = true, .properties = publish_properties, .outputs = publish_outputs },
        { .name = "io.kestra.plugin.aws.sqs.Consume", .title = "Read messages from a queue.", .family = FAMILY_SQS,
          .supported = true, .properties = consume_properties, .outputs = consume_outputs },
        { 0 },
};
