/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operations. */
#include "tests/queue/operation.h"

#include "common/base/text.h"

static const struct operation operations[] = {
        { "ReceiveMessage", .needs_queue = true, .run = op_receive_message },
        { "DeleteMessageBatch", .needs_queue = true, .is_batch = true, .entry = op_delete_message },
        { "ChangeMessageVisibilityBatch", .needs_queue = true, .is_batch = true, .entry = op_change_visibility },
        { "SendMessageBatch", .needs_queue = true, .run = op_send_message_batch, .entry = op_send_message },
        { "SendMessage", .needs_queue = true, .entry = op_send_message },
        { "DeleteMessage", .needs_queue = true, .entry = op_delete_message },
        { "ChangeMessageVisibility", .needs_queue = true, .entry = op_change_visibility },
        { "GetQueueUrl", .run = op_get_queue_url },
        { "GetQueueAttributes", .needs_queue = true, .run = op_get_queue_attributes },
        { "SetQueueAttributes", .needs_queue = true, .run = op_set_queue_attributes },
        { "CreateQueue", .run = op_create_queue },
        { "DeleteQueue", .needs_queue = true, .run = op_delete_queue },
        { "ListQueues", .run = op_list_queues },
        { "PurgeQueue", .needs_queue = true, .run = op_purge_queue },
        { "StartMessageMoveTask", .run = op_start_message_move_task },
        { "ListMessageMoveTasks", .run = op_list_message_move_tasks },
        { "CancelMessageMoveTask", .run = op_cancel_message_move_task },
};

_Static_assert(ARRAY_SIZE(operations) <= QUEUE_CALL_KINDS, "queue.h counts calls per operation");

const struct operation *operation_at(size_t i) {
        return i < ARRAY_SIZE(operations) ? &operations[i] : NULL;
}

const struct operation *operation_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
                if (text_eq(operations[i].name, name))
                        return &operations[i];
        return NULL;
}

size_t operation_index(const struct operation *o) {
        return (size_t)(o - operations);
}
