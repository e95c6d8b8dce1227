/* SPDX-License-Identifier: Apache-2.0 */
/* A new field is one more line. The tags of a table count up from 1, so that a decoder finds a field by its tag. */
#include "common/link/frame_fields.h"

#include "common/base/cleanup.h"

/* Of a struct frame_<s>: tag, type, member. */
#define ROW(s, t, ty, m) { t, FIELD_##ty, offsetof(struct frame_##s, m) }
static const struct field flow_fields[] = {
        ROW(flow, 1, U64, revision),
        ROW(flow, 2, BYTES, file),
        ROW(flow, 3, BYTES, source),
        ROW(flow, 4, U8, allow_containers),
        ROW(flow, 5, U8, allow_shell_interpolation),
        ROW(flow, 6, BYTES, name),
        ROW(flow, 7, BYTES, problem),
};

static const struct field execute_fields[] = {
        ROW(execute, 1, U64, execution_id),
        ROW(execute, 2, U64, revision),
        ROW(execute, 3, U64, start_usec),
        ROW(execute, 4, TRIGGER, trigger_kind),
        ROW(execute, 5, BYTES, trigger_id),
        ROW(execute, 6, U8, json_data),
        ROW(execute, 7, BYTES, inputs),
        ROW(execute, 8, BYTES, labels),
        ROW(execute, 9, BYTES, folder),
        ROW(execute, 10, U8, keep_folder),
        ROW(execute, 11, U64, log_bytes),
        ROW(execute, 12, U8, keep_files),
        ROW(execute, 13, U64, files_max_bytes),
        ROW(execute, 14, BYTES, secrets_folder),
        ROW(execute, 15, U8, task_credentials),
        ROW(execute, 16, BYTES, aws_region),
        ROW(execute, 17, BYTES, aws_endpoint),
        ROW(execute, 18, BYTES, aws_ca_bundle),
        ROW(execute, 19, U32, umask),
        ROW(execute, 20, U64, data_bytes),
        ROW(execute, 21, U64, memory_bytes),
};

static const struct field message_fields[] = {
        ROW(message, 1, BYTES, body),
        ROW(message, 2, BYTES, message_id),
        ROW(message, 3, BYTES, group_id),
        ROW(message, 4, BYTES, queue_url),
        ROW(message, 5, BYTES, trace_header),
        ROW(message, 6, BYTES, traceparent),
        ROW(message, 7, BYTES, attributes),
        ROW(message, 8, BYTES, message_attributes),
        ROW(message, 9, U64, sent_usec),
        ROW(message, 10, U32, receive_count),
};

static const struct field id_fields[] = { { 1, FIELD_U64, 0 } };

static const struct field task_run_fields[] = {
        ROW(task_run, 1, U32, index),
        ROW(task_run, 2, U32, parent),
        ROW(task_run, 3, BYTES, task_id),
        ROW(task_run, 4, BYTES, task_type),
        ROW(task_run, 5, BYTES, value),
        ROW(task_run, 6, STATE, state),
        ROW(task_run, 7, U32, attempts),
        ROW(task_run, 8, U64, start_usec),
        ROW(task_run, 9, U64, end_usec),
        ROW(task_run, 10, BYTES, outputs),
        ROW(task_run, 11, BYTES, error),
        ROW(task_run, 12, U64, cpu_usec),
        ROW(task_run, 13, U64, memory_bytes),
};

static const struct field log_fields[] = {
        ROW(log, 1, U32, task_run),
        ROW(log, 2, U8, level),
        ROW(log, 3, U64, time_usec),
        ROW(log, 4, BYTES, text),
};

static const struct field metric_fields[] = {
        ROW(metric, 1, U32, task_run),
        ROW(metric, 2, BYTES, name),
        ROW(metric, 3, BYTES, type),
        ROW(metric, 4, BYTES, tags),
        ROW(metric, 5, DOUBLE, value),
};

static const struct field end_fields[] = {
        ROW(end, 1, U64, execution_id),
        ROW(end, 2, STATE, state),
        ROW(end, 3, BYTES, outputs),
        ROW(end, 4, BYTES, error),
        ROW(end, 5, BYTES, batch_failures),
        ROW(end, 6, U8, goes_on),
        ROW(end, 7, U64, cpu_usec),
        ROW(end, 8, U64, memory_bytes),
};

static const struct field settle_fields[] = {
        ROW(settle, 1, U64, execution_id),
        ROW(settle, 2, U8, success),
};

static const struct field place_fields[] = {
        ROW(place, 1, U64, execution_id),
        ROW(place, 2, U64, call),
        ROW(place, 3, U64, outer),
        ROW(place, 4, BYTES, name),
        ROW(place, 5, U32, limit),
        ROW(place, 6, U8, behavior),
        ROW(place, 7, U8, answer),
        ROW(place, 8, BYTES, problem),
};

#define TABLE(a) { a, ARRAY_SIZE(a) }
static const struct frame_fields tables[] = {
        [FRAME_FLOW] = TABLE(flow_fields),
        [FRAME_EXECUTE] = TABLE(execute_fields),
        [FRAME_CANCEL] = TABLE(id_fields),
        [FRAME_SETTLE] = TABLE(settle_fields),
        [FRAME_READY] = { NULL, 0 },
        [FRAME_TASK_RUN] = TABLE(task_run_fields),
        [FRAME_LOG] = TABLE(log_fields),
        [FRAME_METRIC] = TABLE(metric_fields),
        [FRAME_END] = TABLE(end_fields),
        [FRAME_DONE] = TABLE(id_fields),
        [FRAME_FLOW_WANTED] = TABLE(flow_fields),
        [FRAME_FLOW_FOUND] = TABLE(flow_fields),
        [FRAME_PLACE_WANTED] = TABLE(place_fields),
        [FRAME_PLACE_LEFT] = TABLE(place_fields),
        [FRAME_PLACE_ANSWER] = TABLE(place_fields),
};
const struct frame_fields frame_message_fields = TABLE(message_fields);

const struct frame_fields *frame_fields(enum frame_kind kind) {
        return kind >= FRAME_FLOW && (size_t)kind < ARRAY_SIZE(tables) ? &tables[kind] : NULL;
}
