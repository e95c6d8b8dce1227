/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a frame are not C strings, and the store wants those: copies stand behind each other in one scratch buffer,
 * found by offset once it does not move any more. */
#include "agent/record.h"

#include <errno.h>
#include <syslog.h>

enum { TEXT_TASK_ID, TEXT_TASK_TYPE, TEXT_VALUE, TEXT_OUTPUTS, TEXT_ERROR, TEXT_COUNT };

static int copy_texts(const struct bytes *texts, struct buf *scratch, const char **ret) {
        size_t at[TEXT_COUNT];

        buf_reset(scratch);
        for (unsigned i = 0; i < TEXT_COUNT; i++) {
                at[i] = scratch->len;
                buf_append(scratch, texts[i].data, texts[i].len);
                buf_append_char(scratch, '\0');
        }
        if (buf_error(scratch) < 0)
                return buf_error(scratch);
        for (unsigned i = 0; i < TEXT_COUNT; i++)
                ret[i] = texts[i].len > 0 ? scratch->data + at[i] : NULL;
        return 0;
}

int record_task_run(struct store *store, uint64_t execution_id, const struct frame_task_run *f, struct buf *scratch) {
        const struct bytes texts[TEXT_COUNT] = {
                [TEXT_TASK_ID] = f->task_id, [TEXT_TASK_TYPE] = f->task_type, [TEXT_VALUE] = f->value,
                [TEXT_OUTPUTS] = f->outputs, [TEXT_ERROR] = f->error,
        };
        const char *copies[TEXT_COUNT];
        int r = copy_texts(texts, scratch, copies);

        if (r < 0)
                return r;
        struct store_task_run t = {
                .execution_id = execution_id,
                .index = f->index,
                .parent = f->parent,
                .task_id = copies[TEXT_TASK_ID],
                .task_type = copies[TEXT_TASK_TYPE],
                .value = copies[TEXT_VALUE],
                .state = f->state,
                .attempts = f->attempts,
                .start_usec = f->start_usec,
                .end_usec = f->end_usec,
                .outputs = copies[TEXT_OUTPUTS],
                .error = copies[TEXT_ERROR],
                .cpu_usec = f->cpu_usec,
                .memory_bytes = f->memory_bytes,
        };
        return store_task_run(store, &t);
}

int record_log(struct store *store, uint64_t execution_id, const struct frame_log *f, uint64_t *budget) {
        static const char left_out[] = "(further log lines of this execution are not kept: limits.logBytes)";
        const uint64_t cost = f->text.len + FRAME_LOG_LINE_COST;
        struct store_log l = {
                .execution_id = execution_id,
                .task_run = f->task_run,
                .level = f->level,
                .time_usec = f->time_usec,
                .text = f->text.data,
                .text_len = f->text.len,
        };

        if (*budget == 0)
                return 0;
        if (cost >= *budget) {
                l.level = LOG_WARNING;
                l.text = left_out;
                l.text_len = sizeof left_out - 1;
                *budget = 0;
        } else
                *budget -= cost;
        return store_log(store, &l);
}
