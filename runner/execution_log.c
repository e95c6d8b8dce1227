/* SPDX-License-Identifier: Apache-2.0 */
/* The log of an execution: bounded, so that a task that prints without end costs neither memory nor disk. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/lines.h"
#include "runner/log_level.h"
#include "runner/run_functions.h"
#include "runner/task_run.h"

static void put(struct execution *e, const struct task_run *run, int level, const char *text, size_t len) {
        const struct frame_log f = {
                .task_run = run ? run->index : FRAME_NO_PARENT,
                .level = (uint8_t)level,
                .time_usec = clock_realtime_usec(),
                .text = { text, len },
        };

        /* Out of memory loses a line; what counts is the state, which is not lost (outbox_collect). */
        (void)outbox_log(e->shop.outbox, &f);
}

static void put_cut(struct execution *e, const struct task_run *run, int level, const char *text, size_t len) {
        static const char note[] = " … (line cut)";
        _cleanup_(buf_done) struct buf b = BUF_INIT(LINE_BYTES_MAX + sizeof(note));

        len = LINE_BYTES_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) /* not inside a character */
                len--;
        buf_append(&b, text, len);
        if (buf_append_str(&b, note) == 0)
                put(e, run, level, b.data, b.len);
}

static void put_full_note(struct execution *e) {
        _cleanup_free_ char *note = text_printf("this execution has logged %" PRIu64 " bytes, which is the limit "
                                                "(limits.logBytes): the rest is dropped", e->request->log_bytes);

        if (note)
                put(e, NULL, LOG_WARNING, note, strlen(note));
}

/* False when the execution has logged all it may. */
static bool account(struct execution *e, size_t len) {
        if (e->log_full)
                return false;
        e->log_bytes += len + FRAME_LOG_LINE_COST;
        if (e->log_bytes <= e->request->log_bytes)
                return true;
        e->log_full = true;
        put_full_note(e);
        return false;
}

static bool is_wanted(const struct task_run *run, int level) {
        return !run || !run->task->log_level || level <= log_level_of(run->task->log_level, LOG_DEBUG);
}

void execution_log(struct execution *e, const struct task_run *run, int level, const char *text, size_t len) {
        _cleanup_(buf_done) struct buf masked = BUF_INIT(0);

        if (!is_wanted(run, level) || !account(e->top, MIN(len, (size_t)LINE_BYTES_MAX)))
                return;
        if (!secrets_is_empty(&e->top->secrets)) {
                if (secrets_mask(&e->top->secrets, &masked, text, len) < 0)
                        return;
                text = masked.data;
                len = masked.len;
        }
        if (level <= LOG_ERR)
                error_logs_note(run ? run->execution : e, run, text, MIN(len, (size_t)LINE_BYTES_MAX));
        if (len > LINE_BYTES_MAX)
                put_cut(e, run, level, text, len);
        else
                put(e, run, level, text, len);
}

void execution_logf(struct execution *e, const struct task_run *run, int level, const char *fmt, ...) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(LINE_BYTES_MAX * 2);
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = buf_appendv(&b, fmt, ap);
        va_end(ap);
        if (r == 0)
                execution_log(e, run, level, b.data, b.len);
}
