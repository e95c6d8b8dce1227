/* SPDX-License-Identifier: Apache-2.0 */
/* One row per attribute. A number lands in struct settings and is held to its limits; a text is only kept, unless a row
 * names a function that reads it. Limits: the SetQueueAttributes API reference. */
#include "tests/queue/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/json.h"
#include "common/base/text.h"

typedef int settings_reader(struct settings *s, const char *text);

struct row {
        const char *name;
        const char *default_text; /* NULL: absent until set */
        int64_t min, max;         /* of a number */
        size_t offset;            /* of a number, in struct settings */
        settings_reader *read;    /* of a text; NULL: only kept */
        bool is_number;
        bool fifo_only;
        bool at_creation_only;
};

static int read_bool(const char *text, bool *ret) {
        if (!text_eq(text, "true") && !text_eq(text, "false"))
                return -EINVAL;
        *ret = text_eq(text, "true");
        return 0;
}

static int read_fifo(struct settings *s, const char *text) {
        return read_bool(text, &s->fifo);
}

static int read_content_deduplication(struct settings *s, const char *text) {
        return read_bool(text, &s->content_deduplication);
}

static int read_scope(struct settings *s, const char *text) {
        if (!text_eq(text, "queue") && !text_eq(text, "messageGroup"))
                return -EINVAL;
        s->group_deduplication = text_eq(text, "messageGroup");
        return 0;
}

static int read_throughput(struct settings *s, const char *text) {
        return text_eq(text, "perQueue") || text_eq(text, "perMessageGroupId") ? 0 : -EINVAL;
}

/* {"deadLetterTargetArn":"arn:…:name","maxReceiveCount":5}, the count as a number or a string; "" removes it. */
static int read_redrive(struct settings *s, const char *text) {
        _cleanup_value_ struct value *policy = NULL;
        int64_t count = 0;

        if (!*text) {
                s->max_receive_count = 0;
                s->dead_letter_queue[0] = '\0';
                return 0;
        }
        if (json_parse(text, strlen(text), &policy, NULL, NULL) < 0 || value_type(policy) != VALUE_MAP)
                return -EINVAL;

        const char *arn = value_map_string(policy, "deadLetterTargetArn"), *name = arn ? strrchr(arn, ':') : NULL;
        const char *count_text = value_map_string(policy, "maxReceiveCount");
        const struct value *count_value = value_map_get(policy, "maxReceiveCount");
        if (!name || strlen(name + 1) > QUEUE_NAME_MAX || !count_value)
                return -EINVAL;
        if (count_text ? text_to_i64(count_text, 1, 1000, &count) < 0
                       : value_type(count_value) != VALUE_NUMBER || value_to_i64(count_value, &count) < 0)
                return -EINVAL;
        if (count < 1 || count > 1000)
                return -EINVAL;

        s->max_receive_count = (uint32_t)count;
        (void)snprintf(s->dead_letter_queue, sizeof(s->dead_letter_queue), "%s", name + 1);
        return 0;
}

#define NUMBER(field, text, low, high)                                                                                 \
        .default_text = (text), .min = (low), .max = (high), .offset = offsetof(struct settings, field),               \
        .is_number = true

static const struct row rows[] = {
        { .name = "VisibilityTimeout", NUMBER(visibility_seconds, "30", 0, VISIBILITY_SECONDS_MAX) },
        { .name = "DelaySeconds", NUMBER(delay_seconds, "0", 0, 900) },
        { .name = "MaximumMessageSize", NUMBER(maximum_bytes, "1048576", 1024, MESSAGE_BYTES_MAX) },
        { .name = "MessageRetentionPeriod", NUMBER(retention_seconds, "345600", 60, 1209600) },
        { .name = "ReceiveMessageWaitTimeSeconds", NUMBER(wait_seconds, "0", 0, 20) },
        { .name = "FifoQueue", .read = read_fifo, .at_creation_only = true },
        { .name = "ContentBasedDeduplication", .read = read_content_deduplication, .fifo_only = true },
        { .name = "DeduplicationScope", .read = read_scope, .fifo_only = true },
        { .name = "FifoThroughputLimit", .read = read_throughput, .fifo_only = true },
        { .name = "RedrivePolicy", .read = read_redrive },
        { .name = "RedriveAllowPolicy" },
        { .name = "Policy" },
        { .name = "KmsMasterKeyId" },
        { .name = "KmsDataKeyReusePeriodSeconds" },
        { .name = "SqsManagedSseEnabled" },
};

struct settings settings_default(void) {
        return (struct settings){
                .visibility_seconds = 30,
                .maximum_bytes = MESSAGE_BYTES_MAX,
                .retention_seconds = 345600,
        };
}

const char *settings_name(size_t i) {
        return i < ARRAY_SIZE(rows) ? rows[i].name : NULL;
}

const char *settings_default_text(size_t i) {
        return i < ARRAY_SIZE(rows) ? rows[i].default_text : NULL;
}

static const struct row *find_row(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (text_eq(rows[i].name, name))
                        return &rows[i];
        return NULL;
}

static int apply_row(const struct row *row, const char *text, struct settings *s) {
        int64_t number;

        if (!row->is_number)
                return row->read ? row->read(s, text) : 0;
        if (text_to_i64(text, row->min, row->max, &number) < 0)
                return -EINVAL;
        *(uint32_t *)((char *)s + row->offset) = (uint32_t)number;
        return 0;
}

int settings_apply(const struct value *attributes, bool creating, struct settings *settings, struct failure *f) {
        struct settings s = *settings;

        if (attributes && value_type(attributes) != VALUE_MAP)
                return failure_set(f, FAILURE_SERIALIZATION, "Attributes must be an object.");
        /* FIFO first: what else is allowed depends on it. */
        const char *fifo = value_map_string(attributes, "FifoQueue");
        if (fifo && creating && read_fifo(&s, fifo) < 0)
                return failure_set(f, FAILURE_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter FifoQueue.");

        for (size_t i = 0; attributes && i < value_count(attributes); i++) {
                const char *name = value_map_key_at(attributes, i);
                const struct row *row = find_row(name);
                if (!row || (row->fifo_only && !s.fifo) || (row->at_creation_only && !creating))
                        return failure_set(f, FAILURE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %s.", name);
                const char *text = value_map_string(attributes, name);
                if (!text || apply_row(row, text, &s) < 0)
                        return failure_set(f, FAILURE_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter %s.",
                                           name);
        }
        *settings = s;
        return 0;
}
