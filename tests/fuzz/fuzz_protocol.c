/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from arbitrary bytes: decoding reads nothing outside of them, and what was decoded encodes and decodes again. */
#include <stdlib.h>
#include <string.h>

#include "common/link/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put(struct buf *b, const struct frame *f) {
        switch (f->kind) {
        case FRAME_FLOW:
                return frame_put_flow(b, &f->flow);
        case FRAME_EXECUTE:
                return frame_put_execute(b, &f->execute);
        case FRAME_CANCEL:
                return frame_put_cancel(b, f->cancel);
        case FRAME_READY:
                return frame_put_ready(b);
        case FRAME_TASK_RUN:
                return frame_put_task_run(b, &f->task_run);
        case FRAME_LOG:
                return frame_put_log(b, &f->log);
        case FRAME_METRIC:
                return frame_put_metric(b, &f->metric);
        case FRAME_END:
                return frame_put_end(b, &f->end);
        case FRAME_DONE:
                return frame_put_done(b, f->done);
        case FRAME_FLOW_WANTED:
                return frame_put_flow_wanted(b, f->flow.name.len > 0 ? "shop.orders" : "");
        case FRAME_FLOW_FOUND:
                return frame_put_flow_found(b, &f->flow);
        case FRAME_SETTLE:
                return frame_put_settle(b, &f->settle);
        case FRAME_PLACE_WANTED:
        case FRAME_PLACE_LEFT:
        case FRAME_PLACE_ANSWER:
                return frame_put_place(b, f->kind, &f->place);
        }
        return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct frame f, again;
        size_t used, length;

        while (frame_get((const char *)data, size, &f, &used) == 1) {
                struct buf b = BUF_INIT(0);

                if (put(&b, &f) < 0 || frame_get(b.data, b.len, &again, &length) != 1 || length != b.len ||
                    again.kind != f.kind)
                        abort();
                if (f.kind == FRAME_EXECUTE && again.execute.message_count != f.execute.message_count)
                        abort();
                frame_done(&again);
                frame_done(&f);
                buf_done(&b);
                data += used;
                size -= used;
        }
        return 0;
}
