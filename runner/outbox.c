/* SPDX-License-Identifier: Apache-2.0 */
/* Frames go out in this order: task runs that the driver has not heard of, logs and metrics, changes of task
 * runs that it knows. So it always knows the run a line belongs to, and sees the end of a run after the run's lines. */
#include "runner/outbox.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/json.h"
#include "common/link/codec.h"
#include "runner/execution.h"
#include "runner/iteration.h"
#include "runner/task_run.h"

#define KEEP_BYTES_MAX (1024ul * 1024)
#define URGENT_BYTES (64ul * 1024) /* a pipe of a task that prints as fast as it can */

void outbox_init(struct outbox *o) {
        *o = (struct outbox){
                .ready = BUF_INIT(FRAME_BYTES_MAX * 2),
                .recent = BUF_INIT(FRAME_BYTES_MAX),
        };
        o->changed_tail = &o->changed;
}

void outbox_done(struct outbox *o) {
        buf_done(&o->ready);
        buf_done(&o->recent);
}

void outbox_task_run(struct outbox *o, struct task_run *run) {
        if (run->changed)
                return;
        run->changed = true;
        run->next_changed = NULL;
        *o->changed_tail = run;
        o->changed_tail = &run->next_changed;
}

int outbox_log(struct outbox *o, const struct frame_log *log) {
        return frame_put_log(&o->recent, log);
}

int outbox_metric(struct outbox *o, const struct frame_metric *metric) {
        return frame_put_metric(&o->recent, metric);
}

int outbox_flow_wanted(struct outbox *o, const char *name) {
        return frame_put_flow_wanted(&o->ready, name);
}

int outbox_place(struct outbox *o, enum frame_kind kind, const struct frame_place *place) {
        return frame_put_place(&o->ready, kind, place);
}

static struct bytes of_text(const char *s) {
        return (struct bytes){ s, s ? strlen(s) : 0 };
}

static int put_task_run(struct outbox *o, struct task_run *run) {
        _cleanup_(buf_done) struct buf outputs = BUF_INIT(FRAME_BYTES_MAX), error = BUF_INIT(0), value = BUF_INIT(0);
        const struct secrets *secrets = &run->execution->top->secrets;
        const struct iteration *own = task_run_own_iteration(run);
        int r = 0;

        if (run->outputs)
                r = secrets_write_masked(secrets, &outputs, run->outputs);
        if (r == 0 && run->error)
                r = secrets_mask(secrets, &error, run->error, strlen(run->error));
        if (r == 0 && own)
                r = secrets_mask(secrets, &value, own->value, strlen(own->value));
        if (r < 0)
                return r;
        const struct frame_task_run f = {
                .index = run->index,
                .parent = run->parent ? run->parent->index : FRAME_NO_PARENT,
                .task_id = of_text(run->task->id),
                .task_type = of_text(run->kind->type),
                .value = { value.data, value.len },
                .state = run->state,
                .attempts = run->attempts,
                .start_usec = run->start_usec,
                .end_usec = run->end_usec,
                .outputs = { outputs.data, outputs.len },
                .error = { error.data, error.len },
                .cpu_usec = run->cpu_usec,
                .memory_bytes = run->memory_bytes,
        };
        run->announced = true;
        return frame_put_task_run(&o->ready, &f);
}

int outbox_collect(struct outbox *o) {
        struct task_run *known = NULL, **known_tail = &known, *next;
        int r = 0;

        for (struct task_run *run = o->changed; run; run = next) {
                next = run->next_changed;
                run->changed = false;
                run->next_changed = NULL;
                if (run->announced) {
                        *known_tail = run;
                        known_tail = &run->next_changed;
                } else if (r == 0)
                        r = put_task_run(o, run);
        }
        o->changed = NULL;
        o->changed_tail = &o->changed;
        if (r == 0 && o->recent.len > 0)
                r = buf_append(&o->ready, o->recent.data, o->recent.len);
        buf_reset(&o->recent);
        if (o->recent.cap > KEEP_BYTES_MAX)
                buf_done(&o->recent);
        for (; known && r == 0; known = known->next_changed)
                r = put_task_run(o, known);
        return r;
}

int outbox_end(struct outbox *o, const struct frame_end *end) {
        int r = outbox_collect(o);

        return r < 0 ? r : frame_put_end(&o->ready, end);
}

int outbox_done_frame(struct outbox *o, uint64_t execution_id) {
        int r = outbox_collect(o);

        return r < 0 ? r : frame_put_done(&o->ready, execution_id);
}

bool outbox_is_full(const struct outbox *o) {
        return o->ready.len - o->sent >= URGENT_BYTES;
}

bool outbox_has_news(const struct outbox *o, bool *ret_urgent) {
        *ret_urgent = o->ready.len > 0 || o->recent.len >= URGENT_BYTES;
        return *ret_urgent || o->recent.len > 0 || o->changed;
}

int outbox_flush(struct outbox *o, int fd) {
        int r = outbox_collect(o);

        if (r < 0)
                return r;
        while (o->sent < o->ready.len) {
                ssize_t n = send(fd, o->ready.data + o->sent, o->ready.len - o->sent, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 1 : -errno;
                o->sent += (size_t)n;
        }
        o->sent = 0;
        buf_reset(&o->ready);
        if (o->ready.cap > KEEP_BYTES_MAX)
                buf_done(&o->ready);
        return 0;
}
