/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of protocol.h to bytes and back. */
#pragma once

#include "common/base/buf.h"
#include "common/link/protocol.h"

/* Encoders append one whole frame or nothing. 0, the buffer's error, or -E2BIG. */
int frame_put_flow(struct buf *b, const struct frame_flow *f);
int frame_put_execute(struct buf *b, const struct frame_execute *f);
int frame_put_cancel(struct buf *b, uint64_t execution_id);
int frame_put_settle(struct buf *b, const struct frame_settle *f);
int frame_put_ready(struct buf *b);
int frame_put_task_run(struct buf *b, const struct frame_task_run *f);
int frame_put_log(struct buf *b, const struct frame_log *f);
int frame_put_metric(struct buf *b, const struct frame_metric *f);
int frame_put_end(struct buf *b, const struct frame_end *f);
int frame_put_done(struct buf *b, uint64_t execution_id);
int frame_put_flow_wanted(struct buf *b, const char *name);
int frame_put_flow_found(struct buf *b, const struct frame_flow *f);
int frame_put_place(struct buf *b, enum frame_kind kind, const struct frame_place *f); /* one of the three PLACE_... */

/* Decodes the first frame of `data`; the bytes in it are borrowed, `messages` of an EXECUTE is allocated (frame_done). 1
 * with *ret_used bytes taken; 0 when more bytes are needed; -EBADMSG for what cannot be a frame; -ENOMEM. */
int frame_get(const char *data, size_t len, struct frame *ret, size_t *ret_used) _must_check_;
void frame_done(struct frame *f);
