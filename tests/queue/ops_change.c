/* SPDX-License-Identifier: Apache-2.0 */
/* DeleteMessage and ChangeMessageVisibility, which both start from a receipt handle.
 *
 * What the live service does with a handle that is not the newest, as far as its documentation says it:
 *   - standard queue, delete: "the request will succeed but the message might still be in the queue"; here it never
 *     deletes, which is the harder case for a client. A message that is gone already: success.
 *   - FIFO queue, delete after the visibility timeout: InvalidParameterValue, "The receipt handle has expired".
 *   - ChangeMessageVisibility of a message that is gone or was received again: InvalidParameterValue, "Message does not
 *     exist or is not available for visibility timeout change"; of one whose timeout ended: MessageNotInflight.
 *   - a handle that no server gave out, or of another queue: ReceiptHandleIsInvalid. */
#include <errno.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/queue/operation.h"

#define RESURRECTION_USEC (200 * USEC_PER_MSEC)

static int find_message(struct request *r, const struct value *params, const char **ret_handle, struct message **ret) {
        struct receipt receipt;
        const char *handle = NULL;

        int failed = param_text(r, params, "ReceiptHandle", true, &handle);
        if (failed)
                return failed;
        *ret_handle = handle;
        if (fault_hit(&r->faults, FAULT_EXPIRE_HANDLE))
                return failure_plain(&r->failure, FAILURE_RECEIPT_HANDLE_IS_INVALID);
        if (receipt_read(handle, &receipt) < 0 || receipt.queue_number != r->queue->number)
                return failure_set(&r->failure, FAILURE_RECEIPT_HANDLE_IS_INVALID,
                                   "The input receipt handle \"%.200s\" is not a valid receipt handle.", handle);

        struct message *m = queue_find(r->queue, receipt.message_number);
        *ret = m;
        return m && m->receipt != receipt.number ? -ESTALE : 0;
}

static void record(struct request *r, const char *op, const char *handle, const struct message *m,
                   uint64_t visible_usec, const char *result) {
        oplog_write(r->service->oplog, r->now_usec,
                    &(struct oplog_event){ .op = op,
                                           .queue = r->queue->name,
                                           .message = m,
                                           .handle = handle,
                                           .visible_usec = visible_usec,
                                           .result = result });
}

static int refuse(struct request *r, const char *op, const char *handle, const struct message *m) {
        record(r, op, handle, m, 0, failure_kind(r->failure.code)->query_code);
        return FAILED;
}

static void handle_is_invalid(struct request *r, const char *handle, const char *reason) {
        failure_fill(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                     "Value %.200s for parameter ReceiptHandle is invalid. Reason: %s", handle, reason);
}

int op_delete_message(struct request *r, const struct value *params, struct buf *out) {
        struct message *m = NULL;
        const char *handle = NULL;

        int found = find_message(r, params, &handle, &m);
        if (found == FAILED)
                return refuse(r, "delete", handle, NULL);
        if (m && r->queue->settings.fifo && (found == -ESTALE || m->state != MESSAGE_IN_FLIGHT)) {
                handle_is_invalid(r, handle, "The receipt handle has expired.");
                return refuse(r, "delete", handle, m);
        }

        if (!m) {
                record(r, "delete", handle, NULL, 0, "gone");
        } else if (found == -ESTALE) {
                record(r, "delete", handle, m, 0, "stale");
        } else if (fault_hit(&r->faults, FAULT_DUPLICATE_DELETED)) {
                record(r, "delete", handle, m, r->now_usec + RESURRECTION_USEC, "resurrected");
                faults_count_duplicate(&r->service->faults, FAULT_DUPLICATE_DELETED);
                queue_set_state(m, MESSAGE_DELAYED, r->now_usec + RESURRECTION_USEC);
        } else {
                record(r, "delete", handle, m, 0, "deleted");
                r->queue->deleted_count++;
                queue_delete(m);
        }
        return 0;
}

int op_change_visibility(struct request *r, const struct value *params, struct buf *out) {
        struct message *m = NULL;
        const char *handle = NULL;
        int64_t seconds = -1;

        int failed = param_number(r, params, "VisibilityTimeout", 0, VISIBILITY_SECONDS_MAX, &seconds);
        if (failed)
                return failed;
        if (seconds < 0)
                return failure_set(&r->failure, FAILURE_MISSING_PARAMETER,
                                   "The request must contain the parameter VisibilityTimeout.");
        int found = find_message(r, params, &handle, &m);
        if (found == FAILED)
                return refuse(r, "visibility", handle, NULL);
        if (!m || found == -ESTALE) {
                handle_is_invalid(r, handle,
                                  "Message does not exist or is not available for visibility timeout change.");
                return refuse(r, "visibility", handle, m);
        }

        switch (queue_change_visibility(m, (uint32_t)seconds, r->now_usec)) {
        case QUEUE_NOT_IN_FLIGHT:
                failure_fill(&r->failure, FAILURE_MESSAGE_NOT_IN_FLIGHT, "%s", "");
                return refuse(r, "visibility", handle, m);
        case QUEUE_BEYOND_LIMIT:
                failure_fill(
                        &r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                        "Value %lld for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for "
                        "the message is beyond the limit [%u seconds]",
                        (long long)seconds, VISIBILITY_SECONDS_MAX);
                return refuse(r, "visibility", handle, m);
        }
        record(r, "visibility", handle, m, r->now_usec + (uint64_t)seconds * USEC_PER_SEC, "changed");
        return 0;
}
