/* SPDX-License-Identifier: Apache-2.0 */
/* StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask. Of a queue's tasks only the last is known. */
#include <inttypes.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/queue/move.h"
#include "tests/queue/operation.h"

static const char *const status_names[] = {
        [MOVE_RUNNING] = "RUNNING",
        [MOVE_COMPLETED] = "COMPLETED",
        [MOVE_CANCELLED] = "CANCELLED",
        [MOVE_FAILED] = "FAILED",
};

static int find_by_arn(struct request *r, const char *arn, struct queue **ret) {
        const char *name = text_after(arn, QUEUE_ARN_PREFIX);
        struct queue *q = name ? broker_find(&r->service->broker, name, strlen(name)) : NULL;

        if (!q)
                return failure_set(&r->failure, FAILURE_RESOURCE_NOT_FOUND,
                                   "The resource that you specified for the ARN parameter doesn't exist.");
        *ret = q;
        return 0;
}

static bool is_dead_letter_queue(const struct broker *b, const struct queue *q) {
        for (const struct queue *other = b->queues; other; other = other->hh.next)
                if (other->settings.max_receive_count > 0 && text_eq(other->settings.dead_letter_queue, q->name))
                        return true;
        return false;
}

static int find_source(struct request *r, struct queue **ret) {
        const char *arn = NULL;
        int failed = param_text(r, r->params, "SourceArn", true, &arn);

        return failed ? failed : find_by_arn(r, arn, ret);
}

int op_start_message_move_task(struct request *r) {
        struct queue *source = NULL, *target = NULL;
        const char *arn = NULL;
        int64_t rate = MOVE_RATE_MAX;

        int failed = find_source(r, &source);
        if (!failed)
                failed = param_text(r, r->params, "DestinationArn", false, &arn);
        if (!failed && arn)
                failed = find_by_arn(r, arn, &target);
        if (!failed)
                failed = param_number(r, r->params, "MaxNumberOfMessagesPerSecond", 1, MOVE_RATE_MAX, &rate);
        if (failed)
                return failed;
        if (!is_dead_letter_queue(&r->service->broker, source))
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "Source queue must be configured as a Dead Letter Queue.");
        if (source->move && source->move->status == MOVE_RUNNING)
                return failure_set(&r->failure, FAILURE_INVALID_PARAMETER_VALUE,
                                   "There is already a task running. Only one active task is allowed for a source "
                                   "queue arn at a given time.");
        failed = move_start(source, target ? target->name : NULL, (uint64_t)rate, r->now_usec);
        if (failed)
                return failed;
        return buf_appendf(&r->out, "{\"TaskHandle\":\"%s\"}", source->move->handle);
}

int op_list_message_move_tasks(struct request *r) {
        struct queue *source = NULL;
        int failed = find_source(r, &source);
        const struct move *m = failed ? NULL : source->move;

        if (failed)
                return failed;
        buf_append_str(&r->out, "{\"Results\":[");
        if (m) {
                buf_appendf(&r->out, "{\"Status\":\"%s\",\"SourceArn\":\"" QUEUE_ARN_PREFIX "%s\"",
                            status_names[m->status], source->name);
                if (m->status == MOVE_RUNNING)
                        write_member(&r->out, "TaskHandle", m->handle);
                if (m->target)
                        buf_appendf(&r->out, ",\"DestinationArn\":\"" QUEUE_ARN_PREFIX "%s\"", m->target);
                if (m->failure)
                        write_member(&r->out, "FailureReason", m->failure);
                buf_appendf(&r->out,
                            ",\"ApproximateNumberOfMessagesMoved\":%" PRIu64
                            ",\"ApproximateNumberOfMessagesToMove\":%" PRIu64 ",\"StartedTimestamp\":%" PRIu64 "}",
                            m->moved_count, m->to_move_count, m->started_usec / USEC_PER_MSEC);
        }
        return buf_append_str(&r->out, "]}");
}

int op_cancel_message_move_task(struct request *r) {
        const char *handle = NULL;
        int failed = param_text(r, r->params, "TaskHandle", true, &handle);

        if (failed)
                return failed;
        for (struct queue *q = r->service->broker.queues; q; q = q->hh.next) {
                if (!q->move || q->move->status != MOVE_RUNNING || !text_eq(q->move->handle, handle))
                        continue;
                move_cancel(q->move);
                return buf_appendf(&r->out, "{\"ApproximateNumberOfMessagesMoved\":%" PRIu64 "}", q->move->moved_count);
        }
        return failure_set(&r->failure, FAILURE_RESOURCE_NOT_FOUND, "Task does not exist.");
}
