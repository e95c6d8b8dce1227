/* SPDX-License-Identifier: Apache-2.0 */
/* How SQS tasks and triggers are connected: the rows that both tables begin with. */
#pragma once

#include "common/flow/flow_property.h"

#define SQS_TEXT(property_name, text)                                                                                  \
        { .name = property_name, .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = text }

#define SQS_CONNECTION_PROPERTIES                                                                                      \
        { .name = "queueUrl", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,                  \
          .description = "The queue." },                                                                              \
        SQS_TEXT("region", "The queue's region; absent: from the queue's URL or agent.yaml."),                        \
        SQS_TEXT("accessKeyId", "Absent: the standard AWS credentials chain; in tasks only where agent.yaml allows it."),                                       \
        SQS_TEXT("secretKeyId", "The secret that belongs to accessKeyId."),                                           \
        SQS_TEXT("sessionToken", "With temporary credentials."),                                                      \
        SQS_TEXT("endpointOverride", "Only for a server that is not AWS."),                                           \
        SQS_TEXT("stsRoleArn", "A role to take on."),                                                                 \
        SQS_TEXT("stsRoleExternalId", "The external id that the role asks for."),                                     \
        SQS_TEXT("stsRoleSessionName", "The session's name in AWS's records."),                                       \
        { .name = "stsRoleSessionDuration", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC,                      \
          .default_text = "PT15M", .description = "How long the role is taken on for." },                             \
        SQS_TEXT("stsEndpointOverride", "Only for an STS that is not AWS's."),                                        \
        { .name = "compatibilityMode", .flags = PROPERTY_OUTSIDE },                                                    \
        { .name = "forcePathStyle", .flags = PROPERTY_OUTSIDE }

extern const char *const sqs_serde_types[]; /* STRING, JSON */
