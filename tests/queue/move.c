/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/queue/move.h"

#include <errno.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/queue/queue.h"

/* In a FIFO queue the oldest, so that a group keeps its order. */
static struct message *next_message(const struct queue *q) {
        struct message *m = q->settings.fifo ? q->messages : q->lists[MESSAGE_VISIBLE];

        while (m && m->state != MESSAGE_VISIBLE)
                m = m->hh.next;
        return m;
}

static struct queue *target_of(const struct move *task, const struct message *m) {
        const char *name = task->target;

        if (!name && m->dead_letter_source)
                name = text_after(m->dead_letter_source, QUEUE_ARN_PREFIX);
        return name ? broker_find(task->queue->broker, name, strlen(name)) : NULL;
}

static void end(struct move *task, enum move_status status, const char *failure) {
        task->status = status;
        task->failure = failure;
        timer_unset(&task->queue->broker->timers, &task->timer);
}

static void move_one(struct move *task, uint64_t now_usec) {
        struct message *m = next_message(task->queue);
        struct queue *target = m ? target_of(task, m) : NULL;

        if (!m || task->moved_count >= task->to_move_count)
                return end(task, MOVE_COMPLETED, NULL);
        if (!target || target == task->queue || target->settings.fifo != task->queue->settings.fifo)
                return end(task, MOVE_FAILED, "CouldNotDetermineMessageSource");
        if (queue_move(m, target, now_usec) < 0)
                return end(task, MOVE_FAILED, "InternalError");
        task->moved_count++;
        timer_set(&task->queue->broker->timers, &task->timer, now_usec + task->interval_usec);
}

static void on_move(struct timer *t, uint64_t now_usec) {
        move_one(CONTAINER_OF(t, struct move, timer), now_usec);
}

int move_start(struct queue *q, const char *target, uint64_t rate, uint64_t now_usec) {
        struct move *task = calloc(1, sizeof(*task));

        if (!task)
                return -ENOMEM;
        task->queue = q;
        task->target = text_dup(target);
        if ((target && !task->target) || timer_init(&q->broker->timers, &task->timer, on_move) < 0) {
                free(task->target);
                free(task);
                return -ENOMEM;
        }
        broker_uuid(q->broker, task->handle);
        task->interval_usec = USEC_PER_SEC / rate;
        task->started_usec = now_usec;
        task->to_move_count = q->counts[MESSAGE_VISIBLE];
        move_free(q->move);
        q->move = task;
        timer_set(&q->broker->timers, &task->timer, now_usec + task->interval_usec);
        return 0;
}

void move_cancel(struct move *m) {
        end(m, MOVE_CANCELLED, NULL);
}

struct move *move_free(struct move *m) {
        if (!m)
                return NULL;
        timer_done(&m->queue->broker->timers, &m->timer);
        free(m->target);
        free(m);
        return NULL;
}
