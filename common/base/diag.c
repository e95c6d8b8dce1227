/* SPDX-License-Identifier: Apache-2.0 */
/* Findings are kept in the order they were made, which is the order of the file. */
#include "common/base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clean.h"
#include "common/base/text.h"

void diag_done(struct diag *d) {
        for (size_t i = 0; i < d->count; i++) {
                free(d->entries[i].file);
                free(d->entries[i].message);
        }
        d->count = d->error_count = 0;
}

void diag_add(struct diag *d, enum diag_level level, const char *file, unsigned line, unsigned column,
              const char *fmt, ...) {
        _cleanup_free_ char *name = NULL, *message = NULL;
        va_list ap;

        if (level == DIAG_ERROR)
                d->error_count++;
        if (d->count == DIAG_COUNT_MAX)
                return;
        name = text_dup(file);
        va_start(ap, fmt);
        if (vasprintf(&message, fmt, ap) < 0)
                message = NULL;
        va_end(ap);
        if (!name || !message)
                return;
        d->entries[d->count++] = (struct diag_entry){
                .level = level, .file = TAKE_PTR(name), .line = line, .column = column, .message = TAKE_PTR(message),
        };
}

int diag_write(const struct diag *d, struct buf *out) {
        size_t kept_errors = 0;

        for (size_t i = 0; i < d->count; i++) {
                const struct diag_entry *e = &d->entries[i];

                kept_errors += e->level == DIAG_ERROR;
                (void)clean_put(out, e->file, strlen(e->file));
                if (e->line > 0)
                        (void)buf_appendf(out, ":%u:%u", e->line, e->column);
                (void)buf_append_str(out, e->level == DIAG_WARNING ? ": warning: " : ": ");
                (void)clean_put_lines(out, e->message, strlen(e->message));
                (void)buf_append_char(out, '\n');
        }
        if (d->error_count > kept_errors)
                (void)buf_appendf(out, "%zu more errors are not shown\n", d->error_count - kept_errors);
        return buf_error(out);
}
