/* SPDX-License-Identifier: Apache-2.0 */
/* SQS triggers in flow files. What Kestra has no word for (concurrency, drain, retries of a message) is set in
 * agent.yaml's own triggers. */
#include "common/flow/flow_trigger.h"
#include "common/flow/task_type.h"
#include "common/flow/types_sqs.h"

static const char *const end_states[] = { "SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", NULL };

const struct flow_property trigger_common_properties[] = {
        { .name = "id", .kind = PROPERTY_ID, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "Unique among the flow's triggers: letters, digits, _ and -." },
        { .name = "type", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_COMMON,
          .description = "The trigger type's full name." },
        { .name = "description", .kind = PROPERTY_STRING, .flags = PROPERTY_COMMON, .description = "For people." },
        { .name = "disabled", .kind = PROPERTY_BOOL, .flags = PROPERTY_COMMON, .default_text = "false",
          .description = "Do not poll." },
        { .name = "labels", .kind = PROPERTY_ANY,
          .description = "Labels of its executions: a map, or a list of key and value." },
        { .name = "stopAfter", .kind = PROPERTY_LIST, .values = end_states,
          .description = "Pause the trigger after an execution that ended in one of these states (SUCCESS, WARNING, FAILED, "
                         "KILLED, CANCELLED), until `sqsflow resume`; it outlives restarts and upgrades." },
        { .name = "when", .kind = PROPERTY_STRING, .flags = PROPERTY_COMMON | PROPERTY_DYNAMIC | PROPERTY_TRUTH,
          .description = "Poll, or run the flow, only when this renders to something true." },
        { .name = "conditions", .kind = PROPERTY_CONDITIONS, .flags = PROPERTY_COMMON | PROPERTY_DYNAMIC,
          .description = "Poll, or run the flow, only when all of them hold." },
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

/* Their expressions are compiled as part of the trigger's `conditions`. */
#define CONDITION(types)                                                                                               \
        { .name = "type", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED, .description = types }
#define CONDITION_TEXT(text_name, text_kind, ...)                                                                      \
        { .name = text_name, .kind = text_kind, .flags = PROPERTY_DYNAMIC, __VA_ARGS__ }
#define TRIGGER_DATE .default_text = "{{ trigger.date }}"

static const char *const days_of_week[] = { "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY",
                                            NULL };
static const char *const days_in_month[] = { "FIRST", "SECOND", "THIRD", "FOURTH", "LAST", NULL };

const struct flow_property condition_expression_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "Expression`."),
        { .name = "expression", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_TRUTH,
          .description = "Holds when it renders to something true." },
        { 0 },
};
const struct flow_property condition_list_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "Not` (none of them holds) or `" FLOW_CONDITION_PREFIX "Or` (one of them holds)."),
        { .name = "conditions", .kind = PROPERTY_CONDITIONS, .flags = PROPERTY_REQUIRED | PROPERTY_NOT_EMPTY,
          .description = "Conditions, which may nest." },
        { 0 },
};
const struct flow_property condition_date_time_between_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "DateTimeBetween`: with `after`, `before` or both."),
        CONDITION_TEXT("date", PROPERTY_DATE_TIME, TRIGGER_DATE, .description = "What is looked at."),
        CONDITION_TEXT("after", PROPERTY_DATE_TIME, .description = "Holds from this time on."),
        CONDITION_TEXT("before", PROPERTY_DATE_TIME, .description = "Holds up to this time."),
        { 0 },
};
const struct flow_property condition_time_between_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "TimeBetween`: with `after`, `before` or both; when `before` is the earlier one, "
                  "from `after` over midnight to `before`."),
        CONDITION_TEXT("date", PROPERTY_DATE_TIME, TRIGGER_DATE, .description = "Whose time of day is looked at."),
        CONDITION_TEXT("after", PROPERTY_TIME, .description = "Holds later than this, on clocks of its offset."),
        CONDITION_TEXT("before", PROPERTY_TIME, .description = "Holds earlier than this, on clocks of its offset."),
        { 0 },
};
const struct flow_property condition_day_week_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "DayWeek`."),
        CONDITION_TEXT("date", PROPERTY_DATE, TRIGGER_DATE, .description = "Whose day is looked at."),
        { .name = "dayOfWeek", .kind = PROPERTY_ENUM, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC, .values = days_of_week,
          .description = "Holds on this day." },
        { 0 },
};
const struct flow_property condition_day_week_in_month_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "DayWeekInMonth`."),
        CONDITION_TEXT("date", PROPERTY_DATE, TRIGGER_DATE, .description = "Whose day is looked at."),
        { .name = "dayOfWeek", .kind = PROPERTY_ENUM, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC, .values = days_of_week,
          .description = "Holds on this day of the week," },
        { .name = "dayInMonth", .kind = PROPERTY_ENUM, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC, .values = days_in_month,
          .description = "when it is the first, second, …, last of them in its month." },
        { 0 },
};
const struct flow_property condition_weekend_properties[] = {
        CONDITION("`" FLOW_CONDITION_PREFIX "Weekend`: holds on Saturday and Sunday."),
        CONDITION_TEXT("date", PROPERTY_DATE, TRIGGER_DATE, .description = "Whose day is looked at."),
        { 0 },
};

#define RECEIVE_PROPERTIES                                                                                             \
        SQS_CONNECTION_PROPERTIES,                                                                                     \
        { .name = "serdeType", .kind = PROPERTY_ENUM, .values = sqs_serde_types, .default_text = "STRING",             \
          .description = "JSON: trigger.data is the parsed body." },                                                  \
        { .name = "autoDelete", .kind = PROPERTY_BOOL, .default_text = "true",              \
          .description = "Delete a message once its execution succeeded; false: never." },                            \
        { .name = "visibilityTimeout", .kind = PROPERTY_INT, .min = 1, .max = 43200,        \
          .description = "Seconds; absent: the queue's own. The lease is extended while the execution runs." }

static const struct flow_property realtime_properties[] = {
        RECEIVE_PROPERTIES,
        { .name = "waitTime", .kind = PROPERTY_DURATION, .default_text = "PT20S",
          .description = "How long a poll waits, at most PT20S." },
        { .name = "maxNumberOfMessage", .kind = PROPERTY_INT, .min = 1, .max = 10,
          .description = "Read for Kestra's sake: a poll asks for as many as can start." },
        { .name = "clientRetryMaxAttempts", .kind = PROPERTY_INT, .max = INT32_MAX,
          .description = "Read for Kestra's sake: polling never gives up." },
        { 0 },
};

static const struct flow_property batch_properties[] = {
        RECEIVE_PROPERTIES,
        { .name = "maxRecords", .kind = PROPERTY_INT, .min = 1, .max = INT32_MAX,
          .description = "How many messages make a batch; 128 MiB do, too." },
        { .name = "maxDuration", .kind = PROPERTY_DURATION,
          .description = "How long a batch is collected." },
        { .name = "interval", .kind = PROPERTY_DURATION, .default_text = "PT1M",
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
        { "uri", PROPERTY_STRING, "A file with one body a line, as JSON." },
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
