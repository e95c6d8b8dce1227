/* SPDX-License-Identifier: Apache-2.0 */
/* What `sqsflow run` shows of an execution while it runs and at its end. It keeps all task runs (and, for JSON, all log
 * lines), so that the end can be shown in any form. */
#pragma once

#include "common/flow/flow.h"
#include "common/flow/protocol.h"

struct run_view;

/* `flow` is borrowed for the view's life. `json`: nothing is shown before the end. NULL: out of memory. */
struct run_view *run_view_new(const struct flow *flow, uint64_t execution_id, uint64_t start_usec, bool json);
struct run_view *run_view_free(struct run_view *v);
DEFINE_CLEANUP(struct run_view *, run_view_free)

/* Each keeps what the frame says, to be shown with the next run_view_flush(). A runner tells in one go what happened in
 * one turn of its loop, and not in the order it happened: the view puts it in order. 0 or -ENOMEM. */
int run_view_task_run(struct run_view *v, const struct frame_task_run *f);
int run_view_log(struct run_view *v, const struct frame_log *f);
void run_view_flush(struct run_view *v);
/* A remark of the program's own; not in JSON. */
void run_view_say(struct run_view *v, const char *text);
/* The last thing shown. */
int run_view_end(struct run_view *v, const struct frame_end *f, uint64_t end_usec);
