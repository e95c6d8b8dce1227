/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the driver: collected, and written together when it is worth a wake-up of the driver. A task run that
 * changes several times in between is told once, and before its first log line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/link/protocol.h"

struct task_run;

struct outbox {
        struct buf ready;   /* whole frames in their order */
        size_t sent;        /* bytes of `ready` that are written */
        struct buf recent;  /* logs and metrics since the last outbox_collect() */
        struct task_run *changed, **changed_tail;
};

void outbox_init(struct outbox *o);
void outbox_done(struct outbox *o);

/* The run will be told, as it is then, by the next outbox_collect(). */
void outbox_task_run(struct outbox *o, struct task_run *run);
int outbox_log(struct outbox *o, const struct frame_log *log);
int outbox_metric(struct outbox *o, const struct frame_metric *metric);
/* Asks the driver for a flow by its full id. */
int outbox_flow_wanted(struct outbox *o, const char *name);
/* PLACE_WANTED or PLACE_LEFT. */
int outbox_place(struct outbox *o, enum frame_kind kind, const struct frame_place *place);
/* Orders the frames since the last time. Task runs may be freed after that. 0 or -ENOMEM, -E2BIG. */
int outbox_collect(struct outbox *o) _must_check_;
/* outbox_collect(), then the END frame. */
int outbox_end(struct outbox *o, const struct frame_end *end) _must_check_;
int outbox_done_frame(struct outbox *o, uint64_t execution_id) _must_check_;

/* True when so much is ready that it should be written before more is added. */
bool outbox_is_full(const struct outbox *o);
/* True when something is there to be told; *ret_urgent: it should not wait. */
bool outbox_has_news(const struct outbox *o, bool *ret_urgent);
/* Collects and writes what the socket takes. 0: all of it, 1: something is left, -errno. */
int outbox_flush(struct outbox *o, int fd) _must_check_;
